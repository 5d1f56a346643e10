"""``gomail check``: who sent a message that is in a file, and what would become of it."""

import json as json_format
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from ipaddress import ip_address
from pathlib import Path as File
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from gomail.address import Path
from gomail.config import Configuration, ConfigurationError, load
from gomail.finding import Finding
from gomail.reply import Refused
from gomail.settings.words import read_hostname
from gomail.smtp.grammar import read_greeting, read_mail

if TYPE_CHECKING:
    from gomail.checks.dns.zone import Zone
    from gomail.checks.own import ICheck
    from gomail.checks.policy import Decision
    from gomail.checks.trial import Found, Sender

STATUSES = {"junk": 3, "defer": 4, "refuse": 5}  # of --exit-code; all else is 0
_EXTRA = "the checks are an extra of gomail's, which is not installed: pip install 'gomail[checks]'"
_BECOMES = {
    "none": "it would be stored",
    "mark": "it would be stored, with the field above",
    "junk": "it would go into .Junk, with the field above",
    "defer": "it would be refused for now",
    "refuse": "it would be refused",
}


def _ip(_: object, __: object, text: str) -> str:
    """Read --ip."""
    try:
        return str(ip_address(text))
    except ValueError:
        msg = f"an address such as 192.0.2.1 or 2001:db8::1 was expected, not {text!r}"
        raise click.BadParameter(msg) from None


def _helo(_: object, __: object, text: str) -> str:
    """Read --helo, as what follows EHLO."""
    try:
        return read_greeting(text.encode("utf-8", "surrogateescape"))
    except Refused:
        msg = f"what follows EHLO was expected, such as mail.example.org, not {text!r}"
        raise click.BadParameter(msg) from None


def _reverse_path(_: object, __: object, text: str) -> Path:
    """Read --from, as what follows MAIL FROM."""
    utf8 = "" if text.isascii() else " SMTPUTF8"
    try:
        octets = f"FROM:{text or '<>'}{utf8}".encode("utf-8", "surrogateescape")
        return read_mail(octets).reverse_path
    except Refused:
        msg = f"an address such as joe@example.org, or <>, was expected, not {text!r}"
        raise click.BadParameter(msg) from None


def _configuration(_: object, __: object, file: str | None) -> Configuration:
    """Read --config."""
    try:
        return Configuration() if file is None else load(file)
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
@_required("--ip", callback=_ip, help="The client's.")
@_required("--helo", callback=_helo, metavar="NAME", help="What the client calls itself.")
@_required("--from", "reverse_path", callback=_reverse_path, help="In MAIL FROM; may be <>.")
@click.option(
    "--zone",
    type=click.Path(exists=True, dir_okay=False),
    help="A master file that answers instead of DNS.",
)
@click.option("--at", type=click.DateTime(), metavar="TIME", help="When it came, in UTC [now].")
@click.option("--hostname", callback=_hostname, metavar="NAME", help="Ours [this machine's].")
@click.option(
    "-c",
    "--config",
    "configuration",
    callback=_configuration,
    metavar="FILE",
    help="Has another policy, name and limits, and other resolvers.",
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
    configuration: Configuration,
    json: bool,  # noqa: FBT001 -- click gives them by name
    exit_code: bool,  # noqa: FBT001
) -> None:
    """
    Tell who sent the message in FILE (- is the standard input), and what would become of it.

    The server would find the same, with the same time-outs and limits. Nothing is stored, and
    without --config no configuration is read. The status is 0 whatever is found, 1 if nothing can
    be, and 2 for options that can't be.
    """
    hostname = hostname or configuration.hostname
    name = configuration.checks.authserv_id or hostname
    came = time.time() if at is None else at.replace(tzinfo=UTC).timestamp()
    try:
        from gomail.checks.policy import Policy  # noqa: PLC0415 -- an extra
        from gomail.checks.trial import Sender  # noqa: PLC0415

        answers = None if zone is None else _zone(zone)
        sender = Sender(ip, helo, reverse_path)
        found = _run(_examination(file, sender, configuration, answers, hostname, came))
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"dns", "spftrace"}:
            raise
        raise click.ClickException(_EXTRA) from None
    rules = configuration.policy
    decision = Policy(rules.actions, rules.shadow, rules.own).decide(found.opinion)
    if json:
        click.echo(json_format.dumps([*map(_as_json, found.opinion.findings)], indent=2))
    else:
        for line in _report(found, decision, name):
            click.echo(line)
    if exit_code:
        raise SystemExit(STATUSES.get(decision.action.value, 0))


