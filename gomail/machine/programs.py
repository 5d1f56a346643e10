"""Other programs of this machine, run to their end: without a shell, and for a bounded time."""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

# Where root alone puts programs; the PATH of a user may lead anywhere.
_FOLDERS = ("/usr/sbin", "/usr/bin", "/sbin", "/bin")
SECONDS = 5.0
LARGEST = 16 * 1024 * 1024  # octets of what one says


@dataclass(frozen=True, slots=True)
class Said:
    """
    What a program has said.

    Attributes:
        status: with which it has ended.
        output: of its standard output.
        complaints: of its standard error.
    """

    status: int
    output: str
    complaints: str = ""


def find_program(name: str) -> str | None:
    """Give the path of a program, if this machine has it."""
    paths = (Path(folder, name) for folder in _FOLDERS)
    return next((str(path) for path in paths if os.access(path, os.X_OK)), None)


def ask_program(name: str, *words: str, seconds: float = SECONDS) -> Said | None:
    """Run a program and hear it; None if it is not here, does not end, or says too much."""
    path = find_program(name)
    return None if path is None else _run((path, *words), seconds)


def _run(command: Sequence[str], seconds: float) -> Said | None:
    """Run a command; what it says goes to files, so that it can't fill our memory."""
    with TemporaryFile() as output, TemporaryFile() as complaints:
        try:
            done = subprocess.run(  # noqa: S603 -- an absolute path, and words of ours
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=complaints,
                env={"LC_ALL": "C", "PATH": os.pathsep.join(_FOLDERS)},
                timeout=seconds,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        texts = []
        for file in (output, complaints):
            file.seek(0)
            octets = file.read(LARGEST + 1)
            if len(octets) > LARGEST:
                return None
            texts.append(octets.decode("utf-8", "replace"))
    return Said(done.returncode, *texts)
