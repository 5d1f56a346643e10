"""What our own server has found out about a message, read out of it again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gomail.checks.results import authentication_results
from gomail.finding import Finding, Property
from gomail.reading.sheet import Result
from gomail.reading.verified import read_results

RECEIVED = ("Received", "from a.example\n\tby mx.here.example (gomail) with ESMTPS id 1;\n\tMon")


def read(body: str) -> tuple[Result, ...]:
    """Read a field that stands where ours does."""
    results = read_results([("Authentication-Results", body), RECEIVED])
    assert results is not None
    assert results.authserv_id == "mx.here.example"
    assert results.received_by == "mx.here.example"
    return results.results


def test_results_are_read_as_they_were_written() -> None:
    """The field of our own server, with what a sender could put into it."""
    spf = Property("smtp", "mailfrom", "a@b.example")
    dkim = Property("header", "d", "b.example"), Property("header", "b", "a/b==")
    findings = [
        Finding("spf", "pass", reason='all "fine"; (or so)', properties=(spf,)),
        Finding("dkim", "fail", properties=dkim),
    ]
    field = authentication_results("mx.here.example", findings).decode()
    assert read(field.partition(":")[2]) == tuple(
        Result(each.method, each.result, each.reason, each.properties) for each in findings
    )


@pytest.mark.parametrize(
    ("body", "results"),
    [
        ("mx.here.example; none", ()),
        ("mx.here.example 1; spf=pass", (Result("spf", "pass"),)),
        ("(a; b) mx.here.example (c) ;\n\tSPF = Pass (d=e)", (Result("spf", "pass"),)),
        ('"mx.here.example"; auth/1=fail reason="x\\"y"', (Result("auth", "fail", 'x"y'),)),
        ("mx.here.example; a=b header.d =c", (Result("a", "b", "", (("header", "d", "c"),)),)),
        ("mx.here.example;; =; spf; a=", (Result("", ""), Result("a", ""))),
    ],
)  # fmt: skip
def test_field_is_read(body: str, results: tuple[Result, ...]) -> None:
    """As RFC 8601 §2.2 has it, and as it does not."""
    assert read(body) == results


@pytest.mark.parametrize(
    "fields",
    [
        [],
        [RECEIVED],
        [RECEIVED, ("Authentication-Results", "mx.here.example; spf=pass")],
        [("Authentication-Results", "mx.here.example; spf=pass")],
        [("Authentication-Results", " ; spf=pass"), RECEIVED],
    ],
)
def test_results_elsewhere_are_none(fields: list[tuple[str, str]]) -> None:
    """What does not stand above the first Received may be anybody's."""
    assert read_results(fields) is None


def test_the_topmost_field_counts() -> None:
    """Ours stands above all others."""
    fields = [("Authentication-Results", f"mx{number}; spf=pass") for number in (1, 2)]
    results = read_results([("Return-Path", "<>"), *fields, RECEIVED])
    assert results is not None
    assert results.authserv_id == "mx1"


@given(st.text(st.sampled_from('ab ()";=.\\\n/')))
def test_any_field_is_read(body: str) -> None:
    """Without an error, within bounds."""
    results = read_results([("Authentication-Results", body), RECEIVED])
    assert results is None or len(results.results) <= body.count("=")
