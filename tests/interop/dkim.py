"""Those who sign and verify elsewhere: OpenDKIM, and dkimpy as Debian's Python has it."""

import base64
import json
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from tests.checks.signing import DOMAIN, KEY_NAME, ed25519, record, rsa
from tests.interop.software import needs, run
from tests.patience import PATIENCE

_OPENDKIM_SIGNS = """\
Mode s
Domain {domain}
Selector sel
KeyFile {folder}/rsa.pem
Canonicalization {way}
RequireSafeKeys no
InternalHosts 0.0.0.0/0
UMask 002
"""
_OPENDKIM_VERIFIES = """\
Mode v
TestPublicKeys {folder}/keys
UMask 002
"""
# Debian's Python has dkimpy, and ours does not: it comes without a wheel.
_DKIMPY = """\
import base64, dkim, json, sys
def lookup(name, timeout=5):
    return keys.get(name.decode().rstrip("."), "").encode() or None
def holds(message):
    try:
        return dkim.verify(message, dnsfunc=lookup)
    except Exception:
        return False
given = json.load(sys.stdin)
keys = given["keys"]
messages = [base64.b64decode(text) for text in given["messages"]]
print(json.dumps([bool(holds(message)) for message in messages]))
"""


class Keys(NamedTuple):
    """Keys in files, as those programs take them."""

    folder: Path

    @classmethod
    def written(cls, folder: Path) -> "Keys":
        """Write them."""
        pem = rsa(2048).private_bytes(
            Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
        )
        (folder / "rsa.pem").write_bytes(pem)
        seed = ed25519().private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        (folder / "ed25519").write_bytes(base64.b64encode(seed))
        (folder / "keys").write_text(f"{KEY_NAME} {record(rsa(2048))}\n")
        return cls(folder)


def opendkim_signs(keys: Keys, message: bytes, way: str) -> bytes:
    """Have OpenDKIM sign a message, as its milter would."""
    (keys.folder / "message").write_bytes(message)
    text = _OPENDKIM_SIGNS.format(domain=DOMAIN, folder=keys.folder, way=way)
    said = opendkim(keys, text, "-vv", "-t", keys.folder / "message")
    match = re.search(r"hname='DKIM-Signature' hvalue='([^']*)'", said)
    assert match, said
    return f"DKIM-Signature: {match[1]}\n".encode() + message


def opendkim_verifies(keys: Keys, messages: Sequence[bytes]) -> list[bool]:
    """Ask OpenDKIM of which messages the signature holds."""
    paths = [keys.folder / f"message{at}" for at in range(len(messages))]
    for path, message in zip(paths, messages, strict=True):
        path.write_bytes(message)
    text = _OPENDKIM_VERIFIES.format(folder=keys.folder)
    said = opendkim(keys, text, "-t", ",".join(map(str, paths)))
    holds = {
        name: result == "succeeded"
        for name, result in re.findall(r"/(message\d+): verification .* (succeeded|failed)", said)
    }
    assert len(holds) == len(messages), said
    return [holds[path.name] for path in paths]


def opendkim(keys: Keys, configuration: str, *options: str | Path) -> str:
    """Run it with a configuration."""
    (keys.folder / "opendkim.conf").write_text(configuration)
    return run([needs("opendkim"), "-x", keys.folder / "opendkim.conf", *options])


def needs_python_with(module: str) -> str:
    """Give Debian's Python, or skip the test where that lacks a module."""
    python = needs("/usr/bin/python3")
    command = [python, "-c", f"import {module}"]
    if subprocess.run(command, stderr=subprocess.DEVNULL, check=False, timeout=PATIENCE).returncode:
        pytest.skip(f"{python} has no {module}")
    return python


def dkimpy_signs(keys: Keys, message: bytes, way: str, algorithm: str = "rsa-sha256") -> bytes:
    """Have dkimpy sign a message."""
    header, _, body = way.partition("/")
    key = keys.folder / ("rsa.pem" if algorithm.startswith("rsa") else "ed25519")
    options = ["--hcanon", header, "--bcanon", body, "--signalg", algorithm]
    return run([needs("dkimsign"), *options, "sel", DOMAIN, key], feed=message).encode()


def dkimpy_seals(keys: Keys, message: bytes) -> bytes:
    """Have dkimpy add a set to the message's chain; it has to have our results on top."""
    needs_python_with("authres")
    key = str(keys.folder / "rsa.pem")
    command = [needs("arcsign"), "sel", DOMAIN, key, "mx.example.org"]
    # With LF it makes chains that it does not believe in itself.
    said = run(command, feed=message.replace(b"\n", b"\r\n"))
    return said.replace("\r\n", "\n").encode()


def dkimpy_verifies(messages: Sequence[bytes], keys: dict[str, str]) -> list[bool]:
    """Ask dkimpy of which messages the first signature holds."""
    python = needs_python_with("dkim")
    given = {"keys": keys, "messages": [base64.b64encode(each).decode() for each in messages]}
    said = run([python, "-c", _DKIMPY], feed=json.dumps(given).encode())
    return [bool(holds) for holds in json.loads(said.splitlines()[-1])]
