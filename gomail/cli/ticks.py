"""
A session that brings a mail, step by step: what the server tells of it, as ticks for who waits.

Steps of a session are kept until it names the address that is waited for, and told from then on as
they come; of all other sessions it is only known how far they came. No content is looked at.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NamedTuple

MOST_SESSIONS = 1000  # that are looked at; the oldest are forgotten first
_MARK = 4  # signs of a session's id
_MULTILINE = slice(3, 4)  # of a reply: "-" where more lines follow


class Tick(NamedTuple):
    """
    One step.

    Attributes:
        name: which: ``tcp``, ``ehlo``, ``tls``, ``mail``, ``rcpt``, ``content``, ``checks``,
            ``durable``, ``path``, ``refused`` or ``left``.
        text: for people.
        well: whether the mail goes on its way.
        facts: for programs.
        session: of which it is.
        mark: a few signs of that, where several are told of; else empty.
    """

    name: str
    text: str
    well: bool = True
    facts: Mapping[str, Any] = {}
    session: str = ""
    mark: str = ""


@dataclass(slots=True)
class Session:
    """
    What is known of a session.

    Attributes:
        id: the server's.
        address: of its client; None on a unix socket.
        ticks: those that nobody was told yet.
        ours: whether it has named the address.
        tls: whether it is encrypted.
        refusals: what it was refused: the line, the reply's status, the reply.
        ended: why it has ended; None while it is open.
    """

    id: str
    address: str | None
    ticks: list[Tick] = field(default_factory=list)
    ours: bool = False
    tls: bool = False
    asked: list[str] = field(default_factory=list)
    refusals: list[tuple[str, str, str]] = field(default_factory=list)
    ended: str | None = None

    @property
    def public(self) -> bool:
        """Whether its client is somewhere outside."""
        return self.address is not None and ip_address(self.address.partition("%")[0]).is_global

    @property
    def tls_failed(self) -> bool:
        """Whether its handshake came to nothing."""
        return "TLS handshake" in (self.ended or "")


class Ticks:
    """
    Makes ticks of events.

    Args:
        address: that is waited for, as it is written in RCPT.

    Attributes:
        sessions: all that began while we looked, by their ids.
        arrived: the path of the first copy, when the mail is there.
    """

    def __init__(self, address: str) -> None:
        self._path = f"<{address}>".casefold()
        self.sessions: dict[str, Session] = {}
        self.arrived: Path | None = None
        self._marked = False

    def hear(self, event: Mapping[str, Any]) -> Iterator[Tick]:
        """Give the ticks that are to be told for an event."""
        name = str(event.get("session") or event.get("id", "")).partition(".")[0]
        session = self.sessions.get(name)
        if event["event"] == "connected":
            if len(self.sessions) >= MOST_SESSIONS:
                del self.sessions[next(iter(self.sessions))]
            session = self.sessions[name] = Session(name, event["address"])
        if session is None:
            return
        session.ticks += self._steps(session, event)
        if session.ours:
            ticks, session.ticks = session.ticks, []
            # Marked from where a second one is told of while the first is open, and for good.
            there = sum(each.ours and each.ended is None for each in self.sessions.values())
            self._marked = self._marked or there > 1
            mark = name[:_MARK] if self._marked else ""
            yield from (tick._replace(session=name, mark=mark) for tick in ticks)

    def _steps(self, session: Session, event: Mapping[str, Any]) -> Iterator[Tick]:
        """Give the steps that an event is."""
        match event["event"]:
            case "connected":
                where = "a public address" if session.public else "no public address"
                yield Tick("tcp", f"from {event['peer']}, {where}", facts={"peer": event["peer"]})
            case "said":
                yield from self._said(session, event)
            case "refused":
                yield from self._refused(session, event)
            case "checked":
                yield from _checked(event)
            case "stored" if self._is_ours(event):
                yield from self._stored(event)
            case "dropped":
                yield Tick("left", event["reason"], well=False)
            case "session":
                session.ended = event["reason"]
                if not self.arrived:
                    why = event["reason"] or "the client said QUIT"
                    yield Tick("left", f"the session is over: {why}", well=False)

    def _said(self, session: Session, event: Mapping[str, Any]) -> Iterator[Tick]:
        """See a line of a dialogue: what was asked, or how it was answered."""
        line = event["line"]
        if event["tls"] and not session.tls:
            session.tls = True
            facts = {"version": event["tls"], "cipher": event["cipher"]}
            yield Tick("tls", f"{event['tls']} {event['cipher']}", facts=facts)
        if event["speaker"] == "C":
            session.asked.append(line)
            session.ours = session.ours or self._names_us(line)
        elif line[_MULTILINE] != "-":
            asked = session.asked.pop(0) if session.asked else ""
            if line[0] in "23":
                yield from _answered(asked, line)

    def _names_us(self, line: str) -> bool:
        """Tell whether a line names the address as a recipient."""
        return line[:4].upper() == "RCPT" and self._path in line.casefold()

    def _refused(self, session: Session, event: Mapping[str, Any]) -> Iterator[Tick]:
        """See something refused."""
        said = str(event["said"])
        reply = f"{event['code']} {event['status']} {event['reply']}"
        session.refusals.append((said, event["status"], reply))
        why = f" ({event['reason']})" if event["reason"] else ""
        behind = f" after {said}" if said else ""
        yield Tick(
            "refused", f"{reply}{behind}{why}", well=False, facts={"status": event["status"]}
        )

    def _is_ours(self, event: Mapping[str, Any]) -> bool:
        """Tell whether a message is for the address."""
        return any(path.casefold() == self._path for path in event["to"])

    def _stored(self, event: Mapping[str, Any]) -> Iterator[Tick]:
        """See the mail on disk."""
        facts = {"octets": event["size"], "ms": event["ms"]}
        text = f"{event['size']} octets are on disk, {event['ms']:.1f} ms after the final dot"
        yield Tick("durable", text, facts=facts)
        for copy in event["copies"]:
            yield Tick("path", copy["path"], facts={"path": copy["path"]})
        self.arrived = Path(event["copies"][0]["path"])


def _answered(asked: str, reply: str) -> Iterator[Tick]:
    """Give the step that a positive reply to a line is."""
    verb = asked[:4].upper()
    if verb in {"EHLO", "HELO"}:
        yield Tick("ehlo", asked, facts={"helo": asked[5:]})
    elif verb in {"MAIL", "RCPT"}:
        yield Tick(verb.lower(), f"{asked}: {reply[:3]}", facts={"line": asked})
    elif verb in {"DATA", "BDAT"}:
        yield Tick("content", "it comes")


def _of_whom(finding: Mapping[str, Any]) -> str:
    """Tell which of several findings of one check this is: SPF has one for HELO, one for MAIL."""
    names = [str(each["name"]) for each in finding.get("properties", ())]
    return f" ({names[0]})" if names else ""


def _checked(event: Mapping[str, Any]) -> Iterator[Tick]:
    """Give what was found out of the message's sender."""
    findings: dict[str, dict[str, str]] = {}
    for each in event["findings"]:
        findings.setdefault(each["method"], {})[each["result"]] = _of_whom(each)
    results = [
        f"{method}={result}{whom if len(several) > 1 else ''}"
        for method, several in findings.items()
        for result, whom in several.items()
    ]
    by = f" by {event['rule']}" if event["rule"] else ""
    text = f"{', '.join(results) or 'nothing was found out'}: {event['action']}{by}"
    well = event["action"] not in {"defer", "refuse"}
    yield Tick("checks", text, well, {"findings": event["findings"], "action": event["action"]})
