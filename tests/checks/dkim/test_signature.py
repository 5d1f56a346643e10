"""What a DKIM-Signature says of itself: malformed, no longer accepted, or good."""

import pytest

from gomail.checks.dkim.signature import MOST_NAMES
from tests.checks.signing import BODY, HEADER, NOW, signed, verdict

GOOD = ("pass", "")
NEUTRAL, POLICY, PERMERROR, FAIL = "neutral", "policy", "permerror", "fail"
FOREIGN = (PERMERROR, "the identity is not of the signing domain")
BASE64 = (NEUTRAL, "no signature or no hash in base64")
PARTIAL = (POLICY, "the signature does not cover whatever the body has")
NO_NAME = (NEUTRAL, "no domain or no selector")
NO_TIMES = (NEUTRAL, "the times are none")
LONG = {"s": ".".join(["a" * 60] * 4), "d": ".".join(["b" * 60] * 4)}
TAGS = {
    "v=2": ({"v": "2"}, (NEUTRAL, "unknown version of the signature")),
    "rsa-sha1": ({"a": "rsa-sha1"}, (POLICY, "rsa-sha1 is not secure (RFC 8301)")),
    "unknown-algorithm": ({"a": "rsa-sha512"}, (NEUTRAL, "unknown algorithm")),
    "unknown-header-way": ({"c": "x"}, (NEUTRAL, "unknown canonicalisation")),
    "unknown-body-way": ({"c": "simple/x"}, (NEUTRAL, "unknown canonicalisation")),
    "d-with-nul": ({"d": "example.org\0"}, (NEUTRAL, "the signature has control characters")),
    "d-with-bracket": ({"d": "example.org(.evil.example"}, NO_NAME),
    "d-empty": ({"d": ""}, NO_NAME),
    "s-with-space": ({"s": "a b"}, NO_NAME),
    "key-name-of-488-octets": (LONG, (NEUTRAL, "the name of the key is too long")),
    "from-not-covered": ({"h": "to:subject"}, (PERMERROR, "the signature does not cover From")),
    "h-with-space": ({"h": "from:a b"}, (NEUTRAL, "no list of fields")),
    "h-of-257-names": (
        {"h": "from" + ":a" * MOST_NAMES},
        (NEUTRAL, "the signature covers too many fields"),
    ),
    "h-of-256-names": ({"h": "from:" + "from:" * (MOST_NAMES - 2) + "to"}, GOOD),
    "h-folded-with-an-empty-name": ({"h": "From : to:\n\tnone:subject::date"}, GOOD),
    "i-without-at": ({"i": "joe"}, FOREIGN),
    "i-with-the-suffix-of-d": ({"i": "@evilexample.org"}, FOREIGN),
    "i-above-d": ({"i": "@org"}, FOREIGN),
    "i-with-an-empty-label": ({"i": "@.example.org"}, FOREIGN),
    "i-below-d": ({"i": "joe@a.example.org"}, GOOD),
    "i-in-capitals": ({"i": "joe@EXAMPLE.org"}, GOOD),
    "d-in-capitals": ({"d": "EXAMPLE.org"}, GOOD),
    "q-unknown": ({"q": "dns/other"}, (NEUTRAL, "unknown way to the key")),
    "q-with-another": ({"q": "dns/other:dns/txt"}, GOOD),
    "l-negative": ({"l": "-1"}, (NEUTRAL, "the length is no number")),
    "l-of-77-digits": ({"l": "9" * 77}, (NEUTRAL, "the length is no number")),
    "l-of-76-digits": ({"l": "9" * 76}, (FAIL, "the signature covers more than the body has")),
    "l-short": ({"l": "10"}, PARTIAL),
    "l-of-nothing": ({"l": "0"}, PARTIAL),
    "t-no-number": ({"t": "x"}, NO_TIMES),
    "x-before-t": ({"t": "5", "x": "4"}, NO_TIMES),
    "x-of-13-digits": ({"x": "9" * 13}, NO_TIMES),
    "t-future": ({"t": f"{NOW + 86401}"}, (POLICY, "the signature is of the future")),
    "t-future-but-a-day": ({"t": f"{NOW + 86400}", "x": f"{NOW + 86401}"}, GOOD),
    "x-past": ({"x": f"{NOW - 301}"}, (POLICY, "the signature has expired")),
    "x-past-but-minutes": ({"x": f"{NOW - 300}"}, GOOD),
    "b-empty": ({"b": ""}, BASE64),
    "b-of-padding": ({"b": "=="}, BASE64),
    "b-beyond-ascii": ({"b": "é"}, BASE64),
    "bh-no-base64": ({"bh": "x"}, BASE64),
    "bh-of-one-octet": ({"bh": "eA=="}, (FAIL, "the body has changed")),
    "b-of-one-octet": ({"b": "eA=="}, (FAIL, "the signature is wrong")),
    "b-of-100-kB": ({"b": "A" * 100_000}, (NEUTRAL, "the signature is too long")),
    "b-with-8-kB-of-spaces": (
        {"b": "A" + " " * 8190 + "A=="},
        (NEUTRAL, "the signature is too long"),
    ),
    "b-with-7-kB-of-spaces": (
        {"b": "eA" + " " * 7000 + "=="},
        (FAIL, "the signature is wrong"),
    ),
    "unknown-tags": ({"z": "From:whatever|To:x", "future": "tag"}, GOOD),
}


@pytest.mark.parametrize("name", TAGS)
def test_p4_tags_are_judged(name: str) -> None:
    """What is malformed is neutral, what is not accepted policy; nothing of it passes."""
    changed, result = TAGS[name]
    message = signed(**changed)  # type: ignore[arg-type]  # they are tags, all of them
    assert verdict(message) == result


@pytest.mark.parametrize("tag", ["v", "a", "b", "bh", "d", "h", "s"])
def test_tag_that_must_be_there_is_missed(tag: str) -> None:
    """RFC 6376 §3.5."""
    tags = {"v": "1", "a": "rsa-sha256", "b": "eA==", "bh": "eA==", "d": "a", "h": "from", "s": "a"}
    del tags[tag]
    field = "DKIM-Signature: " + "; ".join(f"{name}={value}" for name, value in tags.items())
    assert verdict(field.encode() + b"\n" + HEADER + b"\n" + BODY)[0] == NEUTRAL
