"""The report tells what was measured, what failed, and what was left out."""

from bench.report import figure, line, whole
from bench.results import Round
from tests.bench.canned import results


def test_tables_have_medians_and_what_failed() -> None:
    """One row a server, the best first; who failed is named."""
    text = whole(results())
    assert "| small | gomail ÷ postfix | ≥ 3 | ≥ 5 | 4.00 | floor met, goal not |" in text
    assert "| small | gomail: p99 ms | ≤ 20 |  | 20.0 | floor met |" in text
    assert "| lone | gomail: ratio | ≤ 1.5 |  | 1.25 | floor met |" in text
    assert "gomail-null ÷ aiosmtpd-null | ≥ 5 |  | none | not measured |" in text
    assert text.index("| smtp-sink |") < text.index("| gomail |") < text.index("| postfix |")
    assert "| gomail | durable | 2,000 (1,900 to 2,100) |" in text
    assert "Failed: 3 files were acknowledged, 2 are stored." in text
    assert "Left out: exim: not here." in text
    assert "nan" not in text.lower().replace("tenan", "")


def test_targets_of_other_workloads_are_not_listed() -> None:
    """A run of some workloads says nothing of the others."""
    assert "| medium |" not in whole(results())


def test_round_is_told_in_a_line() -> None:
    """While it runs, each round says what it found, or why it does not count."""
    assert line(results().rounds[0]) == (
        "small      0 gomail                rate 1,900, p99 ms 19.0"
    )
    failed = Round("small", "postfix", 1, failed="it did not start")
    assert line(failed).endswith("FAILED: it did not start")


def test_figures_have_three_digits() -> None:
    """Nobody can measure more than that."""
    assert [figure(each) for each in (0.123, 1.234, 12.34, 123.4, 12345.0)] == [
        "0.12",
        "1.23",
        "12.3",
        "123",
        "12,345",
    ]
