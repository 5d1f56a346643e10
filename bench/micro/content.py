"""Content as it comes: framing, line ends, the header block, and all of them together."""

from collections.abc import Callable
from functools import partial

from cpu import measure
from twisted.internet.defer import succeed

from gomail.limits import Limits
from gomail.message.content import Content, Memory
from gomail.message.headers import HeaderBlock
from gomail.message.lines import LineEnds
from gomail.smtp.framing import Counted, DotStuffed

KIB = 1024
LIMITS = Limits(content_in_memory=1 << 40)  # so that no disk is in it
LINE = b"x" * 76 + b"\r\n"
FIELDS = b"".join(
    b"X-Field-%d: some words that fill the rest of its line\r\n" % n for n in range(20)
)
HOPS = b"Received: from a.example (a.example [192.0.2.1])\r\n\tby b.example; some day\r\n" * 4
HEADER = HOPS + FIELDS + b"Subject: bench\r\n\r\n"
BODIES = {
    "1 KiB": LINE * 13,
    "64 KiB": LINE * 840,
    "64 KiB, dots": b"..dot\r\n" * (64 * KIB // 7),
    "64 KiB, bare LF": LINE.replace(b"\r\n", b"\n") * 850,
    "64 KiB, no line ends": b"x" * (64 * KIB),
}
PIECES = {"whole": 1 << 30, "1448": 1448, "64": 64}


def cut(octets: bytes, size: int) -> list[bytes]:
    """Cut octets into the pieces in which they come."""
    return [octets[start : start + size] for start in range(0, len(octets), size)]


def frame(make: Callable[[], DotStuffed | Counted], pieces: list[bytes]) -> None:
    """Feed one message."""
    feed = make().feed
    for piece in pieces:
        _, rest = feed(piece)
    if rest is None:
        raise RuntimeError("the end was not found")


def convert(pieces: list[bytes]) -> None:
    """Convert the line ends of one message."""
    lines = LineEnds()
    for piece in pieces:
        lines.convert(piece)
    lines.end()


def watch(header: bytes) -> None:
    """Watch one header block."""
    block = HeaderBlock(LIMITS)
    block.take(header)
    block.end()


def take(memory: Memory, pieces: list[bytes]) -> None:
    """Take one message into memory."""
    content = Content(LIMITS, memory, lambda *_: succeed(None), "/")
    for piece in pieces:
        content.take(piece)
    content.end()
    content.close()


def main() -> None:
    """Measure them all."""
    cases: dict[str, Callable[[], None]] = {}
    memory = Memory(1 << 40)
    for size, step in PIECES.items():
        stuffed = BODIES["64 KiB"] + b".\r\n"
        cases[f"DotStuffed, in pieces of {size}"] = partial(frame, DotStuffed, cut(stuffed, step))
        counted = partial(Counted, len(BODIES["64 KiB"]))
        cases[f"Counted, in pieces of {size}"] = partial(
            frame, counted, cut(BODIES["64 KiB"], step)
        )
    cases["DotStuffed, dots"] = partial(frame, DotStuffed, [BODIES["64 KiB, dots"] + b".\r\n"])
    for name, body in BODIES.items():
        cases[f"LineEnds, {name}"] = partial(convert, [body])
    cases["LineEnds, in pieces of 64"] = partial(convert, cut(BODIES["64 KiB"], 64))
    header = HEADER.replace(b"\r\n", b"\n")
    cases["HeaderBlock, 29 lines"] = partial(watch, header)
    cases["HeaderBlock, 400 lines"] = partial(watch, FIELDS.replace(b"\r\n", b"\n") * 20 + b"\n")
    cases["Content.take, 1 KiB"] = partial(take, memory, [HEADER + BODIES["1 KiB"]])
    cases["Content.take, 64 KiB"] = partial(take, memory, [HEADER + BODIES["64 KiB"]])
    pieces = cut(HEADER + BODIES["64 KiB"], 1448)
    cases["Content.take, in pieces of 1448"] = partial(take, memory, pieces)
    measure(cases)


if __name__ == "__main__":
    main()
