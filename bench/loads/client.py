"""
A client on a raw socket: it says a line, waits for the reply, and stops at the first refusal.

The loads that nobody else has written are made of it; Postfix's smtp-source is the one for the
rest (`bench.loads.source`).
"""

import json
import resource
import socket
import ssl
from typing import Self

PATIENCE = 60.0  # seconds for a reply
EHLO = b"EHLO client.example\r\n"
MAIL = b"MAIL FROM:<load@client.example>\r\n"
RCPT = b"RCPT TO:<inbox@bench.example>\r\n"
DATA = b"DATA\r\n"


class Refusal(Exception):
    """A reply that says no, or none at all."""


class Client:
    """One session; the greeting has been heard."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._unread = b""
        try:
            self.hear(b"2")
        except BaseException:
            self.socket.close()
            raise

    def hear(self, digit: bytes) -> bytes:
        """Read a reply whose code begins with *digit*, and give its last line."""
        while True:
            line, end, rest = self._unread.partition(b"\n")
            if not end:
                octets = self.socket.recv(65536)
                if not octets:
                    raise Refusal(f"the connection was closed behind {self._unread!r}")
                self._unread += octets
                continue
            self._unread = rest
            if line[3:4] != b"-":
                if line[:1] != digit:
                    raise Refusal(line.decode("ascii", "replace").strip())
                return line

    def say(self, octets: bytes, digit: bytes = b"2") -> bytes:
        """Send octets, and hear one reply."""
        self.socket.sendall(octets)
        return self.hear(digit)

    def greet(self) -> Self:
        """Say EHLO."""
        self.say(EHLO)
        return self

    def encrypt(self) -> Self:
        """Say STARTTLS and EHLO; whoever's certificate it is."""
        self.say(b"STARTTLS\r\n")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.socket = context.wrap_socket(self.socket)
        return self.greet()

    def mail(self, octets: bytes) -> None:
        """Send one message, waiting for each reply."""
        self.begin()
        self.say(octets)

    def begin(self) -> None:
        """Say everything up to DATA."""
        self.say(MAIL)
        self.say(RCPT)
        self.say(DATA, b"3")

    def leave(self) -> None:
        """Say QUIT and hang up."""
        self.say(b"QUIT\r\n")
        self.socket.close()


def raise_descriptors() -> None:
    """Have as many files open as may be."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def tell(**values: object) -> None:
    """Print what was measured, for the parent."""
    print(json.dumps(values), flush=True)
