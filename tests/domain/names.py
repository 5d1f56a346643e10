"""A name server in a thread, on a port of 127.0.0.1, that says what a test has it say."""

import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Thread

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rrset

from tests.waiting import join

Say = Callable[[str, str, bool], tuple[str, str]]


class Names:
    """
    A server that answers by a function.

    Args:
        say: is given name, kind, and whether validation is wanted; it returns a code such as
            ``NOERROR`` (in capitals with authority, in small letters without), and the records of
            the answer, a line each; behind an empty line those of a delegation.
    """

    def __init__(self, say: Say) -> None:
        self._say = say
        self.asked: list[tuple[str, str]] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(1)
        self._over = False
        self.port: int = self._socket.getsockname()[1]
        self._thread = Thread(target=self._serve, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop it; the word that says so may be lost."""
        self._over = True
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", ("127.0.0.1", self.port))
        join(self._thread, "the name server's end")
        self._socket.close()

    def _serve(self) -> None:
        """Answer until there is nothing in a packet."""
        while not self._over:
            try:
                octets, client = self._socket.recvfrom(4096)
            except TimeoutError:
                continue
            if not octets:
                return
            with suppress(Silence):
                self._socket.sendto(self._answer(dns.message.from_wire(octets)).to_wire(), client)

    def _answer(self, query: dns.message.Message) -> dns.message.Message:
        """Give the answer to a question."""
        [question] = query.question
        name, kind = str(question.name).rstrip("."), question.to_text().split()[2]
        self.asked.append((name, kind))
        code, text = self._say(name, kind, not query.flags & dns.flags.CD)
        response = dns.message.make_response(query)
        response.set_rcode(dns.rcode.from_text(code.upper()))
        if code.isupper():
            response.flags |= dns.flags.AA
        answers, _, authority = text.partition("\n\n")
        for section, lines in ((response.answer, answers), (response.authority, authority)):
            for line in lines.split("\n"):
                if line:
                    owner, rtype, value = line.split(" ", 2)
                    whole = dns.name.from_text(owner)
                    section.append(dns.rrset.from_text(whole, 300, "IN", rtype, value))
        return response


class Silence(Exception):
    """No answer is meant to come."""
