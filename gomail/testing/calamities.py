"""What a delivery must do in bad weather: clients vanish, answers come early, late or fail."""

from dataclasses import replace
from functools import partial
from unittest import SkipTest

from twisted.internet.defer import Deferred

from gomail.limits import MIB
from gomail.reply import LOCAL_ERROR, MAILBOX_UNAVAILABLE, Refused
from gomail.testing.bench import Bench, expect, is_copy
from gomail.testing.wire import Wire, stuffed


async def given_up_message_leaves_nothing(bench: Bench) -> None:
    """A message whose end never comes is thrown away."""
    for text in (b"", b"Subject: cut", bench.letter(b"x" * 1000), b"x" * (MIB // 2)):
        before, wire = bench.snapshot(), bench.connect()
        await bench.began(wire)
        wire.send(text)
        wire.drop()
        await bench.expect_nothing(before, "given up in the middle")


async def client_may_vanish_at_any_time(bench: Bench) -> None:
    """Wherever a session breaks off before the final dot nothing is stored, and others go on."""
    answered = [b"EHLO client.example\r\n", *bench.commands()]
    steps = [*answered, b"Subject: gone\r\n", b"\r\nx\r\n"]
    for count in range(len(steps) + 1):
        before, wire = bench.snapshot(), bench.connect()
        await bench.in_time(wire.heard())
        for step in steps[:count]:
            wire.send(step)
            if step in answered:
                await bench.in_time(wire.heard())
        wire.drop()
        await bench.expect_nothing(before, f"gone after {count} steps")


async def refusal_in_the_middle_leaves_nothing(bench: Bench) -> None:
    """Content whose verdict falls before its end is thrown away; the session goes on."""
    for fault in (Refused(MAILBOX_UNAVAILABLE), RuntimeError("injected")):
        before, wire = bench.snapshot(), bench.connect()
        await bench.began(wire)
        wire.send(b"Subject: refused\r\n")
        bench.fail_once("octetsReceived", fault)
        wire.send(b"\r\nbody\r\n")
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
        bench.fail_once(name, RuntimeError("injected"))
        if name == "greeted":
            reply = await bench.in_time(wire.said("EHLO client.example"))
        else:
            reply = await bench.mailed(wire, bench.letter())
        expect(reply == LOCAL_ERROR, f"451 was expected where {name} fails, not {reply}")
        await bench.in_time(wire.said("RSET"))
        await bench.expect_nothing(before, f"where {name} fails")
        await _goes_on(bench, wire)


async def broken_storage_defers(bench: Bench) -> None:
    """Where nothing can be stored, the reply is 4xx and nothing is; a later retry succeeds."""
    if bench.subject.broken is None:
        raise SkipTest("the subject can't break its storage")
    before, wire = bench.snapshot(), bench.connect()
    with bench.subject.broken():
        reply = await bench.mailed(wire, bench.letter())
    expect(400 <= reply.code < 500, f"4xx was expected of broken storage, not {reply}")
    await bench.expect_nothing(before, "while the storage was broken")
    await _goes_on(bench, wire)


async def late_answers_change_nothing(bench: Bench) -> None:
    """Where answers come late, and several sessions wait for theirs, the same is stored."""
    paths = bench.subject.forward_paths[:2]
    copies = [await bench.stores(path) for path in paths]
    gates: list[Deferred[None]] = []
    for name in ("validateFrom", "validateTo", "messageStarted", "octetsReceived", "eomReceived"):
        bench.faults[name] = partial(_close, gates)
    before, wires = bench.snapshot(), [bench.connect() for _ in paths]
    letters = [bench.letter() for _ in paths]
    for wire, path in zip(wires, paths, strict=True):
        wire.send(b"".join([b"EHLO client.example\r\n", *bench.commands(path)]))
    await _open_until(bench, wires, gates, 354)
    for wire, letter in zip(wires, letters, strict=True):
        wire.send(stuffed(letter))
    await _open_until(bench, wires, gates, 250)
    added = list((bench.snapshot() - before).elements())
    for letter, count in zip(letters, copies, strict=True):
        made = sum(is_copy(copy, letter) for copy in added)
        expect(made == count, f"{made} copies instead of {count}")


async def client_may_vanish_while_answers_are_awaited(bench: Bench) -> None:
    """A client that leaves while the delivery is asked costs nobody anything."""
    for name in ("validateFrom", "validateTo", "messageStarted", "octetsReceived"):
        gate: Deferred[None] = Deferred()
        before, wire = bench.snapshot(), bench.connect()
        asked: list[str] = []
        bench.faults[name] = partial(_note, asked, gate)
        wire.send(b"".join([b"EHLO client.example\r\n", *bench.commands()]))
        if name == "octetsReceived":
            await bench.hear_until(wire, 354)
            wire.send(b"Subject: cut\r\n")
        await bench.until(partial(bool, asked), f"{name} was never asked")
        wire.drop()
        del bench.faults[name]
        gate.callback(None)
        await bench.expect_nothing(before, f"gone while {name} was asked")


async def _goes_on(bench: Bench, wire: Wire) -> None:
    """See that the session still takes a message."""
    content, before = bench.letter(), bench.snapshot()
    reply = await bench.mailed(wire, content)
    expect(reply.positive, f"the session's next message was refused: {reply}")
    bench.expect_copies(before, content)


async def _open_until(
    bench: Bench, wires: list[Wire], gates: list[Deferred[None]], code: int
) -> None:
    """Open each gate that a question waits at, until every client has heard *code*."""
    said = [len(wire.replies) for wire in wires]

    def heard() -> bool:
        for gate in [gates.pop(0) for _ in gates[:]]:
            gate.callback(None)
        for wire in wires:
            wire.settle()
        news = [wire.replies[start:] for wire, start in zip(wires, said, strict=True)]
        return all(any(reply.code == code for reply in replies) for replies in news)

    for _ in range(20):  # turns that questions take; with a real clock `until` waits for more
        if heard():
            return
    await bench.until(heard, f"{code} never came")


def _close(gates: list[Deferred[None]]) -> Deferred[None]:
    """Close one more gate."""
    gates.append(Deferred())
    return gates[-1]


def _note(asked: list[str], gate: Deferred[None]) -> Deferred[None]:
    """Note that a question was asked, and have its answer wait for *gate*."""
    asked.append("asked")
    return gate
