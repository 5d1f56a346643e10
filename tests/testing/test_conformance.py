"""The conformance kit passes what conforms, and bites whatever does not."""

import contextlib
import os
import pathlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from unittest import SkipTest

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.threads import deferToThread
from zope.interface import implementer

from gomail.address import Path
from gomail.answers import Answer
from gomail.envelope import Client, Envelope, MailParameters
from gomail.interfaces import IFarewell, IMessage, IMessageDelivery, IMessageDeliveryFactory
from gomail.reply import DISK_FULL, NO_SUCH_MAILBOX, STORED, Refused, Reply
from gomail.testing.bench import Subject
from gomail.testing.conformance import CHECKS, Check
from gomail.testing.recording import Recorder

UNKNOWN = "nobody@here.example"
BY_NAME = {str(check): check for check in CHECKS}


@implementer(IMessageDeliveryFactory)
class Folder:
    """Deliveries that conform: a file for each message and mailbox, in one folder."""

    def __init__(self, root: pathlib.Path) -> None:
        self.root = root
        self.count = 0
        self.is_broken = False

    def deliveryFor(self, client: Client) -> "FolderDelivery":
        """Give a session's delivery."""
        return FolderDelivery(self)

    def stored(self) -> list[bytes]:
        """Give what is stored."""
        return [path.read_bytes() for path in self.root.glob("*.eml")]

    def litter(self) -> int:
        """Count temporary files."""
        return len(list(self.root.glob("*.tmp")))

    @contextlib.contextmanager
    def broken(self) -> Iterator[None]:
        """Have a full disk for a while."""
        self.is_broken = True
        yield
        self.is_broken = False


