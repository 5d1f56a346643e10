"""
What the dialogue remembers from its connection on: a `Session`.

The session asks its `IMessageDelivery` and keeps the limits that hold whatever delivery is behind
it; octets, clocks and modes are the protocol's, verbs those of `gomail.smtp.verbs`.
"""

from collections.abc import Awaitable
from dataclasses import replace
from typing import Protocol, cast

from twisted.python.failure import Failure

from gomail.address import Path
from gomail.answers import Answer, after, is_later
from gomail.envelope import Client, Encryption, Envelope, MailParameters
from gomail.interfaces import IFarewell, IMessage, IMessageDelivery
from gomail.reply import (
    LOCAL_ERROR,
    RECIPIENT_OK,
    SENDER_OK,
    TOO_BIG,
    Refused,
    Reply,
)
from gomail.smtp.deadline import deferred_of
from gomail.smtp.encryption import Prepared
from gomail.smtp.expected import not_none, unexpected
from gomail.smtp.faults import attempt, refusal_in, refusal_of
from gomail.smtp.house import House
from gomail.smtp.transaction import NO_CHUNK, Chunk, Transaction
from gomail.smtp.verdict import fold, octets_taken


class Speaker(Protocol):
    """Who speaks with the client."""

    def busy(self) -> bool:
        """Tell whether there is something still to be said."""


