"""
The duplicate windows: when a sender can't know that its message is stored, and sends it again.

A client that vanishes is one whose 250 is never heard. Before the final dot nothing is stored; past
it the message is ours, and a retry is its second copy.
"""

import random
import socket
import struct
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from tests.faults.client import Session, name_of, port_and_pid
from tests.faults.long.kills import WAYS, running
from tests.faults.long.ledger import sum_of
from tests.faults.long.senders import Message, make_message
from tests.system.running import until
from tests.thorough import often

pytestmark = pytest.mark.system
MESSAGES = often(30, 100)
AT_ONCE = struct.pack("ii", 1, 0)
GREETING = b"EHLO client.example\r\n"
both = pytest.mark.parametrize("how", [WAYS["thread"], WAYS["agent"]])


def dialogue_of(message: Message) -> bytes:
    """Give all octets of a client that sends a message."""
    commands = [b"MAIL FROM:<a@client.example>\r\n"]
    commands += [f"RCPT TO:<{each}@here.example>\r\n".encode() for each in message.mailboxes]
    return b"".join([*commands, b"DATA\r\n"])


def vanish(port: int, message: Message, sent: int, *, reset: bool) -> None:
    """Send so many octets of a message's content and its end, and be gone without another look."""
    with closing(Session(port)) as session:
        for line in dialogue_of(message).splitlines(keepends=True):
            assert session.say(line)[:1] in b"23"
        session._socket.sendall((message.content + b".\r\n")[:sent])
        if reset:
            session._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)


def copies(root: Path) -> Counter[tuple[str, str]]:
    """Count the copies of each message in each mailbox; all are whole."""
    found: Counter[tuple[str, str]] = Counter()
    for path in root.glob("*/new/*"):
        total = sum_of(path.read_bytes())
        assert total is not None, path
        found[path.parts[-3], total] += 1
    return found


def staged(root: Path) -> list[Path]:
    """Give what is in tmp/ of all mailboxes."""
    return list(root.glob("*/tmp/*"))


@both
@pytest.mark.parametrize("reset", [False, True], ids=["closes", "resets"])
def test_r15_duplicates_come_only_of_what_ended_behind_the_dot(
    tmp_path: Path, how: tuple[str, ...], *, reset: bool
) -> None:
    """Wherever a client vanishes: a retry makes one copy, or two where the dot had come (R16)."""
    chance = random.Random(15)
    begun: list[Message] = []
    ended: list[Message] = []
    with running(tmp_path, *how) as server:
        port, _ = port_and_pid(server)
        for number in range(MESSAGES):
            message = make_message(chance, (20, 500, 9_000))
            whole = len(message.content) + 3
            behind = number % 2 == 0
            sent = whole if behind else chance.randrange(whole)
            vanish(port, message, sent, reset=reset)
            (ended if behind else begun).append(message)
        with closing(Session(port)) as session:
            for message in begun + ended:
                name_of(session.offer(message.content, *message.mailboxes))
        until(lambda: not staged(tmp_path), f"left over: {staged(tmp_path)}")
    found = copies(tmp_path)
    once = {(mailbox, each.sum) for each in begun for mailbox in each.mailboxes}
    twice = {(mailbox, each.sum) for each in ended for mailbox in each.mailboxes}
    assert set(found) == once | twice
    assert {found[each] for each in once} == {1}
    # With a reset the octets that had come may be thrown away by the kernel.
    assert {found[each] for each in twice} <= ({1, 2} if reset else {2})
    assert 2 in {found[each] for each in twice}
