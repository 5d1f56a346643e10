"""The log's own file: appended to, rotated, and kept where no other can be begun."""

import os
import pwd
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from gomail.server import logfile as module
from gomail.server.logfile import LogFile
from tests.scarce import quota

LINE = "x" * 49 + "\n"


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rotate at 100 octets, and keep two."""
    monkeypatch.setattr(module, "ROTATE_AT", 100)
    monkeypatch.setattr(module, "KEPT", 2)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give the path of a log, alone in a folder."""
    folder = tmp_path / "log"
    folder.mkdir()
    return folder / "gomail.log"


@pytest.fixture
def file(path: Path) -> Iterator[LogFile]:
    """Open a log there."""
    opened = LogFile(str(path))
    yield opened
    opened.close()


def names(path: Path) -> list[str]:
    """List what there is."""
    return sorted(each.name for each in path.parent.iterdir())


def test_file_is_rotated_and_the_oldest_goes(file: LogFile, path: Path) -> None:
    """It is rotated when it is full, and no more are kept than there should be."""
    for number in range(20):
        file.write(f"{number:049}\n")
    assert names(path) == ["gomail.log", "gomail.log.1", "gomail.log.2"]
    assert [each.stat().st_size for each in path.parent.iterdir()] == [100] * 3
    assert path.read_text().endswith("19\n")


def test_file_that_is_cut_is_gone_on_with_at_its_end(file: LogFile, path: Path) -> None:
    """What copytruncate of logrotate does leaves no hole."""
    file.write("before\n")
    os.truncate(path, 0)
    file.write("after\n")
    assert path.read_bytes() == b"after\n"


def test_file_that_somebody_has_made_is_gone_on_with(file: LogFile, path: Path) -> None:
    """What create of logrotate does: the new one gets the lines, and keeps the mode it has."""
    file.write("before\n")
    path.rename(f"{path}.1")
    path.touch(mode=0o600)
    file.write("meanwhile\n")
    file.begin_anew()
    file.write("after\n")
    assert Path(f"{path}.1").read_text() == "before\nmeanwhile\n"
    assert path.read_text() == "after\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert names(path) == ["gomail.log", "gomail.log.1"]


def test_r22_file_that_was_moved_away_is_kept_until_there_is_another(
    file: LogFile, path: Path
) -> None:
    """No line is lost where no file can be made, and the next try makes it."""
    file.write("before\n")
    away = path.parent.with_name("away")
    path.parent.rename(away)
    for _ in range(2):
        file.begin_anew()
        assert file.stuck == f"{path}: No such file or directory"
        file.write("meanwhile\n")
    assert (away / path.name).read_text() == "before\nmeanwhile\nmeanwhile\n"
    path.parent.mkdir()
    file.begin_anew()
    file.write("after\n")
    assert file.stuck == ""
    assert path.read_text() == "after\n"
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("what", ["folder", "pipe"])
def test_what_is_no_file_is_not_gone_on_with(file: LogFile, path: Path, what: str) -> None:
    """A pipe at the path does not have the server wait for who reads it."""
    path.rename(f"{path}.1")
    path.mkdir() if what == "folder" else os.mkfifo(path)
    file.begin_anew()
    file.write("still\n")
    assert file.stuck.startswith(f"{path}: ")
    assert Path(f"{path}.1").read_text() == "still\n"


def test_r22_file_that_cannot_be_rotated_grows_on(file: LogFile, path: Path) -> None:
    """Where old ones can't be moved nothing is lost, of them neither; later it is rotated."""
    for number in (1, 2):  # which no file can take the place of
        Path(f"{path}.{number}/full").mkdir(parents=True)
    for _ in range(9):
        file.write(LINE)
    assert path.read_text() == LINE * 9
    assert file.stuck.endswith(": Directory not empty")
    file.try_again()
    assert file.stuck.endswith(": Directory not empty")
    for number in (1, 2):
        Path(f"{path}.{number}").rename(f"{path}-{number}")
    file.try_again()
    file.write(LINE)
    assert (path.read_text(), Path(f"{path}.1").read_text()) == (LINE, LINE * 9)
    assert file.stuck == ""


def test_file_that_is_cut_need_not_be_rotated_any_more(file: LogFile, path: Path) -> None:
    """Where root's logrotate cuts it in a folder of root's, it grows no more."""
    for number in (1, 2):
        Path(f"{path}.{number}/full").mkdir(parents=True)
    for _ in range(3):
        file.write(LINE)
    assert file.stuck
    os.truncate(path, 0)
    file.try_again()
    file.write(LINE)
    assert (file.stuck, path.read_text()) == ("", LINE)


def test_r22_tries_that_fail_halfway_push_no_old_file_out(
    file: LogFile, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in /tmp, where somebody else's can't be moved: at most the first makes room."""
    monkeypatch.setattr(module, "KEPT", 4)
    for number in (2, 3):
        Path(f"{path}.{number}").write_text(f"{number}")
    Path(f"{path}.4/full").mkdir(parents=True)
    Path(f"{path}.1").write_text("1")
    for _ in range(9):
        file.begin_anew()
    assert file.stuck.endswith(": Is a directory")
    assert [Path(f"{path}.{number}").read_text() for number in (1, 2, 3)] == ["1", "2", "3"]


def test_e13_lines_for_which_there_is_no_room_leave_no_part(file: LogFile, path: Path) -> None:
    """A disk takes the part of a line that it has room for; that is taken back."""
    file.write("before\n")
    with quota(9), pytest.raises(OSError, match="File too large"):
        file.write("lost\nlost\n")
    assert path.read_text() == "before\n"
    file.write("after\n")
    assert path.read_text() == "before\nafter\n"


def test_line_behind_a_torn_one_is_its_own(path: Path) -> None:
    """Whatever was torn, by a power cut perhaps, has its line for itself."""
    path.write_text('{"event": "sto')
    file = LogFile(str(path))
    file.write("{}\n")
    file.write("{}\n")
    file.close()
    file.close()
    assert path.read_text() == '{"event": "sto\n{}\n{}\n'


@pytest.mark.needs_root
def test_root_begins_no_file_for_another() -> None:
    """As long as it has its rights still: a link of theirs would lead it where it may write."""
    nobody = pwd.getpwnam("nobody")
    with TemporaryDirectory(dir="/tmp") as folder, closing(LogFile(f"{folder}/log")) as file:
        path = Path(folder, "log")
        file.give(nobody.pw_uid, nobody.pw_gid)
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        for _ in range(3):
            file.write(LINE)
        file.begin_anew()
        assert [*Path(folder).iterdir()] == [path]
        assert path.read_text() == 3 * LINE
        assert not file.stuck
        os.seteuid(nobody.pw_uid)
        try:
            file.write(LINE)
        finally:
            os.seteuid(0)
        assert path.read_text() == LINE
        assert path.stat().st_uid == nobody.pw_uid


@pytest.mark.needs_root
def test_what_is_somebody_elses_is_not_given_away(path: Path) -> None:
    """Nor what has another name: that may be anywhere."""
    nobody = pwd.getpwnam("nobody")
    path.write_text("")
    path.with_name("other").hardlink_to(path)
    with closing(LogFile(str(path))) as file, pytest.raises(PermissionError, match="another name"):
        file.give(nobody.pw_uid, nobody.pw_gid)
    path.with_name("other").unlink()
    os.chown(path, nobody.pw_uid + 1, -1)
    with closing(LogFile(str(path))) as file, pytest.raises(PermissionError, match="another user"):
        file.give(nobody.pw_uid, nobody.pw_gid)
    assert path.stat().st_uid == nobody.pw_uid + 1
