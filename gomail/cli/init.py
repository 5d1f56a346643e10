"""``gomail init``: from an address to a configuration, a Maildir, the records, and what is next."""

import os
import pwd
import shlex
import socket
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from json import dumps
from pathlib import Path

import click

from gomail.address import Address, comparable_domain
from gomail.cli.beginning import Beginning, Occupied, program
from gomail.cli.names import read_address, read_host
from gomail.config import ConfigurationError
from gomail.domain.proposal import Proposal, propose, zone_file
from gomail.machine.netlink import addresses
from gomail.machine.reach import Kind, Reach, reach, why_not_public
from gomail.recipients.mailbox import read_name
from gomail.settings.usual import HERE
from gomail.settings.words import read_hostname

_UNKNOWN = "YOUR-PUBLIC-IPV4-ADDRESS"
_SAID = {
    Kind.PUBLIC: "public, on this machine itself",
    Kind.PRIVATE: "private: a router stands in between (NAT). Have it pass TCP port 25 on to this "
    "address, and put the router's public address into DNS",
    Kind.SHARED: "shared by a provider among its customers (CGNAT, 100.64.0.0/10): nobody can "
    "connect to it, and no router of yours can change that. Ask the provider for a public address, "
    "use IPv6 alone, or a server elsewhere",
    Kind.NONE: "none on this machine",
}


def _mailbox(_: object, __: object, text: str) -> Address:
    """Read ADDRESS."""
    try:
        address = read_address(text)
        read_name(address.local_part)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    return address


def _ips(_: object, __: object, texts: tuple[str, ...]) -> tuple[str, ...]:
    """Read --public."""
    return tuple(map(_ip, texts))


def _ip(text: str) -> str:
    """Read an address at which others can reach a machine."""
    try:
        ip = ip_address(text)
    except ValueError:
        expected = "a public address such as 198.51.100.7 or 2001:db8::7 was expected"
        raise click.BadParameter(f"{expected}, not {text!r}") from None
    why = why_not_public(str(ip))
    if why:
        others = "name the one that others see, such as your router's"
        raise click.BadParameter(f"nobody outside can reach {ip}: {why}; {others}")
    return str(ip)


@dataclass(frozen=True, slots=True)
class _Told:
    """All that is told in the end."""

    begun: Beginning
    here: Reach
    records: Sequence[Proposal]
    written: Sequence[Path]
    kept: Sequence[Path]


@click.command()
@click.argument("address", callback=_mailbox, metavar="YOU@EXAMPLE.ORG")
@click.option(
    "--hostname", callback=read_host, metavar="NAME", help="The server's [mx.EXAMPLE.ORG]."
)
@click.option(
    "--public",
    multiple=True,
    callback=_ips,
    metavar="ADDRESS",
    help="At which others reach it [those of this machine].",
)
@click.option("--maildir", metavar="FOLDER", help="Where mail goes [Maildir at home].")
@click.option("--config", default=HERE, show_default=True, metavar="FILE")
@click.option("--user", metavar="NAME", help="Who reads the mail [whoever types this].")
@click.option("--json", is_flag=True, help="Write an object in JSON, and ask nothing.")
def init(  # noqa: PLR0913, PLR0917 -- click gives them by name
    address: Address,
    hostname: str | None,
    public: tuple[str, ...],
    maildir: str | None,
    config: str,
    user: str | None,
    json: bool,  # noqa: FBT001 -- as above
) -> None:
    """
    Begin to receive mail for YOU@EXAMPLE.ORG.

    Writes a configuration and a Maildir, never over anything, and prints the records for DNS and
    the commands that come next. It asks nobody in the network: who asks for a name before it is
    there has caches remember that it is not. Where the standard input is no terminal, it asks you
    nothing either.
    """
    who = _who(user)
    here = _reach()
    asks = sys.stdin.isatty() and not json
    host = hostname or _choose_host(address.domain, asks=asks)
    ips = public or here.public or _choose_address(asks=asks)
    begun = Beginning(
        address,
        host,
        Path(maildir or Path(who.pw_dir, "Maildir")).absolute(),
        Path(config).absolute(),
        who,
    )
    try:
        written, kept = begun.write()
    except (Occupied, ConfigurationError) as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}") from None
    maybe = () if public else here.maybe6
    records = propose(address.domain, host, ips or (_UNKNOWN,), str(address), maybe)
    told = _Told(begun, here, records, written, kept)
    click.echo(dumps(_plain(told), indent=2) if json else "\n".join(_report(told)))


