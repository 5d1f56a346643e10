"""
Those who sign, and DNS as they have it, for tests of what verifies.

What is signed is made here as the RFCs say it, slowly and obviously, and not by gomail.
"""

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from functools import cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gomail.checks.header import Header
from gomail.checks.records import Outcome, Records
from gomail.checks.signatures import Signatures
from gomail.finding import Finding

NOW = 1_750_000_000
DOMAIN = "example.org"
KEY_NAME = f"sel._domainkey.{DOMAIN}"

HEADER = b"""\
From: Joe <joe@example.org>
To: ann@example.net
Subject: A  letter
\tin two lines
Date: Mon, 16 Jun 2025 10:00:00 +0000
"""
BODY = b"Dear Ann,\n\n  how  are \t you? \n\nJoe\n\n\n"

type_of = {"rsa-sha256": "rsa", "rsa-sha1": "rsa", "ed25519-sha256": "ed25519"}
PrivateKey = RSAPrivateKey | Ed25519PrivateKey


class Zone:
    """DNS: TXT records by their names; an outcome stands for what went wrong."""

    def __init__(self, records: Mapping[str, str | list[str] | Outcome]) -> None:
        """Begin with nothing asked."""
        self.records = dict(records)
        self.asked: list[str] = []

    async def lookup(self, name: str, kind: str) -> Records:
        """Answer at once."""
        assert kind == "TXT"
        return self.records_of(name)

    def records_of(self, name: str) -> Records:
        """Give what there is at a name."""
        self.asked.append(name)
        found = self.records.get(name, Outcome.MISSING)
        if isinstance(found, Outcome):
            return Records(found)
        texts = [found] if isinstance(found, str) else found
        return Records(Outcome.FOUND, tuple(text.encode() for text in texts), 300)


@cache
def rsa(bits: int = 1024) -> RSAPrivateKey:
    """Make an RSA key, once."""
    return generate_private_key(65537, bits)


@cache
def ed25519() -> Ed25519PrivateKey:
    """Make an Ed25519 key, once."""
    return Ed25519PrivateKey.generate()


def record(key: PrivateKey, form: PublicFormat = PublicFormat.SubjectPublicKeyInfo) -> str:
    """Write the record of a key."""
    if isinstance(key, RSAPrivateKey):
        octets = key.public_key().public_bytes(Encoding.DER, form)
        return f"v=DKIM1; k=rsa; p={base64.b64encode(octets).decode()}"
    octets = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return f"v=DKIM1; k=ed25519; p={base64.b64encode(octets).decode()}"


def canonical_body(body: bytes, way: str) -> bytes:
    """Make a body canonical, line by line (RFC 6376 §3.4.3 and §3.4.4)."""
    lines = body.split(b"\n")
    if way == "relaxed":
        lines = [re.sub(rb"[ \t]+", b" ", line).removesuffix(b" ") for line in lines]
    while lines and not lines[-1]:
        lines.pop()
    if not lines:
        return b"" if way == "relaxed" else b"\r\n"
    return b"".join(line + b"\r\n" for line in lines)


def canonical_field(field: bytes, way: str) -> bytes:
    """Make a field canonical, without its line end (RFC 6376 §3.4.1 and §3.4.2)."""
    if way == "simple":
        return field.replace(b"\n", b"\r\n")
    name, value = field.split(b":", 1)
    value = re.sub(rb"[ \t]+", b" ", value.replace(b"\n", b""))
    return name.lower().strip() + b":" + value.strip(b" ")


def signed(
    header: bytes = HEADER,
    body: bytes = BODY,
    *,
    key: PrivateKey | None = None,
    name: str = "DKIM-Signature",
    drop: Iterable[str] = (),
    **changed: str,
) -> bytes:
    """
    Sign a message, and give it with the signature on top.

    Args:
        header: its header block.
        body: its body.
        key: which to sign with; by default one that suits the algorithm.
        name: of the signature's field.
        drop: tags that the signature does not have.
        changed: tags that it has beside, or instead of, the usual ones; ``bh`` and ``b`` as well.
    """
    tags = {"v": "1", "a": "rsa-sha256", "c": "relaxed/relaxed", "d": DOMAIN, "s": "sel"}
    tags.update(h="from:to:subject:date", bh="", b="")
    given = changed.pop("b", None)
    tags.update(changed)
    if "bh" not in changed:
        tags["bh"] = body_hash(tags, body)
    for tag in drop:
        del tags[tag]
    field = f"{name}: " + ";\n\t".join(f"{tag}={value}" for tag, value in tags.items())
    if given is None:
        signature = sign(tags, header, field.encode(), key)
        given = base64.b64encode(signature).decode()
    assert "\tb=" in field
    return field.replace("\tb=", f"\tb={given}").encode() + b"\n" + header + b"\n" + body


def body_hash(tags: Mapping[str, str], body: bytes) -> str:
    """Give ``bh``."""
    way = (tags["c"] + "/simple").split("/")[1]
    canonical = canonical_body(body, way)
    length = tags.get("l", "")
    covered = canonical[: int(length)] if length.isdigit() else canonical
    return base64.b64encode(hashlib.sha256(covered).digest()).decode()


def sign(tags: Mapping[str, str], header: bytes, field: bytes, key: PrivateKey | None) -> bytes:
    """Sign a header, and the field of the signature in which ``b`` is still empty."""
    way = tags["c"].split("/")[0]
    left = re.findall(rb"[^\n]+(?:\n[ \t][^\n]*)*", header)
    parts = []
    for name in tags.get("h", "").lower().split(":"):
        for one in reversed(left):
            if one.split(b":")[0].lower().strip() == name.strip().encode():
                parts.append(canonical_field(one, way) + b"\r\n")
                left.remove(one)
                break
    data = b"".join(parts) + canonical_field(field, way)
    if tags["a"].startswith("ed25519"):
        edwards = key or ed25519()
        assert isinstance(edwards, Ed25519PrivateKey)
        return edwards.sign(hashlib.sha256(data).digest())
    private = key or rsa()
    assert isinstance(private, RSAPrivateKey)
    return private.sign(data, PKCS1v15(), SHA1() if tags["a"].endswith("sha1") else SHA256())


def verify(
    message: bytes, zone: Zone | None = None, *, now: float = NOW, piece: int = 65536
) -> tuple[Finding, ...]:
    """Verify a message that comes in pieces of a size; the last finding is ARC's."""
    block, _, body = message.partition(b"\n\n")
    signatures = Signatures(Header(block + b"\n"), now)
    for at in range(0, len(body), piece):
        signatures.take(body[at : at + piece])
    usual = Zone({KEY_NAME: record(rsa())}) if zone is None else zone
    return signatures.judge({name: usual.records_of(name) for name in sorted(signatures.key_names)})


def verdict(message: bytes, zone: Zone | None = None, *, now: float = NOW) -> tuple[str, str]:
    """Give result and reason of a message with one DKIM-Signature."""
    dkim, _ = verify(message, zone, now=now)
    return dkim.result, dkim.reason
