"""
What an `IMessageDelivery` of one's own must stand: checks with faults injected, under any runner.

    @pytest.mark.parametrize("check", CHECKS, ids=str)
    def test_my_delivery(check, tmp_path):
        check.now(Subject(MyDeliveries(tmp_path), stored=lambda: [...]))

Where answers come out of threads, the subject has the reactor as its clock, and the test awaits
``check(subject)``. A check for which the subject lacks something is skipped, by `unittest.SkipTest`,
which pytest knows.
"""

import tracemalloc
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any
from unittest import SkipTest

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from gomail.limits import MIB
from gomail.reply import LOCAL_ERROR, MAILBOX_UNAVAILABLE, Refused
from gomail.testing.bench import Bench, Subject, expect
from gomail.testing.wire import Wire, stuffed

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


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that a delivery must stand."""

    check: Callable[[Bench], Coroutine[Any, Any, None]]

    def __str__(self) -> str:
        """Name it, for the ids of parametrized tests."""
        return self.check.__name__

    def __call__(self, subject: Subject) -> Deferred[None]:
        """Check *subject*; what it does not stand is an AssertionError, with a sentence."""

        async def checked() -> None:
            bench = Bench(subject)
            await self.check(bench)
            bench.close()
            await bench.until(
                lambda: bench.witness.ended == bench.witness.welcomed,
                "transactionEnded was not called once for each welcomed reverse-path",
            )

        return Deferred.fromCoroutine(checked())

    def now(self, subject: Subject) -> None:
        """Check a *subject* that never makes anybody wait."""
        results: list[Failure | None] = []
        checking = self(subject)
        checking.addBoth(results.append)
        if not results:
            checking.cancel()
            msg = "the delivery answers later: give the subject a reactor as its clock, and await"
            raise AssertionError(msg)
        if results[0] is not None:
            results[0].raiseException()


async def check_delivery(make: Callable[[], Subject]) -> None:
    """
    Do all checks, each on a subject of its own.

    Raises:
        ExceptionGroup: of AssertionErrors, one for each check that the subject did not stand.
    """
    failures: list[Exception] = []
    for check in CHECKS:
        try:
            await check(make())
        except SkipTest:
            continue
        except Exception as error:  # noqa: BLE001 -- told below, all together
            error.add_note(f"check: {check}")
            failures.append(error)
    if failures:
        msg = "the delivery does not conform"
        raise ExceptionGroup(msg, failures)


async def message_is_stored_before_the_reply(bench: Bench) -> None:
    """2xx is answered when the message is stored, and not before; interfaces are provided."""
    await bench.stores()


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
        before, count = bench.snapshot(), len(wire.replies)
        for start in range(0, len(octets), size):
            wire.send(octets[start : start + size])
            await bench.until(lambda: wire.idle or len(wire.replies) > count, "reading stopped")
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
    wire.send(b"".join(_commands(bench)))
    await _heard_until(bench, wire, 354)
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


async def given_up_message_leaves_nothing(bench: Bench) -> None:
    """A message whose end never comes is thrown away."""
    for text in (b"", b"Subject: cut", bench.letter(b"x" * 1000), b"x" * (MIB // 2)):
        before, wire = bench.snapshot(), bench.connect()
        await bench.began(wire)
        wire.send(text)
        wire.drop()
        await bench.expect_nothing(before, "given up in the middle")


async def client_may_vanish_at_any_time(bench: Bench) -> None:
    """Wherever a session breaks off before the final dot nothing is stored, and the next session works."""
    steps = [b"EHLO client.example\r\n", *_commands(bench), b"Subject: gone\r\n", b"\r\nx\r\n"]
    for count in range(len(steps) + 1):
        before, wire = bench.snapshot(), bench.connect()
        await bench.in_time(wire.heard())
        for step in steps[:count]:
            said = len(wire.replies)
            wire.send(step)
            if step.isupper() or b":<" in step:
                await bench.until(lambda said=said: len(wire.replies) > said, "no reply")  # type: ignore[misc]
        wire.drop()
        await bench.expect_nothing(before, f"gone after {count} steps")


async def refusal_in_the_middle_leaves_nothing(bench: Bench) -> None:
    """Content whose verdict falls before its end, or that fails, is thrown away; the session goes on."""
    for fault in (Refused(MAILBOX_UNAVAILABLE), RuntimeError("injected")):
        before, wire = bench.snapshot(), bench.connect()
        await bench.began(wire)
        wire.send(b"Subject: refused\r\n")
        bench.faults["octetsReceived"] = _raiser(fault)
        wire.send(b"\r\nbody\r\n")
        del bench.faults["octetsReceived"]
        wire.send(b"more\r\n.\r\n")
        reply = await bench.in_time(wire.heard())
        expected = fault.reply if isinstance(fault, Refused) else LOCAL_ERROR
        expect(reply == expected, f"{expected} was expected, not {reply}")
        await bench.expect_nothing(before, "refused in the middle")
        await _goes_on(bench, wire)


async def too_big_message_leaves_nothing(bench: Bench) -> None:
    """A message over the server's size limit is refused, and thrown away."""
    before, wire = bench.snapshot(), bench.connect(replace(bench.limits, size=10_000))
    await bench.began(wire)
    for _ in range(6):
        wire.send(b"x" * 1998 + b"\r\n")
    wire.send(b".\r\n")
    reply = await bench.in_time(wire.heard())
    expect(reply.code == 552, f"552 was expected, not {reply}")
    await bench.expect_nothing(before, "too big")
    await _goes_on(bench, wire)


