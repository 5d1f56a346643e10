"""
Whole sessions: read once as a client has them, and equal however the network cuts them.

What was stored is worked out from the client's octets and our replies alone (`told`): each command
has one reply, and each DATA, or BDAT LAST, that was answered with 250 is one message, with the
content that RFC 5321 §4.5.2 and RFC 3030 §2 give it.
"""

import json
import re
from dataclasses import dataclass, replace
from typing import NamedTuple

from twisted.internet.task import Clock

from gomail.events import Event
from gomail.limits import DEFAULT_LIMITS, Limits
from gomail.reply import NO_SUCH_MAILBOX, Refused
from gomail.server import lines
from tests.fuzz.target import Case, Target, pieces, read_case
from tests.fuzz.told import Exchange, told
from tests.smtp.client import LATEST
from tests.smtp.desk import MANNERS, Desk
from tests.smtp.talk import CLIENT, Talk
from tests.smtp.wire import logged_failures

SMALL = Limits(
    size=512,  # twice that is what an input may have
    recipients=2,
    messages=2,
    command_line=100,
    unknown_recipients_free=1,
    unknown_recipients=3,
    errors_free=1,
    errors=4,
    idle_commands=6,
)
LATE = 60  # seconds after which all errors of a session have cost what they cost
LINES = re.compile(rb"(?s).*?\r\n|.+\Z")


@dataclass(frozen=True, slots=True)
class Setting:
    """What an input chooses: who the client is, and how the server and its delivery behave."""

    trusted: bool
    local: bool
    wrapped: bool
    small: bool
    tls: bool
    dialogue: bool
    manner: str

    @property
    def limits(self) -> Limits:
        """The bounds that hold."""
        return SMALL if self.small else DEFAULT_LIMITS

    def packets(self, octets: bytes) -> list[bytes]:
        """Part a client's octets at least where a client has to wait."""
        if (self.trusted or self.local) and b"STARTTLS" not in octets.upper():
            return [octets]
        return LINES.findall(octets)


class Session(NamedTuple):
    """What is seen of a session when it is over."""

    sent: bytes
    stored: list[bytes]
    asked: list[str]
    closed: bool


def check(octets: bytes) -> None:
    """Have one session in several cuts, and read it."""
    case = read_case(octets)
    setting = setting_of(case)
    packets = setting.packets(case.octets)
    with logged_failures() as failures:
        session = run(setting, packets)
        cut = [piece for packet in packets for piece in pieces(packet, case.lengths or b"\5")]
        again = run(setting, cut)
    assert not failures, failures
    assert again == session
    octets = case.octets.replace(b"\r\r\n", b"\r\n") if setting.local else case.octets
    limits = setting.limits
    exchange = Exchange(octets, session.sent, session.closed, limits.command_line, limits.size)
    assert told(exchange, chunking=not setting.local) == session.stored


def setting_of(case: Case) -> Setting:
    """Read the choices."""
    trusted, local, wrapped, small, tls, dialogue = map(case.way, range(6))
    return Setting(trusted, local, wrapped, small, tls, dialogue, MANNERS[case.ways >> 6])


def run(setting: Setting, packets: list[bytes]) -> Session:
    """Have a session, until all is answered; then the client leaves."""
    desk = Desk(Clock(), setting.manner)
    desk.plans["rcpt <no@here.example>"] = refuse
    talk = Talk(
        desk,
        limits=setting.limits,
        client=replace(CLIENT, trusted=setting.trusted),
        wrapped=setting.wrapped,
        dialogue=setting.dialogue,
        local=setting.local,
        starttls=setting.tls,
    )
    talk.clock.pump([0] * LATEST)  # nobody speaks before our banner
    talk.send(*packets)
    wait(talk)
    closed = talk.closed
    talk.leave()
    talk.clock.pump([0] * LATEST)
    check_desk(desk)
    check_events(talk.events, talk.end)
    stored = [content for _, content in desk.stored]
    asked = [name for name in desk.told if name != "octets"]
    return Session(b"".join(talk.wire.sent), stored, asked, closed)


