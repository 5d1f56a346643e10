"""A key of RSA with 2048 bits, made anew in each process, and the messages that it signs (DKIM)."""

import base64
from functools import cache

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gomail.checks.dkim.body import BodyHashes, Wish
from gomail.checks.dkim.canonical import Canonical
from gomail.checks.header import Header

SELECTOR = "sel"
_NAMES = ["from", "to", "subject", "date", "message-id"]


@cache
def _key() -> RSAPrivateKey:
    """Make the key."""
    return generate_private_key(65537, 2048)


def public_key() -> str:
    """Give the public key in Base64."""
    public = _key().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(public).decode()


def key_record() -> str:
    """Give it as a zone has it: a TXT record in several strings, as one holds 255 octets."""
    text = public_key()
    return f'"v=DKIM1; k=rsa; p=" "{text[:200]}" "{text[200:]}"'


def signed(
    header: bytes, body: bytes, domain: str, way: str = "relaxed/relaxed", count: int = 1
) -> bytes:
    """
    Give the header block with signatures on top.

    Args:
        header: the block, which has each field that is signed; line ends are LF.
        body: of the message, likewise.
        domain: that signs.
        way: the canonicalization of header and body.
        count: of signatures, which are all the same.
    """
    of_header, _, of_body = way.partition("/")
    hashes = BodyHashes([Wish(of_body)])
    hashes.take(body)
    body_hash = base64.b64encode(hashes.end()[Wish(of_body)].octets).decode()
    field = (
        f"DKIM-Signature: v=1; a=rsa-sha256; c={way}; d={domain}; s={SELECTOR};\n"
        f"\th={':'.join(_NAMES)}; bh={body_hash};\n\tb="
    ).encode()
    fields = Header(field + b"\n" + header)
    digest = Canonical(fields).digest(of_header, _NAMES, fields.fields[0])
    seal = base64.b64encode(_key().sign(digest, PKCS1v15(), Prehashed(SHA256()))).decode()
    folded = "\n\t ".join(seal[at : at + 70] for at in range(0, len(seal), 70))
    return (field + folded.encode() + b"\n") * count + header
