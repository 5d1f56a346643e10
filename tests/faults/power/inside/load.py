"""Mail inside the machine: several senders at once until the power is cut, or a lone one."""

import os
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from tests.faults.client import Session, name_of
from tests.faults.power.inside.house import House
from tests.faults.power.letters import make_letter, receipt

SENDERS = 4
TO = (("alice",), ("bob",), ("alice", "bob"))
_PAUSE = 0.05  # seconds behind a refusal


def under_load(house: House, order: dict[str, Any]) -> None:
    """Send from several sessions at once, for ever."""
    seeds = [f"{order['seed']} {number}" for number in range(SENDERS)]
    senders = [
        threading.Thread(target=_send_for_ever, args=(house, random.Random(seed))) for seed in seeds
    ]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    house.tell("fault", why="no sender is left")


def _send_for_ever(house: House, chance: random.Random) -> None:
    """Send one message after the other: one sender."""
    session = house.connect()
    while True:
        if not send(house, session, make_letter(chance), *chance.choice(TO)):
            time.sleep(_PAUSE)


def send(house: House, session: Session, content: bytes, *mailboxes: str) -> str:
    """Send one message; tell of its receipt at once, or of its refusal; give its name, if any."""
    return _told(house, session.send(content, *mailboxes), content, mailboxes)


def hear_verdict(house: House, session: Session, content: bytes, *mailboxes: str) -> str:
    """Send the content of a message behind its DATA, and tell likewise."""
    return _told(house, session.say(content + b".\r\n"), content, mailboxes)


def _told(house: House, reply: bytes, content: bytes, mailboxes: Sequence[str]) -> str:
    """Tell what a reply says."""
    if reply.startswith(b"250"):
        name = name_of(reply)
        house.tell("receipt", **asdict(receipt(name, mailboxes, content)))
        return name
    house.tell("refused", reply=repr(reply))
    return ""


def alone(house: House, order: dict[str, Any]) -> None:
    """Send one message, make sure of it, then send another one, and nothing else happens."""
    chance = random.Random(order["seed"])
    session = house.connect()
    send(house, session, make_letter(chance, [500]), "alice")
    os.sync()
    send(house, session, make_letter(chance, [500]), "alice")
    house.process.wait()
