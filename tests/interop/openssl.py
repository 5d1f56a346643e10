"""What openssl sees of a server's certificate."""

import re
import subprocess

from tests.interop.server import Gomail
from tests.interop.software import needs, run
from tests.patience import PATIENCE


def talk(gomail: Gomail, *options: str) -> str:
    """Have openssl begin an encrypted session; give what it tells of it once it got an answer."""
    command = [needs("openssl"), "s_client", "-connect", f"127.0.0.1:{gomail.port}"]
    with subprocess.Popen(
        [*command, "-starttls", "smtp", "-crlf", "-ign_eof", *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        try:
            told, _ = process.communicate(b"QUIT\n", timeout=PATIENCE)
        finally:
            process.kill()
    return told.decode(errors="replace")


def serial(gomail: Gomail) -> str:
    """Give the number of the certificate that openssl is shown."""
    pem = re.search(r"-----BEGIN.*?-----END CERTIFICATE-----", talk(gomail), re.DOTALL)
    assert pem is not None
    return number(pem[0].encode())


def number(pem: bytes) -> str:
    """Have openssl give the number of a certificate."""
    return run([needs("openssl"), "x509", "-noout", "-serial"], feed=pem).strip()
