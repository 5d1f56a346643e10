"""``gomail doctor``: whether this machine is ready to receive mail, and what mends it if not."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from importlib.util import find_spec
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gomail.address import comparable_domain
from gomail.cli.dns import EXTRA, FOUND, NotFound, read_servers
from gomail.cli.terminal import coloured, counted, grave, mark
from gomail.server.state import state_folder
from gomail.settings.values import LOCALHOST

if TYPE_CHECKING:
    from gomail.checks.servers import Server
    from gomail.cli.basis import Basis
    from gomail.doctor.finding import Finding, Told
    from gomail.doctor.memory import Changes
    from gomail.doctor.reachability import Reachability
    from gomail.doctor.survey import Meant
    from gomail.settings.values import Configuration

# All but the colours that click writes.
_UNSEEN = re.compile(
    r"(?!\x1b\[[0-9;]*m)[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]"
)


@click.command()
@click.option("-c", "--config", "file", metavar="FILE", help="The server's configuration.")
@click.option("--no-dns", is_flag=True, help="Leave the records of the domains alone.")
@click.option("--changes", is_flag=True, help="Tell only what differs from the last time.")
@click.option("--json", is_flag=True, help="Write an object in JSON.")
@click.option(
    "--resolver",
    "resolvers",
    multiple=True,
    callback=read_servers,
    metavar="ADDRESS[:PORT]",
    help="Look into this cache for records, as of gomail dns.",
)
@click.option(
    "--root-hint",
    "roots",
    multiple=True,
    callback=read_servers,
    metavar="ADDRESS[:PORT]",
    help="Begin at this server of the root, as of gomail dns.",
)
def doctor(  # noqa: PLR0913, PLR0917 -- click gives them by name
    file: str | None,
    no_dns: bool,  # noqa: FBT001 -- as above
    changes: bool,  # noqa: FBT001 -- as above
    json: bool,  # noqa: FBT001 -- as above
    resolvers: tuple[tuple[str, int], ...],
    roots: tuple[tuple[str, int], ...],
) -> None:
    """
    See whether this machine is ready to receive mail; if not, tell the line that mends it.

    It looks and changes nothing. Some things only root may see: what could not be looked at is
    told, with the way to. The status is 0 if nothing is wrong, 1 if something is, 2 for options
    that can't be, and 3 where nothing can be found out.
    """
    if not Path("/proc/self/status").exists():
        raise NotFound("this system has no /proc, where a Linux tells of its processes")
    from gomail.cli.meant import ConfigurationError, find_meant  # noqa: PLC0415 -- starts faster

    try:
        meant, basis = find_meant(file)
    except ConfigurationError as error:
        told, reach, basis = _unreadable(str(error)), None, None
    else:
        told, reach = _look(
            meant, [] if no_dns else _domains(meant.configuration), roots, resolvers
        )
    differs = _changes(file, told, reach) if changes else None
    _tell(told, reach, differs, basis, json=json)
    if grave(told.findings):
        raise SystemExit(FOUND)


def _unreadable(why: str) -> "Told":
    """Say that there is no configuration to go by."""
    from gomail.doctor.finding import Finding, Severity, Told  # noqa: PLC0415 -- starts faster

    finding = Finding(
        "config-unreadable",
        Severity.ERROR,
        "the configuration can be read, and all in it is possible",
        (why,),
        "mend it, and see that it is fine:",
        ("gomail config check FILE",),
    )
    return Told((finding,), unseen=("all else, for the configuration says what there is to see",))


def _domains(configuration: "Configuration") -> list[str]:
    """Give the domains whose records are looked at."""
    names = [comparable_domain(each) for each in configuration.domains if "." in each]
    return [each for each in names if each != LOCALHOST]


def _look(
    meant: "Meant",
    domains: Sequence[str],
    roots: Sequence[tuple[str, int]],
    resolvers: Sequence[tuple[str, int]],
) -> "tuple[Told, Reachability]":
    """Look at the machine, and at what DNS says of it."""
    from gomail.cli.witness import last_public  # noqa: PLC0415 -- starts faster
    from gomail.doctor.finding import Told  # noqa: PLC0415 -- likewise
    from gomail.doctor.survey import examine, in_order, reachability, survey  # noqa: PLC0415 -- likewise

    seen = survey(meant)
    told = examine(seen, datetime.now(UTC)) + _resolvers(meant.configuration)
    told += _records(meant.configuration, domains, roots, resolvers)
    witness, why = None, ""
    if meant.process is not None:
        control = meant.configuration.control
        witness, why = last_public(control, meant.state, meant.process.pid)
    if why:
        how = "sudo -u USER gomail status, where it runs as USER"
        told += Told(unseen=(f"who has come from outside ({why}): {how}",))
    return in_order(told), reachability(seen, witness)


def _resolvers(configuration: "Configuration") -> "Told":
    """Ask the resolvers that the checks ask, if there are any checks."""
    from gomail.doctor.finding import Told  # noqa: PLC0415 -- starts faster

    if configuration.checks.enabled is False:
        return Told(checked=("the resolvers: none is asked, for checks are off",))
    if find_spec("dns") is None:
        return Told(unseen=(f"the resolvers, for there is no library dns: {EXTRA}",))
    from gomail.checks.dns.system import system_servers  # noqa: PLC0415 -- starts faster
    from gomail.checks.servers import read_server  # noqa: PLC0415 -- likewise
    from gomail.doctor.resolvers import ask, examine_resolvers  # noqa: PLC0415 -- likewise

    named = configuration.checks.resolvers
    servers: list[Server] = [read_server(each) for each in named or system_servers()]
    return examine_resolvers(ask(servers), named=bool(named))


def _records(
    configuration: "Configuration",
    domains: Sequence[str],
    roots: Sequence[tuple[str, int]],
    resolvers: Sequence[tuple[str, int]],
) -> "Told":
    """Ask DNS about the domains, as senders do."""
    from gomail.doctor.finding import Told  # noqa: PLC0415 -- starts faster

    if not domains:
        return Told()
    if find_spec("dns") is None:
        return Told(unseen=(f"DNS, for there is no library dns: {EXTRA}",))
    from gomail.cli.records import records_of  # noqa: PLC0415 -- starts faster

    return records_of(configuration, domains, roots, resolvers)


def _changes(file: str | None, told: "Told", reach: "Reachability | None") -> "Changes":
    """Tell what differs from the last time, and remember this one."""
    from gomail.doctor.memory import NAME, compare, keep, recall  # noqa: PLC0415 -- starts faster

    folder = state_folder(None)
    if folder is None:
        raise NotFound("there is no home in which to remember what was found")
    path, key = Path(folder, NAME), str(Path(file or "").absolute())
    verdict = reach.verdict.value if reach else ""
    differs = compare(recall(path, key), told.findings, verdict)
    try:
        keep(path, key, told.findings, verdict)
    except OSError as error:
        raise NotFound(f"{path} can't be written: {error.strerror}") from None
    return differs


def _tell(
    told: "Told",
    reach: "Reachability | None",
    differs: "Changes | None",
    basis: "Basis | None",
    *,
    json: bool,
) -> None:
    """Write what was found."""
    if json:
        plain = {
            "configuration": basis and basis.plain(),
            "findings": [each.plain() for each in told.findings],
            "reachable": reach and reach.plain(),
            "checked": list(told.checked),
            "unseen": list(told.unseen),
        }
        if differs is not None:
            plain["changes"] = differs.plain()
        click.echo(dumps(plain, indent=2))
    elif differs is not None and not differs.first:
        _write(_differences(told, reach, differs))
    else:
        _write(_report(told, reach, basis))


def _write(lines: Iterable[str]) -> None:
    """Write lines, in which what others have named can garble no terminal."""
    whole = (_UNSEEN.sub("?", line) for line in lines)
    click.echo("\n".join(whole), color=coloured())


def _report(told: "Told", reach: "Reachability | None", basis: "Basis | None") -> Iterator[str]:
    """Write for people what was found, and what was looked at."""
    if basis is not None:
        yield basis.line
    yield counted(told.findings) or "healthy: this machine is ready to receive mail"
    for each in told.findings:
        yield from _lines(each)
    if reach is not None:
        yield ""
        yield from _reach(reach)
    yield from ("", "Looked at:")
    yield from (f"  {line}" for line in told.checked)
    if told.unseen:
        yield from ("", "Not to be seen from here, and how to see it:")
        yield from (f"  {line}" for line in told.unseen)


def _lines(finding: "Finding") -> Iterator[str]:
    """Write one finding; its word says what its mark and colour do."""
    yield ""
    yield mark(finding.severity, finding.code)
    yield f"  Expected: {finding.expected}"
    yield from (f"  Seen: {line}" for line in finding.seen)
    yield f"  What to do: {finding.remedy}"
    yield from (f"      {line}" for line in finding.lines)


def _reach(reach: "Reachability") -> Iterator[str]:
    """Write whether others can connect."""
    yield f"Reachable from outside: {reach.verdict.value}"
    yield from (f"  {line}" for line in reach.reasons)
    if reach.hints:
        yield "  Where else port 25 may be closed:"
        yield from (f"    {line}" for line in reach.hints)


def _differences(told: "Told", reach: "Reachability | None", differs: "Changes") -> Iterator[str]:
    """Write what differs."""
    if not differs:
        yield "no change"
    yield from (f"mended: {code}" for code in differs.gone)
    for each in told.findings:
        if each.code in differs.new:
            yield from _lines(each)
    if differs.verdict is not None and reach is not None:
        yield f"Reachable from outside: {reach.verdict.value}; it was {differs.verdict}"
