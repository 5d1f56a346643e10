"""What a delivery must do in good weather: whatever content, recipients and sessions come."""

import tracemalloc
from unittest import SkipTest

from gomail.limits import MIB
from gomail.testing.bench import Bench, expect
from gomail.testing.wire import stuffed

HUGE = 32 * MIB  # octets of the message that memory must not hold
HARD = (
    b"a\r\n\r\nno field in sight\r\n",
    b"Subject: dots\r\n\r\n.\r\n..\r\n.x\r\n",
    b"Subject: octets\r\n\r\n" + bytes(range(256)) + b"\r\n",
    b"Subject: bare\r\n\r\nLF\nCR\rCRCR\r\r\nLFCR\n\r\r\n",
    b"Subject: a long line\r\n\r\n" + b"x" * 100_000 + b"\r\n",
    b"Subject: blank lines at the end\r\n\r\n\r\n\r\n\r\n",
    b"\r\n",
)


async def message_is_stored_before_the_reply(bench: Bench) -> None:
    """2xx is answered when the message is stored, and not before; interfaces are provided."""
    await bench.stores()


async def message_is_stored_once(bench: Bench) -> None:
    """A message is stored once for each mailbox, unless the subject says how often."""
    usual = bench.subject.copies
    first, second = bench.subject.forward_paths[:2]
    wire = bench.connect()
    for paths in ([first], [second], [first, second], [first]):
        content, before = bench.letter(), bench.snapshot()
        reply = await bench.mailed(wire, content, *paths)
        expect(reply.positive, f"a message was refused: {reply}")
        copies = bench.expect_copies(before, content)
        expect(
            usual <= copies <= usual * len(paths),
            f"{copies} copies of a message for {len(paths)} mailbox(es), of which each makes "
            f"{usual} (Subject.copies)",
        )


async def content_is_kept(bench: Bench) -> None:
    """What is stored is what came, whatever came; or it is refused, and nothing is stored."""
    wire = bench.connect()
    for number, content in enumerate(HARD):
        before = bench.snapshot()
        mark = b"X-Number: %d\r\n" % number if b":" in content else b""
        reply = await bench.mailed(wire, mark + content)
        if reply.positive:
            bench.expect_copies(before, mark + content)
        else:
            expect(bench.snapshot() == before, f"stored, but answered {reply}")


async def packets_make_no_difference(bench: Bench) -> None:
    """However content is cut into packets, the same is stored."""
    wire = bench.connect()
    text = b".dot\r\n..dots\r\n\r\n" + b"line\r\n" * 3 + b"bare LF\nend\r\n"
    for size in (1, 2, 3, 5, 7, 64):
        content = bench.letter(text)
        octets = stuffed(content)
        await bench.began(wire)
        before = bench.snapshot()
        for start in range(0, len(octets), size):
            wire.send(octets[start : start + size])
            await bench.until(lambda: wire.idle or wire.unheard > 0, "reading stopped")
        reply = await bench.in_time(wire.heard())
        expect(reply.positive, f"content in packets of {size} was refused: {reply}")
        bench.expect_copies(before, content)


async def bounces_are_welcome(bench: Bench) -> None:
    """A message with the null reverse-path is stored (RFC 5321 §4.5.5)."""
    content, before = bench.letter(), bench.snapshot()
    reply = await bench.in_time(bench.connect().mailed("", [bench.path], content))
    expect(reply.positive, f"the null reverse-path was refused: {reply}")
    bench.expect_copies(before, content)


async def refused_recipient_concerns_nobody_else(bench: Bench) -> None:
    """An unknown recipient is refused at RCPT, and the message is stored for the others."""
    unknown = bench.subject.unknown
    if unknown is None:
        raise SkipTest("the subject has no unknown recipient")
    copies = await bench.stores()
    content, before, wire = bench.letter(), bench.snapshot(), bench.connect()
    reply = await bench.mailed(wire, content, unknown, bench.path)
    refused = [each for each in wire.replies if not each.positive]
    expect(len(refused) == 1 and reply.positive, f"refused: {refused}; then: {reply}")
    expect(bench.expect_copies(before, content) == copies, "a copy went to nobody knows whom")


