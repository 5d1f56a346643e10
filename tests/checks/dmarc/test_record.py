"""DMARC records as people publish them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gomail.checks.dmarc.record import POLICIES, Policies, Record, is_dmarc, milder, read_record

NONE = Policies("none", "none", "none")
REJECT = Policies("reject", "reject", "reject")


@pytest.mark.parametrize(
    ("text", "record"),
    [
        ("v=DMARC1;p=reject", Record(REJECT)),
        (" V = DMARC1 ;\tp\t=\treject ; ", Record(REJECT)),
        ("v=DMARC1; p=Reject; sp=NONE", Record(Policies("reject", "none", "none"))),
        ("v=DMARC1; np=none; p=reject", Record(Policies("reject", "reject", "none"))),
        ("v=DMARC1; adkim=s; aspf=S; p=reject", Record(REJECT, strict_dkim=True, strict_spf=True)),
        ("v=DMARC1; adkim=x; aspf=r; p=reject", Record(REJECT)),
        ("v=DMARC1; t=y; p=reject", Record(REJECT, testing=True)),
        ("v=DMARC1; psd=Y; p=reject", Record(REJECT, psd="y")),
        ("v=DMARC1; psd=maybe; p=reject", Record(REJECT)),
        ("v=DMARC1", Record(None)),
        ("v=DMARC1; P=reject", Record(None)),
        ("v=DMARC1; p=reject; np=x", Record(None)),
        ("v=DMARC1; p=x; rua=a@example.org", Record(None)),
        ("v=DMARC1; p=x; rua=a@b, mailto:a@example.org!10m", Record(NONE)),
        ("v=DMARC1; p=reject; p=reject", None),
        ("v=DMARC1; p=reject; v=DMARC1", None),
    ],
)
def test_record(text: str, record: Record | None) -> None:
    """Spaces and letters' case in values do not matter; a tag twice does."""
    assert is_dmarc(text.encode())
    assert read_record(text.encode()) == record


@pytest.mark.parametrize(
    "text", ["", "DMARC1", "p=reject; v=DMARC1", "v=DMARC1x; p=reject", "v=dmarc1", "v=DMARC2;"]
)
def test_what_is_no_dmarc_record(text: str) -> None:
    """Its first tag says so, in exactly these letters."""
    assert not is_dmarc(text.encode())


def test_policy_one_level_below() -> None:
    """What a domain that tests asks for."""
    assert [milder(policy) for policy in POLICIES] == ["none", "none", "quarantine"]


@given(st.binary() | st.binary().map(b"v=DMARC1;".__add__))
def test_anything_can_be_read(octets: bytes) -> None:
    """Nothing that DNS says is an error of ours."""
    record = read_record(octets)
    assert record is None or record.policies is None or set(record.policies) <= set(POLICIES)
