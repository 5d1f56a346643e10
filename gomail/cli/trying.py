"""``gomail try``: a session through the real configuration, in memory, with every decision."""

import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from json import dumps
from pathlib import Path as File
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from gomail.address import Path
from gomail.cli.basis import Basis, find_basis
from gomail.cli.check import (
    STATUSES,
    find_own,
    read_helo,
    read_ip,
    read_reverse_path,
    read_zone_file,
)
from gomail.cli.explained import setting, written
from gomail.cli.kinds import Moment, Number
from gomail.config import ConfigurationError
from gomail.reply import MAILBOX_UNAVAILABLE, Refused
from gomail.server.start import MYSELF, StartError
from gomail.smtp.grammar import read_rcpt

if TYPE_CHECKING:
    from gomail.rehearsal.visit import Outcome, Step, Visit

_ENDS = {
    "accept": "all of it would be accepted",
    "junk": "it would go into .Junk",
    "defer": "something would be refused for now, and the sender tries again",
    "refuse": "something would be refused",
}
_LISTENER = Number("the number of a listener", 1)


def _forward_paths(_: object, __: object, texts: tuple[str, ...]) -> tuple[Path, ...]:
    """Read --to, as what follows RCPT TO."""
    return tuple(map(_forward_path, texts))


def _forward_path(text: str) -> Path:
    """Read one recipient."""
    try:
        return read_rcpt(f"TO:{text}".encode("utf-8", "surrogateescape"), utf8=True)
    except Refused:
        msg = f"an address such as you@example.org was expected, not {text!r}"
        raise click.BadParameter(msg) from None


@click.command("try", options_metavar="--ip ADDRESS --from ADDRESS --to ADDRESS [OPTIONS]")
@click.option("--ip", required=True, callback=read_ip, metavar="ADDRESS", help="The client's.")
@click.option(
    "--helo",
    callback=read_helo,
    default="client.example",
    metavar="NAME",
    show_default=True,
    help="What the client calls itself.",
)
@click.option(
    "--from",
    "sender",
    required=True,
    callback=read_reverse_path,
    metavar="ADDRESS",
    help="In MAIL FROM; may be <>.",
)
@click.option(
    "--to",
    required=True,
    multiple=True,
    callback=_forward_paths,
    metavar="ADDRESS",
    help="In RCPT TO.",
)
@click.option("--message", type=click.File("rb"), help="The message; - is the standard input.")
@click.option("--tls", is_flag=True, help="Begin with STARTTLS.")
@click.option(
    "--listener",
    type=_LISTENER,
    default=1,
    metavar="N",
    help="To which it connects, by number [1].",
)
@click.option(
    "--zone",
    type=click.Path(exists=True, dir_okay=False),
    help="A master file that answers instead of DNS.",
)
@click.option("--at", type=Moment(), metavar="TIME", help="When it comes, in UTC [now].")
@click.option("-c", "--config", "file", metavar="FILE", help="Instead of what is in force.")
@click.option("--json", is_flag=True, help="Write one object in JSON, and no more.")
def try_session(  # noqa: PLR0913, PLR0917 -- click gives them by name
    ip: str,
    helo: str,
    sender: Path,
    to: tuple[Path, ...],
    message: BinaryIO | None,
    tls: bool,  # noqa: FBT001 -- as above
    listener: int,
    zone: str | None,
    at: datetime | None,
    file: str | None,
    json: bool,  # noqa: FBT001 -- as above
) -> None:
    """
    Try a session: say what the server would answer, line by line, and why.

    The configuration is that of the server that runs, which says it; without one, that of
    gomail.toml here, or else of /etc/gomail.toml. Dialogue, recipients, checks and policy are the
    real ones. Nothing is stored, no port is opened, the running server takes no notice of the
    session, and milters are not asked. Run it as the user that the server runs as: others may not
    see its folders.

    The status is 0 if all is accepted, 3 for .Junk, 4 for what is refused for now, 5 for what is
    refused, 1 if it can't be tried, and 2 for options that can't be.
    """
    from gomail.rehearsal.visit import Visit  # noqa: PLC0415 -- brings Twisted

    basis = _basis(file)
    configuration = basis.configuration
    if listener > len(configuration.listeners):
        msg = f"the configuration has {len(configuration.listeners)}, of which the first is 1"
        raise click.BadParameter(msg, param_hint="--listener")
    content = None if message is None else message.read(2 * configuration.limits.size)
    visit = Visit(ip, helo, sender, to, content, tls)
    came = time.time() if at is None else at.replace(tzinfo=UTC).timestamp()
    outcome = _run(_rehearsal(basis, listener - 1, visit, zone, came))
    report = _report(outcome, basis, visit)
    click.echo(dumps(_plain(outcome, basis), indent=2) if json else "\n".join(report))
    raise SystemExit(STATUSES.get(outcome.action, 0))


