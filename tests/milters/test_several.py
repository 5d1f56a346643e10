"""Several milters: asked in order, and each sees what those before it have made of the message."""

from struct import pack

import pytest

from gomail.milters.changes import AddField, ChangeField
from gomail.milters.outcome import Outcome
from gomail.milters.packets import packet
from gomail.reply import MILTER_DEFERS
from tests.milters.filter import (
    ANN,
    CONTINUE,
    HEADER,
    Filter,
    House,
    added,
    again,
    kinds,
    negotiated,
    now,
    result_of,
    said_by,
)


@pytest.mark.parametrize(
    ("pieces", "body"),
    [
        ((), b"EICAR\r\nB: 2\r\n"),
        ((b"x\n", b"y\n"), b"EICAR\r\nB: 2\r\n\r\nx\r\ny\r\n"),
    ],
)
def test_text_above_the_empty_line_is_shown_as_body(pieces: tuple[bytes, ...], body: bytes) -> None:
    """Since it is read as such: a virus can't hide there, not from the second one either."""
    second = Filter()
    house = _several(Filter({b"E": added(b"X", b"y") + CONTINUE}), second)
    house.message(*pieces, header=b"A: 1\nEICAR\nB: 2\n")
    for each in house.filters:
        assert b"".join(kinds(each.heard, b"B")) == body
        assert kinds(each.heard, b"L")[0] == b"A\0 1\0"
    assert kinds(second.heard, b"L")[1:] == [b"X\0y\0"]


def test_several_are_asked_in_order_until_one_refuses() -> None:
    """Who comes behind hears nothing of what was refused."""
    house = House(Filter(), Filter({b"M": packet(b"r")}), Filter())
    asked = house.mail()
    house.connect_all()
    assert result_of(asked) is not None
    assert [each.commands() for each in house.filters] == ["OCHM", "OCHM", ""]


def _several(*filters: Filter) -> House:
    house = House(*filters)
    asked = house.mail()
    for _ in filters:
        house.connect_all()
    assert result_of(asked) is None
    return house


def test_second_sees_what_the_first_has_changed() -> None:
    """The whole message once more, and its own changes come behind."""
    second = Filter({b"E": packet(b"m", pack("!I", 1) + b"X\0z\0") + CONTINUE})
    house = _several(Filter({b"E": added(b"X", b"y") + CONTINUE}), second)
    outcome = house.message(b"a\n", b"b\n")
    assert outcome.changes == (AddField(b"X", b"y"), ChangeField(1, b"X", b"z"))
    assert kinds(second.heard, b"L")[-2:] == [b"X\0tight\0", b"X\0y\0"]
    assert kinds(second.heard, b"B") == [b"a\r\nb\r\n"]


def test_second_sees_a_message_without_body() -> None:
    """There is nothing to be read once more."""
    second = Filter()
    house = _several(Filter(), second)
    now(house.session.recipient(ANN))
    now(house.session.data("q1"))
    house.session.header(HEADER)
    assert now(house.session.end(again())) == Outcome()
    assert second.commands() == "OCHMRTLLLNEA"


def test_second_sees_at_once_what_the_first_can_not_change() -> None:
    """So a body is read once more only where it must be."""
    first, second = Filter({b"O": negotiated(actions=0x20)}), Filter()
    house = _several(first, second)
    now(house.session.recipient(ANN))
    now(house.session.data("q1"))
    house.session.header(HEADER)
    assert first.commands() == second.commands() == "OCHMRTLLLN"
    house.session.body(b"x\n")
    assert now(house.session.end(again())) == Outcome()
    assert kinds(second.heard, b"B") == kinds(first.heard, b"B") == [b"x\r\n"]


def test_second_hears_nothing_of_what_the_first_has_refused() -> None:
    """Nor is a body asked for once more."""
    second = Filter()
    house = _several(Filter({b"E": packet(b"y", b"550 5.7.0 Spam\0")}), second)
    assert said_by(house.message(b"x\n").refusal).text == "Spam"
    assert second.commands() == "OCHMRTA"


def test_replay_ends_where_the_milter_has_decided() -> None:
    """What follows is not read."""
    second = Filter({b"B": packet(b"t")})
    house = _several(Filter(), second)
    outcome = house.message(b"x" * 70_000, b"y" * 70_000, b"z")
    assert said_by(outcome.refusal) == MILTER_DEFERS
    assert second.commands() == "OCHMRTLLLNBA"


def test_second_may_be_done_before_the_content() -> None:
    """It is not shown it."""
    second = Filter({b"T": packet(b"a")})
    house = _several(Filter({b"E": packet(b"q", b"x\0") + CONTINUE}), second)
    assert house.message(b"x\n").quarantine == "milter unix:/0: x"
    assert second.commands() == "OCHMRTA"


def test_some_of_those_who_see_content_may_be_done() -> None:
    """The others see the rest."""
    first = Filter({b"O": negotiated(actions=0x20), b"L": packet(b"a")})
    zeroth = Filter({b"O": negotiated(actions=0x20), b"M": packet(b"a")})
    third = Filter()
    house = _several(zeroth, first, third)
    assert house.message(b"x\n") == Outcome()
    assert [each.commands()[-3:] for each in house.filters] == ["HMA", "TLA", "BEA"]
