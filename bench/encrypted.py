"""
Mail under STARTTLS beside mail in plaintext, and beside Postfix's smtpd and aiosmtpd, in one run.

Three loads: a connection for each small message (with its handshake), many small messages in a
connection, and large ones. Two servers store: gomail in a Maildir, Postfix in its queue (which it
then discards); two keep nothing: gomail with such a delivery, and aiosmtpd. All show the same
certificate (ECDSA P-256), and the client doesn't resume sessions. Postfix needs root and Debian's
package; --aiosmtpd names the Python of an environment that has aiosmtpd. What isn't there is left
out. The clients, processes on the same machine, encrypt as well: CPU seconds are the server's
alone, with all its processes.
"""

import argparse
import multiprocessing
import os
import socket
import ssl
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path

from content import reply
from receivers import servers

from gomail.certificates.own import as_pem, make_own

CLIENTS = 4  # processes
LINE = b"x" * 76 + b"\r\n"
SMALL = b"Subject: bench\r\n\r\n" + LINE * 12 + b".\r\n"
LARGE = b"Subject: bench\r\n\r\n" + LINE * (10_000_000 // len(LINE)) + b".\r\n"


def cpu(pid: int) -> float:
    """Give the CPU seconds of a process and all below it, those that have ended too."""
    stats = {}
    for each in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parts = each.read_text().rpartition(")")[2].split()
            stats[int(each.parent.name)] = int(parts[1]), sum(map(int, parts[11:15]))
    family = {pid}
    while more := {child for child, (parent, _) in stats.items() if parent in family} - family:
        family |= more
    return sum(stats[each][1] for each in family if each in stats) / os.sysconf("SC_CLK_TCK")


def trusting() -> ssl.SSLContext:
    """Make a client's context that believes everybody, and resumes nothing."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


class Client:
    """One connection that sends mail, with *tls* or without."""

    def __init__(self, port: int, tls: ssl.SSLContext | None) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self._socket.makefile("rb")
        self._taken()
        self._say(b"EHLO client.example\r\n")
        if tls is not None:
            self._say(b"STARTTLS\r\n")
            self._file.close()
            self._socket = tls.wrap_socket(self._socket)
            self._file = self._socket.makefile("rb")
            self._say(b"EHLO client.example\r\n")

    def _taken(self) -> None:
        if (line := reply(self._file))[:1] not in {b"2", b"3"}:
            raise RuntimeError(line)

    def _say(self, octets: bytes) -> None:
        self._socket.sendall(octets)
        self._taken()

    def send(self, content: bytes) -> None:
        """Send one message."""
        self._say(b"MAIL FROM:<a@client.example>\r\n")
        self._say(b"RCPT TO:<b@bench.example>\r\n")
        self._say(b"DATA\r\n")
        self._say(content)

    def leave(self) -> None:
        """Say goodbye."""
        self._say(b"QUIT\r\n")
        self._file.close()
        self._socket.close()


def connections(port: int, tls: ssl.SSLContext | None, end: float) -> int:
    """Send small messages, a connection each."""
    count = 0
    while time.monotonic() < end:
        client = Client(port, tls)
        client.send(SMALL)
        client.leave()
        count += 1
    return count


def messages(port: int, tls: ssl.SSLContext | None, end: float, content: bytes = SMALL) -> int:
    """Send messages over one connection."""
    client = Client(port, tls)
    count = 0
    while time.monotonic() < end:
        client.send(content)
        count += 1
    client.leave()
    return count


def large(port: int, tls: ssl.SSLContext | None, end: float) -> int:
    """Send large messages over one connection."""
    return messages(port, tls, end, LARGE)


LOADS: dict[str, tuple[Callable, float, str]] = {
    "new connections": (connections, 1, "1/s"),
    "keep-alive": (messages, 1, "1/s"),
    "large": (large, len(LARGE) / 1e6, "MB/s"),
}


def work(pipe, load: str, port: int, seconds: float, encrypted: bool) -> None:  # noqa: FBT001
    """Be one of the clients."""
    tls = trusting() if encrypted else None
    began = time.monotonic()
    count = LOADS[load][0](port, tls, began + seconds)
    pipe.send(count / (time.monotonic() - began))


def measure(server: tuple[int, int], load: str, seconds: float, *, encrypted: bool) -> tuple:
    """Give the rate of all clients together, and the rate for each CPU second of the server."""
    pid, port = server
    pipes, clients = [], []
    began, used = time.monotonic(), cpu(pid)
    for _ in range(CLIENTS):
        here, there = multiprocessing.Pipe()
        client = multiprocessing.Process(target=work, args=(there, load, port, seconds, encrypted))
        client.start()
        there.close()
        pipes.append(here)
        clients.append(client)
    rate = sum(pipe.recv() for pipe in pipes) * LOADS[load][1]
    for client in clients:
        client.join()
    share = (cpu(pid) - used) / (time.monotonic() - began)
    return rate, rate / share


def round_of(name: str, serve: Callable, seconds: float, rates: dict) -> None:
    """Measure one server: each load in plaintext and under TLS."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench")))
        folder.chmod(0o755)
        pair = folder / "pair.pem"
        pair.write_bytes(as_pem(make_own("bench.example", datetime.now(UTC))))
        server = stack.enter_context(serve(folder))
        for load in LOADS:
            for encrypted in (False, True):
                rate = measure(server, load, seconds, encrypted=encrypted)
                rates.setdefault((load, name, encrypted), []).append(rate)


def main() -> None:
    """Measure round by round, each server in turn, and print medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round of a second each")
    parser.add_argument("--aiosmtpd", help="the Python of an environment that has aiosmtpd")
    options = parser.parse_args()
    rounds, seconds = (1, 1) if options.quick else (3, 3)
    rates: dict[tuple[str, str, bool], list[tuple[float, float]]] = {}
    found = servers(options.aiosmtpd)
    for _ in range(rounds):
        for name, serve in found.items():
            round_of(name, serve, seconds, rates)
    for load, (_, _, unit) in LOADS.items():
        print(f"{load + ', ' + unit:<26}{'plain':>8}{'TLS':>8}  TLS/plain   a CPU s: plain     TLS")
        for name in found:
            plain, tls = (
                [
                    statistics.median(rate[which] for rate in rates[load, name, encrypted])
                    for which in (0, 1)
                ]
                for encrypted in (False, True)
            )
            print(
                f"  {name:<24}{plain[0]:8.0f}{tls[0]:8.0f}{tls[0] / plain[0]:11.2f}"
                f"{plain[1]:17.0f}{tls[1]:8.0f}"
            )


if __name__ == "__main__":
    main()
