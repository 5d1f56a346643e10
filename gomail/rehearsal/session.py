"""
A session tried: what a client says, what the server answers, and why.

Dialogue, reception, recipients, checks and policy are those of the server, made of its
configuration. The connection is in memory; the disk is looked at and nothing is stored; no port is
opened, no running server is told, and milters, which may keep or count what they see, are left out.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.task import deferLater

from gomail.address import Path
from gomail.checks.own import ICheck
from gomail.config import Configuration, Listener
from gomail.delivery.room import Room
from gomail.events import Checked, Event, MessageStored, SessionStarted
from gomail.examination import find_examiner, find_policy, wanted
from gomail.furnishing import furnish, make_factory
from gomail.preflight import build_directory, ownership
from gomail.reception import Office
from gomail.rehearsal import reasons
from gomail.rehearsal.certificate import Certificate
from gomail.rehearsal.reasons import Reason
from gomail.rehearsal.secret import SecretWire
from gomail.rehearsal.stage import Discarding, Looking, in_crlf, nearest
from gomail.rehearsal.visit import Outcome, Step, Visit, mail_command
from gomail.reply import READY_FOR_TLS, SHUTTING_DOWN, Reply
from gomail.server.reactor import Reactor
from gomail.smtp.admission import Admission
from gomail.smtp.factory import SMTPFactory
from gomail.testing.wire import NoReply, stuffed

if TYPE_CHECKING:
    from gomail.checks.records import Resolver

PORT = 40695  # of the client: any


class Rehearsal:
    """
    A server in memory, for one session.

    Args:
        reactor: the one that runs.
        configuration: of the server.
        listener: to which the client connects.
        own: checks beside ours.
        resolver: answers instead of DNS.
        now: tells the time, in seconds since the epoch.
        running: whether the server runs, and no start would make its folder anew.

    Raises:
        ConfigurationError, StartError, PairError: there can be no such server.
    """

    def __init__(  # noqa: PLR0913 -- what a session has to do with
        self,
        reactor: Reactor,
        configuration: Configuration,
        listener: Listener,
        *,
        own: Sequence[ICheck] = (),
        resolver: "Resolver | None" = None,
        now: Callable[[], float],
        running: bool = False,
    ) -> None:
        limits = configuration.limits
        memory = max(limits.memory, limits.size)  # there is no disk on which it could be spooled
        limits = replace(limits, content_in_memory=limits.size, memory=memory)
        self.configuration = configuration = replace(configuration, limits=limits)
        self.listener = listener
        self.events: list[Event] = []
        listeners = (self.events.append,)
        self.directory = build_directory(configuration, reactor)
        self.committer = Discarding(reactor)
        self.office = furnish(configuration, self.directory, self.committer, reactor, listeners)
        self.places = _places(self.office, configuration, reactor, running=running)
        self.office.examiner = find_examiner(
            configuration, reactor, listeners, own, resolver=resolver, now=now
        )
        self.policy = find_policy(configuration)
        self.certificate = None if listener.tls == "off" else Certificate(configuration)
        self._reactor = reactor

    def factory(self) -> SMTPFactory:
        """Make what makes sessions."""
        return make_factory(
            self.listener,
            self.configuration,
            self.office,
            self._reactor,
            admission=Admission(self.configuration.limits),
            tls=self.certificate,
        )

    async def visit(self, visit: Visit) -> Outcome:
        """Let a client come, and tell what came of it."""
        kind = IPv6Address if ":" in visit.ip else IPv4Address
        wire = SecretWire(self.factory(), self._reactor, kind("TCP", visit.ip, PORT))
        try:
            steps = tuple([step async for step in _Session(self, wire, visit).steps()])
        finally:
            # In a turn of its own: this may be the middle of what TLS does with the last octets.
            await deferLater(self._reactor, 0, wire.drop)
            await self.committer.stop()
        stored = [each for each in self.events if isinstance(each, MessageStored)]
        return Outcome(
            steps, self._action(steps), tuple(copy for each in stored for copy in each.copies)
        )

    def _action(self, steps: Sequence[Step]) -> str:
        """Tell the worst that happened."""
        code = max((step.reply.code for step in steps), default=0)
        if code >= 400:
            return "refuse" if code >= 500 else "defer"
        checked = (each for each in self.events if isinstance(each, Checked))
        return "junk" if any(each.action == "junk" for each in checked) else "accept"


def _places(
    office: Office, configuration: Configuration, reactor: Reactor, *, running: bool
) -> Looking:
    """Have the disk be looked at and no more."""
    root, reserve = office.directory.root, configuration.limits.disk_reserve
    places = Looking(office.committer, reactor, root, ownership(configuration), reserve)
    places.running = running
    office.places = places
    folder = root if running else nearest(root)
    office.room = Room(office.committer, reactor, folder, reserve)
    return places


class _Session:
    """What one client says, word by word."""

    def __init__(self, rehearsal: Rehearsal, wire: SecretWire, visit: Visit) -> None:
        self._rehearsal = rehearsal
        self._wire = wire
        self._visit = visit
        self._told = 0  # events that reasons were given for

    async def steps(self) -> AsyncIterator[Step]:
        """Say all that a client says, until it is over."""
        reply = await self._wire.heard()
        yield self._step("", reply, self._of_client())
        if not reply.positive:
            return
        async for step in self._greeting():
            yield step
            if not step.reply.positive:
                return
        async for step in self._message():
            yield step

    async def _greeting(self) -> AsyncIterator[Step]:
        """Say who comes, and begin TLS if it is wanted."""
        hello = f"EHLO {self._visit.helo}"
        yield await self._say(hello, self._of_greeting())
        if not self._visit.tls:
            return
        step = await self._say("STARTTLS", self._of_tls())
        yield step
        if step.reply == READY_FOR_TLS and await self._wire.encrypt():
            yield await self._say(hello)

    async def _message(self) -> AsyncIterator[Step]:
        """Name sender and recipients, and leave the message."""
        visit = self._visit
        content = None if visit.content is None else in_crlf(visit.content)
        step = await self._say(mail_command(visit, content), self._of_mail())
        yield step
        if not step.reply.positive:
            return
        accepted = False
        for path in visit.forward_paths:
            step = await self._say(f"RCPT TO:{path}")
            more = await self._of_recipient(path) if step.reply.positive else ()
            accepted = accepted or step.reply.positive
            told = tuple(reasons.of_domain((*more, *step.reasons), path.address))
            yield step._replace(reasons=told)
            if step.reply.code == SHUTTING_DOWN.code:  # the server has ended the session
                return
        if content is None or not accepted:
            return
        step = await self._say("DATA")
        yield step
        if step.reply.code == 354:
            self._wire.send(stuffed(content))
            reply = await _or_end(self._wire.heard())
            yield self._step(f"({len(content)} octets of content)", reply, self._of_content())

    async def _say(self, line: str, why: Iterable[Reason] = ()) -> Step:
        """Say one line."""
        return self._step(line, await _or_end(self._wire.said(line)), why)

    def _step(self, said: str, reply: Reply, why: Iterable[Reason]) -> Step:
        """Give a step with its reasons: those that are known, and those of what was told."""
        rehearsal = self._rehearsal
        news = rehearsal.events[self._told :]
        self._told = len(rehearsal.events)
        told = reasons.of_events(news, rehearsal.policy, rehearsal.places.absent)
        return Step(said, reply, (*(why if reply.positive or not said else ()), *told))

    def _of_client(self) -> Iterator[Reason]:
        """Tell what is thought of the client."""
        listener = self._rehearsal.listener
        yield Reason(f"it connects to {listener.endpoint}", ("listener.endpoint",))
        if listener.proxy:
            yield Reason("the client is the one that a proxy names", ("listener.proxy",))
        for event in self._rehearsal.events:
            if isinstance(event, SessionStarted):
                yield from reasons.of_client(event.client, self._rehearsal.configuration)

    def _of_greeting(self) -> Iterator[Reason]:
        """Tell what is announced."""
        yield Reason(f"TLS is {self._rehearsal.listener.tls}", ("listener.tls",))
        size = self._rehearsal.configuration.limits.size
        yield Reason(f"messages of {size:,} octets are taken, and no larger ones", ("limits.size",))

    def _of_tls(self) -> Iterator[Reason]:
        """Tell what encrypts."""
        if self._rehearsal.certificate is not None:
            yield Reason(str(self._rehearsal.certificate), ("tls.certificate",))

    def _of_mail(self) -> Iterator[Reason]:
        """Tell of the room there is, and who is left out."""
        disk = self._rehearsal.office.room.look(0)
        if disk.free is not None:
            text = f"{disk.free:,} octets are free on the disk of {disk.folder}"
            yield Reason(text, ("limits.disk-reserve",))
        for milter in self._rehearsal.configuration.milters:
            text = (
                f"the milter at {milter.endpoint} is not asked: it may keep or count what it sees"
            )
            yield Reason(text, ("milter.endpoint",))

    async def _of_recipient(self, path: Path) -> tuple[Reason, ...]:
        """Tell whose mailboxes a recipient means."""
        directory = self._rehearsal.directory
        if path.address is None:
            return ()
        found = directory.find(path.address)
        there = found if isinstance(found, tuple) else await found
        return tuple(reasons.of_recipient(directory, path.address, there))

    def _of_content(self) -> Iterator[Reason]:
        """Tell why a message was not examined, if it was not."""
        rehearsal = self._rehearsal
        if not wanted(rehearsal.configuration):
            yield Reason("nobody finds out who sent it: checks are off", ("checks.enabled",))
        elif not any(isinstance(event, Checked) for event in rehearsal.events):
            yield Reason("nobody finds out who sent it: its client is trusted", ("trusted",))


async def _or_end(reply: Awaitable[Reply]) -> Reply:
    """Give a reply; where the connection ends without one, say so."""
    try:
        return await reply
    except NoReply:
        return Reply(421, "", "(no reply: the connection has ended)")
