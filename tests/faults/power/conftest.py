"""What a test of power cuts needs first of all: a machine that starts."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.faults.power.machine import PROGRAM, missing, missing_mapper
from tests.patience import PATIENCE

_TRIAL = ("mem=64M", "root=/dev/root", "rootfstype=hostfs", "rootflags=/", "ro", "con=null")


@pytest.fixture(scope="session")
def a_machine(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Say where no machine can run: for want of tools, or in a container that forbids it."""
    if lacks := missing():
        pytest.skip(lacks)
    # Where nothing may be skipped the tests themselves would tell.
    if not os.environ.get("GOMAIL_CI_REQUIRE"):
        try_machine(tmp_path_factory.mktemp("trial"))


@pytest.fixture(scope="session")
def a_mapper(request: pytest.FixtureRequest) -> None:
    """Say where it has no disk that is slow, hangs, or keeps a log."""
    request.getfixturevalue("a_machine")
    if lacks := missing_mapper():
        pytest.skip(lacks)


def try_machine(folder: Path) -> None:
    """Start one, whose first program ends at once."""
    command = [PROGRAM, *_TRIAL, "con0=null,fd:1", "init=/bin/true", f"uml_dir={folder}/"]
    trial = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=PATIENCE
    )
    if b"Attempted to kill init" not in trial.stdout:
        pytest.skip(f"no machine runs here: {trial.stdout[-500:].decode(errors='replace')}")
