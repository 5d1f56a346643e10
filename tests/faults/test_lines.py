"""
An error at each line of the code that delivers: whatever goes wrong wherever, nobody is misled.

What a line raises here is what its calls might raise: an error of the system, or a fault of ours.
"""

import errno
import gc
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import gomail
from gomail.delivery.places import SUSPENDED
from tests.faults.client import name_of
from tests.faults.house import TEXT, House
from tests.thorough import often

_ROOT = Path(gomail.__file__).parent
CODE = {
    str(_ROOT / path)
    for path in (
        "delivery/deposit.py",
        "delivery/helpers.py",
        "delivery/maildir.py",
        "delivery/places.py",
        "delivery/syncing.py",
        "message/spool.py",
    )
}
BIG = (b"A: b\r\n\r\n", *([(b"x" * 998 + b"\r\n") * 60] * 6))
SMALL = (TEXT,)
Line = tuple[str, int]
Tracer = Callable[[FrameType, str, Any], Any]


class Tripwire:
    """
    Follows the thread that delivers, line by line, and makes one of its lines fail, once.

    Attributes:
        seen: the lines that it has come to, in order.
        tripped: whether the line was come to.
    """

    def __init__(
        self, line: Line | None = None, fault: Callable[[], BaseException] = OSError
    ) -> None:
        """Fail at *line*, if any, with what *fault* makes."""
        self.seen: dict[Line, None] = {}
        self.tripped = False
        self.armed = False
        self._line = line
        self._fault = fault

    def trace(self, frame: FrameType, event: str, _: object) -> Tracer | None:
        """See a call, and follow it where it is of the code in question."""
        return self._follow if frame.f_code.co_filename in CODE else None

    def _follow(self, frame: FrameType, event: str, _: object) -> Tracer:
        """See a line."""
        if event == "line" and self.armed:
            line = (frame.f_code.co_filename, frame.f_lineno)
            self.seen[line] = None
            if line == self._line and not self.tripped:
                self.tripped = True
                raise self._fault()
        return self._follow


@contextmanager
def followed(root: Path, wire: Tripwire) -> Iterator[House]:
    """Open a house whose thread is followed."""
    before = threading.gettrace()
    threading.settrace(wire.trace)
    try:
        root.mkdir()
        house = House(root)
        house.rest()  # starts the thread
    finally:
        threading.settrace(before)
    yield house
    house.rest()
    house.bench.close()


def deliver(house: House, wire: Tripwire) -> Iterator[tuple[bytes, tuple[str, ...]]]:
    """Have a big message and a small one delivered; give each reply, and who was accepted."""
    client = house.connect()
    for content, mailboxes in ((BIG, ("alice",)), (SMALL, ("bob", "carol"))):
        wire.armed = True
        codes = client.mail(*mailboxes)
        accepted = tuple(name for name, code in zip(mailboxes, codes, strict=True) if code == 250)
        reply = client.message(*content) if accepted else b"451"
        house.rest()
        wire.armed = False
        yield reply, accepted
        client.say(b"RSET")
    client.leave()


def assert_true(house: House, reply: bytes, accepted: tuple[str, ...]) -> None:
    """See that a 250 is true, and everything else temporary; nothing is half there."""
    assert reply.startswith((b"250 ", b"451", b"452")), reply
    for mailbox in accepted:
        stored = found(house, mailbox)
        assert stored or not reply.startswith(b"250 ")
        assert all(each.endswith(tuple(map(stored_form, (BIG, SMALL)))) for each in stored)


def found(house: House, mailbox: str) -> list[bytes]:
    """Give the messages of a mailbox, which may not be made yet, or by half."""
    return [path.read_bytes() for path in (house.root / mailbox).glob("new/*")]


def stored_form(packets: Sequence[bytes]) -> bytes:
    """Give content as it lies on disk."""
    return b"".join(packets).replace(b"\r\n", b"\n")


def system_error() -> BaseException:
    """Make an error of the system."""
    return OSError(errno.EIO, "Input/output error")


def fault_of_ours() -> BaseException:
    """Make an error that nobody expects."""
    return ZeroDivisionError("ours")


def lines_of(root: Path) -> list[Line]:
    """Find the lines that a delivery comes to."""
    wire = Tripwire()
    with followed(root, wire) as house:
        assert [reply[:3] for reply, _ in deliver(house, wire)] == [b"250", b"250"]
    return list(wire.seen)


@pytest.fixture(autouse=True)
def _said() -> Iterator[None]:
    """Have said here what is said of Deferreds that failed and nobody has asked."""
    yield
    gc.collect()


@pytest.mark.parametrize(("first", "fault"), [(0, system_error), (1, fault_of_ours)])
def test_r25_error_at_any_line_of_a_delivery_misleads_nobody(
    tmp_path: Path, first: int, fault: Callable[[], BaseException]
) -> None:
    """No 250 without the message, nothing half there, and the next message is stored."""
    lines = lines_of(tmp_path / "first")
    assert len(lines) > 100
    for number, line in enumerate(lines[first :: often(14, 2)]):  # together all, in CI
        wire = Tripwire(line, fault)
        with followed(tmp_path / str(number), wire) as house:
            for reply, accepted in deliver(house, wire):
                assert_true(house, reply, accepted)
            assert wire.tripped, line
            house.bench.clock.advance(SUSPENDED + 1)
            client = house.connect()
            before = len(found(house, "alice"))
            client.mail("alice")
            name_of(client.message(TEXT))
            assert len(found(house, "alice")) == before + 1
            client.leave()
            assert house.office.memory.used == 0
