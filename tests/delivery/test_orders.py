"""Orders and outcomes: what is written at one end is read at the other, in whatever pieces."""

from hypothesis import given
from hypothesis import strategies as some

from gomail.delivery.orders import Order
from gomail.frames import Frames, framed

VALUES = some.lists(
    some.tuples(some.integers(), some.floats(allow_nan=False), some.text(), some.binary()),
    max_size=5,
)


@given(VALUES, some.integers(1, 40))
def test_values_arrive_in_any_pieces(values: list[object], size: int) -> None:
    """A value comes out with its last octet, and none before."""
    octets = b"".join(map(framed, values))
    frames = Frames()
    pieces = [octets[begin : begin + size] for begin in range(0, len(octets), size)]
    assert [value for piece in pieces for value in frames.feed(piece)] == values
    assert frames.feed(b"") == []


def test_order_arrives_with_all_that_it_says() -> None:
    """Content may lie in a buffer that is written to elsewhere: a copy of it goes out."""
    order = Order(1, 2.5, "mx.here.example", None, (("/m/a", b"T: y\n"),), bytearray(b"A: b\n"))
    (value,) = Frames().feed(framed(tuple(order)))
    assert value == tuple(order._replace(content=b"A: b\n"))


def test_frame_in_many_pieces_is_not_copied_with_each() -> None:
    """What has come grows in place: a message of 1 MiB comes in pieces of a pipe."""
    frames = Frames()
    kept = frames._rest
    octets = framed(b"x" * 100_000) + framed("next")
    read = [
        value
        for begin in range(0, len(octets), 4096)
        for value in frames.feed(octets[begin : begin + 4096])
    ]
    assert read == [b"x" * 100_000, "next"]
    assert frames._rest is kept
    assert not kept
