"""What twistd was told, and what follows from it for the log, the pid file and the way to stop."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gomail.server.start import Announcement, Identity, StartError
from gomail.server.twistd import Twistd, announce

ANNOUNCEMENT = Announcement("mx.example", ["[::]:25"], ["a.example"], "/m", True, "/l", "Ctrl-C")


@pytest.mark.parametrize(
    ("twistd", "stop"),
    [
        ({"nodaemon": True}, "SIGTERM"),
        ({"nodaemon": True, "pidfile": "/run/a.pid", "rundir": "."}, "SIGTERM"),
        ({"nodaemon": False, "pidfile": "", "rundir": "."}, "SIGTERM"),
        ({"nodaemon": False, "pidfile": "/run/a.pid", "rundir": "."}, "kill $(cat /run/a.pid)"),
        ({"nodaemon": False, "pidfile": "a.pid", "rundir": "/run"}, "kill $(cat /run/a.pid)"),
        ({"nodaemon": False, "pidfile": "/a b.pid", "rundir": "."}, "kill $(cat '/a b.pid')"),
    ],
)
def test_way_to_stop_is_told(twistd: dict[str, object], stop: str) -> None:
    """Where twistd writes its pid file, there it is looked for; no terminal is here."""
    with no_terminal():
        assert Twistd(twistd).stop == stop


@contextmanager
def no_terminal() -> Iterator[None]:
    """Have none of the three streams be one, as in a unit of systemd."""
    kept = [os.dup(each) for each in range(3)]
    try:
        with Path(os.devnull).open("r+b") as nowhere:
            for each in range(3):
                os.dup2(nowhere.fileno(), each)
        yield
    finally:
        for each, before in enumerate(kept):
            os.dup2(before, each)
            os.close(before)


def test_terminal_is_told_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C stops it there, and the log is seen."""
    master, slave = os.openpty()
    with no_terminal(), os.fdopen(master, "rb"), os.fdopen(slave, "w") as terminal:
        before = os.dup(0)
        os.dup2(terminal.fileno(), 0)
        monkeypatch.setattr(sys, "stdout", terminal)
        twistd = Twistd({"nodaemon": True})
        told = twistd.stop, twistd.open_log()[1]
        os.dup2(before, 0)
        os.close(before)
    assert told == ("Ctrl-C", "this terminal")


def test_daemon_has_a_log_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A daemon writes twistd.log, or what --logfile says; it can't write to a terminal."""
    monkeypatch.chdir(tmp_path)
    log, shown = Twistd({"nodaemon": False}).open_log()
    log.close()
    assert shown == str(tmp_path / "twistd.log")
    with pytest.raises(StartError, match="a daemon can't log to this terminal"):
        Twistd({"nodaemon": False, "logfile": "-"}).open_log()
    with pytest.raises(StartError, match=r"the log /.*/missing/log can't be written: No such file"):
        Twistd({"nodaemon": True, "logfile": "missing/log"}).open_log()


def test_log_that_needs_no_folder_has_no_note(tmp_path: Path) -> None:
    """What the folder must allow is said of files alone, and where it does not."""
    twistd = Twistd({})
    (tmp_path / "log").touch()
    for log in ("this terminal", "nowhere", "/dev/null", str(tmp_path / "log")):
        assert twistd.notes(log) == ()


@pytest.mark.needs_root
def test_folder_that_lets_nobody_write_is_named(tmp_path: Path) -> None:
    """It is asked as the user who will log there."""
    (tmp_path / "log").touch()
    (note,) = Twistd({"uid": 65534, "gid": 65534}).notes(str(tmp_path / "log"))
    assert note.startswith(
        f"the log will grow and not be rotated, since {tmp_path} can't be written by nobody: "
    )


def test_no_option_is_the_foreground() -> None:
    """Where twistd said nothing, we stay, write no pid file, and remain who we are."""
    twistd = Twistd({})
    assert twistd.foreground
    assert twistd.pidfile is None
    assert twistd.identity == Identity(None, None)


@pytest.mark.parametrize("options", [{}, {"logfile": "-"}])
def test_foreground_logs_to_the_terminal(
    options: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stream that is no file is written to as it is; one that was closed is left alone."""
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    assert Twistd(options).open_log() == (stream, "standard output")
    monkeypatch.setattr(sys, "stdout", None)
    log, shown = Twistd(options).open_log()
    assert shown == "nowhere"
    log.write("x")


def test_announcement_is_written_where_somebody_is() -> None:
    """A terminal that has gone, or never was, does not keep the server from starting."""
    stream = io.StringIO()
    announce(ANNOUNCEMENT, stream)
    assert stream.getvalue() == f"{ANNOUNCEMENT}\n"
    announce(ANNOUNCEMENT, None)
    stream.close()
    announce(ANNOUNCEMENT, stream)
