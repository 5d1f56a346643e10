"""
What a server and its delivery agent say to each other: orders one way, outcomes the other.

Each is a frame (`gomail.frames`).
"""

from typing import NamedTuple

READY = "ready"  # the agent's first word


class Order(NamedTuple):
    """
    One message to store.

    Attributes:
        number: what its outcome is told by.
        until: when nobody waits for it any more, by the monotonic clock, which is the machine's.
        hostname: ours, for the names of files.
        group: the numeric group that shares the Maildirs, or None.
        filings: path and trace fields of each copy.
        content: the octets below them.
    """

    number: int
    until: float
    hostname: str
    group: int | None
    filings: tuple[tuple[str, bytes], ...]
    content: bytes | bytearray


class Outcome(NamedTuple):
    """
    What came of an order.

    Attributes:
        number: that of the order.
        stored: the names in ``new/``, in the order of its filings, where all is durable.
        error: else what the disk said: number and words.
        at: the path of the Maildir where it was said.
    """

    number: int
    stored: tuple[str, ...]
    error: tuple[int, str] | None
    at: str
