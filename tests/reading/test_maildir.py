"""A Maildir listed, and its messages opened by their unique names."""

import os
from pathlib import Path

import pytest

from gomail.reading.maildir import Entry, Maildir, NoSuchMessage, open_stored
from tests.inbox.maildir import locked


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    """Two messages in the inbox and one in a folder."""
    home = tmp_path / "Maildir"
    for folder in ("new", "cur", "tmp", ".Junk/new", ".Junk/cur"):
        (home / folder).mkdir(parents=True)
    (home / "new/1645409953.M7P1Q1R1.mx.example,S=5").write_bytes(b"newer")
    (home / "cur/1645409900.M9P1Q1R1.mx.example:2,RS").write_bytes(b"old")
    (home / ".Junk/cur/1645409901.M1.mx.example:1,x").write_bytes(b"junk")
    return home


def read(descriptor: int) -> bytes:
    """Read a file to its end and close it."""
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


def test_newest_message_is_listed_first(maildir: Path) -> None:
    """The inbox is new/ and cur/ together, with time, size and flags."""
    assert Maildir(maildir).entries() == (
        Entry("1645409953.M7P1Q1R1.mx.example,S=5", "", True, "", 1645409953.000007, 5),
        Entry("1645409900.M9P1Q1R1.mx.example", "", False, "RS", 1645409900.000009, 3),
    )


def test_folder_is_listed(maildir: Path) -> None:
    """A Maildir++ folder is named without its dot; information of another kind is no flags."""
    assert Maildir(maildir).folders() == ("", "Junk")
    assert [entry.flags for entry in Maildir(maildir).entries("Junk")] == [""]


def test_message_of_a_strange_name_has_its_files_time(maildir: Path) -> None:
    """A name that tells no time is listed by the time of the file."""
    strange = maildir / "new/hello"
    strange.touch()
    os.utime(strange, (5, 5))
    assert Maildir(maildir).entries()[-1].time == 5


def test_message_is_opened_by_its_unique_name(maildir: Path) -> None:
    """The name stays when a reader marks the message."""
    assert read(Maildir(maildir).open("1645409900.M9P1Q1R1.mx.example")) == b"old"
    assert read(Maildir(maildir).open("1645409901.M1.mx.example", "Junk")) == b"junk"


@pytest.mark.parametrize("name", ["../cur/x", "/etc/passwd", "", ".", "a\0b", "cur"])
def test_w4_name_is_no_path(maildir: Path, name: str) -> None:
    """A name is looked up among those that exist, and leads nowhere else."""
    with pytest.raises(NoSuchMessage):
        Maildir(maildir).open(name)


@pytest.mark.parametrize("folder", ["../Maildir", "Junk/../..", "Nope", ".Junk", "\0"])
def test_w4_folder_is_no_path(maildir: Path, folder: str) -> None:
    """A folder is looked up among those that exist."""
    with pytest.raises(NoSuchMessage):
        Maildir(maildir).entries(folder)


def test_n6_links_are_not_followed(maildir: Path, tmp_path: Path) -> None:
    """Neither a linked message nor a linked folder shows what lies elsewhere."""
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "1.M1.x").touch()
    (maildir / "new/1.M1.link").symlink_to(secret / "1.M1.x")
    (maildir / ".Linked").symlink_to(secret)
    (maildir / ".Junk/new").rmdir()
    (maildir / ".Junk/new").symlink_to(secret)
    assert Maildir(maildir).folders() == ("", "Junk")
    assert len(Maildir(maildir).entries()) == 2
    assert len(Maildir(maildir).entries("Junk")) == 1
    with pytest.raises(OSError, match="symbolic link"):
        open_stored(maildir / "new/1.M1.link")


def test_folder_that_can_not_be_read_is_told(maildir: Path) -> None:
    """It is not taken for one that is missing."""
    told = pytest.raises(PermissionError, match="the folder 'cur' can't be read")
    with locked(maildir / "cur"), told:
        Maildir(maildir).entries()
    (maildir / "cur").rename(maildir / "away")
    assert len(Maildir(maildir).entries()) == 1


def test_maildir_may_itself_be_a_link(maildir: Path, tmp_path: Path) -> None:
    """The configured path is trusted, whatever it is."""
    (tmp_path / "link").symlink_to(maildir)
    assert len(Maildir(tmp_path / "link").entries()) == 2


def test_hidden_files_and_folders_are_no_messages(maildir: Path) -> None:
    """Other programs keep their own files in a Maildir."""
    (maildir / "new/.lock").touch()
    (maildir / "new/folder").mkdir()
    assert len(Maildir(maildir).entries()) == 2


def test_message_that_goes_while_it_is_listed_is_left_out(
    maildir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader may move it at any moment."""
    scan = os.scandir

    def scan_late(folder: int):  # noqa: ANN202 - an iterator of a type without a name
        found = scan(folder)
        for entry in found:
            if entry.name.startswith("1645409953"):
                (maildir / "new" / entry.name).unlink()
            yield entry

    class Late:
        def __init__(self, folder: int) -> None:
            self.found = scan_late(folder)

        def __enter__(self):  # noqa: ANN204 - the same
            return self.found

        def __exit__(self, *_: object) -> None:
            self.found.close()

    monkeypatch.setattr(os, "scandir", Late)
    assert [entry.size for entry in Maildir(maildir).entries()] == [3]


def test_stored_message_is_found_where_a_reader_has_moved_it(maildir: Path) -> None:
    """From new/ a message goes to cur/, under its unique name and with flags."""
    assert read(open_stored(maildir / "new/1645409953.M7P1Q1R1.mx.example,S=5")) == b"newer"
    assert read(open_stored(maildir / "new/1645409900.M9P1Q1R1.mx.example")) == b"old"
    for gone in ("new/1.M1.x", "cur/1.M1.x"):
        with pytest.raises(FileNotFoundError):
            open_stored(maildir / gone)


def test_pipe_in_a_maildir_is_not_waited_for(maildir: Path) -> None:
    """What is no regular file is not read."""
    os.mkfifo(maildir / "new/pipe")
    with pytest.raises(OSError, match="not a regular file"):
        open_stored(maildir / "new/pipe")
