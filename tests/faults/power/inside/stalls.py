"""Mail inside the machine while its disk is slow, or hangs."""

import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from tests.faults.power.inside.house import House
from tests.faults.power.inside.load import hear_verdict, send
from tests.faults.power.inside.mapper import Delayed
from tests.faults.power.letters import make_letter
from tests.patience import PATIENCE

_DYING = 1.0  # seconds in which threads may end that wait for nothing
_LONG = 600.0  # seconds for which senders wait for a verdict (RFC 5321 §4.5.3.2.6)
_LOOK = 0.005  # seconds between two questions of another session


class Sending(threading.Thread):
    """
    One message to alice, all of which is said but its end; the thread says that, and waits.

    Attributes:
        stored: whether it was acknowledged.
        seconds: from its end to the verdict.
    """

    def __init__(self, house: House, chance: random.Random) -> None:
        super().__init__(daemon=True)
        self.stored = False
        self.seconds = 0.0
        self._house = house
        self._content = make_letter(chance, [500])
        self._session = house.connect()
        for line in (b"MAIL FROM:<a@client.example>", b"RCPT TO:<alice@here.example>", b"DATA"):
            reply = self._session.say(line + b"\r\n")
            assert reply[:1] in b"23", reply
        self._session._socket.settimeout(_LONG)

    def run(self) -> None:
        """Wait for the verdict as long as it takes."""
        began = time.monotonic()
        with suppress(ConnectionError):  # the server has left
            self.stored = bool(hear_verdict(self._house, self._session, self._content, "alice"))
        self.seconds = time.monotonic() - began


def meanwhile(house: House, waiting: threading.Thread) -> dict[str, object]:
    """
    Talk to the server in another session while somebody waits.

    Returns:
        How many commands were answered before the waiting was over, and how many milliseconds the
        slowest took, and all but one of a hundred: no turn of the reactor was longer, whatever the
        machine itself was late.
    """
    session = house.connect()
    times: list[float] = []
    while waiting.is_alive():
        began = time.monotonic()
        session.say(b"NOOP\r\n")
        times.append((time.monotonic() - began) * 1000)
        time.sleep(_LOOK)
    session.close()
    # The last one may have been answered when the waiting was over.
    most = sorted(times)[len(times) * 99 // 100] if times else 0.0
    return {"answered": len(times[:-1]), "longest": max(times, default=0.0), "most": most}


def slow(house: House, order: dict[str, Any]) -> None:
    """Send a message while every flush of the disk takes ``order["delay"]`` milliseconds."""
    chance = random.Random(order["seed"])
    disk = _delayed(house)
    first(house, chance)
    rest = threading.Timer(order["rest"], int)
    rest.start()
    house.tell("quick", **meanwhile(house, rest))
    sending = Sending(house, chance)
    disk.delay(order["delay"])
    sending.start()
    other = meanwhile(house, sending)
    house.tell("slow", stored=sending.stored, seconds=sending.seconds, **other)
    house.process.wait()


def hung(house: House, order: dict[str, Any]) -> None:
    """Send a message to a disk that hangs, another one when it has recovered; stop in a hang."""
    chance = random.Random(order["seed"])
    disk = _delayed(house)
    first(house, chance)
    sending = Sending(house, chance)
    disk.hang()
    sending.start()
    other = meanwhile(house, sending)
    house.tell("hung", stored=sending.stored, seconds=sending.seconds, **other)
    disk.recover()
    began = time.monotonic()
    _store(house, chance)
    house.tell("recovered", seconds=time.monotonic() - began)
    os.sync()
    sending = Sending(house, chance)
    disk.hang()
    sending.start()
    _until(lambda: _is_stuck(house.process.pid), "nobody waits for the disk")
    _stop(house)


def _delayed(house: House) -> Delayed:
    """Give the disk, which can be made slow."""
    assert isinstance(house.device, Delayed)
    return house.device


def first(house: House, chance: random.Random) -> None:
    """Send the first messages of all, for which the mailbox is made, and the agent started."""
    _until(lambda: house.stored_as_asked(_store(house, chance)), "there is no delivery agent")
    os.sync()


def _store(house: House, chance: random.Random) -> str:
    """Send until something is acknowledged, as a sender does who hears 4xx; give its name."""
    names: list[str] = []

    def stored() -> bool:
        with closing(house.connect()) as session:
            names.append(send(house, session, make_letter(chance, [500]), "alice"))
        return bool(names[-1])

    _until(stored, "no mail is taken")
    return names[-1]


def _until(true: Callable[[], bool], what: str) -> None:
    """Wait until something is so, but not for ever."""
    deadline = time.monotonic() + 2 * PATIENCE
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def _stop(house: House) -> None:
    """Stop the server, and tell of its end: how long it took, and its exit code if it has one."""
    began = time.monotonic()
    house.process.send_signal(signal.SIGTERM)
    _until(lambda: _has_left(house.process), "it does not end")
    house.tell("stopped", seconds=time.monotonic() - began, code=house.process.poll())


def _has_left(server: subprocess.Popen[bytes]) -> bool:
    """
    Tell whether a server has ended, as far as it can.

    Where a thread is in the kernel and waits for a disk, no signal reaches that, and the process
    cannot be buried before the disk is back; for everybody else it has ended all the same.
    """
    if server.poll() is not None:
        return True
    states = [_state(thread)[0] for thread in Path(f"/proc/{server.pid}/task").iterdir()]
    if set(states) != {"D", "Z"}:
        return False
    time.sleep(_DYING)
    return True


def _is_stuck(pid: int) -> bool:
    """Tell whether a thread of a process, or of a child of it, waits for a disk."""
    threads = [_state(thread) for thread in Path("/proc").glob("[0-9]*/task/*")]
    ours = Path(f"/proc/{pid}/task")
    return any(
        state == "D" and (parent == pid or (ours / number).exists())
        for state, parent, number in threads
    )


def _state(process: Path) -> tuple[str, int, str]:
    """Give the state of a process or thread, its parent, and its number; X if it is no more."""
    try:
        number, _, rest = (process / "stat").read_text().partition(" ")
    except OSError:
        return "X", 0, process.name
    state, parent = rest.rpartition(")")[2].split()[:2]
    return state, int(parent), number
