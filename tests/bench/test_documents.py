"""docs/performance.md is written from what was measured, and says where nothing was."""

import shutil
from pathlib import Path
from types import ModuleType

import pytest

from bench.measuring import ROOT
from bench.results import Results, Round
from bench.running import NAMES
from tests.bench.canned import results

PAGE = ROOT / "docs/performance.md"


def documents() -> ModuleType:
    """Give the module, or skip the test where nothing can be drawn."""
    pytest.importorskip("matplotlib")
    from bench import documents

    return documents


def test_every_workload_has_its_place() -> None:
    """What is measured is shown, once."""
    found = documents().names(PAGE.read_text())
    assert sorted(found) == sorted([*NAMES, "machine", "targets"])


def test_page_is_written_between_the_marks(tmp_path: Path) -> None:
    """Tables and pictures come from the rounds; all else stays as it was."""
    shutil.copy(PAGE, tmp_path)
    documents().write(results(), tmp_path)
    page = (tmp_path / "performance.md").read_text()
    assert "| small | gomail ÷ postfix | ≥ 3 | ≥ 5 | 4.00 | floor met, goal not |" in page
    assert "| gomail | durable | 2,000 (1,900 to 2,100) |" in page
    assert "](performance/small.svg)" in page
    assert "2026-11-27 12:00 UTC" in page
    assert (tmp_path / "performance/results.json").exists()
    assert "## Traps" in page


def test_later_run_keeps_what_it_did_not_measure(tmp_path: Path) -> None:
    """A run of one workload replaces that one alone, and the page names both runs."""
    shutil.copy(PAGE, tmp_path)
    documents().write(results(), tmp_path)
    later = results()
    later.machine["date"] = "2027-01-01 12:00 UTC"
    later.rounds = [each for each in later.rounds if each.workload == "lone"]
    documents().write(later, tmp_path)
    first, second = Results.read_all(tmp_path / "performance/results.json")
    assert (first.workloads(), second.workloads()) == (["small"], ["lone"])
    page = (tmp_path / "performance.md").read_text()
    assert "2026-11-27 12:00 UTC | 2027-01-01 12:00 UTC" in page


def test_pictures_are_the_same_each_time_and_say_what_they_show(tmp_path: Path) -> None:
    """The same figures give the same octets; who does not see a picture hears what is in it."""
    octets = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        shutil.copy(PAGE, folder)
        documents().write(results(), folder)
        octets.append((folder / "performance/small.svg").read_bytes())
    assert octets[0] == octets[1]
    text = octets[0].decode()
    assert 'role="img"' in text
    assert "<desc>1 KB, a connection each, 20 sessions: rate: smtp-sink (nothing) 8,500" in text


def test_workload_without_figures_has_no_picture(tmp_path: Path) -> None:
    """Where every round failed, the table says so."""
    shutil.copy(PAGE, tmp_path)
    failed = results()
    failed.rounds = [Round("medium", "gomail", 0, failed="it did not start")]
    documents().write(failed, tmp_path)
    assert "Failed: it did not start." in (tmp_path / "performance.md").read_text()
    assert not (tmp_path / "performance/medium.svg").exists()
