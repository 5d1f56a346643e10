"""What milters say."""

import pytest

from gomail.milters.changes import AddField, ChangeField, InsertField
from gomail.milters.packets import Nonsense
from gomail.milters.sayings import (
    Quarantine,
    Refuse,
    Saying,
    Unoffered,
    Word,
    read_saying,
)
from gomail.reply import MILTER_DEFERS, MILTER_REFUSES, Reply


@pytest.mark.parametrize(
    ("command", "data", "saying"),
    [
        (b"c", b"", Word.CONTINUE),
        (b"a", b"", Word.ACCEPT),
        (b"d", b"", Word.DISCARD),
        (b"s", b"", Word.SKIP),
        (b"p", b"", Word.PROGRESS),
        (b"r", b"", Refuse(MILTER_REFUSES)),
        (b"t", b"", Refuse(MILTER_DEFERS)),
        (b"4", b"", Refuse(MILTER_DEFERS)),
        (b"q", b"a\nspam\xff\0", Quarantine("a?spam?")),
        (b"+", b"<x>\0", Unoffered("a recipient to be added")),
        (b"b", b"body", Unoffered("the body to be replaced")),
        (b"h", b"X\0y\0", AddField(b"X", b" y")),
        (b"i", b"\0\0\0\2X\0y\0", InsertField(2, b"X", b" y")),
        (b"m", b"\0\0\0\2X\0y\0", ChangeField(2, b"X", b" y")),
        (b"m", b"\0\0\0\2X\0\0", ChangeField(2, b"X", b"")),
    ],
)
def test_packet_is_understood(command: bytes, data: bytes, saying: Saying) -> None:
    """All that libmilter has filters say."""
    assert read_saying(command, data, leading_space=False) == saying


def test_space_may_be_the_milters() -> None:
    """Where it was agreed that it writes what stands behind the colon."""
    assert read_saying(b"h", b"X\0y\0", leading_space=True) == AddField(b"X", b"y")


@pytest.mark.parametrize(
    ("said", "reply"),
    [
        (b"550 5.7.0 No\0", Reply(550, "7.0", "No")),
        (b"550 5.7.0 No", Reply(550, "7.0", "No")),
        (b"451 later\0", Reply(451, "7.1", "later")),
        (b"550 4.7.0 mixed\0", Reply(550, "7.1", "mixed")),
        (b"421 4.3.2 bye\0", Reply(451, "3.2", "bye")),
        (b"550-5.7.0 one\r\n550 5.7.0 two\0", Reply(550, "7.0", "one\ntwo")),
        (b"550-5.7.0 one\r\n550-\r\n550 5.7.0 two\r\n\0", Reply(550, "7.0", "one\n\ntwo")),
        (b"550 5.7.0 100%% off% \xe4\x07\0", Reply(550, "7.0", "100% off ??")),
        (b"550 5.7.0 one\n250 2.0.0 two\rthree\0", Reply(550, "7.0", "one\n250 2.0.0 two?three")),
        (b"550\0", Reply(550, "7.1", "Refused")),
        (b"550 5.7.0\0", Reply(550, "7.0", "Refused")),
    ],
)
def test_reply_is_the_milters(said: bytes, reply: Reply) -> None:
    """Made harmless, and with a code that does not end the session."""
    assert read_saying(b"y", said, leading_space=False) == Refuse(reply)


def test_endless_reply_is_cut() -> None:
    """Nobody reads a hundred lines."""
    saying = read_saying(b"y", b"550-5.7.0 x\r\n" * 100, leading_space=False)
    assert isinstance(saying, Refuse)
    assert saying.reply.text.count("\n") == 19
    saying = read_saying(b"y", b"550 5.7.0 " + b"x" * 1_000_000, leading_space=False)
    assert saying == Refuse(Reply(550, "7.0", "x" * 480))


@pytest.mark.parametrize(
    ("command", "data"),
    [
        (b"c", b"x"),
        (b"r", b"x"),
        (b"y", b"250 OK\0"),
        (b"y", b"\0"),
        (b"y", b"5500 x\0"),
        (b"i", b"\0"),
        (b"m", b"\xff\xff\xff\xffX\0y\0"),
        (b"h", b"X\0"),
        (b"h", b"\0y\0"),
        (b"h", b"X Y\0y\0"),
        (b"h", b"X\nY\0y\0"),
        (b"?", b""),
        (b"5", b""),
    ],
)
def test_nonsense_is_noticed(command: bytes, data: bytes) -> None:
    """What has the wrong form, or is no reply."""
    with pytest.raises(Nonsense):
        read_saying(command, data, leading_space=False)