@implementer(IMessageDelivery, IFarewell)
class FolderDelivery:
    """One session's delivery."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.names: list[str] = []

    def greeted(self, client: Client) -> None:
        """Welcome everybody."""

    def validateFrom(self, client: Client, reversePath: Path, parameters: MailParameters) -> None:
        """Welcome everybody."""

    def validateTo(self, forwardPath: Path) -> None:
        """Welcome everybody but nobody."""
        name = str(forwardPath.address).partition("@")[0]
        if name == "nobody":
            raise Refused(NO_SUCH_MAILBOX)
        if name not in self.names:
            self.names.append(name)

    def messageStarted(self, envelope: Envelope) -> "FolderMessage":
        """Open a temporary file."""
        self.folder.count += 1
        return FolderMessage(self.folder, self.folder.count, list(self.names))

    def transactionEnded(self) -> None:
        """Forget the recipients."""
        self.names = []

    def sessionEnded(self) -> None:
        """Have nothing to let go of."""


@implementer(IMessage)
class FolderMessage:
    """One message."""

    def __init__(self, folder: Folder, number: int, names: list[str]) -> None:
        self.folder = folder
        self.number = number
        self.names = names
        self.path = folder.root / f"{number}.tmp"
        self.file = self.path.open("xb")

    def octetsReceived(self, octets: bytes) -> Answer[None]:
        """Write the octets."""
        self.file.write(octets)
        return None

    def eomReceived(self) -> Answer[Reply]:
        """Make the file known by its names."""
        self.file.close()
        try:
            if self.folder.is_broken:
                raise OSError(28, "No space left on device")
            for name in self.names:
                os.link(self.path, self.folder.root / f"{self.number}-{name}.eml")
        finally:
            self.path.unlink()
        return STORED

    def connectionLost(self) -> None:
        """Remove the file."""
        self.file.close()
        self.path.unlink()


class ThreadedMessage(FolderMessage):
    """The same, out of threads."""

    async def octetsReceived(self, octets: bytes) -> None:
        """Write in a thread."""
        await deferToThread(super().octetsReceived, octets)

    def eomReceived(self) -> Deferred[Reply]:
        """Store in a thread."""
        return deferToThread(super().eomReceived)  # type: ignore[arg-type]  # it answers at once

    def connectionLost(self) -> None:
        """Throw away a little later."""
        from twisted.internet import reactor

        IReactorTime(reactor).callLater(0.01, super().connectionLost)


stored: Callable[..., Reply] = FolderMessage.eomReceived  # type: ignore[assignment]  # it answers at once
received = FolderMessage.octetsReceived
lost = FolderMessage.connectionLost
started = FolderDelivery.messageStarted
validated = FolderDelivery.validateTo


def subject_of(folder: Folder, clock: IReactorTime | None = None) -> Subject:
    """Make the subject of a folder."""
    return Subject(
        folder,
        folder.stored,
        unknown=UNKNOWN,
        litter=folder.litter,
        broken=folder.broken,
        memory=2**22,
        clock=clock,
    )


def failure_of(check: Check, subject: Subject) -> str:
    """Check; give what it says of the subject."""
    with pytest.raises(AssertionError) as caught:
        check.now(subject)
    return str(caught.value)


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_delivery_that_conforms_passes(check: Check, tmp_path: pathlib.Path) -> None:
    """What does everything right is not complained about."""
    check.now(subject_of(Folder(tmp_path)))


@pytest.mark.parametrize("check", CHECKS, ids=str)
@pytest_twisted.ensureDeferred
async def test_delivery_that_works_in_threads_passes(check: Check, tmp_path: pathlib.Path) -> None:
    """Answers may come out of threads, when the subject has the reactor as its clock."""
    from twisted.internet import reactor

    with planted(FolderDelivery, "messageStarted", start_in_thread):
        await check(subject_of(Folder(tmp_path), IReactorTime(reactor)))


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_recorder_passes(check: Check) -> None:
    """The delivery that tests use conforms itself."""
    recorder = Recorder({UNKNOWN: NO_SUCH_MAILBOX})
    subject = Subject(
        recorder, lambda: [each.content for each in recorder.messages], unknown=UNKNOWN
    )
    with contextlib.suppress(SkipTest):
        check.now(subject)


@contextlib.contextmanager
def planted(owner: type, name: str, method: Callable[..., Any]) -> Iterator[None]:
    """Plant a method into a class that conforms."""
    original = getattr(owner, name)
    setattr(owner, name, method)
    try:
        yield
    finally:
        setattr(owner, name, original)


def start_in_thread(self: FolderDelivery, _: Envelope) -> FolderMessage:
    """Start a message that works in threads."""
    self.folder.count += 1
    return ThreadedMessage(self.folder, self.folder.count, list(self.names))


def promises_too_early(self: FolderMessage) -> Reply:
    """Say 250, and store a little later."""
    self.file.flush()
    threading.Timer(0.05, stored, [self]).start()
    return STORED


def forgets_a_recipient(self: FolderMessage) -> Reply:
    """Store nothing where few recipients were named."""
    self.names = self.names[:1] if len(self.names) > 5 else []
    return stored(self)


def strips_blanks(self: FolderMessage, octets: bytes) -> None:
    """Take blank lines at the end for nothing."""
    received(self, octets.rstrip(b"\r\n") + b"\r\n" if octets.endswith(b"\n") else octets)


def stores_and_refuses(self: FolderMessage) -> Reply:
    """Store what is refused."""
    stored(self)
    return Reply(554, "6.0", "Not what we like")


def loses_dots(self: FolderMessage, octets: bytes) -> None:
    """Unstuff dots that are unstuffed."""
    received(self, octets.replace(b"\r\n..", b"\r\n."))


def splits_lines_packet_by_packet(self: FolderMessage, octets: bytes) -> None:
    """Take every packet for whole lines."""
    for line in octets.splitlines():
        received(self, line + b"\r\n")


def knows_no_bounces(_: FolderDelivery, __: Client, reversePath: Path, ___: object) -> None:
    """Take every reverse-path for an address."""
    str(reversePath.address.domain)  # type: ignore[union-attr]  # that is the fault


def takes_unknown_ones(self: FolderDelivery, forwardPath: Path) -> None:
    """Refuse nobody."""
    with contextlib.suppress(Refused):
        validated(self, forwardPath)


def notes_before_refusing(self: FolderDelivery, forwardPath: Path) -> None:
    """Note a recipient, then find out that there is none."""
    self.names.append(str(forwardPath.address).partition("@")[0])
    validated(self, forwardPath)


def answers_one_reply_too_many(self: FolderMessage) -> list[Reply]:
    """Give a reply for somebody who is not there."""
    return [stored(self)] * (len(self.names) + 1)


def answers_nothing(self: FolderMessage) -> None:
    """Forget the reply."""
    stored(self)


def answers_354(self: FolderMessage) -> Reply:
    """Give a reply that is none to a message."""
    stored(self)
    return Reply(354, "", "Go on")


def leaves_its_file(self: FolderMessage) -> None:
    """Leave the temporary file."""
    self.file.close()


def stores_what_was_given_up(self: FolderMessage) -> None:
    """Store half a message."""
    self.file.close()
    os.link(self.path, self.folder.root / f"{self.number}-lost.eml")
    self.path.unlink()


def raises(_: FolderDelivery) -> None:
    """Fail where nobody can be told."""
    raise RuntimeError("planted")


def raises_at_leave(_: FolderDelivery) -> None:
    """Fail when the session has ended."""
    raise ValueError("planted")


def raises_at_the_end(self: FolderMessage) -> None:
    """Throw away, and fail."""
    lost(self)
    raise RuntimeError("planted")


def takes_one_message_a_session(self: FolderDelivery, envelope: Envelope) -> FolderMessage:
    """Refuse a session's second message."""
    if self.__dict__.setdefault("taken", envelope.id) != envelope.id:
        raise Refused(DISK_FULL)
    return started(self, envelope)


