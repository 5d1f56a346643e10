"""Attachments listed, and taken out one by one."""

import os
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from gomail.reading import taking
from gomail.reading.opened import Source, read_source
from gomail.reading.reader import child_command
from gomail.reading.taking import (
    Attached,
    Attachments,
    NoSuchAttachment,
    list_attachments,
    take_attachment,
)


@pytest.fixture
def stored(tmp_path: Path) -> Iterator[int]:
    """An open file with a message to which two files are attached."""
    mail = EmailMessage()
    mail["Subject"] = "Grüße"
    mail.set_content("Look.\n")
    mail.add_attachment(b"first", maintype="a", subtype="b", filename="../a.bin")
    mail.add_attachment(bytes(2_000_000), maintype="a", subtype="b", filename="b.bin")
    (tmp_path / "stored").write_bytes(mail.as_bytes())
    with (tmp_path / "stored").open("rb") as file:
        file.read(7)
        yield file.fileno()


def test_attachments_are_listed(stored: int) -> None:
    """With the numbers of their parts, also beyond what is shown of a message."""
    found = (Attached("2", "a.bin", 5), Attached("3", "b.bin", 2_000_000))
    assert list_attachments(stored) == Attachments(found)


def test_one_is_taken(stored: int) -> None:
    """Its octets are in a file that has no name."""
    attached, file = take_attachment(stored, "3")
    with file:
        assert attached == Attached("3", "b.bin", 2_000_000)
        assert file.read() == bytes(2_000_000)
        assert os.fstat(file.fileno()).st_nlink == 0


@pytest.mark.parametrize("number", ["1", "4", "2.1", "", "x", "../2", "2 ", "names", "9" * 9])
def test_w4_number_that_is_none_is_told(stored: int, number: str) -> None:
    """It is compared with those that there are."""
    with pytest.raises(NoSuchAttachment, match="attachment"):
        take_attachment(stored, number)


@pytest.mark.parametrize("said", ["", '{"number": "2", "name": "a", "size": 9}', "[]"])
def test_child_is_not_believed(stored: int, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing half is given to anybody."""
    command = child_command("nothing")
    command[command.index("-c") + 1] = f"print({said!r})"
    monkeypatch.setattr(taking, "child_command", lambda *_: command)
    with pytest.raises(NoSuchAttachment, match="the reader failed"):
        take_attachment(stored, "2")
    assert list_attachments(stored).problem == "the reader failed"


def test_source_is_bounded(tmp_path: Path, stored: int) -> None:
    """As it is stored; read as UTF-8 if it is, and no more than is shown."""
    source = read_source(stored)
    assert (len(source.text), source.cut) == (1 << 20, True)
    path = tmp_path / "x"
    path.write_bytes(b"Subject: \xe9\n")
    with path.open("rb") as file:
        assert read_source(file.fileno()) == Source("Subject: é\n", cut=False)
    path.write_bytes(b"x" * (1 << 20) + b"y")
    with path.open("rb") as file:
        assert read_source(file.fileno()) == Source("x" * (1 << 20), cut=True)
