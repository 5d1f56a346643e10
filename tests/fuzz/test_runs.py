"""Fuzzing itself: what is found is told, and can be had once more; what is new is kept."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.fuzz import __main__ as command
from tests.fuzz import corpus
from tests.fuzz.corpus import branches, keep, minimised
from tests.fuzz.runs import Run, Running
from tests.fuzz.target import NAMES, find
from tests.patience import PATIENCE

TARGETS = Path(__file__).parent / "targets"
needs_atheris = pytest.mark.skipif(find_spec("atheris") is None, reason="atheris is not installed")


@pytest.fixture(autouse=True)
def _corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what tests find away from the repository."""
    for module in ("corpus", "runs", "__main__"):
        monkeypatch.setattr(f"tests.fuzz.{module}.CORPUS", tmp_path / "corpus")
    (tmp_path / "corpus").mkdir()


def test_every_target_is_run() -> None:
    """A file that nothing runs is no target."""
    assert sorted([*NAMES, "planted"]) == sorted(path.stem for path in TARGETS.glob("*.py"))


@needs_atheris
def test_fault_is_found_and_had_once_more(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The input is told as a literal, and a command that fails with it again."""
    run = Running(tmp_path, 600, 1).fuzz("planted")
    assert run.status != 0, run.said
    (finding,) = run.findings
    assert finding.read_bytes().startswith(b"DEEP")
    assert not command.tell(run)
    told = capsys.readouterr().out
    assert "planted: FAILED" in told
    assert f"input: {finding.read_bytes()!r}" in told
    assert f'make fuzz ARGS="planted --replay {finding}"' in told
    with pytest.raises(ValueError, match="planted"):
        command.replay(["planted"], [finding])


@needs_atheris
def test_inputs_that_are_new_are_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A run without a fault ends well, and the next one begins with what it has found."""
    little = ["--seconds", "600", "--inputs", "3000", "--seed", "1"]
    assert command.main(["headers", *little, "--scratch", str(tmp_path)]) == 0
    assert " inputs are new\n" in capsys.readouterr().out
    found = [path.read_bytes() for path in (tmp_path / "headers").iterdir()]
    assert found
    command.main(["headers", "--minimise", "--scratch", str(tmp_path)])
    chosen = corpus.CORPUS / "headers"
    assert {path.read_bytes() for path in chosen.iterdir()} <= {*found, *find("headers").seeds}


def test_fewest_inputs_that_take_all_branches_are_chosen() -> None:
    """The shortest first; what takes no branch that they don't is not kept."""
    target = find("grammar")
    inputs = [b"", b"x", b"1024", b"1025", b"1026 LAST", *target.seeds]
    chosen = minimised(target, inputs)
    assert set(chosen) < set(inputs)
    assert chosen[0] == b""
    assert b"1025" not in chosen
    all_taken = set().union(*(branches(target, octets) for octets in inputs))
    assert set().union(*(branches(target, octets) for octets in chosen)) == all_taken


def test_inputs_are_kept_by_their_digest(tmp_path: Path) -> None:
    """Once each; those that are wanted no more are removed."""
    keep([b"a", b"b", b"a"], tmp_path / "target")
    keep([b"b", b"c"], tmp_path / "target")
    assert sorted(path.read_bytes() for path in (tmp_path / "target").iterdir()) == [b"b", b"c"]


def test_strange_target_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """With all that there are."""
    with pytest.raises(SystemExit):
        command.main(["everything"])
    assert f"there is no target everything; there are {', '.join(NAMES)}" in capsys.readouterr().err


def test_run_that_went_well_is_told_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """How many inputs, for how long, and what came of it."""
    assert command.tell(Run("grammar", 0, 60.2, 50.7, 12345, 99, 3, "", ()))
    expected = "grammar: 12,345 inputs in 60 s (busy for 51), 99 branches, 3 inputs are new\n"
    assert capsys.readouterr().out == expected


def test_replay_needs_no_atheris(tmp_path: Path) -> None:
    """What was found elsewhere can be looked at with Python alone."""
    (tmp_path / "input").write_bytes(b"<a@b>")
    ended = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", "grammar", "--replay", str(tmp_path / "input")],
        stdout=subprocess.PIPE,
        text=True,
        env=dict(os.environ, PYTHONPATH=""),
        cwd=Path(__file__).parents[2],
        check=True,
        timeout=3 * PATIENCE,
    )
    assert ended.stdout == "grammar: b'<a@b>'\n"
