"""Attachments, taken out of messages and saved as files."""

import io
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path

import pytest

from gomail.reading import attachments as child
from gomail.reading import saving, taking
from gomail.reading.bounds import OutOfTime
from gomail.reading.reader import child_command
from gomail.reading.saving import Saved, save_attachments

PICTURE = bytes(range(256)) * 300


def message(*names: str | None) -> bytes:
    """Write a message with such attachments, and a text."""
    mail = EmailMessage()
    mail["Subject"] = "What hath god wrought"
    mail.set_content("Look.\n")
    for name in names:
        mail.add_attachment(PICTURE, maintype="image", subtype="png", filename=name)
    return mail.as_bytes()


@contextmanager
def stored(octets: bytes, folder: Path) -> Iterator[int]:
    """Give an open file with a message, of which something was read before."""
    path = folder / "stored.eml"
    path.write_bytes(octets)
    with path.open("rb") as file:
        file.read(10)
        yield file.fileno()
    path.unlink()


def save(octets: bytes, folder: Path) -> Saved:
    """Save what is attached to a message."""
    with stored(octets, folder) as descriptor:
        return save_attachments(descriptor, folder)


def test_attachments_are_saved_as_they_were_sent(tmp_path: Path) -> None:
    """Octet by octet, for their owner alone."""
    saved = save(message("a.png", "b.png"), tmp_path)
    assert saved == Saved((tmp_path / "a.png", tmp_path / "b.png"))
    for path in saved.paths:
        assert path.read_bytes() == PICTURE
        assert path.stat().st_mode & 0o777 == 0o600


