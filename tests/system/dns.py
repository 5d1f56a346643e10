"""DNS out of a master file, for servers that ask: a thread on 127.0.0.1."""

import socket
from contextlib import suppress
from threading import Thread
from typing import Self

import dns.flags
import dns.message
import dns.rcode
import dns.zone

from tests.waiting import join


class DNS:
    """
    Answers by UDP; a name that is not in the *zone*, which is that of the root, does not exist.

    Args:
        zone: as a master file has it.
        port: where it answers; any that is free without.

    Attributes:
        asked: names that were asked for.
        silent: whether nothing is answered.
    """

    def __init__(self, zone: str, port: int = 0) -> None:
        self._zone = dns.zone.from_text(zone, origin=".", relativize=False, check_origin=False)
        self.asked: list[str] = []
        self.silent = self._over = False
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", port))
        self._socket.settimeout(1)
        self.port: int = self._socket.getsockname()[1]
        self._thread = Thread(target=self._serve, name="dns", daemon=True)

    def __enter__(self) -> Self:
        """Begin to answer."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Answer no more."""
        self._over = True
        self._socket.sendto(b"", self._socket.getsockname())  # which may be lost
        join(self._thread, "the name server's end")
        self._socket.close()

    def _serve(self) -> None:
        """Answer until nothing is asked."""
        while not self._over:
            try:
                octets, client = self._socket.recvfrom(65536)
            except TimeoutError:
                continue
            if not octets:
                return
            with suppress(Exception):  # whoever asks nonsense hears nothing
                answer = self._answer(dns.message.from_wire(octets))
                if not self.silent:
                    self._socket.sendto(answer.to_wire(), client)

    def _answer(self, query: dns.message.Message) -> dns.message.Message:
        """Answer one question."""
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        [question] = query.question
        self.asked.append(question.name.to_text())
        node = self._zone.get_node(question.name)
        if node is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif records := self._zone.get_rrset(question.name, question.rdtype):
            answer.answer.append(records)
        return answer
