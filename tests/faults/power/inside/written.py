"""Mail inside the machine while a log is kept of all that its disk is given to keep."""

import random
import signal
import subprocess
import threading
from typing import Any

from tests.faults.power.inside.house import House
from tests.faults.power.inside.load import TO, send
from tests.faults.power.inside.mapper import Logged
from tests.faults.power.letters import SIZES, make_letter
from tests.patience import PATIENCE


def one_by_one(house: House, order: dict[str, Any]) -> None:
    """
    Send messages one by one, then as many from each of some sessions at once; close the log.

    Of one that is alone nothing becomes durable by the way.
    """
    _send(house, f"{order['seed']} alone", order["letters"])
    senders = [
        threading.Thread(target=_send, args=(house, f"{order['seed']} {each}", order["letters"]))
        for each in range(order["senders"])
    ]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    house.process.send_signal(signal.SIGTERM)
    house.process.wait(PATIENCE)
    subprocess.run(["umount", house.device.node], check=True)
    assert isinstance(house.device, Logged)
    house.device.close()
    house.tell("closed")


def _send(house: House, seed: str, letters: int) -> None:
    """Send some messages in one session, each of another size."""
    chance = random.Random(seed)
    session = house.connect()
    for number in range(letters):
        content = make_letter(chance, [sorted(set(SIZES))[number % len(set(SIZES))]])
        send(house, session, content, *chance.choice(TO))
    session.close()
