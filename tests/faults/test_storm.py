"""Random errors at full speed: nothing is lost, nobody hangs, and mail is taken again behind it."""

from pathlib import Path

import pytest

from tests.faults.long.storms import WAYS, brave, missing
from tests.thorough import often

pytestmark = pytest.mark.system
ERRORS = often(40, 100)  # for each way to store


@pytest.mark.skipif(bool(missing()), reason=missing())
@pytest.mark.parametrize("way", ["thread", "agent, file systems"])
def test_r4_storm_of_errors_loses_nothing(tmp_path: Path, way: str) -> None:
    """What is acknowledged is there, what is there is whole, and no file is open."""
    ledger, _ = brave(tmp_path, ERRORS, *WAYS[way])
    assert ledger.wrong == []
    assert ledger.acknowledged > 0
