"""What never comes back, in servers that are told to stop: they end in time all the same."""

import os
from pathlib import Path
from signal import SIGHUP

import pytest

from tests.system.conftest import Serve
from tests.system.running import patched, until

pytestmark = pytest.mark.system


def hanging(folder: Path) -> str:
    """Write what has a reload hang, as it would on a dead disk; a file says that it does."""
    os.mkfifo(folder / "fifo")
    return (
        "import gomail.compose as module\nfrom pathlib import Path\n"
        "def hang(*_):\n"
        f"    Path({str(folder / 'hangs')!r}).touch()\n"
        f"    Path({str(folder / 'fifo')!r}).read_bytes()\n"
        "module.build_directory = hang\n"
    )


def test_r10_thread_that_hangs_is_left_behind(serve: Serve, tmp_path: Path) -> None:
    """The reactor would wait for it, and Python, for ever; mail is served until the stop."""
    server = serve(command=patched(hanging(tmp_path)))
    server.tell(SIGHUP)
    until((tmp_path / "hangs").exists, "a reload that hangs")
    assert server.connect().mail().startswith("250 ")
    assert server.stopped() == 0
