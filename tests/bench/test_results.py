"""What was measured is kept as it was measured."""

import math
from pathlib import Path

from bench.results import Results, Round
from tests.bench.canned import results


def test_medians_leave_out_what_failed() -> None:
    """A round that does not count changes no figure."""
    measured = results()
    assert measured.median("small", "postfix", "rate") == 500
    assert measured.failures("small", "postfix") == ["3 files were acknowledged, 2 are stored"]
    assert measured.ratio("small", "gomail", "postfix", "rate") == 4


def test_what_was_not_measured_is_no_number() -> None:
    """Nothing is made up for a server that was left out."""
    measured = results()
    assert math.isnan(measured.median("small", "exim", "rate"))
    assert math.isnan(measured.ratio("small", "gomail", "exim", "rate"))
    assert math.isnan(measured.median("small", "smtp-sink", "p99 ms"))


def test_json_gives_back_what_was_written(tmp_path: Path) -> None:
    """The file holds every round; what is no number is left out of it."""
    measured = results()
    measured.rounds.append(Round("small", "aiosmtpd-null", 0, {"rate": 1.0, "p99 ms": math.nan}))
    path = tmp_path / "results.json"
    Results.write_all(path, [measured, results()])
    first, second = Results.read_all(path)
    assert first.rounds[:-1] == measured.rounds[:-1]
    assert first.rounds[-1].values == {"rate": 1.0}
    assert second == results()
    assert "NaN" not in path.read_text()