def _basis(file: str | None) -> Basis:
    """Find the configuration that counts."""
    try:
        return find_basis(file)
    except ConfigurationError as error:
        raise click.ClickException(str(error)) from None


def _rehearsal(
    basis: Basis, listener: int, visit: "Visit", zone: str | None, came: float
) -> "Callable[[Any], Awaitable[Outcome]]":
    """Give what tries the session on a reactor."""
    from gomail.examination import EXTRA, missing, wanted  # noqa: PLC0415 -- brings Twisted
    from gomail.rehearsal.session import Rehearsal  # noqa: PLC0415 -- as above

    configuration = basis.configuration
    library = missing()
    if zone is not None and library is not None:
        raise click.ClickException(f"there is no library {library} here; {EXTRA} brings it")
    answers = None if zone is None else read_zone_file(zone)

    async def rehearsal(reactor: Any) -> "Outcome":  # noqa: ANN401 -- zope has no type for several
        own = find_own() if wanted(configuration) else ()
        made = Rehearsal(
            reactor,
            configuration,
            configuration.listeners[listener],
            own=own,
            resolver=answers,
            now=lambda: came,
            running=basis.pid is not None,
        )
        return await made.visit(visit)

    return rehearsal


def _run(rehearsal: "Callable[[Any], Awaitable[Outcome]]") -> "Outcome":
    """Try the session, by a reactor that ends with it."""
    from gomail.certificates.pair import PairError  # noqa: PLC0415 -- other commands start faster
    from gomail.cli.reacting import run  # noqa: PLC0415 -- as above

    try:
        return run(rehearsal, (ConfigurationError, StartError, PairError, OSError))
    except (ConfigurationError, StartError, PairError, OSError) as error:
        raise click.ClickException(str(error)) from None


def _report(outcome: "Outcome", basis: Basis, visit: "Visit") -> Iterator[str]:
    """Write the dialogue for people, and behind each reply why it is so."""
    yield basis.line
    for step in outcome.steps:
        if step.said:
            yield f"C: {step.said}"
        yield from (f"S: {line}" for line in _lines(step))
        for text, keys in step.reasons:
            yield f"     {text}"
            yield from (f"       {written(key, basis.configuration)}" for key in keys)
    if visit.content is None and outcome.action == "accept":
        yield "No message was given (--message FILE), so nobody finds out who sent it."
    if any(step.reply == MAILBOX_UNAVAILABLE for step in outcome.steps):
        yield f"It was tried by {MYSELF}; the server's own user may have other rights."
    yield f"{outcome.action}: {_ENDS[outcome.action]}"


def _lines(step: "Step") -> list[str]:
    """Give the lines of a reply."""
    return step.reply.octets.decode("ascii").splitlines()


def _plain(outcome: "Outcome", basis: Basis) -> dict[str, Any]:
    """Give all of it as JSON has it."""
    configuration = basis.configuration
    steps = [
        {
            "said": step.said,
            "code": step.reply.code,
            "reply": _lines(step),
            "reasons": [
                {"text": text, "settings": {key: setting(key, configuration) for key in keys}}
                for text, keys in step.reasons
            ],
        }
        for step in outcome.steps
    ]
    copies = [
        {"mailbox": copy.mailbox, "folder": str(File(copy.path).parent.parent)}
        for copy in outcome.copies
    ]
    milters = [milter.endpoint for milter in configuration.milters]
    return {
        "configuration": basis.plain(),
        "outcome": outcome.action,
        "steps": steps,
        "copies": copies,
        "left-out": milters,
    }
