"""
The power is cut under load, again and again: what was acknowledged is there, whole.

The same is done to servers that cheat. Those must lose mail, else a cut proves nothing.
"""

from pathlib import Path

import pytest

from tests.faults.power.cuts import HONEST, How, Series
from tests.thorough import often

pytestmark = [
    pytest.mark.interop,
    pytest.mark.system,
    pytest.mark.usefixtures("a_machine"),
]
LONGEST = 0.5  # seconds of load before a cut
CUTS = often(2, len(HONEST))


def test_r3_power_cuts_lose_nothing(tmp_path: Path) -> None:
    """Each 250 is kept, however mail is stored, over one cut after the other of the same disk."""
    series = Series(tmp_path / "series", "1")
    for how in HONEST[:CUTS]:
        found = series.cut_under_load(how, LONGEST)
        assert found.acknowledged
        assert found.lost == ()
        assert found.torn == ()


def test_r3_without_fsync_mail_is_lost(tmp_path: Path) -> None:
    """A cut would notice if nothing were synced."""
    cheat = How(changes=("forget-the-file", "forget-the-folder"))
    found = Series(tmp_path / "series", "2").cut_under_load(cheat, LONGEST)
    assert found.lost


def test_r3_without_fsync_of_the_folder_the_last_message_is_lost(tmp_path: Path) -> None:
    """
    A cut right behind a lone 250 would notice if the name alone were left to chance.

    Under load the next message's fsync makes the name of the one before durable by the way.
    """
    series = Series(tmp_path / "series", "3")
    found = series.cut_alone(How(changes=("forget-the-folder",)))
    kept, last = series.receipts
    assert found.lost == (f"alice/{last.name}",)
    assert kept.name != last.name
