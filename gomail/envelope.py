"""
Who is talking (`Client`), and what the message's cover says (`Envelope`).

Both are values, replaced and never changed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from gomail.address import NULL_PATH, Path


@dataclass(frozen=True, slots=True)
class Encryption:
    """The facts of a session under TLS, as trace fields and the log tell them."""

    version: str
    cipher: str
    bits: int


@dataclass(frozen=True, slots=True)
class Client:
    """
    The peer of one session, as far as it is known so far.

    Attributes:
        session_id: the id that replies, log and trace fields share.
        address: its IP address as text, ``::ffff:`` unmapped; None on a unix socket.
        port: its port; None on a unix socket.
        helo: the name that it gave in EHLO or HELO; empty before.
        esmtp: whether that was EHLO.
        encryption: the facts of TLS; None in plaintext.
        trusted: whether it is in a trusted network: no limits per address, session or error.
    """

    session_id: str
    address: str | None = None
    port: int | None = None
    helo: str = ""
    esmtp: bool = False
    encryption: Encryption | None = None
    trusted: bool = False

    def named(self, helo: str, *, esmtp: bool) -> "Client":
        """Give the same client, known by another name."""
        return Client(
            self.session_id, self.address, self.port, helo, esmtp, self.encryption, self.trusted
        )

    def __str__(self) -> str:
        """Write the peer as the log does: ``192.0.2.1:40695``, ``[2001:db8::1]:25``, ``unix``."""
        if self.address is None:
            return "unix"
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{host}:{self.port}"


class MailParameters(NamedTuple):
    """
    The ESMTP parameters of MAIL.

    Attributes:
        size: octets declared (RFC 1870); None if undeclared.
        body: ``7BIT`` or ``8BITMIME`` (RFC 6152); None if undeclared.
        utf8: whether SMTPUTF8 was given (RFC 6531).
    """

    size: int | None = None
    body: str | None = None
    utf8: bool = False


NO_PARAMETERS = MailParameters()


class Envelope(NamedTuple):
    """One message's envelope: its id, the client, the reverse-path, the accepted forward-paths."""

    id: str
    client: Client
    reverse_path: Path = NULL_PATH
    parameters: MailParameters = NO_PARAMETERS
    forward_paths: tuple[Path, ...] = ()

    def to(self, forward_paths: Iterable[Path]) -> "Envelope":
        """Give the same envelope, addressed."""
        paths = tuple(forward_paths)
        return Envelope(self.id, self.client, self.reverse_path, self.parameters, paths)