def shares_recipients(self: FolderDelivery, forwardPath: Path) -> None:
    """Keep the recipients of all sessions in one list."""
    self.names = self.folder.__dict__.setdefault("names", [])
    validated(self, forwardPath)


def remembers_recipients(_: FolderDelivery) -> None:
    """Forget nothing."""


def says_5xx(self: FolderMessage) -> Reply:
    """Take our trouble for the sender's."""
    try:
        return stored(self)
    except OSError:
        return Reply(554, "0.0", "Transaction failed")


def keeps_everything(self: FolderMessage, octets: bytes) -> None:
    """Hold the content in memory."""
    self.__dict__.setdefault("pieces", []).append(bytes(bytearray(octets)))
    received(self, octets)


def answers_with_the_path(_: FolderDelivery, __: Client, reversePath: Path, ___: object) -> Path:
    """Answer as twisted.mail's deliveries do."""
    return reversePath


def gives_a_stranger(_: FolderDelivery, __: Envelope) -> object:
    """Give no message."""
    return object()


def refuses_thousands(self: FolderDelivery, envelope: Envelope) -> FolderMessage:
    """Take no list mail."""
    if len(envelope.forward_paths) > 100:
        raise Refused(DISK_FULL)
    return started(self, envelope)


def shares_one_file(self: FolderDelivery, envelope: Envelope) -> FolderMessage:
    """Write all that comes at the same time into one file."""
    current: FolderMessage | None = self.folder.__dict__.get("current")
    if current is None or current.file.closed:
        current = self.folder.__dict__["current"] = started(self, envelope)
    return current


@dataclass
class Plant:
    """A fault, where it is planted, and the check that must bite."""

    check: str
    owner: type
    name: str
    method: Callable[..., Any]
    says: str = ""

    def __str__(self) -> str:
        return f"{self.method.__name__}-{self.check}"