def refuse(_: object) -> None:
    """Know nobody of that name."""
    raise Refused(NO_SUCH_MAILBOX)


def wait(talk: Talk) -> None:
    """Let time pass until everything is read and answered."""
    for _ in range(LATE):
        if talk.closed or not (talk.wire.inbox or talk.protocol.paused):
            return
        talk.wait(1)
    raise AssertionError("the session neither ends nor goes on")


def check_desk(desk: Desk) -> None:
    """See that each message came to one end, and each transaction too."""
    assert {message.end for message in desk.messages} <= {"eom", "lost"}
    assert len(desk.stored) == sum(message.end == "eom" for message in desk.messages)
    assert desk.told.count("ended") <= desk.told.count("mail")
    assert desk.told.count("ended") >= len(desk.messages)


def check_events(events: list[Event], end: Event) -> None:
    """See that the log gets lines of printable ASCII, whatever the client has said."""
    assert events[-1] is end
    for event in events:
        text, written = lines.text(event), lines.as_json(event)
        assert (text is None) == (written is None)
        if text is not None and written is not None:
            assert text.isascii()
            assert text.isprintable(), text
            assert written.isascii()
            assert written.isprintable(), written
            json.loads(written)


MAIL = b"MAIL FROM:<a@there.example>\r\nRCPT TO:<b@here.example>\r\n"
BEGIN = b"EHLO client.example\r\n" + MAIL
CONTENT = b"DATA\r\nSubject: x\r\n\r\n..Hello\r\n.\r\n"
TARGET = Target(
    check,
    words=(
        b"EHLO client.example\r\n", b"HELO a\r\n", MAIL, b"MAIL FROM:<>", b" SIZE=99999999999",
        b"\r\n", b"RCPT TO:<b@here.example>\r\n", b"RCPT TO:<no@here.example>\r\n", b"DATA\r\n",
        b"\r\n.\r\n", b".\r\n", b"BDAT 4\r\nBDAT", b"BDAT 0 LAST\r\n", b"BDAT 12 LAST\r\n",
        b"BDAT 4096\r\n", b"BDAT 99999999999\r\n", b"RSET\r\n", b"NOOP\r\n", b"VRFY a\r\n",
        b"EXPN a\r\n", b"HELP DATA\r\n", b"QUIT\r\n", b"STARTTLS\r\n", b"\n.\n", b"\r.\r",
        b"\r\r\n", b"\n", b"\r", b"\0", b"\xff", b"\x1b[31m", b"GET / HTTP/1.1\r\n", b"x" * 90,
        b"\r\n" * 120, b"SMTPUTF8", b"\xc3\xa9",
    ),
    seeds=(
        *(Case(ways, b"\1\5", BEGIN + CONTENT + MAIL + CONTENT + b"QUIT\r\n").written()
          for ways in (0, 1, 2, 4, 8, 0x20, 0x40, 0x80, 0xC0)),
        *(Case(ways, b"\3", BEGIN + b"BDAT 6\r\nBDAT\r\nBDAT 3 LAST\r\n.\r\nNOOP\r\n").written()
          for ways in (0, 1, 8, 0xC1)),
        Case(0, b"\2", BEGIN + b"RCPT TO:<no@here.example>\r\n" * 6 + CONTENT).written(),
        Case(9, b"", BEGIN + b"DATA\r\n" + b"x\r\n" * 250 + b".\r\nQUIT\r\n").written(),
        Case(0x10, b"", b"EHLO a\r\nSTARTTLS\r\nMAIL FROM:<a@b>\r\n").written(),
        Case(2, b"\1", BEGIN.replace(b"\r\n", b"\r\r\n") + b"DATA\r\r\nx\r\r\n.\r\r\n").written(),
        Case(1, b"\1", BEGIN + b"DATA\r\nx\n.\n" + MAIL + b"DATA\r\ny\r\n.\r\nQUIT\r\n").written(),
        Case(1, b"", b"\r\n" * 300).written(),
        Case(0, b"", b"x\r\n" * 20).written(),
    ),
    longest=1024,
)  # fmt: skip
