"""Replies: what they look like on the wire, and what can't stand in one."""

from typing import Any

import pytest

from gomail import reply as catalogue
from gomail.reply import (
    BYE,
    NO_SUCH_MAILBOX,
    SEND_CONTENT,
    STORED,
    TOO_BUSY,
    Refused,
    Reply,
)

CATALOGUE = [value for value in vars(catalogue).values() if isinstance(value, Reply)]


def test_reply_has_code_and_enhanced_code() -> None:
    """The class of the enhanced code is the reply's own (RFC 3463 §2)."""
    assert STORED.octets == b"250 2.0.0 Stored\r\n"
    assert NO_SUCH_MAILBOX.octets == b"550 5.1.1 No such mailbox here\r\n"


def test_reply_without_detail_has_no_enhanced_code() -> None:
    """Banner, 354 and the replies to EHLO have none (RFC 2034 §4)."""
    assert SEND_CONTENT.octets.startswith(b"354 Send")


def test_reply_of_several_lines() -> None:
    """All lines but the last have a hyphen; each has the enhanced code (RFC 2034 §4)."""
    assert Reply(214, "0.0", "a\nb\nc").octets == b"214-2.0.0 a\r\n214-2.0.0 b\r\n214 2.0.0 c\r\n"


def test_no_line_is_longer_than_512_octets() -> None:
    """A text that is too long is cut, in each line (RFC 5321 §4.5.3.1.5)."""
    octets = Reply(550, "7.1", "x" * 1000 + "\n" + "y" * 1000).signed("0123456789").octets
    first, last = octets.splitlines(keepends=True)
    assert len(first) <= 512
    assert len(last) <= 512
    assert last.endswith(b"y [0123456789]\r\n")


@pytest.mark.parametrize("code", [199, 600, 0, -250])
def test_code_out_of_range_is_a_value_error(code: int) -> None:
    """There are codes from 200 to 599."""
    with pytest.raises(ValueError, match="200 to 599"):
        Reply(code, "0.0", "x")


@pytest.mark.parametrize(
    "detail", ["5.1.1", "zzz", "1", "1.", "1234.1", "1.1 ", "1.1\n", ".", "1.x"]
)
def test_detail_that_is_none_is_a_value_error(detail: str) -> None:
    """Its class is the code's: who writes it twice is told, before a client reads 5.5.1.1."""
    with pytest.raises(ValueError, match=r"as '1\.1' is of 5\.1\.1"):
        Reply(550, detail, "No")


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (("550", "1.1", "No"), "a number from 200 to 599, not '550'"),
        (("250", "0.0", "Yes"), "a number from 200 to 599, not '250'"),
        ((550.0, "0.0", "No"), "a number from 200 to 599, not 550.0"),
        ((550, None, "No"), "text like '1.1', or '' for none, not None"),
        ((550, 1.1, "No"), "text like '1.1', or '' for none, not 1.1"),
        ((550, "1.1", None), "the text of a reply was expected, not None"),
        ((250, "0.0", b"Yes"), "the text of a reply was expected, not b'Yes'"),
    ],
)
def test_parts_of_another_type_are_a_type_error(parts: tuple[Any, ...], expected: str) -> None:
    """And the error says what was expected."""
    with pytest.raises(TypeError) as caught:
        Reply(*parts)
    assert expected in str(caught.value)


@pytest.mark.parametrize("text", ["a\r\n250 b", "a\r", "jösé", "\x00", "\x1b[2J", "\x7f"])
def test_text_that_could_break_out_is_a_value_error(text: str) -> None:
    """Nothing in a reply can end it early, or upset a terminal."""
    with pytest.raises(ValueError, match="printable ASCII"):
        Reply(550, "7.1", text)


def test_refusals_are_signed_with_the_session() -> None:
    """Who calls about a refusal can name the session in the log; success has no such end."""
    assert NO_SUCH_MAILBOX.signed("5e55").octets == b"550 5.1.1 No such mailbox here [5e55]\r\n"
    assert STORED.signed("5e55") is STORED
    assert SEND_CONTENT.signed("5e55") is SEND_CONTENT
    assert TOO_BUSY.signed("5e55").octets.endswith(b" [5e55]\r\n")


def test_signature_ends_the_last_line() -> None:
    """A refusal of several lines is signed once, at its end."""
    assert Reply(550, "7.1", "a\nb").signed("x").octets == b"550-5.7.1 a\r\n550 5.7.1 b [x]\r\n"


def test_positive_means_go_on() -> None:
    """2xx and 3xx are positive, 4xx and 5xx are not."""
    assert BYE.positive
    assert SEND_CONTENT.positive
    assert not TOO_BUSY.positive
    assert not NO_SUCH_MAILBOX.positive


@pytest.mark.parametrize("reply", CATALOGUE, ids=lambda reply: f"{reply.code} {reply.text[:50]}")
def test_catalogue_is_fit_for_the_wire(reply: Reply) -> None:
    """Every reply of ours has an enhanced code, but 354, and says something."""
    assert reply.text
    assert bool(reply.detail) == (reply.code != 354)
    assert len(reply.signed("0123456789").octets) <= 512


def test_equal_replies_are_equal() -> None:
    """A reply is its code, its detail and its text."""
    assert Reply(250, "0.0", "OK") == Reply(250, "0.0", "OK")
    assert "octets" not in repr(Reply(250, "0.0", "OK"))


def test_refused_carries_reply_and_reason() -> None:
    """The peer hears the reply; the reason is for the log."""
    refused = Refused(NO_SUCH_MAILBOX, "bob left in May")
    assert refused.reply is NO_SUCH_MAILBOX
    assert refused.reason == "bob left in May"
    assert Refused(NO_SUCH_MAILBOX).reason == ""


@pytest.mark.parametrize("reply", [STORED, SEND_CONTENT, BYE, Reply(399, "", "x")])
def test_nobody_is_refused_with_a_reply_that_refuses_nothing(reply: Reply) -> None:
    """A 250 would be a promise, a 354 would have the client's next words taken for content."""
    with pytest.raises(ValueError, match="400 to 599 was expected"):
        Refused(reply)


@pytest.mark.parametrize("reply", ["550 no", 550, None, (550, "1.1", "no"), Refused])
def test_nobody_is_refused_with_what_is_no_reply(reply: Any) -> None:  # noqa: ANN401 -- that is it
    """The mistake is told where it is made, with what was expected."""
    with pytest.raises(TypeError, match="a Reply was expected"):
        Refused(reply)