class Session:
    """
    One session: who the client is, the transaction that is open, and the content that comes.

    Attributes:
        client: what is known of the peer; replaced as more is learnt.
        claimed: how it called itself before TLS, which counts for nothing there.
        delivery: whom the session asks.
        house: what it shares with the others.
        speaker: who speaks with the client for us.
        limits: the bounds that hold for every delivery.
        transaction: the open one, or None.
        chunk: of the content that comes, or came last.
        ending: set by a verb whose reply is the session's last.
        messages: how many transactions came to their end of content.
        tls: our end of it, where it is about to begin.
        verb: the one that is being answered.
    """

    __slots__ = (
        "_message",
        "_refused",
        "_taken",
        "_transactions",
        "chunk",
        "claimed",
        "client",
        "delivery",
        "ending",
        "house",
        "limits",
        "messages",
        "speaker",
        "tls",
        "transaction",
        "verb",
    )

    def __init__(
        self,
        client: Client,
        delivery: IMessageDelivery,
        house: House,
        speaker: Speaker,
    ) -> None:
        """Begin a session with nothing said."""
        self.client = client
        self.claimed = ""
        self.delivery = delivery
        self.house = house
        self.speaker = speaker
        self.limits = house.limits
        self.transaction: Transaction | None = None
        self.chunk = NO_CHUNK
        self.tls: Prepared | None = None
        self.ending = False
        self.messages = 0
        self.verb = b""
        self._transactions = 0
        self._message: IMessage | None = None
        self._refused: Refused | None = None  # the verdict, where it fell before the end of content
        self._taken = 0  # octets of content so far

    @property
    def _id(self) -> str:
        """What the client's refusals end with, and our log of what is at fault."""
        return self.client.session_id

    def welcome(self) -> Answer[None]:
        """Ask the delivery whether the client, as it is known by now, is welcome."""

        def welcomed(answer: object) -> None:
            if answer is not None:
                raise not_none(self.delivery, "greeted", answer)

        return after(self.delivery.greeted(self.client), welcomed)

    def greet(self, helo: str, *, esmtp: bool) -> Answer[None]:
        """
        Learn the client's name; an open transaction ends.

        Where the delivery refuses the name everything stays as it was (RFC 5321 §4.1.4).
        """
        client = self.client.named(helo, esmtp=esmtp)

        def welcomed(answer: object) -> None:
            if answer is not None:
                raise not_none(self.delivery, "greeted", answer)
            self.end_transaction()
            self.client = client

        return after(self.delivery.greeted(client), welcomed)

    def encrypt(self, encryption: Encryption) -> Answer[None]:
        """Begin anew under TLS: what was said before may have been anybody's (RFC 3207 §4.2)."""
        self.end_transaction()
        self.claimed = self.client.helo
        self.client = replace(self.client, helo="", esmtp=False, encryption=encryption)
        return self.welcome()

    def begin(self, reverse_path: Path, parameters: MailParameters) -> Answer[Reply]:
        """Open a transaction if the delivery welcomes *reverse_path*."""
        self._transactions += 1
        envelope = Envelope(
            f"{self.client.session_id}.{self._transactions}", self.client, reverse_path, parameters
        )

        def welcomed(answer: object) -> Reply:
            if answer is not None:
                raise not_none(self.delivery, "validateFrom", answer)
            self.transaction = Transaction(envelope)
            return SENDER_OK

        return after(self.delivery.validateFrom(self.client, reverse_path, parameters), welcomed)

    def name(self, forward_path: Path, transaction: Transaction) -> Answer[Reply]:
        """Note one more recipient of a transaction if the delivery welcomes it."""

        def welcomed(answer: object) -> Reply:
            if answer is not None:
                raise not_none(self.delivery, "validateTo", answer)
            transaction.accepted.append(forward_path)
            return RECIPIENT_OK

        return after(self.delivery.validateTo(forward_path), welcomed)

    def end_transaction(self) -> None:
        """Close the open transaction, if any, and throw away content that came for it."""
        self._taken = 0
        if self.transaction is None:
            return
        self.transaction = None
        message, self._message = self._message, None
        self._refused = None
        if message is not None:
            attempt(message, "connectionLost", self._id)
        attempt(self.delivery, "transactionEnded", self._id)

    def leave(self) -> None:
        """Let the delivery know that the session is over, if it wants to."""
        if IFarewell.providedBy(self.delivery):
            attempt(self.delivery, "sessionEnded", self._id)

    def start_content(self, envelope: Envelope) -> Answer[None]:
        """Get a message to put the content of *envelope* into; afterwards 354 may be said."""

        def started(message: IMessage) -> None:
            if not hasattr(message, "eomReceived"):
                raise unexpected(self.delivery, "messageStarted", "an IMessage", message)
            self._message = message
            self._refused = None
            self._taken = 0
            self.chunk = NO_CHUNK

        return after(self.delivery.messageStarted(envelope), started)

    @property
    def chunking(self) -> bool:
        """Whether chunks of a message have come, and more may."""
        return self._message is not None

    def start_chunk(self, envelope: Envelope, size: int, *, last: bool) -> Answer[Chunk]:
        """Get ready for a chunk of the content of *envelope*; also for one that is refused."""

        def started(refused: Refused | None) -> Chunk:
            if refused is None and self._taken + size > self.limits.size:
                refused = Refused(TOO_BIG)
            return self.expect(Chunk(size, last, refused))

        if self.chunking:
            return started(None)
        start = refusal_in(
            lambda: self.start_content(envelope), self.delivery, "messageStarted", self._id
        )
        return after(start, started)

    def expect(self, chunk: Chunk) -> Chunk:
        """Have the octets of *chunk* come next; those of a refused one are swallowed."""
        if chunk.refused is not None:
            self._give_up(chunk.refused)
        self.chunk = chunk
        return chunk

    def take(self, octets: bytes) -> Answer[None]:
        """Put content into the message; once the verdict has fallen it is swallowed instead."""
        self._taken += len(octets)
        message = self._message
        if message is None:
            return None
        if self._taken > self.limits.size:
            self._give_up(Refused(TOO_BIG))
            return None
        try:
            taken = message.octetsReceived(octets)
        except Exception as error:  # noqa: BLE001 -- whatever it was, the peer gets an answer
            self._give_up(refusal_of(error, "octetsReceived", self._id))
            return None
        if taken is None:  # as mostly, and pieces come by the thousand
            return None
        return after(refusal_in(lambda: taken, message, "octetsReceived", self._id), self._give_up)

    def _give_up(self, refused: Refused | None) -> None:
        """Fix the verdict before the end: nothing more is kept."""
        if refused is None:
            return
        self._refused = refused
        message, self._message = self._message, None
        if message is not None:
            attempt(message, "connectionLost", self._id)

    @property
    def swallowing_too_much(self) -> bool:
        """Whether the peer goes on with refused content far beyond anything sensible."""
        return self._taken > 2 * self.limits.size

    def end_content(self) -> Answer[Reply]:
        """Answer what has come: a chunk that more follow, or a message."""
        chunk = self.chunk
        if chunk.refused is not None:
            self.end_transaction()  # a message that lacks a chunk is none
            raise chunk.refused
        if not chunk.last and self._refused is None:
            return octets_taken(chunk.size)
        return self._finish_content()

    def _finish_content(self) -> Answer[Reply]:
        """Close the transaction at its end of content and give the reply to the message."""
        self.messages += 1
        message, self._message = self._message, None
        if message is None:
            refused = self._refused or Refused(LOCAL_ERROR)
            self.end_transaction()
            raise refused
        try:
            answer = message.eomReceived()
        except BaseException:
            self.end_transaction()
            raise
        if is_later(answer):
            verdict = deferred_of(cast("Awaitable[object]", answer))
            return verdict.addCallbacks(self._finished, self._failed, callbackArgs=(message,))
        return self._finished(answer, message)

    def _failed(self, failure: Failure) -> Failure:
        """End the transaction all the same."""
        self.end_transaction()
        return failure

    def _finished(self, verdict: object, message: IMessage) -> Reply:
        """Fold the verdict into one reply; the transaction is over, whatever it says."""
        transaction = self.transaction
        self.end_transaction()
        if isinstance(verdict, Reply) and verdict.code == 250:  # as mostly
            return verdict
        return fold(verdict, len(transaction.accepted) if transaction else 0, message)
