"""Signatures that others make hold, and others judge messages as gomail does."""

import json
import re
import time
from pathlib import Path

import pytest

from gomail.checks.forged import forged
from gomail.checks.results import authentication_results
from gomail.finding import Finding, Property
from tests.checks.signing import DOMAIN, KEY_NAME, Zone, ed25519, record, rsa, signed, verify
from tests.interop.dkim import (
    Keys,
    dkimpy_seals,
    dkimpy_signs,
    dkimpy_verifies,
    needs_python_with,
    opendkim_signs,
    opendkim_verifies,
)
from tests.interop.letters import MESSAGES
from tests.interop.software import run

pytestmark = pytest.mark.interop

WAYS = ["simple/simple", "simple/relaxed", "relaxed/simple", "relaxed/relaxed"]
RECORDS = {KEY_NAME: record(rsa(2048))}


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    """Give keys in files."""
    return Keys.written(tmp_path)


def judged(message: bytes, records: dict[str, str] = RECORDS) -> list[str]:
    """Give the results of DKIM and of ARC, as of now."""
    return [finding.result for finding in verify(message, Zone(records), now=time.time())]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", MESSAGES)
def test_signature_of_opendkim_holds(keys: Keys, name: str, way: str) -> None:
    """As its milter would make it; and not with one word more."""
    message = opendkim_signs(keys, MESSAGES[name], way)
    assert judged(message) == ["pass", "none"]
    assert judged(message + b"more\n") == ["fail", "none"]


@pytest.mark.parametrize("way", WAYS)
def test_signature_of_dkimpy_holds(keys: Keys, way: str) -> None:
    """With both kinds of keys."""
    edwards = {KEY_NAME: record(ed25519())}
    for message in (MESSAGES["plain"], MESSAGES["white-space-at-line-ends"]):
        assert judged(dkimpy_signs(keys, message, way)) == ["pass", "none"]
        by_edwards = dkimpy_signs(keys, message, way, "ed25519-sha256")
        assert judged(by_edwards, edwards) == ["pass", "none"]


def test_chain_of_dkimpy_holds(keys: Keys) -> None:
    """Two who passed it on, each with the results of the one before."""
    message = MESSAGES["plain"]
    for found in (Finding("arc", "none"), Finding("arc", "pass")):
        results = authentication_results("mx.example.org", [Finding("spf", "none"), found])
        for start, end in reversed(forged(message, "mx.example.org")):
            message = message[:start] + message[end:]
        message = dkimpy_seals(keys, results + message)
        assert judged(message) == ["none", "pass"]
    assert judged(message.replace(b"spf=none", b"spf=pass", 1)) == ["none", "fail"]


CHANGES = {
    "none": (b"", b""),
    "word": (b"how", b"who"),
    "space-within": (b"how  are", b"how are"),
    "space-before": (b"  how", b" how"),
    "space-behind": (b"you? ", b"you?"),
    "empty-line-at-the-end": (b"Joe\n", b"Joe\n\n\n"),
    "empty-line-within": (b"Ann,\n\n", b"Ann,\n\n\n"),
    "field-name": (b"Subject:", b"SUBJECT:"),
    "field-space": (b"A   letter", b"A letter"),
    "field-fold": (b"letter \n\tin", b"letter in"),
    "field-word": (b"A   letter", b"A   better"),
    "field-gone": (b"To: ann@example.net,\n\tbob@example.net\n", b""),
    "field-not-covered": (b"Message-ID: <1", b"Message-ID: <2"),
    "field-below": (b"<1@example.org>\n", b"<1@example.org>\nTo: eve@example.net\n"),
}
VARIED = {
    f"{way}-{change}": signed(
        MESSAGES["plain"].partition(b"\n\n")[0] + b"\n",
        MESSAGES["plain"].partition(b"\n\n")[2],
        key=rsa(2048),
        c=way,
    ).replace(*CHANGES[change], 1)
    for way in WAYS
    for change in CHANGES
}


def test_others_judge_changes_alike(keys: Keys) -> None:
    """OpenDKIM, dkimpy and gomail: what may be changed depends on the way, and on nothing else."""
    ours = {name: judged(message)[0] == "pass" for name, message in VARIED.items()}
    assert 10 < sum(ours.values()) < len(ours) - 10
    messages = list(VARIED.values())
    opendkim = dict(zip(VARIED, opendkim_verifies(keys, messages), strict=True))
    dkimpy = dict(zip(VARIED, dkimpy_verifies(messages, RECORDS), strict=True))
    assert ours == opendkim
    assert ours == dkimpy


AUTHRES = """\
import authres, json, sys
field = authres.AuthenticationResultsHeader.parse(sys.stdin.read())
print(json.dumps([field.authserv_id, [
    [result.method, result.result, result.reason or "",
     [[each.type, each.name, each.value] for each in result.properties]]
    for result in field.results]]))
"""


def test_authres_reads_what_is_written() -> None:
    """A quoted local-part gives nobody a pass; and folds and quotes are what they are to others."""
    python = needs_python_with("authres")
    evil = '"x; dkim=pass header.d=paypal.com"@evil.example'
    findings = [
        Finding(
            "spf", "fail", (Property("smtp", "mailfrom", evil),), "not permitted by the domain"
        ),
        Finding(
            "dkim",
            "pass",
            (Property("header", "d", DOMAIN), Property("header", "b", "aB+/c=d")),
        ),
        Finding("iprev", "pass", (Property("policy", "iprev", "2001:db8::1"),), 'a "b" \\ c'),
    ]
    field = authentication_results("mx.example.org", findings)
    said = run([python, "-c", AUTHRES], feed=field.rstrip(b"\n").replace(b"\n", b"\r\n"))
    name, read = json.loads(said)
    assert name == "mx.example.org"
    assert [
        Finding(
            method, result, tuple(Property(a, b, plain(c)) for a, b, c in properties), plain(reason)
        )
        for method, result, reason, properties in read
    ] == findings


def plain(text: str) -> str:
    """Unfold and unescape what was quoted, which authres leaves to others."""
    return re.sub(r"\\(.)", r"\1", text.replace("\r\n", ""))
