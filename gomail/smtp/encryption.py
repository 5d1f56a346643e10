"""
A connection under TLS (RFC 3207): how it begins, and what is known of it then.

Twisted does the work; what it must not be left to is told here. Its transports keep their way to
write to the socket under TLS as well, so that octets given to `writeSomeData` would leave in
plaintext: `gomail.smtp.outbox` asks `is_encrypted` before it uses it.
"""

from typing import cast

from OpenSSL.SSL import Connection
from twisted.internet.interfaces import ISSLTransport, ITransport

from gomail.envelope import Encryption

HANDSHAKE_TIME = 10  # seconds from our 220 until the handshake is over


def is_encrypted(transport: ITransport) -> bool:
    """Tell whether what is written to *transport* is encrypted."""
    return bool(ISSLTransport.providedBy(transport))


def facts(transport: ITransport) -> Encryption:
    """Tell of TLS what trace fields and log say, once the handshake is over."""
    connection = cast("Connection", cast("ISSLTransport", transport).getHandle())  # type: ignore[attr-defined]  # ISystemHandle's
    return Encryption(
        connection.get_protocol_version_name(),
        connection.get_cipher_name() or "",
        connection.get_cipher_bits() or 0,
    )
