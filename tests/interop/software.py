"""The mail software of this machine: found, or the test is skipped; run, and heard."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.patience import PATIENCE

# Daemons live where the PATH of a user may not lead.
_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])


def needs(command: str) -> str:
    """Give the path of a program, or skip the test on a machine without it."""
    path = shutil.which(command, path=_PATH)
    if path is None:
        pytest.skip(f"there is no {command} on this machine")
    return path


def needs_user(name: str) -> pwd.struct_passwd:
    """Give a user of this machine, or skip the test where there is none of that name."""
    try:
        return pwd.getpwnam(name)
    except KeyError:
        pytest.skip(f"there is no user {name} on this machine")


def run(
    command: Sequence[str | Path],
    *,
    feed: bytes = b"",
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Run a program to its end with *feed* as its input; return what it said; it must succeed."""
    done = subprocess.run(
        command,
        input=feed,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        timeout=PATIENCE,
        check=False,
    )
    said = done.stdout.decode(errors="replace")
    assert done.returncode == 0, f"{command[0]} ended with {done.returncode}:\n{said}"
    return said


def end(process: subprocess.Popen[bytes]) -> None:
    """Stop a daemon; one that does not stop by itself is killed, and fails the test."""
    process.terminate()
    try:
        process.wait(PATIENCE)
    finally:
        process.kill()
        process.wait(PATIENCE)