def _examination(  # noqa: PLR0913, PLR0917 -- all that there is
    file: BinaryIO,
    sender: "Sender",
    configuration: Configuration,
    answers: "Zone | None",
    hostname: str,
    came: float,
) -> "Callable[[Any], Awaitable[Found]]":
    """Give what examines the message on a reactor."""
    from gomail.checks.dns.resolver import StubResolver  # noqa: PLC0415 -- an extra
    from gomail.checks.panel import Panel  # noqa: PLC0415
    from gomail.checks.trial import examine, pieces  # noqa: PLC0415

    checks, sealers = _own(), configuration.checks.arc_sealers
    name = configuration.checks.authserv_id or hostname

    async def examination(reactor: Any) -> "Found":  # noqa: ANN401 -- zope has no type for several
        resolver = answers or StubResolver(reactor, configuration.checks.resolvers)
        panel = Panel(resolver, reactor, hostname, _here, lambda: came, sealers=sealers, own=checks)
        return await examine(panel, sender, pieces(file), name, configuration.limits)

    return examination


def _own() -> "tuple[ICheck, ...]":
    """Find checks of one's own, and say which can't be used."""
    from gomail.checks.found import found_checks  # noqa: PLC0415 -- other commands start faster

    checks, notes = found_checks()
    for note in notes:
        click.echo(f"note: {note}", err=True)
    return checks


def _run(examination: "Callable[[Any], Awaitable[Found]]") -> "Found":
    """Run the checks, by a reactor that ends with them."""
    from twisted.internet.task import react  # noqa: PLC0415 -- other commands start faster

    came: list[Found | Refused | OSError] = []

    async def main(reactor: Any) -> None:  # noqa: ANN401 -- see above
        try:
            came.append(await examination(reactor))
        except (Refused, OSError) as error:
            came.append(error)

    with suppress(SystemExit):
        react(main)
    if not came:  # Ctrl-C
        raise click.Abort
    [found] = came
    if isinstance(found, Refused):
        reply = found.reply.octets.decode().strip()
        raise click.ClickException(f"the server would not take the message: {reply}")
    if isinstance(found, OSError):
        raise click.ClickException(str(found))
    return found


async def _here(work: Any, *arguments: Any) -> Any:  # noqa: ANN401 -- whatever it is
    """Run work where we are: there is only one message."""
    return work(*arguments)


def _zone(path: str) -> "Zone":
    """Read the file that answers."""
    from gomail.checks.dns.zone import read_zone  # noqa: PLC0415 -- an extra

    try:
        return read_zone(File(path))
    except (OSError, ValueError) as error:
        raise click.ClickException(f"{path}: {error}") from None


def _as_json(finding: Finding) -> dict[str, object]:
    """Give a finding as JSON has it; a name of a property may stand there several times."""
    return {**finding._asdict(), "properties": [each._asdict() for each in finding.properties]}


def _report(found: "Found", decision: "Decision", hostname: str) -> Iterator[str]:
    """Write for people what was found, what readers would see, and what becomes of it."""
    from gomail.checks.results import authentication_results  # noqa: PLC0415 -- an extra

    yield from map(_line, found.opinion.findings)
    yield ""
    yield authentication_results(hostname, decision.told).decode()
    if found.forged:
        yield f"removed: {found.forged} such field(s) of the sender's in the name of {hostname}"
    yield f"{decision.action.value}: {_BECOMES[decision.action.value]}"
    if decision.rule:
        yield f"rule: {decision.rule}: {_meaning(decision.rule)}"
    for action, rule in decision.shadows:
        yield f"in the shadow: {rule}: {_BECOMES[action.value]}: {_meaning(rule)}"


def _line(finding: Finding) -> str:
    """Write a finding; what a peer has written can't do anything to a terminal."""
    from gomail.checks.results import value  # noqa: PLC0415 -- an extra

    properties = " ".join(f"{kind}.{name}={value(text)}" for kind, name, text in finding.properties)
    reason = f"({finding.reason})" if finding.reason else ""
    words: Sequence[str] = (f"{finding.method:<6} {finding.result:<9}", properties, reason)
    return " ".join(filter(None, words)).rstrip()


def _meaning(name: str) -> str:
    """Tell what a rule says."""
    from gomail.checks.policy import RULES  # noqa: PLC0415 -- an extra

    return next((rule.meaning for rule in RULES if rule.name == name), "")
