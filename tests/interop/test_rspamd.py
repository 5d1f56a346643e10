"""Signatures of Debian's rspamd hold."""

import time
from pathlib import Path

import pytest

from tests.checks.signing import DOMAIN, KEY_NAME, Zone, ed25519, record, rsa, verify
from tests.interop.letters import MESSAGES
from tests.interop.rspamd import signer

pytestmark = pytest.mark.interop

RECORDS = {KEY_NAME: record(rsa(2048)), f"edwards._domainkey.{DOMAIN}": record(ed25519())}


def judged(message: bytes) -> list[str]:
    """Give the results of DKIM for both of its signatures, as of now."""
    return [finding.result for finding in verify(message, Zone(RECORDS), now=time.time())[:-1]]


def test_signatures_of_rspamd_hold(folder: Path) -> None:
    """With both kinds of keys, as its milter would make them; and not with one word more."""
    with signer(folder) as signing:
        signed = {name: signing.signs(message) for name, message in MESSAGES.items()}
    for name, message in signed.items():
        assert judged(message) == ["pass", "pass"], name
        assert judged(message + b"more\n") == ["fail", "fail"], name
    changed = signed["plain"].replace(b"A   letter", b"A   better")
    assert judged(changed) == ["fail", "fail"]
