"""The conformance kit passes what conforms, and bites whatever does not."""

import contextlib
import pathlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from unittest import SkipTest

import pytest
import pytest_twisted
from twisted.internet.interfaces import IReactorTime

from gomail.envelope import Envelope
from gomail.reply import NO_SUCH_MAILBOX
from gomail.testing.bench import Subject
from gomail.testing.conformance import CHECKS, Check
from gomail.testing.recording import Recorder
from tests.testing import faults
from tests.testing.faults import planted
from tests.testing.folder import Folder, FolderDelivery, FolderMessage, ThreadedMessage

UNKNOWN = "nobody@here.example"
BY_NAME = {str(check): check for check in CHECKS}


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


def start_in_thread(self: FolderDelivery, _: Envelope) -> FolderMessage:
    """Start a message that works in threads."""
    self.folder.count += 1
    return ThreadedMessage(self.folder, self.folder.count, list(self.names))


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
        faults.promises_too_early,
        "2xx",
    ),
    Plant(
        "message_is_stored_before_the_reply",
        FolderMessage,
        "eomReceived",
        faults.answers_nothing,
        "Reply",
    ),
    Plant(
        "message_is_stored_before_the_reply",
        FolderMessage,
        "eomReceived",
        faults.answers_354,
        "354",
    ),
    Plant(
        "message_is_stored_before_the_reply",
        FolderMessage,
        "eomReceived",
        faults.answers_one_reply_too_many,
        "2 replies for 1",
    ),
    Plant(
        "message_is_stored_before_the_reply",
        FolderDelivery,
        "messageStarted",
        faults.gives_a_stranger,
    ),
    Plant(
        "message_is_stored_before_the_reply",
        FolderDelivery,
        "validateFrom",
        faults.answers_with_the_path,
        "validateFrom answers None",
    ),
    Plant(
        "message_is_stored_before_the_reply",
        FolderDelivery,
        "transactionEnded",
        faults.raises,
        "planted",
    ),
    Plant(
        "message_is_stored_before_the_reply",
        FolderDelivery,
        "sessionEnded",
        faults.raises_at_leave,
        "planted",
    ),
    Plant(
        "message_is_stored_before_the_reply",
        FolderMessage,
        "eomReceived",
        faults.forgets_a_recipient,
    ),
    Plant(
        "message_is_stored_once",
        FolderMessage,
        "eomReceived",
        faults.stores_twice,
        "2 copies of a message for 1 mailbox(es), of which each makes 1",
    ),
    Plant(
        "content_is_kept", FolderMessage, "eomReceived", faults.stores_and_refuses, "but answered"
    ),
    Plant(
        "content_is_kept",
        FolderMessage,
        "octetsReceived",
        faults.strips_blanks,
        "does not end with",
    ),
    Plant("packets_make_no_difference", FolderMessage, "octetsReceived", faults.loses_dots),
    Plant(
        "packets_make_no_difference",
        FolderMessage,
        "octetsReceived",
        faults.splits_lines_packet_by_packet,
    ),
    Plant(
        "bounces_are_welcome",
        FolderDelivery,
        "validateFrom",
        faults.knows_no_bounces,
        "null reverse-path",
    ),
    Plant(
        "refused_recipient_concerns_nobody_else",
        FolderDelivery,
        "validateTo",
        faults.takes_unknown_ones,
    ),
    Plant(
        "refused_recipient_concerns_nobody_else",
        FolderDelivery,
        "validateTo",
        faults.notes_before_refusing,
        "nobody knows whom",
    ),
    Plant(
        "thousand_recipients_are_served", FolderDelivery, "messageStarted", faults.refuses_thousands
    ),
    Plant(
        "session_takes_several_messages",
        FolderDelivery,
        "messageStarted",
        faults.takes_one_message_a_session,
    ),
    Plant("sessions_do_not_mix", FolderDelivery, "messageStarted", faults.shares_one_file),
    Plant(
        "ended_transaction_is_forgotten",
        FolderDelivery,
        "transactionEnded",
        faults.remembers_recipients,
        "2 copies instead of 1",
    ),
    Plant(
        "given_up_message_leaves_nothing",
        FolderMessage,
        "connectionLost",
        faults.leaves_its_file,
        "left over",
    ),
    Plant(
        "given_up_message_leaves_nothing",
        FolderMessage,
        "connectionLost",
        faults.stores_what_was_given_up,
        "stored all the same",
    ),
    Plant(
        "given_up_message_leaves_nothing", FolderMessage, "connectionLost", faults.raises_at_the_end
    ),
    Plant(
        "client_may_vanish_at_any_time",
        FolderMessage,
        "connectionLost",
        faults.stores_what_was_given_up,
    ),
    Plant(
        "refusal_in_the_middle_leaves_nothing",
        FolderMessage,
        "connectionLost",
        faults.leaves_its_file,
    ),
    Plant(
        "too_big_message_leaves_nothing", FolderMessage, "connectionLost", faults.leaves_its_file
    ),
    Plant(
        "broken_storage_defers", FolderMessage, "eomReceived", faults.says_5xx, "4xx was expected"
    ),
    Plant("faults_elsewhere_are_survived", FolderDelivery, "transactionEnded", faults.raises),
    Plant("late_answers_change_nothing", FolderDelivery, "validateTo", faults.shares_recipients),
    Plant(
        "client_may_vanish_while_answers_are_awaited",
        FolderMessage,
        "connectionLost",
        faults.leaves_its_file,
    ),
    Plant(
        "huge_message_takes_little_memory",
        FolderMessage,
        "octetsReceived",
        faults.keeps_everything,
        "memory",
    ),
]


@pytest.mark.parametrize("plant", PLANTS, ids=str)
def test_planted_fault_is_found(plant: Plant, tmp_path: pathlib.Path) -> None:
    """Each check bites the fault that it was made for."""
    with planted(plant.owner, plant.name, plant.method):
        assert plant.says in failure_of(BY_NAME[plant.check], subject_of(Folder(tmp_path)))


def test_delivery_with_an_archive_says_so(tmp_path: pathlib.Path) -> None:
    """Two copies of each message are two where the subject says two, and one would be too few."""
    check = BY_NAME["message_is_stored_once"]
    with planted(FolderMessage, "eomReceived", faults.stores_twice):
        check.now(replace(subject_of(Folder(tmp_path)), copies=2))
    few = tmp_path / "few"
    few.mkdir()
    assert "1 copies" in failure_of(check, replace(subject_of(Folder(few)), copies=2))


def test_every_check_bites_something() -> None:
    """No check passes everything."""
    assert {plant.check for plant in PLANTS} == set(BY_NAME)
