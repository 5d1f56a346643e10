"""Certificates that change a thousand times while mail comes in."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest

from gomail.certificates.keeper import world_time
from gomail.certificates.pair import Pair
from tests.certificates.pairs import chain_of, key_of, pair, with_other_key, written
from tests.system.conftest import Serve
from tests.system.encrypted import certificate_of, encrypted, shown
from tests.system.running import patched, until
from tests.thorough import often

pytestmark = pytest.mark.system
SWAPS = often(40, 300)
LOOK_TIME = 0.01
SENDERS = 2
OFTEN = patched(f"import gomail.certificates.keeper as keeper\nkeeper.LOOK_TIME = {LOOK_TIME}")


def break_pair(folder: Path, each: Pair, number: int) -> None:
    """Write a pair so that it can't be used: in each of the ways in which that happens."""
    match number % 4:
        case 0:
            written(folder, with_other_key(each))
        case 1:
            (folder / "mx.crt").write_bytes(chain_of(each)[: 300 + number])
        case 2:
            (folder / "mx.key").write_bytes(key_of(each)[:150])
        case 3:
            (folder / "mx.key").unlink(missing_ok=True)


def send(port: int, over: Event) -> tuple[int, set[int]]:
    """Hold sessions, one after the other, each with a message; count what was seen."""
    sessions, serials = 0, set()
    while not over.is_set():
        with encrypted(port) as client:
            serials.add(certificate_of(client).serial_number)
            content = f"Subject: {sessions}\r\n\r\nx\r\n"
            client.sendmail("me@client.example", ["you@localhost"], content)
        sessions += 1
    return sessions, serials


def test_p11_no_session_fails_in_a_storm_of_certificates(serve: Serve, tmp_path: Path) -> None:
    """Of all the swaps half are broken; each whole one is shown, and no broken one ever is."""
    chance = random.Random(11)
    pairs = [pair(ends=world_time() + timedelta(days=50 + number)) for number in range(20)]
    written(tmp_path, pairs[0])
    server = serve("--certificate", "mx.crt", "--key", "mx.key", command=OFTEN)
    over, last = Event(), pairs[0]

    def is_shown() -> bool:
        return shown(server.port) == last.certificate

    with ThreadPoolExecutor() as pool:
        senders = [pool.submit(send, server.port, over) for _ in range(SENDERS)]
        try:
            for number in range(SWAPS):
                each = chance.choice(pairs)
                if number % 2:
                    break_pair(tmp_path, each, number // 2)
                    time.sleep(chance.random() * 3 * LOOK_TIME)
                    assert is_shown(), f"after broken swap {number}"
                else:
                    last = each
                    written(tmp_path, each)
                    until(is_shown, f"swap {number} is not shown")
        finally:
            over.set()
        seen = [sender.result() for sender in senders]
    sessions = sum(count for count, _ in seen)
    assert set().union(*(serials for _, serials in seen)) <= {
        each.certificate.serial_number for each in pairs
    }
    assert len(server.messages()) == sessions
    assert sessions >= SENDERS
    assert server.stopped() == 0
    assert "Traceback" not in server.output
