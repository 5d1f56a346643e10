"""How commands read names: of people, as addresses, and of hosts."""

import click

from gomail.address import Address, comparable_domain
from gomail.reply import Refused
from gomail.settings.words import read_hostname
from gomail.smtp.grammar import read_mail


def read_address(text: str) -> Address:
    """
    Read an address of a domain.

    Raises:
        ValueError: with what was expected.
    """
    local_part, at, name = text.rpartition("@")
    try:
        # A domain in letters of its own is one by its A-labels (RFC 5890 §2.3.2.1).
        whole = f"{local_part}{at}{name if name.isascii() else comparable_domain(name)}"
        found = read_mail(f"FROM:<{whole}>".encode("ascii")).reverse_path.address
        domain = comparable_domain(read_hostname(found.domain if found else ""))
    except (Refused, ValueError):
        found = None
    if found is None:
        raise ValueError(f"an address such as you@example.org was expected, not {text!r}")
    return Address(found.local_part, domain)


def read_host(_: object, __: object, text: str | None) -> str | None:
    """Read a host's name, as click calls it; an empty one, or none, stays so."""
    try:
        return text and comparable_domain(read_hostname(text))
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def read_hosts(_: object, __: object, texts: tuple[str, ...]) -> tuple[str, ...]:
    """Read hosts' names, likewise."""
    return tuple(read_host(_, __, text) or "" for text in texts)
