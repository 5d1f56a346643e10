"""What a list tells of messages, read out of many of them."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gomail.reading import batch
from gomail.reading.batch import BATCH, TOO_MUCH, UNREADABLE, Head, read_heads
from gomail.reading.heads import read_head
from gomail.reading.reader import child_command


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[int]:
    """An open folder for messages."""
    descriptor = os.open(tmp_path, os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


def head(folder: int, octets: bytes) -> Head:
    """Read the head of a message, in a child."""
    descriptor = os.open("message", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, dir_fd=folder)
    with os.fdopen(descriptor, "wb") as file:
        file.write(octets)
    (found,) = read_heads([folder], [(0, b"message")])
    assert found is not None
    assert found.size == len(octets)
    return found


def test_head_is_decoded(folder: int) -> None:
    """Encoded words, folded lines, Cc behind To; the first field of a name counts."""
    found = head(
        folder,
        b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n =?utf-8?q?_aus?= K\xc3\xb6ln\r\nSUBJECT: no\r\n"
        b'From: "Ann" <ann@a.example>\r\ncc: b@b.example\r\nTo : a@a.example,\r\n\tc@c.example\r\n'
        b"Date: Mon, 21 Feb 2022 02:18:20 +0100\r\n\r\nFrom: body\r\n",
    )
    assert found.subject == "Grüße aus Köln"
    assert found.author == '"Ann" <ann@a.example>'
    assert found.recipients == "a@a.example, c@c.example, b@b.example"
    assert found.dated == 1645406300


@pytest.mark.parametrize(
    ("octets", "subject"),
    [
        (b"", ""),
        (b"\n\nSubject: body\n", ""),
        (b"Subject: no end", "no end"),
        (b"Subject: a\x1b]0;b\x07\x00c\xe2\x80\xa8d\n\n", "a ]0;b c d"),
        (b"Subject: =?utf-7?q?+2D0-?=x\n\n", "?x"),
        (b"Subject: " + b"x" * 10_000 + b"\n\n", "x" * 300),
        (b"X: " + b"y" * 20_000 + b"\nSubject: far\n\n", "far"),
        (b"X: " + b"y" * 70_000 + b"\nSubject: too far\n\n", ""),
        (b"Subject: =?utf-8?b?YQ=\n\n", "=?utf-8?b?YQ="),
    ],
)
def test_w5_head_is_bounded_and_in_one_line(folder: int, octets: bytes, subject: str) -> None:
    """Nothing in it that the index, the page or the log would stumble over."""
    assert head(folder, octets).subject == subject


def test_signs_that_take_most_in_an_answer_are_read(folder: int) -> None:
    """As many as there may be, in each field."""
    signs = "\N{GRINNING FACE}" * 400
    found = head(folder, f"Subject: {signs}\nFrom: {signs}\nTo: {signs}\n\n".encode())
    assert {found.subject, found.author, found.recipients} == {signs[:300]}


@pytest.mark.parametrize(
    "date",
    [b"", b"yesterday", b"Mon, 99 Feb 9999999 99:99:99", b"1 Jan 9999 00:00:00", b"\xff" * 300],
)
def test_date_that_is_none_is_none(folder: int, date: bytes) -> None:
    """Whatever stands there."""
    assert head(folder, b"Date: " + date + b"\n\n").dated is None


def test_many_are_read_in_their_order(folder: int, tmp_path: Path) -> None:
    """By several children; what is not there (any more) is None; a link is not followed."""
    names = [(0, b"m%d" % number) for number in range(BATCH + 3)]
    for _, name in names:
        (tmp_path / name.decode()).write_bytes(b"Subject: " + name + b"\n\n")
    (tmp_path / "m1").unlink()
    (tmp_path / "m2").unlink()
    (tmp_path / "m2").symlink_to("/etc/passwd")
    heads = read_heads([folder], names)
    assert heads[1] is None
    assert heads[2] == UNREADABLE
    assert [each.subject for each in heads[3:] if each] == [name.decode() for _, name in names[3:]]


def test_e8_message_that_costs_a_child_its_life_is_unreadable(
    folder: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And those around it are read, by the next child."""
    for name in ("a", "b", "c", "d"):
        (tmp_path / name).write_text(f"Subject: {name}\n\n")
    command = child_command("gomail.reading.heads", str(folder))
    at = command.index("-c") + 1
    command[at] = (
        "import os, sys; sys.path += sys.argv[1].split(os.pathsep)\n"
        "import gomail.reading.heads as h\n"
        "read = h.read_head\n"
        "def spin(*a):\n    while a[1] == b'b': pass\n    return read(*a)\n"
        "h.read_head = spin; h.LIMITS['RLIMIT_CPU'] = (1, 1); h.main(sys.argv[2:])"
    )
    monkeypatch.setattr(batch, "child_command", lambda *_: command)
    heads = read_heads([folder], [(0, name) for name in (b"a", b"b", b"c", b"d")])
    assert [each and each.subject for each in heads] == ["a", "", "c", "d"]