def run_instead(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Have the child run some code, where it would have run its own."""
    command = child_command("nothing")
    command[command.index("-c") + 1] = code
    monkeypatch.setattr(taking, "child_command", lambda *_: command)


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("../../etc/passwd", "passwd"),
        ("/etc/passwd", "passwd"),
        (".bashrc", "bashrc"),
        ("-rf", "rf"),
        ("a\x1b]0;b.png", "a__0_b.png"),
        (None, "part-2"),
    ],
)
def test_names_are_safe(name: str | None, file: str, tmp_path: Path) -> None:
    """Whatever the sender has called them."""
    assert save(message(name), tmp_path).paths == (tmp_path / file,)
    assert [each.name for each in tmp_path.iterdir()] == [file]


def test_nothing_is_written_over_or_through_a_link(tmp_path: Path) -> None:
    """A name that is taken gets a number."""
    (tmp_path / "a.tar.gz").write_text("mine")
    (tmp_path / "a-2.tar.gz").symlink_to(tmp_path / "elsewhere")
    assert save(message("a.tar.gz"), tmp_path).paths == (tmp_path / "a-3.tar.gz",)
    assert (tmp_path / "a.tar.gz").read_text() == "mine"
    assert not (tmp_path / "elsewhere").exists()


def test_number_of_files_of_a_name_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is told as what it is."""
    monkeypatch.setattr(saving, "_SAME_NAME", 2)
    (tmp_path / "a.png").touch()
    with pytest.raises(FileExistsError):
        save(message("a.png"), tmp_path)


def test_text_is_no_attachment(tmp_path: Path) -> None:
    """Unless it says so; a message within a message is read, and what is in that is found."""
    inner = EmailMessage()
    inner.set_content("Inside.\n")
    inner.add_attachment(b"deep", maintype="application", subtype="x", filename="deep.bin")
    mail = EmailMessage()
    mail.set_content("Outside.\n")
    mail.add_attachment("Notes.\n", filename="notes.txt")
    mail.add_attachment(inner)
    assert {each.name for each in save(mail.as_bytes(), tmp_path).paths} == {
        "notes.txt",
        "deep.bin",
    }
    assert save(b"Subject: x\n\nx\n", tmp_path) == Saved(())


def test_message_that_is_all_attachment(tmp_path: Path) -> None:
    """It has no part to be numbered by."""
    octets = b"Content-Type: image/png\nContent-Transfer-Encoding: base64\n\naGk=\n"
    saved = save(octets, tmp_path)
    assert [(each.name, each.read_bytes()) for each in saved.paths] == [("part-1", b"hi")]


def test_large_message_is_saved_whole(tmp_path: Path) -> None:
    """Also beyond what is shown of it."""
    mail = EmailMessage()
    mail.add_attachment(b"\0" * (8 << 20), maintype="a", subtype="b", filename="big")
    assert save(mail.as_bytes(), tmp_path).paths[0].stat().st_size == 8 << 20


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"no JSON\n",
        b"[]\n",
        b'{"number": "1", "name": "../a", "size": 1}\nx',
        b'{"number": "1", "name": ".a", "size": 1}\nx',
        b'{"number": "1", "name": "a", "size": -1}\nx',
        b'{"number": "1", "name": "a", "size": "1"}\nx',
        b'{"number": "1", "name": "a", "size": 99999999999}\nx',
        b'{"number": "1", "name": "a", "size": 2}\nx',
        b'{"number": "x", "name": "a", "size": 1}\nx',
        b'{"name": "a", "size": 1}\nx',
    ],
)
def test_child_is_not_believed(
    said: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever has become of it by reading the message; and nothing half is left."""
    run_instead(monkeypatch, f"import sys; sys.stdout.buffer.write({said!r})")
    assert save(message("a"), tmp_path) == Saved((), "the reader failed")
    assert list(tmp_path.iterdir()) == []


def test_child_that_does_not_end_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After its time."""
    run_instead(monkeypatch, "import time; time.sleep(3600)")
    monkeypatch.setattr(taking, "WALL_SECONDS", 0.1)
    assert save(message("a"), tmp_path).problem == "the reader failed"


def test_child_has_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It can write no file of its own, and start no process."""
    code = "import sys; sys.path.append(sys.argv[1])\n"
    code += "from gomail.reading.attachments import LIMITS\n"
    code += "from gomail.reading.bounds import limit_resources; limit_resources(LIMITS)\n"
    code += "import json, resource\n"
    code += "print(json.dumps({'end': str(resource.getrlimit(resource.RLIMIT_FSIZE))}))\n"
    run_instead(monkeypatch, code)
    assert save(message("a"), tmp_path).problem == "(0, 0)"


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (OutOfTime, "it took too much time"),
        (MemoryError, "it took too much memory"),
        (ValueError, "the structure could not be read (ValueError)"),
    ],
)
def test_child_says_why_it_can_not(fault, why, monkeypatch) -> None:  # noqa: ANN001 -- plain
    """Whatever is in the message."""

    def fail(_: bytes) -> None:
        raise fault

    monkeypatch.setattr(child, "parse_tree", fail)
    assert child.give(b"", io.BytesIO()) == why


def test_child_reads_no_more_than_it_may() -> None:
    """What is larger is not taken apart at all; too many parts are told."""
    assert child.give(b"x" * (child.MESSAGE_OCTETS + 1), io.BytesIO()) == (
        "the message is larger than 64 MiB"
    )
    output = io.BytesIO()
    assert child.give(message(*["a"] * 201), output) == "only the first 200 parts were read"
    assert output.getvalue().count(b'"name": "a"') >= 199


def test_child_answers_by_its_descriptors(tmp_path: Path) -> None:
    """As it is started, in a process of its own."""
    read, write = os.pipe()
    pid = os.posix_spawn(
        sys.executable,
        [sys.executable, "-c", "from gomail.reading.attachments import main; main([])"],
        {"PYTHONPATH": str(Path(__file__).parents[2])},
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, str(_written(tmp_path)), os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, write, 1),
        ],
    )
    os.close(write)
    with os.fdopen(read, "rb") as answer:
        first = json.loads(answer.readline())
    assert os.waitpid(pid, 0)[1] in {0, 120 << 8}  # it may find out that nobody listens
    assert first == {"number": "2", "name": "a.png", "size": len(PICTURE)}


def _written(folder: Path) -> Path:
    """Write a message with an attachment."""
    path = folder / "message"
    path.write_bytes(message("a.png"))
    return path
