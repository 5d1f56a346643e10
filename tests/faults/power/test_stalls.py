"""A disk that is slow, or hangs: the dialogue goes on, nothing is lost, and the server can stop."""

from pathlib import Path

import pytest

from tests.faults.power.cuts import How, Series
from tests.faults.power.stalls import ENOUGH, HURRY, hung_disk, slow_disk

pytestmark = [
    pytest.mark.interop,
    pytest.mark.system,
    pytest.mark.usefixtures("a_mapper"),
]
DELAY = 1500  # milliseconds


def test_r9_slow_disk_holds_up_nobody_else(tmp_path: Path) -> None:
    """While a message waits for its fsync other sessions are answered, and in the end it is 250."""
    series = Series(tmp_path / "series", "1")
    slow = slow_disk(series, How(), DELAY, rest=0)["slow"]
    assert slow["stored"]
    assert slow["seconds"] >= DELAY / 1000
    assert slow["answered"] >= ENOUGH
    assert series.judged().lost == ()


def test_r10_hung_disk_costs_451_and_no_stop(tmp_path: Path) -> None:
    """
    A disk that hangs costs a 451 in time; when it is back, so is the mail; SIGTERM ends the server.

    What was refused does not appear later, when the disk goes on with what it was asked before.
    """
    series = Series(tmp_path / "series", "1")
    told = hung_disk(series, How(changes=HURRY))
    assert not told["hung"]["stored"]
    assert "451 " in told["refused"]["reply"]
    assert told["hung"]["answered"] >= ENOUGH
    assert told["stopped"]["code"] == 0
    found = series.judged()
    assert found.lost == ()
    assert found.files == found.acknowledged
