"""The log of a real server where its folder, or its disk, does not let it be written."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.test_full_disk import leave_free
from tests.patience import PATIENCE
from tests.system.conftest import Serve
from tests.system.running import ANY_PORT, TWISTD, Server, until
from tests.system.test_refusing import comes_to, health

pytestmark = pytest.mark.system
NOBODY = 65534
OPTIONS = ("--nodaemon", "--uid", str(NOBODY), "--gid", str(NOBODY), "--logfile")
# Twistd, with a log that is rotated soon.
CODE = """
import gomail.server.logfile as logfile
logfile.ROTATE_AT = 4000
from twisted.scripts.twistd import run
run()
"""
SMALL = (sys.executable, "-c", CODE)


@pytest.fixture
def home() -> Iterator[Path]:
    """Make a folder of nobody's, and one beside it that is root's, for the log."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o755)
    home = folder / "home"
    home.mkdir()
    (folder / "log").mkdir()
    (home / "g.toml").write_text('control = "control"\nstoring = "thread"\n[domains."localhost"]\n')
    os.chown(home, NOBODY, NOBODY)
    yield home
    shutil.rmtree(folder)


@pytest.fixture
def served(start: Serve, home: Path) -> Callable[..., Server]:
    """Start a server as nobody, which has its log there."""

    def served(*options: str, command: tuple[str, ...] = TWISTD) -> Server:
        words = ("gomail", "-c", "g.toml", *ANY_PORT, *options)
        log = str(home.parent / "log" / "gomail.log")
        return start(*OPTIONS, log, *words, folder=home, command=command).started()

    return served


def stored(*files: Path) -> int:
    """Count the messages of which a log tells."""
    return sum(path.read_text().count("Z stored ") for path in files)


@pytest.mark.needs_root
def test_r22_log_that_cannot_be_rotated_grows_and_says_so(
    served: Callable[..., Server], home: Path
) -> None:
    """Nothing of it is lost in root's folder, health tells, and it ends with the reason."""
    server = served(command=SMALL)
    folder = home.parent / "log"
    note = f"the log will grow and not be rotated, since {folder} can't be written by nobody: "
    assert f"  note           {note}" in server.output
    log, sent = home.parent / "log" / "gomail.log", 0
    while health(home)[0] == "ok":
        sent += 1
        assert server.connect().mail().startswith("250 ")
    state, reasons = health(home)
    assert (state, list(reasons)) == ("degraded", ["log-grows"])
    assert f"{log}: Permission denied; the server's user must" in reasons["log-grows"]
    until(lambda: stored(log) == sent, f"each has its line: {sent}")
    assert log.stat().st_size > 4000
    assert [each.name for each in log.parent.iterdir()] == [log.name]
    (home.parent / "log").chmod(0o777)
    comes_to(home, lambda state, _: state == "ok")
    assert stored(log, log.with_name("gomail.log.1")) == sent
    assert server.stopped() == 0


@pytest.mark.needs_root
def test_r22_log_that_was_moved_is_kept_until_there_is_another(
    served: Callable[..., Server], home: Path
) -> None:
    """Each SIGUSR1 tries; a file that somebody has made there is taken where it may be written."""
    server = served()
    log, old = (home.parent / "log" / name for name in ("gomail.log", "old"))
    log.rename(old)
    told = "trouble: no new log can be begun, the old one goes on: "
    for times in (1, 2):
        server.tell(signal.SIGUSR1)
        until(lambda: old.read_text().count(told) >= times, "it is said")  # noqa: B023 -- now
    comes_to(home, lambda _, reasons: list(reasons) == ["log-grows"])
    assert server.connect().mail().startswith("250 ")
    until(lambda: stored(old) == 1, "the old one is written")
    log.touch(mode=0o600)
    os.chown(log, NOBODY, NOBODY)
    server.tell(signal.SIGUSR1)
    comes_to(home, lambda state, _: state == "ok")
    assert server.connect().mail().startswith("250 ")
    until(lambda: stored(log) == 1, "the new one is written")
    assert stored(old) == 1
    assert server.stopped() == 0


@pytest.fixture
def small_disk(home: Path) -> Iterator[Path]:
    """Have the log on a disk of 64 KiB."""
    disk = home.parent / "log"
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k,mode=777", "tmpfs", str(disk)]
    if subprocess.run(mount, check=False, capture_output=True, timeout=PATIENCE).returncode:
        pytest.skip("nothing can be mounted here")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True, timeout=PATIENCE)


@pytest.mark.needs_root
def test_e13_full_disk_of_the_log_is_told(
    served: Callable[..., Server], home: Path, small_disk: Path
) -> None:
    """Mail goes on, health tells, and the log says how many lines are missing, each line whole."""
    server = served("--log-format", "json")
    filler, sent = leave_free(small_disk, 0), 0
    while health(home)[0] == "ok":  # the file's last page takes some lines
        sent += 1
        assert server.connect().mail().startswith("250 ")
    state, reasons = health(home)
    assert (state, list(reasons)) == ("degraded", ["log-lost"])
    assert reasons["log-lost"].endswith("of the log could not be written: No space left on device")
    filler.unlink()
    comes_to(home, lambda state, _: state == "ok")
    log = [json.loads(line) for line in (small_disk / "gomail.log").read_text().splitlines()]
    told = [each["what"] for each in log if each["event"] == "trouble"]  # a short one had room
    assert told[-1].endswith(" of the log were lost: No space left on device")
    lost = sum(int(what.split()[0].replace("a", "1")) for what in told)
    found = sum(each["event"] == "stored" for each in log)
    assert found < sent
    assert found + lost >= sent
    assert server.stopped() == 0
