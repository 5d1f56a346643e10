"""A certificate for tests, and both ends of TLS with it."""

from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL.SSL import TLS_METHOD, Connection, Context
from twisted.internet.interfaces import (
    IOpenSSLClientConnectionCreator,
    IOpenSSLServerConnectionCreator,
)
from twisted.protocols.tls import TLSMemoryBIOProtocol
from zope.interface import implementer


@cache
def certified() -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    """Make a key, and a certificate that lasts for the tests."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "here.example")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return key, certificate


@cache
def context() -> Context:
    """Make a context with it."""
    key, certificate = certified()
    made = Context(TLS_METHOD)
    made.use_certificate(certificate)
    made.use_privatekey(key)
    return made


@implementer(IOpenSSLServerConnectionCreator)
class ServerTLS:
    """The server's end of TLS."""

    def serverConnectionForTLS(self, tlsProtocol: TLSMemoryBIOProtocol) -> Connection:
        """Begin one."""
        return Connection(context(), None)


@implementer(IOpenSSLClientConnectionCreator)
class ClientTLS:
    """The client's end, which believes everybody; *ciphers* may be what nobody has."""

    def __init__(self, ciphers: bytes = b"", version: int | None = None) -> None:
        self._ciphers = ciphers
        self._version = version

    def clientConnectionForTLS(self, tlsProtocol: TLSMemoryBIOProtocol) -> Connection:
        """Begin one."""
        made = Context(TLS_METHOD)
        if self._ciphers:
            made.set_cipher_list(self._ciphers)
        if self._version is not None:
            made.set_max_proto_version(self._version)
        return Connection(made, None)
