"""Messages: what more recipients, octets and header fields cost, and more mail in the Maildir."""

import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from bench.growth.curve import Curve, Values
from bench.growth.house import DOMAIN, Configured, House, house, transaction
from gomail.limits import DEFAULT_LIMITS
from gomail.message.headers import HeaderBlock
from gomail.message.lines import LineEnds
from gomail.smtp.framing import DotStuffed

CPU = "CPU µs a message"
_BODY = b"\r\n" + b"x" * 72 + b"\r\n"
_LINKS = 60_000  # names that a file may have; ext4 has a little more
_ONE = f'[domains."{DOMAIN}"]\nmailboxes = ["inbox"]\n'
_ANYBODY = f'[domains."{DOMAIN}"]\n'
_LINE = b"The quick brown fox jumps over the lazy dog, and the dog takes note of it.\r\n"


def send(server: House, times: int, recipients: Sequence[str], content: bytes) -> Values:
    """Send a message so many times on one connection, and tell what one costs."""
    client, waited = server.client(), list[float]()
    transaction(client, recipients, content)

    def once() -> None:
        waited.append(transaction(client, recipients, content))

    cpu = server.cost(times, once)
    client.leave()
    return {CPU: cpu, "dot to 250 ms": statistics.median(waited)}


def stored(scratch: Path, counts: Sequence[int]) -> Iterator[tuple[int, Values]]:
    """Fill ``new/`` up with hard links, and deliver into it."""
    with house(scratch, Configured(_ONE)) as server:
        content = b"Subject: x\r\n" + _BODY
        send(server, 200, [f"inbox@{DOMAIN}"], content)
        new = server.running.folder / f"mail/{DOMAIN}/inbox/new"
        there = 0
        for count in counts:
            fill(new, there, count)
            there = max(there, count)
            yield count, send(server, 300, [f"inbox@{DOMAIN}"], content)


def fill(new: Path, there: int, count: int) -> None:
    """Make names in a folder, from the number that is *there* to *count*."""
    folder = os.open(new, os.O_RDONLY)
    for number in range(there, count):
        first = f"1.{number // _LINKS * _LINKS}.grown.example"
        if number % _LINKS == 0:
            os.close(os.open(first, os.O_CREAT | os.O_WRONLY, 0o600, dir_fd=folder))
        else:
            name = f"1.{number}.grown.example"
            os.link(first, name, src_dir_fd=folder, dst_dir_fd=folder)
    os.close(folder)


def recipients(
    domain: str, maildir: str, scratch: Path, counts: Sequence[int]
) -> Iterator[tuple[int, Values]]:
    """Send messages to more and more recipients."""
    with house(scratch, Configured(domain, maildir=maildir)) as server:
        for count in counts:
            names = [f"user{number}@{DOMAIN}" for number in range(count)]
            send(server, 1, names, _BODY)  # makes their Maildirs
            yield count, send(server, max(3, 300 // count), names, _BODY)


def sizes(scratch: Path, counts: Sequence[int]) -> Iterator[tuple[int, Values]]:
    """Send larger and larger messages."""
    with house(scratch, Configured(_ONE)) as server:
        for count in counts:
            content = b"Subject: x\r\n\r\n" + _LINE * max(1, (count - 14) // len(_LINE))
            yield (
                count,
                send(server, max(3, min(300, 10**7 // count)), [f"inbox@{DOMAIN}"], content),
            )


def headers(
    block: Callable[[int], bytes], scratch: Path, counts: Sequence[int]
) -> Iterator[tuple[int, Values]]:
    """Send messages whose header block grows."""
    with house(scratch, Configured(_ONE)) as server:
        for count in counts:
            times = max(10, min(300, 30_000 // count))
            yield count, send(server, times, [f"inbox@{DOMAIN}"], block(count) + _BODY)


def pieces(_: Path, counts: Sequence[int]) -> Iterator[tuple[int, Values]]:
    """
    Take a header block octet by octet, in memory.

    On a socket it would depend on the load how many of them come together.
    """
    for count in counts:
        octets = (b"A: " + b"x" * 75 + b"\r\n") * (count // 80)
        framing, lines, header = DotStuffed(), LineEnds(), HeaderBlock(DEFAULT_LIMITS)
        before = time.process_time()
        for place in range(len(octets)):
            content, _end = framing.feed(octets[place : place + 1])
            header.take(lines.convert(content))
        yield count, {CPU: (time.process_time() - before) * 1e6}


def short(count: int) -> bytes:
    """Short fields."""
    return b"X-Field: some words of it\r\n" * count


def hops(count: int) -> bytes:
    """Received fields, as a long way leaves them."""
    return b"Received: from a.example (a.example [192.0.2.1])\r\n\tby b.example; today\r\n" * count


def folded(count: int) -> bytes:
    """One field of many lines."""
    return b"To: <a@client.example>" + b",\r\n <bbb@client.example>" * count + b"\r\n"


_EACH = "mail/{domain}/{mailbox}"
_USERS = ", ".join(f'"user{number}"' for number in range(1000))
_MANY = f'[domains."{DOMAIN}"]\nmailboxes = [{_USERS}]\n'
_RECIPIENTS = (1, 3, 10, 30, 100, 300, 1000)


def _of_headers(block: Callable[[int], bytes], title: str, counts: Sequence[int]) -> Curve:
    return Curve(block.__name__, title, "count", (CPU,), counts, partial(headers, block))


CURVES = (
    Curve(
        "stored",
        "messages that lie in new/",
        "messages",
        (CPU, "dot to 250 ms"),
        (0, 1000, 10_000, 100_000, 300_000, 1_000_000),
        stored,
    ),
    Curve(
        "one-maildir",
        "recipients of one Maildir",
        "recipients",
        (CPU, "dot to 250 ms"),
        _RECIPIENTS,
        partial(recipients, _ANYBODY, "mail/{domain}"),
    ),
    Curve(
        "maildirs",
        "recipients with a Maildir each",
        "recipients",
        (CPU, "dot to 250 ms"),
        _RECIPIENTS,
        partial(recipients, _MANY, _EACH),
    ),
    Curve(
        "size",
        "octets of a message",
        "octets",
        (CPU, "dot to 250 ms"),
        (1000, 10_000, 100_000, 1_000_000, 10_000_000, 50_000_000),
        sizes,
    ),
    _of_headers(short, "short header fields", (1, 10, 100, 1000, 3000, 5000)),
    _of_headers(hops, "Received fields", (1, 3, 10, 30, 100)),
    _of_headers(folded, "lines of one field", (1, 10, 100, 1000, 3000, 10_000)),
    Curve(
        "pieces",
        "octets of a header block, taken one by one in memory",
        "octets",
        (CPU,),
        (800, 4000, 16_000, 64_000, 260_000),
        pieces,
    ),
)
