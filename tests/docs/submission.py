"""A submission server of the test's own: TLS from the first octet, a name and a password."""

import socket
import ssl
from base64 import b64decode
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import takewhile
from threading import Thread

from gomail.certificates.wanted import Files
from tests.patience import PATIENCE
from tests.waiting import join


class Submission:
    """
    Takes messages for others from who knows the password (RFC 6409, RFC 8314), on loopback.

    Args:
        files: its certificate and key.
        user: who may send.
        password: by what.

    Attributes:
        port: of 127.0.0.1.
        taken: the envelope's addresses, as they were written, and the content of each message.
    """

    def __init__(self, files: Files, user: str, password: str) -> None:
        self.taken: list[tuple[list[str], bytes]] = []
        self._secret = f"\0{user}\0{password}".encode()
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(files.certificate, files.key)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = Thread(target=self._serve, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop, and wait for whoever is served."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        join(self._thread, "the submission server's end")

    def _serve(self) -> None:
        """Serve one client after the other, until it is stopped."""
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            client.settimeout(PATIENCE)
            with client, suppress(OSError):  # who leaves in the middle is no fault of ours
                self._encrypt(client)

    def _encrypt(self, client: socket.socket) -> None:
        """Shake hands, and speak with the client."""
        connection = self._context.wrap_socket(client, server_side=True)
        with connection, connection.makefile("rb") as lines:
            connection.sendall(b"220 smtp.provider.example ESMTP\r\n")
            for reply in self._replies(lines):
                connection.sendall(f"{reply}\r\n".encode())

    def _replies(self, lines: Iterable[bytes]) -> Iterator[str]:
        """Answer the lines of one client; who has not said the password says no MAIL."""
        known, addresses, rest = False, [], iter(lines)
        for line in rest:
            match line.decode().split():
                case ["EHLO", _]:
                    yield "250-smtp.provider.example\r\n250 AUTH PLAIN"
                case ["AUTH", "PLAIN", secret]:
                    known = b64decode(secret) == self._secret
                    yield "235 2.7.0 Welcome" if known else "535 5.7.8 No"
                case ["QUIT"]:
                    yield "221 2.0.0 Bye"
                    return
                case [("MAIL" | "RCPT"), *words] if known:
                    addresses.append(words[0])
                    yield "250 2.1.0 Ok"
                case ["DATA"] if len(addresses) > 1:
                    yield "354 Go on"
                    content = b"".join(takewhile(lambda each: each != b".\r\n", rest))
                    self.taken.append((addresses, content))
                    yield "250 2.0.0 Queued"
                case _:
                    yield "530 5.7.0 Authentication required"
