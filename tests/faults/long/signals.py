"""Campaign: SIGTERM and SIGHUP, again and again, to a real server under load."""

import random
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.faults.long.counted import Told
from tests.faults.long.ledger import Ledger, total
from tests.faults.long.senders import MAILBOXES, Sender, begin, end
from tests.system.running import Server, free_port, until

SENDERS = 4
LONGEST_STOP = 35.0  # seconds: what content has to come to its end, and some
READ = "the configuration was read again and is in force"
KEPT = "the configuration stays as it was"
PROJECT = Path(__file__).parents[3]


class House:
    """
    A real server with the mailboxes of the senders, which may be started again at its port.

    Args:
        folder: where it runs, with its Maildirs in ``mail``.
        settings: further lines for its file.
    """

    def __init__(self, folder: Path, settings: str = "") -> None:
        self.folder = folder
        self.port = free_port()
        self.mail = folder / "mail"
        self.mail.mkdir()
        self.file = folder / "gomail.toml"
        self._settings = settings
        self.write(0)

    def write(self, number: int) -> None:
        """Write the file so that it differs from that of every other number."""
        self.file.write_text(
            f'hostname = "mx.here.example"\nmaildir = "{self.mail}/{{mailbox}}"\n{self._settings}\n'
            f'[[listener]]\nendpoint = "tcp:{self.port}:interface=127.0.0.1"\n'
            f'[domains."here.example"]\nmailboxes = {list(MAILBOXES)}\n'.replace("'", '"')
            + f'[domains."here.example".aliases]\nalias{number} = "alice"\n'
        )

    @contextmanager
    def serving(self) -> Iterator[Server]:
        """Run the server, and kill it in the end at the latest."""
        environment = {"PYTHONPATH": str(PROJECT)}
        server = Server(self.folder, "--config", str(self.file), environment=environment)
        try:
            yield server.started()
        finally:
            server.kill()


def stop(server: Server) -> str:
    """Have a server leave; give what was wrong with that."""
    server.tell(signal.SIGTERM)
    status = server.ended(LONGEST_STOP)
    return f"exit status {status}" if status else ""


def restart(house: House, senders: Sequence[Sender], ledger: Ledger, times: int) -> Iterator[str]:
    """Stop and start the server under load; give what was wrong."""
    chance = random.Random(17)
    begin(senders, house.port)
    for _ in range(times):
        with house.serving() as server:
            time.sleep(chance.uniform(0.05, 0.4))
            yield from filter(None, [stop(server)])
            if "Traceback" in server.output:
                yield "a traceback is in the log"
        ledger.settle()
    with house.serving() as server:
        end(senders)
        ledger.settle()
        yield from filter(None, [stop(server)])


def reload(house: House, senders: Sequence[Sender], ledger: Ledger, times: int) -> Iterator[str]:
    """Have the server read its file under load, each fourth time a broken one; likewise."""
    with house.serving() as server:
        begin(senders, house.port)
        for number in range(1, times + 1):
            told = READ if number % 4 else KEPT
            before = server.output.count(told)
            if number % 4:
                house.write(number)
            else:
                house.file.write_text("frob = ")
            server.tell(signal.SIGHUP)
            until(lambda told=told, before=before: server.output.count(told) > before, told)  # type: ignore[misc]
            ledger.settle()
        end(senders)
        ledger.settle()
        yield from filter(None, [stop(server)])
        if "Traceback" in server.output:
            yield "a traceback is in the log"


def campaign(root: Path, times: int) -> Told:
    """Restart a server, and have it reload, so many times each; give the numbers."""
    for what, act in (("SIGTERM", restart), ("SIGHUP", reload)):
        folder = root / what
        folder.mkdir()
        senders = [Sender(number, returning=True, pause=0.005) for number in range(SENDERS)]
        house = House(folder)
        ledger = Ledger(house.mail, senders)
        wrong = list(act(house, senders, ledger, times))
        cut, deferred = total(senders, "cut_off"), total(senders, "deferred")
        told = f"{cut:,} connections lost or refused, {deferred:,} answers 4xx"
        yield f"{times} {what} under load: {ledger}, {told}", wrong + ledger.wrong
