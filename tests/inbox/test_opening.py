"""The file of an index: never needed, whatever has become of it."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from gomail.inbox import scan
from gomail.inbox.mailbox import Mailbox
from gomail.inbox.opening import _PAGE, VERSION
from tests.inbox.maildir import make_maildir, put
from tests.patience import PATIENCE


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A Maildir with two messages."""
    home = make_maildir(tmp_path / "Maildir")
    put(home, 1)
    put(home, 2, "=?utf-8?q?Gr=C3=BC=C3=9Fe?=")
    return home


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """Where the index may be, in a folder that is not there yet."""
    return tmp_path / "cache" / "gomail" / "inbox"


def look(home: Path, index: Path | None) -> list[str]:
    """List what an inbox finds, and give what it has said."""
    said: list[str] = []
    mailbox = Mailbox(home, index, said.append)
    assert [each.subject for each in mailbox.page("").entries] == ["Grüße", "number 1"]
    assert mailbox.page("", "grusse").total == 1
    assert mailbox.page("", "grüsse ann").total == 1
    mailbox.close()
    return said


def known(index: Path) -> list[tuple[str, int]]:
    """Read an index that nobody uses."""
    connection = sqlite3.connect(index)
    found = connection.execute("SELECT subject, known FROM message ORDER BY time").fetchall()
    connection.close()
    return found


def test_index_is_kept(home: Path, index: Path) -> None:
    """For its owner alone, and believed by the next inbox, which looks into no message again."""
    assert look(home, index) == []
    assert index.stat().st_mode & 0o777 == 0o600
    assert index.parent.stat().st_mode & 0o777 == 0o700
    assert known(index) == [("number 1", 1), ("Grüße", 1)]
    with sqlite3.connect(index) as connection:
        connection.execute("UPDATE message SET subject = 'from the index' WHERE time < 1645409902")
    connection.close()
    mailbox = Mailbox(home, index)
    assert mailbox.page("").entries[1].subject == "from the index"
    mailbox.close()


def test_index_follows_what_has_happened_meanwhile(home: Path, index: Path) -> None:
    """Messages that came, went and were read while no inbox was open."""
    look(home, index)
    put(home, 3)
    next((home / "new").glob("1645409901*")).unlink()
    before = next((home / "new").glob("1645409902*"))
    before.rename(home / "cur" / f"{before.name}:2,S")
    mailbox = Mailbox(home, index)
    assert [(each.subject, each.flags) for each in mailbox.page("").entries] == [
        ("number 3", ""),
        ("Grüße", "S"),
    ]
    assert mailbox.look().come == ()
    mailbox.close()


@pytest.mark.parametrize("octets", [b"", b"no database", b"SQLite format 3\0" + b"\xff" * 5000])
def test_index_that_is_none_is_made_anew(home: Path, index: Path, octets: bytes) -> None:
    """Nothing is said: it is as good as before."""
    index.parent.mkdir(parents=True)
    index.write_bytes(octets)
    assert look(home, index) == []
    assert len(known(index)) == 2


def test_index_of_another_version_is_made_anew(home: Path, index: Path) -> None:
    """A later gomail has other tables."""
    look(home, index)
    with sqlite3.connect(index) as connection:
        connection.execute("DROP TABLE message")
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.close()
    assert look(home, index) == []
    assert len(known(index)) == 2


def test_index_of_another_maildir_is_made_anew(home: Path, index: Path, tmp_path: Path) -> None:
    """As where a Maildir was removed and another made at its path."""
    look(home, index)
    home.rename(tmp_path / "old")
    put(make_maildir(home), 1, "another")
    mailbox = Mailbox(home, index)
    assert [each.subject for each in mailbox.page("").entries] == ["another"]
    mailbox.close()


def test_index_of_another_inbox_is_left_alone(home: Path, index: Path) -> None:
    """Two inboxes at once: the second has its index in memory, and says so once."""
    first = Mailbox(home, index)
    first.page("")
    (said,) = look(home, index)
    assert said == f"the index {index} can't be used (database is locked), and is kept in memory"
    assert first.page("").total == 2
    first.close()
    assert look(home, index) == []


def test_index_outlives_its_inbox_being_killed(home: Path, index: Path) -> None:
    """What was written is there, and nobody has it."""
    code = (
        "import os, signal, sys\nfrom pathlib import Path\n"
        "from gomail.inbox.mailbox import Mailbox\n"
        "print(Mailbox(*map(Path, sys.argv[1:])).page('').total, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    command = [sys.executable, "-c", code, str(home), str(index)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False, timeout=PATIENCE)
    assert done.stdout == b"2\n"
    assert look(home, index) == []
    assert known(index) == [("number 1", 1), ("Grüße", 1)]


def test_index_that_may_not_be_written_is_in_memory(home: Path, tmp_path: Path) -> None:
    """Where a folder can't be made, or something else is in the way."""
    (tmp_path / "file").write_text("")
    (said,) = look(home, tmp_path / "file" / "inbox")
    assert "File exists" in said
    (said,) = look(home, tmp_path)
    assert "Is a directory" in said
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    (said,) = look(home, tmp_path / "link")
    assert "symbolic links" in said
    assert not (tmp_path / "elsewhere").exists()
    os.mkfifo(tmp_path / "pipe")
    (said,) = look(home, tmp_path / "pipe")
    assert "not a regular file" in said


def test_index_that_breaks_is_given_up(home: Path, index: Path) -> None:
    """In the middle of the work: it is removed, and said once; the work goes on in memory."""
    for number in range(100, 700):
        put(home, number)
    said: list[str] = []
    mailbox = Mailbox(home, index, said.append)
    assert mailbox.page("", count=500).total == 602
    mailbox.close()
    with index.open("r+b") as file:
        file.seek(2 * _PAGE)  # behind what says which tables there are, and whose they are
        file.write(os.urandom(index.stat().st_size - 2 * _PAGE))
    mailbox = Mailbox(home, index, said.append)
    assert mailbox.page("").total == 602
    assert mailbox.page("").folders[0].total == 602
    mailbox.close()
    (broken,) = said
    assert broken.startswith(f"the index {index} is broken (")
    assert look_again(home, index) == 602


def look_again(home: Path, index: Path) -> int:
    """Count what the next inbox finds."""
    mailbox = Mailbox(home, index)
    total = mailbox.page("").total
    mailbox.close()
    return total


def test_folder_that_did_not_change_is_not_listed_again(
    home: Path, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the next inbox; one with two files of a message is, since the index has one of them."""
    monkeypatch.setattr(scan, "_TICK_NS", 0)
    look(home, index)
    with sqlite3.connect(index) as connection:
        connection.execute("UPDATE message SET file = CAST(replace(file, 'mx', 'MX') AS BLOB)")
        assert all(stamp for (stamp,) in connection.execute("SELECT stamp FROM place"))
    connection.close()
    mailbox = Mailbox(home, index)
    assert mailbox.look().folders[0].total == 2
    mailbox.close()
    with sqlite3.connect(index) as connection:
        assert b"MX" in connection.execute("SELECT file FROM message").fetchone()[0]
    connection.close()
    for path in list((home / "new").iterdir()):
        (home / "cur" / f"{path.name}:2,S").write_bytes(path.read_bytes())
    look(home, index)
    with sqlite3.connect(index) as connection:
        assert not any(stamp for (stamp,) in connection.execute("SELECT stamp FROM place"))
    connection.close()
