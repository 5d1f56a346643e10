"""
One question to one server, over UDP, and over TCP where the answer was cut off.

What comes back is an answer whatever happens. A server is asked twice before it counts as silent.
"""

import asyncio

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from gomail.domain.answers import Answer, Outcome, Question, Server

SECONDS = 5.0  # to wait for an answer …
_TRIES = (0.4, 0.6)  # … in two tries
AT_ONCE = 64  # questions under way, each of which has a socket
_PAYLOAD = 1232  # octets that fit through any path in one piece, as all resolvers advertise
_LONGEST_CHAIN = 8  # CNAMEs


class NoAnswer(Exception):
    """Nothing came back; the text says why."""

    outcome = Outcome.SILENT


class Unreadable(NoAnswer):
    """What came back can't be read; the text says why."""

    outcome = Outcome.UNREADABLE


class Asker:
    """
    Asks servers, so many at once; one that was silent is not waited for again.

    Args:
        seconds: to wait for an answer.
    """

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._silent: dict[Server, str] = {}

    async def exchange(
        self, server: Server, question: Question, flags: int = 0
    ) -> dns.message.Message:
        """
        Send a question, and give the message that comes back.

        Raises:
            NoAnswer: none does.
        """
        name = dns.name.from_text(question.name or ".")
        query = dns.message.make_query(name, question.kind, use_edns=0, payload=_PAYLOAD)
        query.flags = dns.flags.Flag(flags)
        async with self._turns:
            for part in _TRIES:
                if server in self._silent:
                    raise NoAnswer(self._silent[server])
                try:
                    message, _ = await dns.asyncquery.udp_with_fallback(
                        query, server.ip, self._seconds * part, server.port, ignore_unexpected=True
                    )
                except dns.exception.Timeout:
                    continue
                except (OSError, EOFError) as error:
                    raise NoAnswer(str(error) or "the connection was closed") from error
                except dns.exception.DNSException as error:
                    raise Unreadable(f"it answers what can't be read: {error}") from error
                return message
            why = self._silent[server] = f"no answer in {self._seconds:g} s"
        raise NoAnswer(why)

    async def authority(self, server: Server, question: Question) -> Answer:
        """Ask a server of the zone itself; without authority its word does not count."""
        try:
            message = await self.exchange(server, question)
        except NoAnswer as error:
            return Answer(error.outcome, detail=str(error))
        if message.flags & dns.flags.AA and message.rcode() in {
            dns.rcode.NOERROR,
            dns.rcode.NXDOMAIN,
        }:
            return read(message, question)
        said = dns.rcode.to_text(message.rcode())
        detail = "it answers without authority" if said == "NOERROR" else f"it answers {said}"
        return Answer(Outcome.LAME, detail=detail)

    async def resolver(self, server: Server, question: Question) -> Answer:
        """Ask a resolver; where it fails, find out whether signatures are the reason."""
        try:
            message = await self.exchange(server, question, dns.flags.RD)
            if message.rcode() != dns.rcode.SERVFAIL:
                return read(message, question)
            unchecked = await self.exchange(server, question, dns.flags.RD | dns.flags.CD)
            again = await self.exchange(server, question, dns.flags.RD)
        except NoAnswer as error:
            return Answer(error.outcome, detail=str(error))
        if again.rcode() != dns.rcode.SERVFAIL:
            return read(again, question)
        if unchecked.rcode() == dns.rcode.NOERROR:
            return Answer(Outcome.BOGUS, detail="SERVFAIL, but an answer without validation")
        return Answer(Outcome.FAILED, detail="it answers SERVFAIL")


def read(message: dns.message.Message, question: Question) -> Answer:
    """Give what a message says to a question."""
    if message.rcode() not in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN}:
        detail = f"it answers {dns.rcode.to_text(message.rcode())}"
        return Answer(Outcome.FAILED, detail=detail)
    name, alias = _follow(message, dns.name.from_text(question.name or "."))
    found = _rrset(message, name, question.kind)
    if found is not None:
        records = tuple(sorted({plain(each) for each in found}))
        return Answer(Outcome.FOUND, records, found.ttl, alias)
    missing = message.rcode() == dns.rcode.NXDOMAIN
    outcome = Outcome.MISSING if missing else Outcome.EMPTY
    return Answer(outcome, seconds=_negative_seconds(message), alias=alias)


def named(name: dns.name.Name) -> str:
    """Write a name as all of it does here."""
    return name.to_text(omit_final_dot=True).lower().removesuffix(".")


def plain(record: dns.rdata.Rdata) -> str:
    """Write a record; what somebody has written can't do anything to a terminal."""
    kind = dns.rdatatype.to_text(record.rdtype)
    if kind == "MX":
        return f"{record.preference} {named(record.exchange) or '.'}"  # type: ignore[attr-defined]  # of MX
    if kind in {"NS", "CNAME"}:
        return named(record.target)  # type: ignore[attr-defined]  # of these
    if kind == "SOA":
        return str(record.serial)  # type: ignore[attr-defined]  # of SOA
    if kind == "TXT":
        octets = b"".join(record.strings)  # type: ignore[attr-defined]  # of TXT
        return ascii(octets.decode("ascii", "backslashreplace"))[1:-1]
    return record.to_text()


def _follow(message: dns.message.Message, name: dns.name.Name) -> tuple[dns.name.Name, str | None]:
    """Follow the CNAMEs in a message; give the last name, and where the first led."""
    first = None
    for _ in range(_LONGEST_CHAIN):
        found = _rrset(message, name, "CNAME")
        if found is None:
            break
        name = found[0].target
        first = first or named(name)
    return name, first


def _rrset(message: dns.message.Message, name: dns.name.Name, kind: str) -> dns.rrset.RRset | None:
    """Find records in the answer."""
    rdtype = dns.rdatatype.from_text(kind)
    return message.get_rrset(dns.message.ANSWER, name, dns.rdataclass.IN, rdtype)


def _negative_seconds(message: dns.message.Message) -> int:
    """Tell for how long it may be remembered that there is nothing (RFC 2308 §5)."""
    for rrset in message.authority:
        if rrset.rdtype == dns.rdatatype.SOA:
            return min(rrset.ttl, int(rrset[0].minimum))
    return 0
