"""Sessions after their STARTTLS, by Python's own client."""

import smtplib
import ssl

from cryptography import x509

from tests.patience import PATIENCE

_ANYBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
_ANYBODY.check_hostname, _ANYBODY.verify_mode = False, ssl.CERT_NONE


def encrypted(port: int) -> smtplib.SMTP:
    """Give a session after its STARTTLS; whose certificate it was is no matter."""
    client = smtplib.SMTP("127.0.0.1", port, "client.example", timeout=PATIENCE)
    client.starttls(context=_ANYBODY)
    return client


def certificate_of(client: smtplib.SMTP) -> x509.Certificate:
    """Give the certificate that a client was shown."""
    assert isinstance(client.sock, ssl.SSLSocket)
    octets = client.sock.getpeercert(binary_form=True)
    assert octets is not None
    return x509.load_der_x509_certificate(octets)


def shown(port: int) -> x509.Certificate:
    """Give the certificate that a new client is shown."""
    with encrypted(port) as client:
        return certificate_of(client)
