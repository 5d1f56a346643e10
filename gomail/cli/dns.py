"""``gomail dns``: a domain's records as those see them who send mail, and what to change."""

from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from json import dumps
from typing import TYPE_CHECKING

import click

from gomail.address import comparable_domain
from gomail.checks.servers import read_server
from gomail.cli.names import read_host, read_hosts
from gomail.cli.terminal import coloured, counted, grave, mark
from gomail.config import Configuration, ConfigurationError, load
from gomail.settings.usual import usual_file
from gomail.settings.values import LOCALHOST

if TYPE_CHECKING:
    from gomail.domain.answers import View
    from gomail.domain.finding import Finding, Known

EXTRA = "pip install 'gomail[checks]'"
FOUND, UNFOUND = 1, 3  # what it ends with; else 0, and 2 for options that can't be
# Of Cloudflare, Google and Quad9: what they have in their caches, many senders have, too.
_PUBLIC = ("1.1.1.1", "8.8.8.8", "9.9.9.9")


class NotFound(click.ClickException):
    """It can't be found out."""

    exit_code = UNFOUND


def _domain(_: object, __: object, text: str | None) -> str | None:
    """Read DOMAIN; an address stands for the domain in it."""
    return read_host(_, __, text and text.rpartition("@")[2])


def read_servers(_: object, __: object, texts: tuple[str, ...]) -> tuple[tuple[str, int], ...]:
    """Read addresses of servers."""
    try:
        return tuple(read_server(text) for text in texts)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command()
@click.argument("domain", required=False, callback=_domain)
@click.option(
    "-c", "--config", "file", metavar="FILE", help="Says whose mail it is, and who takes it."
)
@click.option("--hostname", callback=read_host, metavar="NAME", help="The server's, for MX.")
@click.option(
    "--backup",
    "backups",
    multiple=True,
    callback=read_hosts,
    metavar="NAME",
    help="Another host of yours that MX names.",
)
@click.option(
    "--resolver",
    "resolvers",
    multiple=True,
    callback=read_servers,
    metavar="ADDRESS[:PORT]",
    help="Look into this cache [default: this machine's, and public ones].",
)
@click.option(
    "--root-hint",
    "roots",
    multiple=True,
    callback=read_servers,
    metavar="ADDRESS[:PORT]",
    help="Begin at this server of the root; all others are asked at its port.",
)
@click.option(
    "--wait",
    type=click.FloatRange(0.1, 600),
    default=5,
    show_default=True,
    metavar="SECONDS",
    help="For an answer.",
)
@click.option("--json", is_flag=True, help="Write an object in JSON for each domain, in a list.")
def dns(  # noqa: PLR0913, PLR0917 -- click gives them by name
    domain: str | None,
    file: str | None,
    hostname: str | None,
    backups: tuple[str, ...],
    resolvers: tuple[tuple[str, int], ...],
    roots: tuple[tuple[str, int], ...],
    wait: float,
    json: bool,  # noqa: FBT001 -- as above
) -> None:
    """
    Ask DNS for the mail of DOMAIN as those do who send, and say what to change.

    The servers of its zones are asked directly, so no cache can raise a false alarm; caches are
    asked only for what they may still have wrong. Without DOMAIN, a configuration says which: FILE,
    or gomail.toml here, or /etc/gomail.toml. The status is 0 if mail can come, 1 if something is to
    be changed or waited for, 2 for options that can't be, and 3 if DNS can't be asked.
    """
    if find_spec("dns") is None:
        raise NotFound(f"there is no library dns here; {EXTRA} brings it")
    import asyncio  # noqa: PLC0415 -- other commands start faster without

    from gomail.cli.known import known_of  # noqa: PLC0415 -- likewise

    configuration = _configuration(file, usual=domain is None)
    domains = [domain] if domain is not None else _domains(configuration)
    try:
        known = known_of(configuration, hostname, backups)
        views = asyncio.run(look(domains, known.host, roots, resolvers or usual_resolvers(), wait))
    except ConfigurationError as error:
        raise click.UsageError(str(error)) from None
    _tell(views, known, json=json)


def _configuration(file: str | None, *, usual: bool) -> Configuration | None:
    """Load a file, if there is one; the usual one where that will do."""
    try:
        found = file or (usual_file() if usual else None)
        return None if found is None else load(found)
    except ConfigurationError as error:
        raise click.UsageError(str(error)) from None


def _domains(configuration: Configuration | None) -> list[str]:
    """Give the domains of a configuration; where nobody named one, there must be some."""
    if configuration is None:
        raise click.UsageError(
            "which domain? gomail dns example.org, or gomail init you@example.org to begin"
        )
    names = [comparable_domain(each) for each in configuration.domains if each != LOCALHOST]
    if not names:
        raise click.UsageError(f"{configuration.source} has no domain to ask for")
    return names


def usual_resolvers() -> tuple[tuple[str, int], ...]:
    """Give the resolvers of this machine, and public ones."""
    from gomail.checks.dns.system import system_servers  # noqa: PLC0415 -- starts faster

    return tuple(dict.fromkeys(read_server(each) for each in (*system_servers(), *_PUBLIC)))


async def look(
    domains: Sequence[str],
    host: str | None,
    roots: Sequence[tuple[str, int]],
    resolvers: Sequence[tuple[str, int]],
    seconds: float,
) -> "list[View]":
    """
    Look at each domain.

    Raises:
        NotFound: DNS can't be asked.
    """
    from gomail.domain.answers import Server  # noqa: PLC0415 -- an extra
    from gomail.domain.roots import ROOTS  # noqa: PLC0415 -- an extra
    from gomail.domain.survey import survey  # noqa: PLC0415 -- an extra
    from gomail.domain.walk import Unfound  # noqa: PLC0415 -- an extra

    begin: Sequence[Server] = [Server("", *each) for each in roots] or ROOTS
    caches = [Server("", *each) for each in resolvers]
    try:
        return [await survey(each, host, begin, caches, seconds) for each in domains]
    except Unfound as error:
        raise NotFound(str(error)) from None


def _tell(views: "Sequence[View]", known: "Known", *, json: bool) -> None:
    """Write what was found, and end with the status that says so."""
    from gomail.domain.account import account  # noqa: PLC0415 -- an extra
    from gomail.domain.examination import examine  # noqa: PLC0415 -- an extra

    told = [(view.domain, examine(view, known), tuple(account(view))) for view in views]
    if json:
        plain = [
            {"domain": name, "findings": [each.plain() for each in found], "checked": list(checked)}
            for name, found, checked in told
        ]
        click.echo(dumps(plain, indent=2))
    else:
        for each in told:
            click.echo("\n".join(_report(*each)), color=coloured())
    if any(grave(found) for _, found, _ in told):
        raise SystemExit(FOUND)


def _report(name: str, found: "Sequence[Finding]", checked: Sequence[str]) -> Iterator[str]:
    """Write for people what was found, and what was looked at."""
    yield f"{name}: {counted(found) or 'healthy: mail can find its way'}"
    for each in found:
        yield from _lines(each)
    yield ""
    yield "Asked:"
    yield from (f"  {line}" for line in checked)


def _lines(finding: "Finding") -> Iterator[str]:
    """Write one finding; its mark and its word say what its colour does."""
    yield ""
    yield mark(finding.severity, finding.code)
    yield f"  {finding.sentence}"
    yield from (f"    {line}" for line in finding.evidence)
    yield f"  What to do: {finding.remedy}"
    yield from (f"      {line}" for line in finding.records)
