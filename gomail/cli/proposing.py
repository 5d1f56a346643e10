"""The address to write a first mail to: one with a token in it, where that reaches the mailbox."""

from dataclasses import dataclass

import click

from gomail.address import Address
from gomail.cli.names import read_address
from gomail.config import Configuration, ConfigurationError, directory
from gomail.recipients.directory import Directory
from gomail.reply import Refused
from gomail.settings.values import LOCALHOST

_HOW = "say which address: gomail watch --for you@example.org"


@dataclass(frozen=True, slots=True)
class Proposal:
    """
    What to send.

    Attributes:
        address: whom to write to.
        subject: what to write as the subject, where the address has no token; else empty.
    """

    address: Address
    subject: str


def propose(configuration: Configuration | None, token: str, wanted: str | None) -> Proposal:
    """
    Give an address of the configuration, or the *wanted* one, with the token in it if it can be.

    Args:
        configuration: of the server; None where that is not known.
        token: which nobody else writes.
        wanted: an address.

    Raises:
        click.UsageError: nobody can tell which, or mail for the wanted one would be refused.
    """
    if configuration is None:
        if wanted is None:
            raise click.UsageError(_HOW)
        return Proposal(_read(wanted), f"hello-{token}")
    plain = _first(configuration) if wanted is None else _read(wanted)
    try:
        found = directory(configuration)
    except ConfigurationError as error:
        raise click.UsageError(str(error)) from None
    reached = _reached(found, plain)
    if isinstance(reached, Refused):
        msg = f"mail for {plain} would be refused: {reached.reply.text}"
        raise click.UsageError(msg)
    separator = configuration.domains[plain.domain].subaddress_separator
    if separator:
        detailed = Address(f"{plain.local_part}{separator}hello-{token}", plain.domain)
        if _reached(found, detailed) == reached:
            return Proposal(detailed, "")
    return Proposal(plain, f"hello-{token}")


def _first(configuration: Configuration) -> Address:
    """Give the first address of the configuration."""
    domains = configuration.domains
    name = next((each for each in domains if each != LOCALHOST), LOCALHOST)
    mailboxes = domains[name].mailboxes
    if isinstance(mailboxes, str) or mailboxes == ():
        raise click.UsageError(_HOW)
    return Address("hello" if mailboxes is None else mailboxes[0], name)


def _read(text: str) -> Address:
    """Read --for."""
    try:
        return read_address(text)
    except ValueError as error:
        raise click.UsageError(f"--for: {error}") from None


def _reached(found: Directory, address: Address) -> object:
    """Give the Maildirs that an address reaches, or why it is refused."""
    try:
        destinations = found.find(address)
    except Refused as refused:
        return refused
    return {each.mailbox.maildir for each in destinations}  # type: ignore[union-attr]  # at once: nothing runs beside us
