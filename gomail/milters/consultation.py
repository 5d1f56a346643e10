"""
One milter's part in one SMTP session: what it hears, and what it makes of each message.

Nothing is raised here but cancellation. A milter that fails is out of the message: as if it had
accepted it, or with 451 for it, as is set. The next message begins with a new connection.
"""

from collections.abc import Coroutine, Iterable
from contextlib import suppress
from typing import Any

from twisted.internet.defer import CancelledError

from gomail.address import Path
from gomail.envelope import Client
from gomail.milters import commands
from gomail.milters.commands import Sender
from gomail.milters.connection import Connection, MilterFailed, MilterRests, NothingLeft
from gomail.milters.macros import macro_packet, of_client, of_path
from gomail.milters.milter import Milter
from gomail.milters.notes import Notes
from gomail.milters.options import ABORT, QUIT, Options, Stage, Step
from gomail.milters.outcome import Outcome, Refusal
from gomail.milters.packets import LONGEST_CHUNK, Nonsense, packet
from gomail.milters.sayings import (
    Quarantine,
    Refuse,
    Saying,
    Word,
    read_saying,
)
from gomail.reply import MILTER_DEFERS


class Consultation:
    """
    A milter in a session.

    Args:
        milter: which.
        hostname: ours.

    Attributes:
        refusal: of the message that is under way, by this milter.
        wants: whether the milter wants to hear more of that message.
    """

    def __init__(self, milter: Milter, hostname: str) -> None:
        self.refusal: Refusal | None = None
        self.wants = False
        self._milter = milter
        self._hostname = hostname
        self._connection = Connection(milter.clock)  # none yet
        self._options = Options()
        self._client: Client | None = None  # as the connection knows it
        self._session: Saying = Word.CONTINUE  # what it said of the session as a whole
        self._macros: dict[str, str] = {}
        self._begun = False  # it has heard of a message, and has to be told of the next
        self._until = self._latest = 0.0
        self._forget()

    def _forget(self) -> None:
        """Begin with no message."""
        self.refusal = None
        self._skipped: set[Stage] = set()
        self._chunk = bytearray()
        self._notes = Notes(self._milter)

    @property
    def may_change(self) -> bool:
        """Whether the header may be another one after this milter."""
        return self.wants and self._options.may_change

    async def mail(self, sender: Sender, latest: float) -> Refusal | None:
        """Tell it of a message, and of the client where it does not know of it yet."""
        self.abort()
        if self._client != sender.client:
            self.close()
        self.wants = True
        self._macros = {}
        self._wait(self._milter.settings.command, latest)
        return await self._guarded(self._mail(sender))

    async def recipient(self, path: Path, latest: float) -> Refusal | None:
        """Tell it of a recipient, which it may refuse alone."""
        if not self.wants:
            return self.refusal
        self._wait(self._milter.settings.command, latest)
        self._macros |= of_path(path, "rcpt", "local")
        return await self._guarded(self._event(Stage.RCPT, commands.recipient(path)))

    async def data(self, queue_id: str, latest: float) -> Refusal | None:
        """Tell it that content follows."""
        if not self.wants:
            return self.refusal
        self._wait(self._milter.settings.command, latest)
        self._macros["i"] = queue_id
        return await self._guarded(self._event(Stage.DATA))

    async def header(self, fields: Iterable[bytes], latest: float) -> None:
        """Show it the header: fields with their folds, in LF."""
        self._wait(self._milter.settings.content, latest)
        await self._guarded(self._header(fields))

    async def body(self, octets: bytes, latest: float) -> None:
        """Show it more of the body, in CRLF; it gets large pieces."""
        self._wait(self._milter.settings.content, latest)
        await self._guarded(self._body(octets))

    async def end(self, latest: float) -> Outcome:
        """Tell it that this was the message, and give what it makes of it."""
        if self.wants:
            self._wait(self._milter.settings.content, latest)
            await self._guarded(self._end())
        outcome = Outcome(self.refusal, tuple(self._notes.changes), self._notes.quarantine)
        self.abort()
        return outcome

    def abort(self) -> None:
        """Let it forget the message that is under way."""
        self.wants = False
        if self._begun:
            self._begun = False
            self._say(packet(ABORT))
        self._forget()

    def close(self) -> None:
        """Part from it."""
        self.wants = self._begun = False
        self._connection.part(packet(QUIT))

    def _say(self, octets: bytes) -> None:
        """Say what is not answered, if anybody hears it."""
        with suppress(MilterFailed):
            self._connection.send(octets)

    def _wait(self, seconds: float, latest: float) -> None:
        """Set the deadline of what comes next."""
        self._latest = latest
        self._until = min(latest, self._milter.clock.seconds() + seconds)

    async def _guarded(self, work: Coroutine[Any, Any, Refusal | None]) -> Refusal | None:
        """Do one step; where the milter fails, go on without it, or defer the message."""
        try:
            return await work
        except NothingLeft as nothing:  # else many sessions would switch a filter off
            return self._defer(str(nothing))
        except MilterRests as rests:
            if self._milter.settings.on_failure == "accept":
                self._milter.miss()
            return self._go_without(str(rests))
        except MilterFailed as failed:
            return self._fail(str(failed))
        except Nonsense as nonsense:
            return self._fail(f"it sent nonsense: {nonsense}")
        except CancelledError:
            self._drop("nobody waits for it any more")
            raise

    def _fail(self, why: str) -> Refusal | None:
        """Go on without the milter, and tell it."""
        deferred = self._milter.settings.on_failure == "defer"
        message = f"message {self._macros['i']}" if "i" in self._macros else "mail"
        follows = "is deferred" if deferred else "is accepted without it"
        self._milter.tell(f"{why}; {message} {follows}")
        return self._go_without(why)

    def _go_without(self, why: str) -> Refusal | None:
        """Go on without the milter, as is set."""
        self._drop(why)
        self._notes = Notes(self._milter)
        return self._defer(why) if self._milter.settings.on_failure == "defer" else self.refusal

    def _defer(self, why: str) -> Refusal:
        """Have the message come again."""
        self.wants = False
        self.refusal = self._refusal(Refuse(MILTER_DEFERS), why)
        return self.refusal

    def _drop(self, why: str) -> None:
        """Leave the connection, in whatever state it is."""
        self.wants = self._begun = False
        self._connection.fail(why)

    def _refusal(self, refuse: Refuse, why: str = "it refuses") -> Refusal:
        return Refusal(refuse.reply, f"milter {self._milter.settings.place}: {why}")

    async def _mail(self, sender: Sender) -> Refusal | None:
        """Introduce the client, where that is needed, and name the sender."""
        if self._connection.closed:
            await self._introduce(sender)
        if isinstance(self._session, Refuse):
            self.wants = False
            self.refusal = self._refusal(self._session)
            return self.refusal
        if self._session is Word.ACCEPT:
            self.wants = False
            return None
        self._begun = True
        self._macros = of_client(sender.client, self._hostname)
        self._macros |= of_path(sender.reverse_path, "mail", "smtp")
        return await self._event(Stage.MAIL, commands.mail(sender))

    async def _introduce(self, sender: Sender) -> None:
        """Connect to the milter, and tell it who the client is."""
        command = self._milter.settings.command
        self._connection, self._options = await self._milter.connect(self._latest)
        self._wait(command, self._latest)
        client = self._client = sender.client
        self._session = Word.CONTINUE
        self._macros = of_client(client, self._hostname)
        await self._event(Stage.CONNECT, commands.connect(client))
        if self._session is Word.CONTINUE:
            await self._event(Stage.HELO, commands.helo(client))

    async def _header(self, fields: Iterable[bytes]) -> None:
        """Show it each field, and the end of them."""
        spaces = Step.LEADING_SPACE in self._options.steps
        for field in fields:
            data = commands.field(field, leading_space=spaces)
            if data and self.wants:
                await self._event(Stage.HEADER, data)
        if self.wants:
            await self._event(Stage.END_OF_HEADER)

    async def _body(self, octets: bytes) -> None:
        """Send the pieces that are full."""
        self._chunk += octets
        while len(self._chunk) >= LONGEST_CHUNK and self.wants:
            piece = bytes(self._chunk[:LONGEST_CHUNK])
            del self._chunk[:LONGEST_CHUNK]
            await self._event(Stage.BODY, piece)

    async def _end(self) -> None:
        """Send the last piece and the end."""
        if self._chunk:
            await self._event(Stage.BODY, bytes(self._chunk))
        if self.wants:
            await self._event(Stage.END)

    async def _event(self, stage: Stage, data: bytes = b"") -> Refusal | None:
        """Send a command, where the milter wants it, and take its answer, where it gives one."""
        connection, options = self._connection, self._options
        octets = macro_packet(stage, options, self._macros)
        sent = options.sends(stage) and stage not in self._skipped
        if sent:
            octets += packet(stage.command, data)
        if octets:
            connection.send(octets)
        if sent and options.answers(stage):
            return self._answered(stage, await self._answer(connection, stage))
        await connection.drain(self._until)
        return None

    async def _answer(self, connection: Connection, stage: Stage) -> Saying:
        """Read until the milter has said what it thinks of a command."""
        spaces = Step.LEADING_SPACE in self._options.steps
        seconds = self._until - self._milter.clock.seconds()
        while True:
            command, data = await connection.read(self._until)
            saying = read_saying(command, data, leading_space=spaces)
            if saying is Word.PROGRESS:
                self._until = min(self._latest, self._milter.clock.seconds() + seconds)
            elif isinstance(saying, Quarantine):
                self._notes.set_aside(saying.reason)
            elif isinstance(saying, Word | Refuse):
                return saying
            elif stage is not Stage.END:
                raise Nonsense(f"{command!r} before the end of the message")
            else:
                self._notes.add(saying)

    def _answered(self, stage: Stage, saying: Saying) -> Refusal | None:
        """Follow what the milter said of a command."""
        if stage in {Stage.CONNECT, Stage.HELO}:
            if saying is Word.ACCEPT or isinstance(saying, Refuse):
                self._session = saying
        elif isinstance(saying, Refuse):
            if stage is Stage.RCPT:
                return self._refusal(saying)
            self.wants = False
            self.refusal = self._refusal(saying)
        elif saying is Word.SKIP:
            self._skipped.add(stage)
        elif saying is not Word.CONTINUE:
            self.wants = False
            if saying is Word.DISCARD:  # what is answered 250 is stored, so it is only kept apart
                self._notes.set_aside("discarded")
        return self.refusal
