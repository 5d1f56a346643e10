"""
Public keys, as DNS has them (RFC 6376 §3.6.1), and what is verified by them.

Whoever signs chooses the key, and so how long it takes: 0.05 ms for one of 2048 bits with the usual
exponent, and less than 0.5 ms for the worst that is taken. A chain of ARC can have fifty.
"""

import base64
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from gomail.checks.dkim.signature import ED25519, RSA
from gomail.checks.dkim.taglist import LONGEST, Unusable, read_tags, without_folds
from gomail.checks.records import Outcome, Records
from gomail.finding import PERMERROR, POLICY, TEMPERROR

LEAST_BITS = 1024  # RFC 8301 §3.2
MOST_BITS = (
    4096  # what RFC 8301 wants verified at least; of 8192 bits, one takes four times as long
)
MOST_EXPONENT = 2**64  # one as long as the modulus would take a hundred times as long

MOST_RECORDS = 10  # at the name of a key: there is to be one, and others get there by wildcards

_HASH = SHA256()
_PREHASHED = Prehashed(_HASH)
_PADDING = PKCS1v15()


class Key(NamedTuple):
    """
    A public key.

    Attributes:
        public: the key itself.
        testing: its domain only tries DKIM (``t=y``): its signatures count as none.
        exact: ``i`` must have the domain of ``d``, and none below it (``t=s``).
    """

    public: RSAPublicKey | Ed25519PublicKey
    testing: bool
    exact: bool

    @property
    def kind(self) -> str:
        """Whether it is for ``rsa`` or ``ed25519``."""
        return RSA if isinstance(self.public, RSAPublicKey) else ED25519

    def has_signed(self, digest: bytes, signature: bytes) -> bool:
        """Tell whether *signature* was made by this key for a SHA-256 digest."""
        try:
            if isinstance(self.public, RSAPublicKey):
                self.public.verify(signature, digest, _PADDING, _PREHASHED)
            else:
                self.public.verify(signature, digest)  # RFC 8463 §3
        except InvalidSignature:
            return False
        return True


def read_key(records: Records) -> Key:
    """
    Find the key in what DNS has said.

    Raises:
        Unusable: temperror without an answer, permerror without a key, policy if it is too short or
            too long.
    """
    if records.outcome is Outcome.FAILED:
        raise Unusable(TEMPERROR, "DNS did not say the key")
    if len(records.values) > MOST_RECORDS or sum(map(len, records.values)) > LONGEST:
        raise Unusable(PERMERROR, "the records of the key are too many or too long")
    found = [tags for tags in map(_tags, set(records.values)) if "p" in tags]
    if not found:
        raise Unusable(PERMERROR, "there is no key")
    if len(found) > 1:  # RFC 6376 §3.6.2.2: which one is meant is undefined
        raise Unusable(PERMERROR, "there are several keys")
    return _read(found[0])


def _tags(record: bytes) -> dict[str, str]:
    """Read a key record; what is none has no tags."""
    try:
        tags = read_tags(record)
    except ValueError:
        return {}
    # RFC 6376 §3.6.1: if there is a version, it is first, and this one.
    is_key = "v" not in tags or (next(iter(tags)) == "v" and tags["v"] == "DKIM1")
    return tags if is_key else {}


def _read(tags: dict[str, str]) -> Key:
    if not tags["p"]:
        raise Unusable(PERMERROR, "the key was revoked")
    if "sha256" not in _listed(tags, "h", "sha256"):
        raise Unusable(PERMERROR, "the key is for another hash")
    if not {"*", "email"}.intersection(_listed(tags, "s", "*")):
        raise Unusable(PERMERROR, "the key is not for mail")
    flags = _listed(tags, "t", "")
    public = _public(tags.get("k", RSA), without_folds(tags["p"]))
    return Key(public, testing="y" in flags, exact="s" in flags)


def _listed(tags: dict[str, str], tag: str, default: str) -> list[str]:
    return [word.strip() for word in tags.get(tag, default).split(":")]


def _public(kind: str, encoded: str) -> RSAPublicKey | Ed25519PublicKey:
    """Read the key itself; RSA comes as SubjectPublicKeyInfo, or as RSAPublicKey."""
    try:
        octets = base64.b64decode(encoded, validate=True)
        if kind == ED25519:
            return Ed25519PublicKey.from_public_bytes(octets)
        public = load_der_public_key(octets) if kind == RSA else None
    except (ValueError, UnsupportedAlgorithm):
        public = None
    if not isinstance(public, RSAPublicKey):
        raise Unusable(PERMERROR, "the key is none")
    numbers = public.public_numbers()
    modulus, exponent = numbers.n, numbers.e
    if modulus < 3 or exponent < 3 or exponent % 2 == 0:  # cryptography 46 loads it all the same
        raise Unusable(PERMERROR, "the key is none")
    if public.key_size < LEAST_BITS:
        raise Unusable(POLICY, "the key is too short (RFC 8301)")
    if public.key_size > MOST_BITS or exponent >= MOST_EXPONENT:
        raise Unusable(POLICY, "the key is too long")
    return public
