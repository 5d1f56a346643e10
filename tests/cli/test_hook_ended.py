"""The script that certbot runs, where it does not come to its end."""

import os
from pathlib import Path

import pytest

from gomail.cli import hook
from gomail.cli.hook import HookError
from tests.certificates.pairs import MX
from tests.patience import PATIENCE
from tests.waiting import within


def test_script_that_does_not_end_is_ended_with_all_that_it_has_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits for a reload that hangs, perhaps; one line says so."""
    script, fifo = tmp_path / "gomail", tmp_path / "fifo"
    script.write_text(
        f"#!/bin/sh\nexec 3>{fifo}\necho begun >&3\ntrap 'echo tidy >&3; exit 1' TERM\n"
        "(trap '' TERM; sleep 600; sleep 600) &\nsleep 600\n"
    )
    script.chmod(0o755)
    os.mkfifo(fifo)
    said, seconds = b"", 0.25
    while b"tidy" not in said:  # it is ended before it has begun, where a machine is busy
        seconds *= 2
        monkeypatch.setattr(hook, "SECONDS", seconds)
        reading = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        with pytest.raises(
            HookError, match=r"gomail did not end within \d+ s for .*, and was ended$"
        ):
            within(lambda: hook.run(script, tmp_path / MX), "the end of a script")
        os.set_blocking(reading, True)
        with os.fdopen(reading, "rb") as pipe:
            said = within(pipe.read, "the end of all that a script has started")
        assert seconds < PATIENCE