PLANTS = [
    Plant(
        "message_is_stored_before_the_reply",
        FolderMessage,
        "eomReceived",
        promises_too_early,
        "2xx",
    ),
    Plant(
        "message_is_stored_before_the_reply", FolderMessage, "eomReceived", answers_nothing, "Reply"
    ),
    Plant("message_is_stored_before_the_reply", FolderMessage, "eomReceived", answers_354, "354"),
    Plant(
        "message_is_stored_before_the_reply",
        FolderMessage,
        "eomReceived",
        answers_one_reply_too_many,
        "2 replies for 1",
    ),
    Plant("message_is_stored_before_the_reply", FolderDelivery, "messageStarted", gives_a_stranger),
    Plant(
        "message_is_stored_before_the_reply",
        FolderDelivery,
        "validateFrom",
        answers_with_the_path,
        "validateFrom answers None",
    ),
    Plant(
        "message_is_stored_before_the_reply", FolderDelivery, "transactionEnded", raises, "planted"
    ),
    Plant(
        "message_is_stored_before_the_reply",
        FolderDelivery,
        "sessionEnded",
        raises_at_leave,
        "planted",
    ),
    Plant("message_is_stored_before_the_reply", FolderMessage, "eomReceived", forgets_a_recipient),
    Plant("content_is_kept", FolderMessage, "eomReceived", stores_and_refuses, "but answered"),
    Plant("content_is_kept", FolderMessage, "octetsReceived", strips_blanks, "does not end with"),
    Plant("packets_make_no_difference", FolderMessage, "octetsReceived", loses_dots),
    Plant(
        "packets_make_no_difference", FolderMessage, "octetsReceived", splits_lines_packet_by_packet
    ),
    Plant(
        "bounces_are_welcome", FolderDelivery, "validateFrom", knows_no_bounces, "null reverse-path"
    ),
    Plant(
        "refused_recipient_concerns_nobody_else", FolderDelivery, "validateTo", takes_unknown_ones
    ),
    Plant(
        "refused_recipient_concerns_nobody_else",
        FolderDelivery,
        "validateTo",
        notes_before_refusing,
        "nobody knows whom",
    ),
    Plant("thousand_recipients_are_served", FolderDelivery, "messageStarted", refuses_thousands),
    Plant(
        "session_takes_several_messages",
        FolderDelivery,
        "messageStarted",
        takes_one_message_a_session,
    ),
    Plant("sessions_do_not_mix", FolderDelivery, "messageStarted", shares_one_file),
    Plant(
        "ended_transaction_is_forgotten",
        FolderDelivery,
        "transactionEnded",
        remembers_recipients,
        "2 copies instead of 1",
    ),
    Plant(
        "given_up_message_leaves_nothing",
        FolderMessage,
        "connectionLost",
        leaves_its_file,
        "left over",
    ),
    Plant(
        "given_up_message_leaves_nothing",
        FolderMessage,
        "connectionLost",
        stores_what_was_given_up,
        "stored all the same",
    ),
    Plant("given_up_message_leaves_nothing", FolderMessage, "connectionLost", raises_at_the_end),
    Plant(
        "client_may_vanish_at_any_time", FolderMessage, "connectionLost", stores_what_was_given_up
    ),
    Plant("refusal_in_the_middle_leaves_nothing", FolderMessage, "connectionLost", leaves_its_file),
    Plant("too_big_message_leaves_nothing", FolderMessage, "connectionLost", leaves_its_file),
    Plant("broken_storage_defers", FolderMessage, "eomReceived", says_5xx, "4xx was expected"),
    Plant("faults_elsewhere_are_survived", FolderDelivery, "transactionEnded", raises),
    Plant("late_answers_change_nothing", FolderDelivery, "validateTo", shares_recipients),
    Plant(
        "client_may_vanish_while_answers_are_awaited",
        FolderMessage,
        "connectionLost",
        leaves_its_file,
    ),
    Plant(
        "huge_message_takes_little_memory",
        FolderMessage,
        "octetsReceived",
        keeps_everything,
        "memory",
    ),
]


@pytest.mark.parametrize("plant", PLANTS, ids=str)
def test_planted_fault_is_found(plant: Plant, tmp_path: pathlib.Path) -> None:
    """Each check bites the fault that it was made for."""
    with planted(plant.owner, plant.name, plant.method):
        assert plant.says in failure_of(BY_NAME[plant.check], subject_of(Folder(tmp_path)))


def test_every_check_bites_something() -> None:
    """No check passes everything."""
    assert {plant.check for plant in PLANTS} == set(BY_NAME)