async def faults_elsewhere_are_survived(bench: Bench) -> None:
    """Where a question fails, it is 451, the delivery is in order, and the same session goes on."""
    for name in ("greeted", "validateFrom", "validateTo", "messageStarted"):
        before, wire = bench.snapshot(), bench.connect()
        await bench.in_time(wire.said("EHLO client.example"))
        bench.faults[name] = _raiser(RuntimeError("injected"))
        if name == "greeted":
            reply = await bench.in_time(wire.said("EHLO client.example"))
        else:
            reply = await bench.mailed(wire, bench.letter())
        del bench.faults[name]
        expect(reply == LOCAL_ERROR, f"451 was expected where {name} fails, not {reply}")
        await bench.in_time(wire.said("RSET"))
        await bench.expect_nothing(before, f"where {name} fails")
        await _goes_on(bench, wire)


async def broken_storage_defers(bench: Bench) -> None:
    """Where nothing can be stored, the reply is 4xx and nothing is; later the sender's retry succeeds."""
    if bench.subject.broken is None:
        raise SkipTest("the subject can't break its storage")
    before, wire = bench.snapshot(), bench.connect()
    with bench.subject.broken():
        reply = await bench.mailed(wire, bench.letter())
    expect(400 <= reply.code < 500, f"4xx was expected of broken storage, not {reply}")
    await bench.expect_nothing(before, "while the storage was broken")
    await _goes_on(bench, wire)


async def late_answers_change_nothing(bench: Bench) -> None:
    """Where every answer comes late, and commands are pipelined, the same is stored."""
    gates: list[Deferred[None]] = []

    def gate() -> Deferred[None]:
        gates.append(Deferred())
        return gates[-1]

    for name in ("validateFrom", "validateTo", "messageStarted", "octetsReceived", "eomReceived"):
        bench.faults[name] = gate
    content, before, wire = bench.letter(), bench.snapshot(), bench.connect()
    wire.send(b"".join([b"EHLO client.example\r\n", *_commands(bench)]))
    await _open_until(bench, wire, gates, 354)
    wire.send(stuffed(content))
    await _open_until(bench, wire, gates, 250)
    bench.expect_copies(before, content)


async def client_may_vanish_while_answers_are_awaited(bench: Bench) -> None:
    """A client that leaves while the delivery is asked costs nobody anything."""
    for name in ("validateFrom", "validateTo", "messageStarted", "octetsReceived"):
        gate: Deferred[None] = Deferred()
        before, wire = bench.snapshot(), bench.connect()
        asked: list[str] = []
        bench.faults[name] = lambda gate=gate, asked=asked: asked.append("asked") or gate  # type: ignore[func-returns-value, misc]
        wire.send(b"".join([b"EHLO client.example\r\n", *_commands(bench)]))
        if name == "octetsReceived":
            await _heard_until(bench, wire, 354)
            wire.send(b"Subject: cut\r\n")
        await bench.until(lambda asked=asked: bool(asked), f"{name} was never asked")  # type: ignore[misc]
        wire.drop()
        del bench.faults[name]
        gate.callback(None)
        await bench.expect_nothing(before, f"gone while {name} was asked")


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


def _commands(bench: Bench) -> list[bytes]:
    """Write the commands of a transaction."""
    return [
        b"MAIL FROM:<%s>\r\n" % bench.subject.reverse_path.encode(),
        b"RCPT TO:<%s>\r\n" % bench.path.encode(),
        b"DATA\r\n",
    ]


async def _goes_on(bench: Bench, wire: Wire) -> None:
    """See that the session still takes a message."""
    content, before = bench.letter(), bench.snapshot()
    reply = await bench.mailed(wire, content)
    expect(reply.positive, f"the session's next message was refused: {reply}")
    bench.expect_copies(before, content)


async def _heard_until(bench: Bench, wire: Wire, code: int) -> None:
    """Hear replies until the one with *code*."""
    while (reply := await bench.in_time(wire.heard())).code != code:
        expect(reply.positive, f"{code} was expected, not {reply}")


async def _open_until(bench: Bench, wire: Wire, gates: list[Deferred[None]], code: int) -> None:
    """Open each gate that a question waits at, until the reply with *code* is heard."""
    said = len(wire.replies)

    def heard() -> bool:
        while gates:
            gates.pop(0).callback(None)
            wire.settle()
        return any(reply.code == code for reply in wire.replies[said:])

    await bench.until(heard, f"{code} never came; {wire.replies[said:]}")


def _raiser(error: Exception) -> Callable[[], None]:
    """Give a fault that raises *error*."""

    def fault() -> None:
        raise error

    return fault


CHECKS = tuple(
    Check(check)
    for check in (
        message_is_stored_before_the_reply,
        content_is_kept,
        packets_make_no_difference,
        bounces_are_welcome,
        refused_recipient_concerns_nobody_else,
        thousand_recipients_are_served,
        session_takes_several_messages,
        sessions_do_not_mix,
        ended_transaction_is_forgotten,
        given_up_message_leaves_nothing,
        client_may_vanish_at_any_time,
        refusal_in_the_middle_leaves_nothing,
        too_big_message_leaves_nothing,
        faults_elsewhere_are_survived,
        broken_storage_defers,
        late_answers_change_nothing,
        client_may_vanish_while_answers_are_awaited,
        huge_message_takes_little_memory,
    )
)
