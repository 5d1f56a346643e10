"""
A connection under TLS (RFC 3207): how it begins, and what is known of it then.

Twisted does the work; what it must not be left to is told here. Its transports keep their way to
write to the socket under TLS as well, so that octets given to `writeSomeData` would leave in
plaintext: `gomail.smtp.outbox` asks `is_encrypted` before it uses it. And a connection whose TLS
can't be made when it starts never hears of its end: so that is made before the 220 is said.
"""

from typing import cast

from OpenSSL.SSL import Connection
from twisted.internet.interfaces import (
    IOpenSSLServerConnectionCreator,
    ISSLTransport,
    ISystemHandle,
    ITransport,
)
from zope.interface import implementer

from gomail.envelope import Encryption

HANDSHAKE_TIME = 10  # seconds from our 220 until the handshake is over


@implementer(IOpenSSLServerConnectionCreator)
class Prepared:
    """
    Our end of TLS for one connection, made before it is needed.

    Raises:
        Exception: whatever *creator* has against it.
    """

    def __init__(self, creator: IOpenSSLServerConnectionCreator) -> None:
        """Have it made."""
        self._connection: Connection = creator.serverConnectionForTLS(None)  # type: ignore[arg-type]  # there is no protocol yet

    def serverConnectionForTLS(self, tlsProtocol: object) -> Connection:
        """Give it."""
        return self._connection


def is_encrypted(transport: ITransport) -> bool:
    """Tell whether what is written to *transport* is encrypted."""
    return bool(ISSLTransport.providedBy(transport))


def facts(transport: ITransport) -> Encryption:
    """Tell of TLS what trace fields and log say, once the handshake is over."""
    connection = cast("Connection", cast("ISystemHandle", transport).getHandle())
    return Encryption(
        connection.get_protocol_version_name(),
        connection.get_cipher_name() or "",
        connection.get_cipher_bits() or 0,
    )
