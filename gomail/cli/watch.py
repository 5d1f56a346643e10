"""``gomail watch``: the first mail, step by step as it comes; and why it does not."""

import secrets
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import click

from gomail.cli.asked import Server, configured, servers, told
from gomail.cli.basis import Basis, of_server
from gomail.cli.dns import NotFound, look, read_servers, usual_resolvers
from gomail.cli.proposing import Proposal, propose
from gomail.cli.silence import Reason, explain
from gomail.cli.terminal import coloured, knows_unicode
from gomail.cli.ticks import Tick, Ticks
from gomail.config import Configuration, ConfigurationError
from gomail.inbox.names import decode_name
from gomail.server.control.client import ControlError, NotRunning, ask_status
from gomail.server.control.client import Line as Connection

if TYPE_CHECKING:
    from gomail.domain.finding import Finding

SILENCES = (60.0, 300.0, 1800.0)  # seconds, after each of which it is explained
AGAIN = 0.2  # seconds between two tries to reach a server that gives way to another version
AWAY = 10.0  # seconds that this may take
_LONG = 3600.0  # seconds of one look, where nothing is to be explained
Servers = tuple[tuple[str, int], ...]


class Line(Protocol):
    """Where events come from."""

    def hear(self, seconds: float) -> dict[str, Any] | None:
        """Give the next event, or None where none has come in so many seconds."""


