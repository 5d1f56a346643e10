"""Frames between server and delivery agent: each value comes out whole, with its last octet."""

from gomail.delivery.orders import Order, Outcome
from gomail.frames import Frames, framed
from tests.fuzz.target import Case, Target, pieces, read_case


def check(octets: bytes) -> None:
    """Make values of the octets, write them, and read them in pieces."""
    case = read_case(octets)
    values = values_of(case.octets)
    written = [framed(value) for value in values]
    frames, read = Frames(), []
    come, ends = 0, [sum(map(len, written[: index + 1])) for index in range(len(written))]
    for piece in pieces(b"".join(written), case.lengths):
        read += frames.feed(piece)
        come += len(piece)
        assert len(read) == sum(end <= come for end in ends)
    assert read == values
    assert frames.feed(b"") == []


def values_of(octets: bytes) -> list[object]:
    """Make a value of each line, of a kind that its first octet says."""
    return [value_of(line[0] if line else 0, line[1:]) for line in octets.split(b"\n")]


def value_of(kind: int, octets: bytes) -> object:
    """Make an order, an outcome, or some octets."""
    number, text = kind * 2**60 + len(octets), octets.decode("latin-1")
    match kind % 4:
        case 0:
            filings = tuple((name, octets) for name in text.split("/"))
            return tuple(Order(number, kind / 7, text, kind or None, filings, octets))
        case 1:
            return [tuple(Outcome(number, tuple(text.split("/")), (kind, text), text))] * (kind % 5)
        case 2:
            return octets * (kind % 9)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


TARGET = Target(
    check,
    words=(
        b"\n", b"\0/home/alice/Maildir", b"\4", b"\1stored/", b"\x02", b"\3x\xff", b"/", b"x" * 60,
        b"\xff\xff\xff\xff", b"\0\0\0\0", b"\0\0\0\1", b"\0\0\0\1N",
    ),
    seeds=(
        Case(0, b"", b"\0/m/a\n\1x/y\n\2z\n\3text").written(),
        Case(0, b"\1", b"\x05a/b/c\n\xfaxyz").written(),
        Case(0, b"\3\5\x40", b"\4one\n\4two\n\n\n" + b"\xfe" + b"x" * 40).written(),
    ),
)  # fmt: skip
