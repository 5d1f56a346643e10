"""A journal of systemd for tests: written by its own program, read by its own journalctl."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.patience import PATIENCE

_REMOTE = shutil.which(
    "systemd-journal-remote", path=f"/usr/lib/systemd:/lib/systemd:{os.environ.get('PATH', '')}"
)
JOURNALCTL = shutil.which("journalctl")

needs_journal = pytest.mark.skipif(
    _REMOTE is None or JOURNALCTL is None, reason="needs systemd-journal-remote, and journalctl"
)


def journal(folder: Path, lines: Sequence[str], *, unit: str = "gomail.service") -> Path:
    """Write *lines* as a unit would, and give a folder with a journalctl that reads only them."""
    entries = "".join(
        f"__REALTIME_TIMESTAMP={1795802651000000 + number}\n__MONOTONIC_TIMESTAMP={number + 1}\n"
        f"_BOOT_ID={'0123456789abcdef' * 2}\n_SYSTEMD_UNIT={unit}\nMESSAGE={line}\n\n"
        for number, line in enumerate(lines)
    )
    written = folder / "test.journal"
    assert _REMOTE is not None
    subprocess.run(
        [_REMOTE, f"--output={written}", "-"],
        input=entries.encode(),
        capture_output=True,
        check=True,
        timeout=PATIENCE,
    )
    programs = folder / "programs"
    programs.mkdir()
    program = programs / "journalctl"
    program.write_text(f'#!/bin/sh\nexec {JOURNALCTL} --file={written} "$@"\n')
    program.chmod(0o755)
    return programs
