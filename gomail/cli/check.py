"""``gomail check``: who sent a message that is in a file, and what would become of it."""

import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from ipaddress import ip_address
from json import dumps
from pathlib import Path as File
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from gomail.address import Path
from gomail.checks.policy import Decision, Policy
from gomail.checks.results import authentication_results, value
from gomail.cli.basis import Basis, find_basis
from gomail.cli.kinds import Moment
from gomail.cli.reacting import run
from gomail.config import Configuration, ConfigurationError
from gomail.finding import Finding
from gomail.reply import Refused
from gomail.settings.words import read_hostname
from gomail.smtp.grammar import read_greeting, read_mail

if TYPE_CHECKING:
    from gomail.checks.dns.zone import Zone
    from gomail.checks.own import ICheck
    from gomail.checks.trial import Found

STATUSES = {"junk": 3, "defer": 4, "refuse": 5}  # of --exit-code; all else is 0
_BECOMES = {
    "none": "it would be stored",
    "mark": "it would be stored, with the field above",
    "junk": "it would go into .Junk, with the field above",
    "defer": "it would be refused for now",
    "refuse": "it would be refused",
}


def read_ip(_: object, __: object, text: str) -> str:
    """Read --ip."""
    try:
        return str(ip_address(text))
    except ValueError:
        msg = f"an address such as 192.0.2.1 or 2001:db8::1 was expected, not {text!r}"
        raise click.BadParameter(msg) from None


def read_helo(_: object, __: object, text: str) -> str:
    """Read --helo, as what follows EHLO."""
    try:
        return read_greeting(text.encode("utf-8", "surrogateescape"))
    except Refused:
        msg = f"what follows EHLO was expected, such as mail.example.org, not {text!r}"
        raise click.BadParameter(msg) from None


def read_reverse_path(_: object, __: object, text: str) -> Path:
    """Read --from, as what follows MAIL FROM."""
    utf8 = "" if text.isascii() else " SMTPUTF8"
    try:
        octets = f"FROM:{text or '<>'}{utf8}".encode("utf-8", "surrogateescape")
        return read_mail(octets).reverse_path
    except Refused:
        msg = f"an address such as joe@example.org, or <>, was expected, not {text!r}"
        raise click.BadParameter(msg) from None


def _basis(_: object, __: object, file: str | None) -> Basis:
    """Find the configuration that counts."""
    try:
        return find_basis(file)
    except ConfigurationError as error:
        raise click.ClickException(str(error)) from None


