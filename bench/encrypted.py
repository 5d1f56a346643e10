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
import shutil
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from content import AIOSMTPD, LISTEN, NOTHING, reply
from rest import TWISTD, free_port

from gomail.certificates.own import as_pem, make_own

CLIENTS = 4  # processes
LINE = b"x" * 76 + b"\r\n"
SMALL = b"Subject: bench\r\n\r\n" + LINE * 12 + b".\r\n"
LARGE = b"Subject: bench\r\n\r\n" + LINE * (10_000_000 // len(LINE)) + b".\r\n"
MASTER = """
{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
discard unix - - n - - discard
error unix - - n - - error
retry unix - - n - - error
postlog unix-dgram n - n - 1 postlogd
"""
MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
mail_owner = postfix
setgid_group = postdrop
myhostname = bench.example
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtpd_peername_lookup = no
virtual_mailbox_domains = bench.example
virtual_mailbox_maps =
virtual_transport = discard:
alias_maps =
alias_database =
smtpd_recipient_restrictions = reject_unauth_destination
smtpd_client_connection_count_limit = 0
message_size_limit = 60000000
smtpd_tls_security_level = may
smtpd_tls_chain_files = {folder}/pair.pem
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
"""
GOMAIL = """
import sys
from zope.interface import implementer
from OpenSSL.SSL import Connection
from twisted.internet import reactor, endpoints
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from gomail.certificates.context import make_context
from gomail.certificates.pair import read_pair
from gomail.certificates.wanted import Files

context = make_context([read_pair(Files(sys.argv[1], sys.argv[1]))])

@implementer(IOpenSSLServerConnectionCreator)
class TLS:
    def serverConnectionForTLS(self, protocol): return Connection(context, None)

factory = SMTPFactory(Nothing(), "bench.example", reactor, tls=TLS())
"""
AIOSMTPD_TLS = "import ssl, sys\nTLS = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)\n"
AIOSMTPD_TLS += "TLS.load_cert_chain(sys.argv[1])\n"
AIOSMTPD_TLS += AIOSMTPD.replace("data_size_limit=0", "data_size_limit=0, tls_context=TLS")


@contextmanager
def running(command: list[str], folder: Path) -> Iterator[subprocess.Popen]:
    """Run a server, and end it."""
    with (folder / "errors").open("wb") as errors:
        server = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=errors)
        try:
            yield server
        finally:
            server.terminate()
            server.wait()


def await_port(port: int) -> int:
    """Wait until somebody listens there."""
    for _ in range(200):
        with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
            return port
        time.sleep(0.05)
    raise SystemExit("a server did not start")


@contextmanager
def gomail_stores(folder: Path) -> Iterator[tuple[int, int]]:
    """Run gomail as it is, with a Maildir."""
    port = free_port()
    command = [sys.executable, "-c", TWISTD, "--nodaemon", "--pidfile=", "--logfile=log", "gomail"]
    endpoint = f"tcp:{port}:interface=127.0.0.1"
    pair = ["--certificate", f"{folder}/pair.pem", "--key", f"{folder}/pair.pem"]
    command += ["--port", endpoint, "--domain", "bench.example", *pair]
    with running(command, folder) as server:
        yield server.pid, await_port(port)


@contextmanager
def printing(python: str, program: str, folder: Path) -> Iterator[tuple[int, int]]:
    """Run a server that prints its port."""
    with running([python, "-c", program, f"{folder}/pair.pem"], folder) as server:
        yield server.pid, int(server.stdout.readline())


@contextmanager
def postfix(folder: Path) -> Iterator[tuple[int, int]]:
    """Run Postfix, with a queue of its own."""
    port = free_port()
    for name in ("queue", "data"):
        (folder / name).mkdir()
    shutil.chown(folder / "data", "postfix")
    (folder / "main.cf").write_text(MAIN.format(folder=folder))
    (folder / "master.cf").write_text(MASTER.format(port=f"127.0.0.1:{port}"))
    command = ["postfix", "-c", str(folder)]
    server = subprocess.Popen([*command, "start-fg"], stderr=subprocess.DEVNULL)
    try:
        await_port(port)
        pid = int((folder / "queue/pid/master.pid").read_text())
        yield pid, port
    finally:
        subprocess.run([*command, "stop"], stderr=subprocess.DEVNULL, check=False)
        server.wait()


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


def servers(aiosmtpd: str | None) -> dict[str, Callable]:
    """Give the servers that can be had here."""
    with_tls = NOTHING + GOMAIL + LISTEN
    found = {"gomail": gomail_stores}
    if shutil.which("postfix") and os.geteuid() == 0:
        found["Postfix"] = postfix
    found["gomail, keeps nothing"] = lambda folder: printing(sys.executable, with_tls, folder)
    if aiosmtpd:
        found["aiosmtpd, keeps nothing"] = lambda folder: printing(aiosmtpd, AIOSMTPD_TLS, folder)
    return found


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
