"""Certificates for tests: of any name, time, kind of key and chain, and the TLS that shows them."""

import functools
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import (
    CertificateIssuerPrivateKeyTypes,
    PrivateKeyTypes,
)
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from OpenSSL import SSL

from gomail.certificates.pair import Pair
from gomail.certificates.wanted import Files

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
MX = "mx.example.org"


def named(name: str) -> x509.Name:
    """Make the name of a subject."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


@functools.cache
def authority() -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """Give the authority that signs in these tests."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _builder(named("Test CA"), key, NOW - timedelta(days=1000), NOW + timedelta(9999))
    constraints = x509.BasicConstraints(ca=True, path_length=None)
    builder = builder.issuer_name(named("Test CA")).add_extension(constraints, critical=True)
    return builder.sign(key, hashes.SHA256()), key


def _builder(
    subject: x509.Name, key: PrivateKeyTypes, begins: datetime, ends: datetime
) -> x509.CertificateBuilder:
    """Begin to make a certificate."""
    builder = x509.CertificateBuilder().subject_name(subject).public_key(key.public_key())  # type: ignore[arg-type]
    builder = builder.serial_number(x509.random_serial_number())
    return builder.not_valid_before(begins).not_valid_after(ends)


def pair(
    *names: str,
    begins: datetime = NOW - timedelta(days=10),
    ends: datetime = NOW + timedelta(days=80),
    key: CertificateIssuerPrivateKeyTypes | None = None,
) -> Pair:
    """Make a pair for some names, signed by the authority."""
    names = names or (MX,)
    ours = key or ec.generate_private_key(ec.SECP256R1())
    their_certificate, their_key = authority()
    builder = _builder(named(names[0]), ours, begins, ends)
    alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
    builder = builder.add_extension(alternatives, critical=False)
    certificate = builder.issuer_name(their_certificate.subject).sign(their_key, hashes.SHA256())
    return Pair((certificate, their_certificate), ours)


@functools.cache
def short_key() -> rsa.RSAPrivateKey:
    """Give a key that OpenSSL finds too short."""
    return rsa.generate_private_key(65537, 1024)


def chain_of(each: Pair) -> bytes:
    """Write the chain of a pair as PEM."""
    return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in each.chain)


def key_of(each: Pair, form: PrivateFormat = PrivateFormat.PKCS8) -> bytes:
    """Write the key of a pair as PEM."""
    return each.key.private_bytes(Encoding.PEM, form, NoEncryption())


def written(folder: Path, each: Pair, name: str = "mx") -> Files:
    """Write a pair into two files."""
    certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
    certificate.write_bytes(chain_of(each))
    key.write_bytes(key_of(each))
    return Files(str(certificate), str(key))


def with_other_key(each: Pair) -> Pair:
    """Give a certificate with a key that isn't its own."""
    return replace(each, key=ec.generate_private_key(ec.SECP256R1()))


class Handshake:
    """
    A client and a server that shake hands in memory; *flights* are what the server said.

    Args:
        server: a connection that was not used yet.
        name: the host that the client asks for; none if absent.
        version: of TLS; any if absent.
        ciphers: of the client, for TLS 1.2.
    """

    def __init__(
        self,
        server: SSL.Connection,
        name: str | None = None,
        *,
        version: int | None = None,
        ciphers: bytes = b"ALL:@SECLEVEL=0",
    ) -> None:
        context = SSL.Context(SSL.TLS_METHOD)
        context.set_min_proto_version(version or SSL.TLS1_VERSION)
        context.set_max_proto_version(version or SSL.TLS1_3_VERSION)
        context.set_cipher_list(ciphers)
        self.server, self.client = server, SSL.Connection(context, None)
        self.flights: list[bytes] = []
        self.server.set_accept_state()
        self.client.set_connect_state()
        if name is not None:
            self.client.set_tlsext_host_name(name.encode())
        for _ in range(4):
            self.turn()

    def turn(self) -> None:
        """Let each side say what it has to say."""
        for me, other in ((self.client, self.server), (self.server, self.client)):
            with suppress(SSL.WantReadError):
                me.do_handshake()
            with suppress(SSL.WantReadError):
                octets = me.bio_read(65536)
                other.bio_write(octets)
                if me is self.server:
                    self.flights.append(octets)

    @property
    def certificate(self) -> x509.Certificate:
        """Give what the client was shown."""
        shown = self.client.get_peer_certificate(as_cryptography=True)
        assert shown is not None
        return shown
