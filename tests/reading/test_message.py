"""Message, Part and Field, and their way through JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gomail.reading.message import Field, Message, Part, rebuild, write_json

TEXTS = st.text(st.characters())
FIELDS = st.lists(st.builds(Field, TEXTS, TEXTS, st.booleans()), max_size=3).map(tuple)
LEAVES = st.builds(Part, TEXTS, st.integers(), *[st.none() | TEXTS] * 4, fields=FIELDS)
PARTS = st.recursive(
    LEAVES,
    lambda parts: st.builds(
        Part, TEXTS, st.integers(), children=st.lists(parts, max_size=3).map(tuple)
    ),
    max_leaves=5,
)
MESSAGES = st.builds(Message, FIELDS, PARTS, st.integers(), st.lists(TEXTS, max_size=3).map(tuple))


@given(MESSAGES)
def test_message_comes_back_from_json(message: Message) -> None:
    """What the child has written is what the parent reads, lone surrogates included."""
    value = json.loads(write_json(message).decode("utf-8", "surrogatepass"))
    assert rebuild(value) == message


def test_field_is_found_in_any_case() -> None:
    """The first of its name counts."""
    root = Part("text/plain", 0)
    message = Message((Field("SUBJECT", "a"), Field("Subject", "b")), root, 0)
    assert message.field("subject") == "a"
    assert message.field("To") is None


def test_parts_are_numbered_by_their_place() -> None:
    """2.1 is the first part inside the second."""
    leaf = Part("text/plain", 0)
    root = Part("multipart/mixed", 0, children=(leaf, Part("message/rfc822", 0, children=(leaf,))))
    assert [number for number, _ in Message((), root, 0).parts()] == ["1", "1", "2", "2.1"]


@pytest.mark.parametrize("value", [{}, [], None, {"fields": 1}, {"fields": [], "root": {}}])
def test_anything_else_is_an_error(value: object) -> None:
    """An answer that is none is noticed."""
    with pytest.raises((AttributeError, KeyError, TypeError, ValueError)):
        rebuild(value)  # type: ignore[arg-type]  # the wrong type is what is tested
