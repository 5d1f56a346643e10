"""
The control socket's requests, in any pieces: each has the answer that a plain reader expects.

Whoever may connect is the server's own user; but a request that is none must not harm the server.
"""

import json
from typing import Any

from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from gomail.server.control.audience import Audience
from gomail.server.control.service import LONGEST_REQUEST, REQUEST_TIME, Callers
from tests.fuzz.target import Case, Target, pieces, read_case

ANSWERS: dict[str, dict[str, Any]] = {"status": {"pid": 1}, "configuration": {"settings": "x"}}
FILTERS = {"session", "address", "recipient"}
EVENT = {"event": "connected", "session": "a", "peer": "192.0.2.1:4", "address": "192.0.2.1"}


class Transport(StringTransport):
    """A connection that can be ended at once."""

    aborted = False

    def abortConnection(self) -> None:
        """End it."""
        self.aborted = True


def check(octets: bytes) -> None:
    """Ask with the octets, and look at what is answered."""
    case = read_case(octets)
    clock, audience = Clock(), Audience()
    questions = {name: (lambda said=said: said) for name, said in ANSWERS.items()}
    callers = Callers(clock, questions, audience)  # type: ignore[arg-type]  # a short clock
    caller, transport = callers.buildProtocol(None), Transport()
    caller.makeConnection(transport)
    for piece in pieces(case.octets, case.lengths):
        if not transport.disconnecting:
            caller.dataReceived(piece)
    audience.tell(EVENT)
    lines = transport.value().split(b"\n")
    assert lines.pop() == b""
    said = [json.loads(line) for line in lines]
    assert all(line.isascii() and line.decode().isprintable() for line in lines)
    assert [kind_of(each) for each in said] == expected(case.octets)
    follows = said[:1] == [{"event": "following"}]
    assert transport.disconnecting == (bool(said) and not follows)
    clock.advance(REQUEST_TIME)
    assert transport.aborted != follows
    caller.connectionLost()
    assert not audience.followers
    assert not audience.lines


def kind_of(answer: dict[str, Any]) -> str:
    """Name an answer."""
    if answer in ANSWERS.values():
        return next(name for name, said in ANSWERS.items() if said == answer)
    return "error" if set(answer) == {"error"} else answer["event"]


def expected(octets: bytes) -> list[str]:
    """Give what has to be answered, by the letter of docs/watching.md."""
    line, end, _ = octets.partition(b"\n")
    if len(line) > LONGEST_REQUEST:
        return ["error"]
    if not end:
        return []
    try:
        request = json.loads(line)
    except (ValueError, RecursionError):
        return ["error"]
    name = request.get("request") if isinstance(request, dict) else None
    if isinstance(name, str) and name in ANSWERS:
        return [name]
    if name != "follow":
        return ["error"]
    filters = {key: value for key, value in request.items() if key != "request"}
    if not all(key in FILTERS and isinstance(each, str) for key, each in filters.items()):
        return ["error"]
    # Nobody has named a recipient by then.
    wanted = filters.items() <= {"session": "a", "address": "192.0.2.1"}.items()
    return ["following", "connected"] if wanted else ["following"]


TARGET = Target(
    check,
    words=(
        b'{"request": "status"}', b'{"request": "follow"', b'{"request": "configuration"}', b"\n",
        b', "session": "a"', b', "address": "192.0.2.1"', b', "recipient": "b@c"', b"}", b"[" * 900,
        b"null", b"1e999", b"9" * 5000, b'"\\ud800"', b"\xff", b"\0", b'"request"', b": ", b'{"":',
        b', "session": 1', b', "x": ""', b"\r", b" " * 4090,
    ),
    seeds=(
        Case(0, b"\1", b'{"request": "status"}\n').written(),
        Case(0, b"\3\7", b'{"request": "configuration"}\nmore\n').written(),
        Case(0, b"", b'{"request": "follow", "session": "a"}\n').written(),
        Case(0, b"", b'{"request": "follow", "address": "192.0.2.2"}\n').written(),
        Case(0, b"", b'{"request": "follow", "recipient": "b@c"}\n').written(),
        Case(0, b"", b'{"request": "follow", "recipient": 7}\n').written(),
        Case(0, b"\xff", b" " * 4097).written(),
        Case(0, b"", b'{"request": "status"}\n' + b" " * 4097).written(),
        Case(0, b"", b'{"request": "follow"}\n' + b" " * 4097).written(),
        Case(0, b"", b"[" * 3000 + b"\n").written(),
    ),
    longest=6000,
)  # fmt: skip