async def thousand_recipients_are_served(bench: Bench) -> None:
    """A message for as many recipients as the server admits is stored, and answered in time."""
    paths = bench.subject.forward_paths
    many = [paths[number % len(paths)] for number in range(bench.limits.recipients)]
    content, before = bench.letter(), bench.snapshot()
    reply = await bench.mailed(bench.connect(), content, *many)
    expect(reply.positive, f"refused: {reply}")
    bench.expect_copies(before, content)


async def session_takes_several_messages(bench: Bench) -> None:
    """Messages of one session are stored apart, pipelined or not."""
    wire = bench.connect()
    for _ in range(3):
        content, before = bench.letter(), bench.snapshot()
        reply = await bench.mailed(wire, content)
        expect(reply.positive, f"a session's later message was refused: {reply}")
        bench.expect_copies(before, content)
    content, before = bench.letter(), bench.snapshot()
    wire.send(b"".join(bench.commands()))
    await bench.hear_until(wire, 354)
    wire.send(stuffed(content))
    reply = await bench.in_time(wire.heard())
    expect(reply.positive, f"pipelined, a message was refused: {reply}")
    bench.expect_copies(before, content)


async def sessions_do_not_mix(bench: Bench) -> None:
    """Two messages that come at the same time are stored apart."""
    wires = [bench.connect(), bench.connect()]
    letters = [bench.letter(b"one\r\n" * 50), bench.letter(b"two\r\n" * 50)]
    for wire in wires:
        await bench.began(wire)
    for start in range(0, max(map(len, letters)), 20):
        for wire, letter in zip(wires, letters, strict=True):
            wire.send(letter[start : start + 20])
    for wire, letter in zip(wires, letters, strict=True):
        before = bench.snapshot()
        wire.send(b".\r\n")
        reply = await bench.in_time(wire.heard())
        expect(reply.positive, f"one of two sessions was refused: {reply}")
        bench.expect_copies(before, letter)


async def ended_transaction_is_forgotten(bench: Bench) -> None:
    """Whoever was named before RSET, EHLO or a finished message gets nothing of the next one."""
    first, second = bench.subject.forward_paths[:2]
    copies = await bench.stores(second)
    wire = bench.connect()
    for end in ("RSET", "EHLO client.example", None):
        if end is None:
            await bench.mailed(wire, bench.letter(), first)
        else:
            await bench.in_time(wire.said("EHLO client.example"))
            await bench.in_time(wire.said(f"MAIL FROM:<{bench.subject.reverse_path}>"))
            await bench.in_time(wire.said(f"RCPT TO:<{first}>"))
            await bench.in_time(wire.said(end))
        content, before = bench.letter(), bench.snapshot()
        reply = await bench.mailed(wire, content, second)
        expect(reply.positive, f"refused after {end or 'a message'}: {reply}")
        made = bench.expect_copies(before, content)
        expect(made == copies, f"{made} copies instead of {copies} after {end or 'a message'}")


async def huge_message_takes_little_memory(bench: Bench) -> None:
    """A huge message is not held in memory."""
    most = bench.subject.memory
    if most is None:
        raise SkipTest("the subject keeps messages in memory")
    wire = bench.connect()
    await bench.began(wire)
    bench.looking = False  # at the verdict, what is stored would be read into memory
    line = b"x" * 998 + b"\r\n"
    packet = line * 64
    wire.send(b"Subject: huge\r\n\r\n")
    tracemalloc.start()
    try:
        for _ in range(HUGE // len(packet)):
            wire.send(packet)
            await bench.until(lambda: wire.idle, "reading stopped")
        wire.send(b".\r\n")
        reply = await bench.in_time(wire.heard())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    expect(reply.positive, f"a message of {HUGE} octets was refused: {reply}")
    expect(peak <= most, f"a message of {HUGE} octets took {peak} octets of memory")
