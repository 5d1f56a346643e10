"""
The certificate that nobody vouches for: made for the host name, kept in the state folder, renewed.

Mail between servers is encrypted without asking who the other one is (RFC 7435), so this keeps it
from being read on the way. Key and certificate are one file, so that no two of them ever mix.
"""

import contextlib
import os
import secrets
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gomail.certificates.pair import Pair, PairError, read_pair
from gomail.certificates.wanted import Files

NAME = "self-signed.pem"
LIFETIME = timedelta(days=365)
RENEWED = timedelta(days=90)  # before its end
_BACKDATED = timedelta(days=1)  # for clients whose clock is behind
_CURVE = ec.SECP256R1.name
_LONGEST_COMMON_NAME = 64  # X.520


def is_due(pair: Pair, hostname: str, now: datetime) -> bool:
    """Tell whether it is time for another one."""
    return not pair.covers(hostname) or pair.left(now) < RENEWED or pair.begins > now


def make_own(hostname: str, now: datetime) -> Pair:
    """Make a pair for *hostname*."""
    key = ec.generate_private_key(ec.SECP256R1())
    common = x509.NameAttribute(NameOID.COMMON_NAME, hostname[:_LONGEST_COMMON_NAME])
    name = x509.Name([common])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(hostname)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Pair((certificate,), key)


def kept_own(folder: str, hostname: str, now: datetime) -> Pair:
    """
    Give the pair that is kept in *folder*, or make one and keep it; this blocks.

    Raises:
        OSError: it can't be kept there.
    """
    path = str(Path(folder) / NAME)
    with contextlib.suppress(PairError):
        pair = read_pair(Files(path, path))
        # Another kind of key, whoever put it there, might be one that OpenSSL refuses.
        is_ours = isinstance(pair.key, ec.EllipticCurvePrivateKey) and pair.key.curve.name == _CURVE
        if is_ours and not is_due(pair, hostname, now):
            return pair
    pair = make_own(hostname, now)
    _keep(pair, Path(folder))
    return pair


def _keep(pair: Pair, folder: Path) -> None:
    """Write a pair, for its owner alone, as a whole or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    draft = folder / f".{NAME}.{secrets.token_hex(8)}"
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(as_pem(pair))
            file.flush()
            os.fsync(fd)
        draft.replace(folder / NAME)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    _sync_folder(folder)


def as_pem(pair: Pair) -> bytes:
    """Write a pair as PEM: the key, then the certificate and its chain."""
    key = pair.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return key + b"".join(each.public_bytes(Encoding.PEM) for each in pair.chain)


def _sync_folder(folder: Path) -> None:
    """Make the entries of a folder durable."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