class Watching:
    """
    Waits for a mail.

    Args:
        follow: gives a line to the server again; raises ControlError where there is none.
        ticks: makes ticks of events.
        tell: is told each tick.
        explain: is called with the seconds of silence.
        silences: after how many.
        clock: gives the time, in seconds.
    """

    def __init__(  # noqa: PLR0913, PLR0917 -- what it has to do with
        self,
        follow: Callable[[], Line],
        ticks: Ticks,
        tell: Callable[[Tick], None],
        explain: Callable[[float], None],
        silences: Sequence[float] = SILENCES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._follow, self._ticks, self._tell, self._explain = follow, ticks, tell, explain
        self._silences, self._clock = silences, clock

    def wait(self, line: Line) -> Path:
        """
        Wait until the mail is there, and give its path; what keeps it away is explained.

        Args:
            line: follows the server already, so that nothing is missed.
        """
        since, due = self._clock(), list(self._silences)
        while self._ticks.arrived is None:
            left = since + due[0] - self._clock() if due else _LONG
            if left <= 0:
                self._explain(due.pop(0))
                continue
            heard = self._hear(line, left)
            line = self._again() if heard is None else line
            for tick in self._ticks.hear(heard or {"event": ""}):
                self._tell(tick)
                since, due = self._clock(), list(self._silences)
        return self._ticks.arrived

    def _hear(self, line: Line, seconds: float) -> dict[str, Any] | None:
        """Give the next event; an empty one where none came, None where the server has gone."""
        try:
            return line.hear(seconds) or {"event": ""}
        except NotRunning:
            return None

    def _again(self) -> Line:
        """Reach the server again: another version may have taken its place."""
        end = self._clock() + AWAY
        while True:
            try:
                return self._follow()
            except NotRunning:
                if self._clock() >= end:
                    raise
                time.sleep(AGAIN)


def _silences(_: object, __: object, text: str) -> tuple[float, ...]:
    """Read --silences."""
    return tuple(float(each) for each in text.split(","))


@click.command()
@click.option(
    "--for", "wanted", metavar="ADDRESS", help="Whose mail [the first that is configured]."
)
@click.option("-c", "--config", "file", metavar="FILE", help="That the server runs with.")
@click.option("--control", metavar="PATH", help="Its control socket [as configured, or the usual].")
@click.option("--json", is_flag=True, help="Write a line of JSON for each step.")
@click.option("--silences", default=",".join(map(str, SILENCES)), callback=_silences, hidden=True)
@click.option("--resolver", "resolvers", multiple=True, callback=read_servers, hidden=True)
@click.option("--root-hint", "roots", multiple=True, callback=read_servers, hidden=True)
def watch(  # noqa: PLR0913, PLR0917 -- click gives them by name
    wanted: str | None,
    file: str | None,
    control: str | None,
    json: bool,  # noqa: FBT001 -- as above
    silences: tuple[float, ...],
    resolvers: Servers,
    roots: Servers,
) -> None:
    """
    Wait for a mail, and tell each step of it as it comes: from the connection to the file.

    It says which address to write to. After a minute, 5 and 30 minutes in which nothing comes for
    it, it explains why, as far as that can be known from here. The status is 0 when the mail is
    there, 1 when you end it before (Ctrl-C), and else as of gomail status.
    """
    telling = _Telling(json=json)
    with told():
        server = servers(file, control)[0]
        basis, path = _basis(server, file), server.path
        configuration = None if basis is None else basis.configuration
        proposal = propose(configuration, secrets.token_hex(3), wanted)
        ticks = Ticks(str(proposal.address))

        def silent(seconds: float) -> None:
            def dns() -> list[Reason]:
                return list(_dns(proposal.address.domain, configuration, roots, resolvers))

            seen = list(ticks.sessions.values())
            telling.explain(seconds, explain(str(proposal.address), ask_status(path), seen, dns))

        watching = Watching(lambda: _follow(path), ticks, telling.tick, silent, silences)
        try:
            line = _follow(path)
            telling.begin(proposal, server, basis)
            arrived = watching.wait(line)
        except KeyboardInterrupt:
            telling.end()
            raise SystemExit(1) from None
    telling.arrive(arrived, reading(arrived, basis, file, control))


def _basis(server: Server, file: str | None) -> Basis | None:
    """Give the configuration of a server; of an older one, that does not say it, a file's."""
    try:
        return of_server(server)
    except ControlError as error:
        found = configured(file)
        return Basis(found, found.source, note=str(error)) if found.source else None


def reading(path: Path, basis: Basis | None, file: str | None, control: str | None) -> str:
    """Give the command that shows a mail: it is to look where this one has."""
    folder = path.parent.parent
    maildir = folder.parent if folder.name.startswith(".") else folder
    words = ["gomail", "show"]
    if basis is None or control is not None or "{" in basis.configuration.maildir:
        words += ["--maildir", str(maildir)]
    elif file is not None:
        words += ["--config", file]
    if folder != maildir:
        words += ["--folder", decode_name(folder.name[1:])]
    return shlex.join(words)


def _follow(path: str) -> Line:
    """Follow the server; all of its workers pass on their events by then."""
    line = Connection(path, {"request": "follow"})
    line.hear()
    ask_status(path)  # each worker is asked behind that it is followed
    return line


def _dns(
    domain: str, configuration: Configuration | None, roots: Servers, resolvers: Servers
) -> Iterator[Reason]:
    """Find what keeps senders from finding the way; what only delays some of them, too."""
    if find_spec("dns") is None:
        yield Reason("dns-unasked", "nobody has connected", "gomail dns looks at the records")
        return
    import asyncio  # noqa: PLC0415 -- other commands start faster without

    from gomail.cli.known import known_of  # noqa: PLC0415 -- likewise
    from gomail.domain.examination import examine  # noqa: PLC0415 -- an extra

    try:
        known = known_of(configuration)
        [view] = asyncio.run(look([domain], known.host, roots, resolvers or usual_resolvers(), 5))
    except (NotFound, ConfigurationError) as error:
        yield Reason("dns-unasked", f"DNS can't be asked: {error}", "gomail dns looks again")
        return
    for finding in examine(view, known):
        if finding.severity.value != "note":
            yield _reason(finding)


def _reason(finding: "Finding") -> Reason:
    """Give a finding of DNS as a reason."""
    remedy = " ".join([finding.remedy, *finding.records])
    return Reason(finding.code, finding.sentence, remedy)


class _Telling:
    """Writes what happens, for people or programs."""

    def __init__(self, *, json: bool) -> None:
        self._json = json
        self._marks = ("✓", "✗") if knows_unicode() else ("+", "!")

    def _write(self, line: str, /, **values: object) -> None:
        """Write one line, or an object."""
        click.echo(dumps(values) if self._json else line, color=coloured())

    def begin(self, proposal: Proposal, server: Server, basis: Basis | None) -> None:
        """Say who is watched, and what to send."""
        lines = [f"Watching {server.status['hostname']}, {server.name}"]
        lines += [] if basis is None else [basis.line]
        subject = f", with the subject {proposal.subject}" if proposal.subject else ""
        to = f"{proposal.address}{subject}"
        lines.append(f"Send a mail to {to}, from anywhere outside, such as Gmail.")
        lines.append("It is told here as it comes; Ctrl-C ends this.")
        self._write(
            "\n".join(lines),
            server=server.name,
            configuration=basis and basis.plain(),
            waiting=str(proposal.address),
            subject=proposal.subject,
        )

    def tick(self, tick: Tick) -> None:
        """Tell one step."""
        mark = self._marks[0 if tick.well else 1]
        sign = click.style(mark, fg="green" if tick.well else "red", bold=True)
        mark = f"[{tick.mark}] " if tick.mark else ""
        line = f"{sign} {mark}{tick.name:<8} {tick.text}"
        facts = {"session": tick.session, **tick.facts}
        self._write(line, tick=tick.name, well=tick.well, text=tick.text, **facts)

    def explain(self, seconds: float, reasons: Sequence[Reason]) -> None:
        """Tell why nothing comes."""
        lines = [f"Nothing has come for {seconds:g} s:"]
        for each in reasons:
            lines += [f"  {each.code}: {each.text}", f"    What to do: {each.remedy}"]
        plain = [each._asdict() for each in reasons]
        self._write("\n".join(lines), silence=seconds, reasons=plain)

    def arrive(self, path: Path, show: str) -> None:
        """Say how to read it."""
        folder = path.parent.parent
        command = f"mutt -f {shlex.quote(str(folder))}"
        text = f"It is there. Read it:\n\n    {command}\n\nor: {show}"
        self._write(text, arrived=str(path), command=command)

    def end(self) -> None:
        """Say that nobody waits any more."""
        if not self._json:
            click.echo("\nNobody waits any more; the server goes on.", file=sys.stderr)
