"""
A gomail with a configuration of its own, and a client that asks what things cost it.

CPU is what the kernel's scheduler counted for all threads of the server, in nanoseconds: the ticks
of other clocks are too coarse for single messages.
"""

import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.loads.client import Client
from bench.measuring import until
from bench.peers.gomail import Gomail
from bench.peers.peer import HOSTNAME, Running, Setting, running

DOMAIN = "grown.example"
READ = b"the configuration was read again and is in force"
MAIL = b"MAIL FROM:<load@client.example>\r\n"
_PATIENCE = 300.0  # seconds for a reload


class Configured(Gomail):
    """gomail as it ships, told by a text where its mail goes."""

    name = "growth"

    def __init__(self, domains: str, limits: str = "", maildir: str = "mail/{domain}/{mailbox}"):
        self._text = f'hostname = "{HOSTNAME}"\nmaildir = "{maildir}"\n{{listener}}'
        self._text += f"[limits]\n{limits}\n{domains}"

    def prepare(self, folder: Path, port: int, setting: Setting) -> list[str]:
        (folder / "mail").mkdir(mode=0o700)
        command = super().prepare(folder, port, Setting(mailboxes=2))
        listener = f'[[listener]]\nendpoint = "tcp:{port}:interface=127.0.0.1"\n'
        (folder / "gomail.toml").write_text(self._text.replace("{listener}", listener))
        return command


@dataclass(frozen=True, slots=True)
class House:
    """
    A server that runs.

    Attributes:
        running: its process.
        started: seconds from its exec to its greeting.
    """

    running: Running
    started: float

    @property
    def pid(self) -> int:
        pid: int = self.running.processes.all()[0].pid
        return pid

    def cpu(self) -> float:
        """Give the CPU seconds that it has taken."""
        tasks = Path(f"/proc/{self.pid}/task").glob("*/schedstat")
        return sum(int(each.read_text().split()[0]) for each in tasks) / 1e9

    def cost(self, times: int, work: Callable[[], object]) -> float:
        """Give the CPU µs that one of so many *times* costs it that *work* is done."""
        before = self.cpu()
        for _ in range(times):
            work()
        return (self.cpu() - before) / times * 1e6

    def memory(self) -> float:
        """Give the MiB (PSS) that it holds."""
        return self.running.processes.memory()

    def client(self) -> Client:
        """Connect, and say EHLO."""
        return Client(self.running.port).greet()

    def reload(self) -> tuple[float, float]:
        """Have it read its configuration again; give the seconds, and the longest NOOP in ms."""
        before = self._read()
        began = time.perf_counter()
        self.running.processes.all()[0].send_signal(signal.SIGHUP)
        longest = self.longest_noop(lambda: self._read() > before)
        return time.perf_counter() - began, longest

    def longest_noop(self, over: Callable[[], bool]) -> float:
        """Send a NOOP each ms until it is *over*; give the ms that the slowest took."""
        client, longest, deadline = self.client(), 0.0, time.monotonic() + _PATIENCE
        look = 0
        while time.monotonic() < deadline:
            began = time.perf_counter()
            client.say(b"NOOP\r\n")
            longest = max(longest, time.perf_counter() - began)
            look += 1
            if look % 50 == 0 and over():
                break
            time.sleep(0.001)
        client.leave()
        return longest * 1000

    def _read(self) -> int:
        return (self.running.folder / "log").read_bytes().count(READ)


@contextmanager
def house(scratch: Path, configured: Configured) -> Iterator[House]:
    """Start a server, and end it."""
    began = time.perf_counter()
    with running(configured, scratch) as server:
        started = time.perf_counter() - began
        yield House(server, started)


def transaction(client: Client, recipients: Sequence[str], content: bytes) -> float:
    """Send one message, its recipients at once; give the ms from the final dot to the 250."""
    client.say(MAIL)
    paths = b"".join(f"RCPT TO:<{each}>\r\n".encode() for each in recipients)
    client.socket.sendall(paths)
    for _ in recipients:
        client.hear(b"2")
    client.say(b"DATA\r\n", b"3")
    client.socket.sendall(content)
    began = time.perf_counter()
    client.say(b".\r\n")
    return (time.perf_counter() - began) * 1000


def settle(house: House) -> None:
    """Wait until it has come to rest."""
    seen = [house.cpu()]

    def rests() -> bool:
        time.sleep(0.2)
        seen.append(house.cpu())
        return seen[-1] - seen[-2] < 0.01

    until(rests, 30)
