"""
A certificate, with its chain, and its key: read from PEM files and found to fit each other.

What can't be is told in one line that names the file, what was expected, and the remedy where there
is one. Reading blocks. Whether a certificate has begun or ended is not judged here: one that has
ended encrypts as well as any, and those who deliver mail rarely look.
"""

import os
import pwd
import re
import stat
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from gomail.certificates.wanted import Files

REMEDY = 'sudo "$(which gomail)" certificates install --user {}'
LARGEST = 1024 * 1024  # octets of a file; a chain has some thousands

_CERTIFICATE = re.compile(rb"-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----")
_KEY = re.compile(rb"-----BEGIN ([A-Z ]*)PRIVATE KEY-----.*?-----END \1PRIVATE KEY-----", re.DOTALL)
_KEY_BEGINS = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----")


class PairError(Exception):
    """One line that says why a certificate or its key can't be used."""


class PairMismatch(PairError):
    """The key is another certificate's."""


@dataclass(frozen=True, slots=True)
class Pair:
    """
    A certificate and its key.

    Attributes:
        chain: our own certificate first, then those that vouch for it.
        key: the private key of the first.
    """

    chain: tuple[x509.Certificate, ...]
    key: PrivateKeyTypes

    @property
    def certificate(self) -> x509.Certificate:
        """Our own certificate."""
        return self.chain[0]

    @property
    def names(self) -> tuple[str, ...]:
        """The host names that it is for, wildcards among them; else its subject's common name."""
        try:
            found = self.certificate.extensions.get_extension_for_class(
                x509.SubjectAlternativeName
            ).value.get_values_for_type(x509.DNSName)
        except (x509.ExtensionNotFound, ValueError):
            found = []
        common = self.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        names = found or [str(each.value) for each in common]
        return tuple(name.lower() for name in names)

    @property
    def begins(self) -> datetime:
        """From when on it holds."""
        return self.certificate.not_valid_before_utc

    @property
    def ends(self) -> datetime:
        """Until when it holds."""
        return self.certificate.not_valid_after_utc

    @property
    def self_signed(self) -> bool:
        """Whether nobody vouches for it."""
        return self.certificate.issuer == self.certificate.subject

    @property
    def serial(self) -> str:
        """Its serial number, as ``openssl x509 -serial`` writes it."""
        digits = f"{self.certificate.serial_number:X}"
        return digits.zfill(len(digits) + len(digits) % 2)

    def covers(self, name: str) -> bool:
        """Tell whether it is for that host; a wildcard stands for one label (RFC 9525 §6.3)."""
        name = name.lower().rstrip(".")
        return any(each in (name, f"*.{name.partition('.')[2]}") for each in self.names)

    def left(self, now: datetime) -> timedelta:
        """Give how long it still holds."""
        return self.ends - now


def read_chain(path: str) -> tuple[x509.Certificate, ...]:
    """
    Read a certificate and those that vouch for it, whatever its key is.

    Raises:
        PairError: it can't be read, or is none.
    """
    return _parse_chain(_read("certificate", path), path)


def read_octets(files: Files) -> tuple[bytes, bytes]:
    """
    Read the files of a pair as they are.

    Raises:
        PairError: one of them can't be read.
    """
    return _read("certificate", files.certificate), _read("key", files.key)


def parse(octets: tuple[bytes, bytes], files: Files) -> Pair:
    """
    Make a pair of what stood in its files.

    Raises:
        PairError: they hold something else, or don't belong together.
    """
    chain = _parse_chain(octets[0], files.certificate)
    key = _parse_key(octets[1], files.key)
    theirs, ours = (
        each.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        for each in (key.public_key(), chain[0].public_key())
    )
    if theirs != ours:
        msg = f"the key {files.key} does not belong to the certificate {files.certificate}"
        raise PairMismatch(msg)
    return Pair(chain, key)


def read_pair(files: Files) -> Pair:
    """
    Read a pair.

    Raises:
        PairError: it can't be read, or is none.
    """
    return parse(read_octets(files), files)


def _read(what: str, path: str) -> bytes:
    """Read one file."""
    try:
        if not stat.S_ISREG(Path(path).stat().st_mode):
            msg = f"the {what} {path}: a file was expected"
            raise PairError(msg)
        with Path(path).open("rb") as file:
            octets = file.read(LARGEST + 1)
    except PermissionError:
        me = _myself()
        how = f"a copy that can be is made by: {REMEDY.format(me)}"
        msg = f"the {what} {path} can't be read by {me}; {how}"
        raise PairError(msg) from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        msg = f"the {what} {path} can't be read: {why}"
        raise PairError(msg) from None
    if len(octets) > LARGEST:
        msg = f"the {what} {path}: a file of {LARGEST} octets at most was expected"
        raise PairError(msg)
    return octets


def _myself() -> str:
    """Name the user that reads."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return f"uid {os.geteuid()}"


def _parse_chain(octets: bytes, path: str) -> tuple[x509.Certificate, ...]:
    """Read all certificates of a file."""
    if not _CERTIFICATE.search(octets):
        hint = ", not a key: were the two swapped?" if _KEY_BEGINS.search(octets) else ""
        msg = f"{path}: a certificate in PEM was expected{hint}"
        raise PairError(msg)
    try:
        chain = tuple(x509.load_pem_x509_certificates(octets))
        for each in chain:
            each.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        msg = (
            f"{path}: a certificate in PEM was expected, and this is a broken one: {_first(error)}"
        )
        raise PairError(msg) from None
    if len(chain) != len(_CERTIFICATE.findall(octets)):
        msg = f"{path}: the last certificate in it is not whole"
        raise PairError(msg)
    return chain


def _parse_key(octets: bytes, path: str) -> PrivateKeyTypes:
    """Read the key of a file; other things in it, such as a curve's parameters, are no matter."""
    if not _KEY_BEGINS.search(octets):
        hint = ", not a certificate: were the two swapped?" if _CERTIFICATE.search(octets) else ""
        msg = f"{path}: a key in PEM was expected{hint}"
        raise PairError(msg)
    found = _KEY.search(octets)
    if found is None:
        msg = f"{path}: the key in it is not whole"
        raise PairError(msg)
    try:
        return load_pem_private_key(found[0] + b"\n", password=None)
    except TypeError:
        msg = f"{path}: a key without a passphrase was expected"
    except (ValueError, UnsupportedAlgorithm) as error:
        msg = f"{path}: a key in PEM was expected, and this is a broken one: {_first(error)}"
    raise PairError(msg)


def _first(error: Exception) -> str:
    """Give the first line of what a library says."""
    return str(error).partition("\n")[0].partition(". See ")[0].strip() or type(error).__name__