def _who(name: str | None) -> pwd.struct_passwd:
    """Give who reads the mail; root is nobody's choice for that."""
    try:
        found = pwd.getpwuid(os.geteuid()) if name is None else pwd.getpwnam(name)
    except KeyError:
        raise click.UsageError("--user: there is no such user on this machine") from None
    if found.pw_uid == 0:
        if name is not None:
            raise click.UsageError(f"--user: who reads the mail was expected, not {name}")
        raise click.UsageError("type it as the user who reads the mail, or name them by --user")
    if os.geteuid() not in {0, found.pw_uid}:
        raise click.UsageError(
            f"only root can give {name} what is made: type it with sudo, or as {name}"
        )
    return found


def _reach() -> Reach:
    """Find out how this machine can be reached; nothing is known where it does not tell."""
    try:
        return reach(addresses())
    except OSError:
        return Reach(Kind.NONE)


def _choose_host(domain: str, *, asks: bool) -> str:
    """Choose the server's name: the machine's own if it is in the domain, else a usual one."""
    try:
        own = comparable_domain(read_hostname(socket.gethostname()))
    except ValueError:
        own = ""
    usual = own if own.endswith(f".{domain}") else f"mx.{domain}"
    if not asks:
        return usual
    click.echo("The server needs a name of its own, at which others find its address.", err=True)
    text = click.prompt("Host name", usual, err=True, value_proc=lambda text: read_host(0, 0, text))
    return str(text)


def _choose_address(*, asks: bool) -> tuple[str, ...]:
    """Ask for an address that this machine doesn't know, if there is somebody to ask."""
    if not asks:
        return ()
    click.echo(
        "This machine has no public address of its own. Your router's page, or a web page that "
        "tells “my IP address”, has the one that others see.",
        err=True,
    )
    ip: str = click.prompt(
        "Public address (may be empty)",
        "",
        err=True,
        show_default=False,
        value_proc=lambda text: text and _ip(text),
    )
    return (ip,) if ip else ()


def _plain(told: _Told) -> dict[str, object]:
    """Give all that is told, for JSON."""
    return {
        "address": str(told.begun.address),
        "hostname": told.begun.hostname,
        "reach": {
            "ipv4": told.here.kind.value,
            "addresses": [*told.here.ipv4, *told.here.ipv6, *told.here.maybe6],
        },
        "written": [str(each) for each in told.written],
        "kept": [str(each) for each in told.kept],
        "records": [each.plain() for each in told.records],
        "command": told.begun.command,
    }


def _report(told: _Told) -> Iterator[str]:
    """Write for people what was found and done, and what is left to do."""
    begun, here = told.begun, told.here
    yield f"Mail for {begun.address}, taken by {begun.hostname}"
    yield f"  IPv4: {' '.join(here.ipv4)}{' is ' if here.ipv4 else ''}{_SAID[here.kind]}"
    if here.ipv6:
        yield f"  IPv6: {' '.join(here.ipv6)} is public, and stays"
    elif here.maybe6:
        yield f"  IPv6: {' '.join(here.maybe6)} is public; whether it stays, your provider knows"
    yield from (f"  wrote {each}" for each in told.written)
    yield from (f"  kept {each}, as it was" for each in told.kept)
    yield from ("", f"1. Add to the zone of {begun.address.domain}, where you manage its DNS:", "")
    yield from (f"    {line}" for line in zone_file(told.records))
    yield from ("", "   Remove every other MX record of the domain.")
    yield from ("", "2. Start the server; this is the one line that needs root:", "")
    yield f"    {begun.command}"
    yield from ("", "3. Let port 25 in, on this machine and in your provider's console or router:")
    yield from ("", "    sudo ufw allow 25/tcp      # or what your firewall has for it")
    yield from ("", "   and see whether anything here still keeps mail away:", "")
    yield f"    sudo {program()} doctor --no-dns"
    yield from ("", "4. When the records are there, and not before, see what senders see:", "")
    yield f"    {program()} dns --config {begun.config}"
    yield from (
        "",
        "5. Wait for a mail, step by step, and send one from anywhere:",
        "",
    )
    yield f"    {program()} watch --config {begun.config}"
    yield from ("", "6. Read it:", "")
    yield f"    mutt -f {shlex.quote(str(begun.maildir))}"
