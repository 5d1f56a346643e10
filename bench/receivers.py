"""The servers of bench/encrypted.py: gomail, Postfix and aiosmtpd, with one certificate."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from content import AIOSMTPD, LISTEN, NOTHING
from rest import TWISTD, free_port

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