@pytest.mark.parametrize(
    "said",
    [
        "null, 1",
        "[]",
        "{}",
        '["a", "b", "c", null, 1]',
        '["a", 2, "c", null, 1, 2]',
        '["a", "b", "c", "x", 1, 2]',
        '["a", "b", "c", null, 1, 1e999]',
        "x" * 100,
        '["' + "a" * 12_000 + '", "b", "c", null, 1, 2]',
    ],
)
def test_child_is_not_believed(folder: int, monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    """Whatever has become of it; it is given up before it has cost much."""
    command = child_command("nothing")
    command[command.index("-c") + 1] = f"print({said!r})"
    monkeypatch.setattr(batch, "child_command", lambda *_: command)
    monkeypatch.setattr(batch, "_CHILDREN_LOST", 2)
    assert read_heads([folder], [(0, b"a")] * 3) == [TOO_MUCH, TOO_MUCH, None]


def test_no_child_can_be_started(folder: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the machine that is at fault, and no message: they are asked for again another time."""
    monkeypatch.setattr(batch, "child_command", lambda *_: ["/nonexistent"])
    assert read_heads([folder], [(0, b"a")] * 3) == [None] * 3


def test_child_that_was_killed_by_somebody_else_is_started_again(
    folder: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message at which it was is asked for by itself, before it is thought to be the reason."""
    for name in ("a", "b", "c"):
        (tmp_path / name).write_text(f"Subject: {name}\n\n")
    real = child_command("gomail.reading.heads", str(folder))
    commands = iter([["/bin/false"], real, real])
    monkeypatch.setattr(batch, "child_command", lambda *_: next(commands))
    heads = read_heads([folder], [(0, name) for name in (b"a", b"b", b"c")])
    assert [each and each.subject for each in heads] == ["a", "b", "c"]


def test_what_is_read_in_a_child_is_read_here(folder: int, tmp_path: Path) -> None:
    """The same, seen from inside."""
    (tmp_path / "a").write_bytes(b"From: \xff\nTo: b\nCC: c\nDate: x\n" + b"X: y\n" * 3000)
    told = read_head(folder, b"a")
    assert isinstance(told, list)
    assert told[:5] == ["", "ÿ", "b, c", None, 15_028]


def test_file_that_is_no_message_is_not_waited_for(folder: int, tmp_path: Path) -> None:
    """A pipe that somebody has put there; nor is a link followed."""
    os.mkfifo(tmp_path / "pipe")
    assert read_head(folder, b"pipe") is False
    assert read_head(folder, b"gone") is None


def test_child_that_says_too_much_or_nothing_is_ended(
    folder: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither our memory nor our time is its own."""
    command = child_command("nothing")
    monkeypatch.setattr(batch, "child_command", lambda *_: command)
    monkeypatch.setattr(batch, "_CHILDREN_LOST", 1)
    at = command.index("-c") + 1
    command[at] = "import os\nwhile True: os.write(1, bytes(65536))"
    assert read_heads([folder], [(0, b"a")]) == [TOO_MUCH]
    command[at] = "import time; time.sleep(3600)"
    monkeypatch.setattr(batch, "WALL_SECONDS", 0.2)
    assert read_heads([folder], [(0, b"a")]) == [TOO_MUCH]
