"""What differs from the last time."""

from pathlib import Path

import pytest

from gomail.doctor.finding import Finding, Severity
from gomail.doctor.memory import Changes, compare, keep, recall


def finding(code: str) -> Finding:
    """Make a finding."""
    return Finding(code, Severity.ERROR, "this", ("that",), "do so")


def test_changes_are_what_came_and_went(tmp_path: Path) -> None:
    """Of one configuration; another one's stay as they were."""
    path = tmp_path / "state" / "doctor.json"
    assert compare(recall(path, "a"), [finding("x")], "unknown") == Changes(first=True, new=("x",))
    keep(path, "a", [finding("x"), finding("x"), finding("y")], "unknown")
    keep(path, "b", [], "proven")
    same = compare(recall(path, "a"), [finding("y"), finding("x")], "unknown")
    assert not same
    assert same == Changes()
    differs = compare(recall(path, "a"), [finding("z"), finding("y")], "proven")
    assert differs == Changes(new=("z",), gone=("x",), verdict="unknown")
    assert compare(recall(path, "b"), [], "proven") == Changes()
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"a": 1}', '{"a": {"findings": 1}}', "\ud800"])
def test_file_that_is_none_of_ours_says_nothing(tmp_path: Path, text: str) -> None:
    """And the next one is written over it."""
    path = tmp_path / "doctor.json"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    assert recall(path, "a") is None
    keep(path, "a", [finding("x")], "unknown")
    assert recall(path, "a") == {"findings": ["x"], "verdict": "unknown"}
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_nothing_is_left_where_it_cannot_be_kept(tmp_path: Path) -> None:
    """Half a file would be no use."""
    path = tmp_path / "doctor.json"
    path.mkdir()
    with pytest.raises(OSError, match=r"doctor\.json"):
        keep(path, "a", [], "unknown")
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
