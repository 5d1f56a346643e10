"""ARC chains, made for tests."""

import base64
import hashlib
import re

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from tests.checks.signing import canonical_field, ed25519, rsa, signed

SEALER = "list.example"
KEY = f"s._domainkey.{SEALER}"


def sealed(
    message: bytes,
    instance: int,
    *,
    algorithm: str = "rsa-sha256",
    said: str = "spf=pass",
    **changed: str,
) -> bytes:
    """Add a set on top; *changed* are tags of the seal."""
    header, _, body = message.partition(b"\n\n")
    header += b"\n"
    results = f"ARC-Authentication-Results: i={instance} ; {SEALER};\n\t{said}".encode()
    signature = signed(
        header,
        body,
        name="ARC-Message-Signature",
        drop=["v"],
        i=f"{instance}",
        d=SEALER,
        s="s",
        a=algorithm,
        h="from:to:subject",
    ).removesuffix(header + b"\n" + body)
    tags = {"i": f"{instance}", "a": algorithm, "cv": "pass" if instance > 1 else "none"}
    tags.update({"d": SEALER, "s": "s", "b": "", **changed})
    seal = ("ARC-Seal: " + "; ".join(f"{tag}={value}" for tag, value in tags.items())).encode()
    # In the order of the seals: what was there before, then what is added (§5.1.1).
    covered = b"".join(reversed(chain_of(header))) + b"".join(
        canonical_field(field.rstrip(b"\n"), "relaxed") + b"\r\n" for field in (results, signature)
    )
    octets = sealing(tags, covered + canonical_field(seal, "relaxed"))
    seal = seal.replace(b"; b=", b"; b=" + base64.b64encode(octets))
    return seal + b"\n" + signature + results + b"\n" + header + b"\n" + body


def sealing(tags: dict[str, str], data: bytes) -> bytes:
    """Sign octets that are canonical already."""
    if tags["a"].startswith("ed25519"):
        return ed25519().sign(hashlib.sha256(data).digest())
    return rsa().sign(data, PKCS1v15(), SHA256())


def chain_of(header: bytes) -> list[bytes]:
    """Give the fields of the chain that is there, from top to bottom: the newest seal is first."""
    return [
        canonical_field(field, "relaxed") + b"\r\n"
        for field in re.findall(rb"[^\n]+(?:\n[ \t][^\n]*)*", header)
        if field.startswith(b"ARC-")
    ]