def _hostname(_: object, __: object, text: str | None) -> str | None:
    """Read --hostname."""
    try:
        return text and read_hostname(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


_required = partial(click.option, required=True, metavar="ADDRESS")


@click.command()
@click.argument("file", type=click.File("rb"))
@_required("--ip", callback=read_ip, help="The client's.")
@_required("--helo", callback=read_helo, metavar="NAME", help="What the client calls itself.")
@_required("--from", "reverse_path", callback=read_reverse_path, help="In MAIL FROM; may be <>.")
@click.option(
    "--zone",
    type=click.Path(exists=True, dir_okay=False),
    help="A master file that answers instead of DNS.",
)
@click.option("--at", type=Moment(), metavar="TIME", help="When it came, in UTC [now].")
@click.option("--hostname", callback=_hostname, metavar="NAME", help="Ours [as configured].")
@click.option(
    "-c",
    "--config",
    "basis",
    callback=_basis,
    metavar="FILE",
    help="Instead of what is in force.",
)
@click.option("--json", is_flag=True, help="Write the findings as a list in JSON, and no more.")
@click.option("--exit-code", is_flag=True, help="End with 3 for .Junk, 4 or 5 if not taken.")
def check(  # noqa: PLR0913, PLR0917 -- click gives them by name
    file: BinaryIO,
    ip: str,
    helo: str,
    reverse_path: Path,
    zone: str | None,
    at: datetime | None,
    hostname: str | None,
    basis: Basis,
    json: bool,  # noqa: FBT001 -- as above
    exit_code: bool,  # noqa: FBT001 -- as above
) -> None:
    """
    Tell who sent the message in FILE (- is the standard input), and what would become of it.

    The server would find the same, with the same time-outs and limits. Nothing is stored. The
    configuration is that of the server that runs, which says it; without one, that of gomail.toml
    here, or else of /etc/gomail.toml. The status is 0 whatever is found, 1 if nothing can
    be, and 2 for options that can't be.
    """
    from gomail.examination import EXTRA, find_policy, missing  # noqa: PLC0415 -- brings Twisted

    library = missing()
    if library is not None:
        raise click.ClickException(f"there is no library {library} here; {EXTRA} brings it")
    configuration = basis.configuration
    if hostname is not None:
        configuration = replace(configuration, hostname=hostname)
    came = time.time() if at is None else at.replace(tzinfo=UTC).timestamp()
    answers = None if zone is None else read_zone_file(zone)
    found = _run(_examination(file, (ip, helo, reverse_path), configuration, answers, came))
    policy = find_policy(configuration)
    decision = policy.decide(found.opinion)
    click.echo(basis.line, err=True)
    if json:
        click.echo(dumps([each.plain() for each in found.opinion.findings], indent=2))
    else:
        click.echo("\n".join(_report(found, decision, policy, configuration.authserv_id)))
    if exit_code:
        raise SystemExit(STATUSES.get(decision.action.value, 0))


def _examination(
    file: BinaryIO,
    sender: tuple[str, str, Path],
    configuration: Configuration,
    answers: "Zone | None",
    came: float,
) -> "Callable[[Any], Awaitable[Found]]":
    """Give what examines the message on a reactor."""
    from gomail.checks.trial import Sender, examine, pieces  # noqa: PLC0415 -- an extra
    from gomail.examination import find_panel  # noqa: PLC0415 -- brings Twisted

    own, name, limits = find_own(), configuration.authserv_id, configuration.limits

    async def examination(reactor: Any) -> "Found":  # noqa: ANN401 -- zope has no type for several
        panel = find_panel(configuration, reactor, _here, lambda: came, own=own, resolver=answers)
        return await examine(panel, Sender(*sender), pieces(file), name, limits)

    return examination


def find_own() -> "tuple[ICheck, ...]":
    """Find checks of one's own, and say which can't be used."""
    from gomail.checks.found import found_checks  # noqa: PLC0415 -- other commands start faster

    checks, notes = found_checks()
    for note in notes:
        click.echo(f"note: {note}", err=True)
    return checks


def _run(examination: "Callable[[Any], Awaitable[Found]]") -> "Found":
    """Run the checks, by a reactor that ends with them."""
    try:
        return run(examination, (Refused, OSError))
    except Refused as refused:
        reply = refused.reply.octets.decode().strip()
        raise click.ClickException(f"the server would not take the message: {reply}") from None
    except OSError as error:
        raise click.ClickException(str(error)) from None


async def _here(work: Any, *arguments: Any) -> Any:  # noqa: ANN401 -- whatever it is
    """Run work where we are: there is only one message."""
    return work(*arguments)


def read_zone_file(path: str) -> "Zone":
    """Read the file that answers."""
    from gomail.checks.dns.zone import read_zone  # noqa: PLC0415 -- an extra

    try:
        return read_zone(File(path))
    except OSError as error:
        raise click.ClickException(f"{path}: {error.strerror}") from None
    except ValueError as error:  # UnicodeDecodeError is one
        expected = "records as in the zone of a name server (RFC 1035 §5) were expected"
        raise click.ClickException(f"{path}: {str(error).rstrip('.')}; {expected}") from None


def _report(found: "Found", decision: Decision, policy: Policy, authserv_id: str) -> Iterator[str]:
    """Write for people what was found, what readers would see, and what becomes of it."""
    yield from map(_line, found.opinion.findings)
    yield ""
    yield authentication_results(authserv_id, decision.told).decode()
    if found.forged:
        yield f"removed: {found.forged} such field(s) of the sender's in the name of {authserv_id}"
    yield f"{decision.action.value}: {_BECOMES[decision.action.value]}"
    if decision.rule:
        yield f"rule: {decision.rule}: {policy.meaning(decision.rule)}"
    for action, rule in decision.shadows:
        yield f"in the shadow: {rule}: {_BECOMES[action.value]}: {policy.meaning(rule)}"


def _line(finding: Finding) -> str:
    """Write a finding; what a peer has written can't do anything to a terminal."""
    properties = " ".join(f"{kind}.{name}={value(text)}" for kind, name, text in finding.properties)
    reason = f"({finding.reason})" if finding.reason else ""
    words: Sequence[str] = (f"{finding.method:<6} {finding.result:<9}", properties, reason)
    return " ".join(filter(None, words)).rstrip()
