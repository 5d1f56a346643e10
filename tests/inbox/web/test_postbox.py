"""What a browser is told where a message can't be had, and what its leaving ends."""

from pathlib import Path
from threading import Event

import pytest
import pytest_twisted
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.threads import deferToThread

from gomail.inbox.mailbox import Mailbox
from gomail.inbox.web.answers import NoPage
from gomail.inbox.web.downloads import MOST, Downloads
from gomail.inbox.web.drawing import Drawing
from gomail.inbox.web.letter import Letters
from gomail.inbox.web.postbox import CHILDREN, TAKING, Postbox, _opened
from gomail.inbox.web.site import Visit
from gomail.server.reactor import Reactor
from tests.inbox.maildir import make_maildir, put
from tests.patience import PATIENCE


@pytest.fixture
def reactor() -> Reactor:
    """Give the one that runs."""
    from twisted.internet import reactor as running

    return running  # type: ignore[return-value]


class Locked(Mailbox):
    """A Maildir whose messages are somebody else's."""

    def open(self, folder: str, key: str) -> int:
        """Be refused."""
        raise PermissionError(13, "Permission denied", key)


class Saving:
    """A browser that asks for an attachment."""

    path = ("message", "key", "part", "2")

    def query(self, _: str) -> str:
        """Ask for the inbox."""
        return ""


def test_message_that_may_not_be_read_is_to_blame_itself(tmp_path: Path) -> None:
    """The Maildir is as good as ever."""
    with pytest.raises(NoPage) as caught:
        _opened(Locked(tmp_path, None), "", "key", lambda *_: None, ())
    assert caught.value.problem.text == "This message can't be read: Permission denied."


@pytest_twisted.ensureDeferred
async def test_w6_who_breaks_off_has_no_more_children(reactor: Reactor, tmp_path: Path) -> None:
    """A child that goes on has its place: however often somebody asks, there are three at most."""
    put(make_maildir(tmp_path), 1)
    postbox = Postbox(reactor, mailbox := Mailbox(tmp_path, None))
    [listed] = mailbox.page("").entries
    begun: list[int] = []
    end, three = Event(), Event()

    def read(stored: int) -> int:
        begun.append(stored)
        if len(begun) == CHILDREN:
            three.set()
        end.wait(PATIENCE)
        return len(begun)

    postbox.start()
    try:
        ends: list[object] = []
        for _ in range(2 * CHILDREN):
            reading = Deferred.fromCoroutine(postbox.read("", listed.key, read))
            reading.addErrback(lambda failure: ends.append(failure.type))
            if len(ends) + 1 == CHILDREN:
                await deferToThread(three.wait, PATIENCE)
            reading.cancel()
        assert ends == [CancelledError] * 2 * CHILDREN
        last = Deferred.fromCoroutine(postbox.read("", listed.key, read))
        assert len(begun) <= CHILDREN
        end.set()
        assert await last == CHILDREN + 1
    finally:
        end.set()
        await postbox.stop()


@pytest_twisted.ensureDeferred
async def test_w6_messages_are_read_while_many_attachments_are_taken(
    reactor: Reactor, tmp_path: Path
) -> None:
    """There is always a child for a page, however many files are asked for; who leaves goes."""
    put(make_maildir(tmp_path), 1)
    postbox = Postbox(reactor, mailbox := Mailbox(tmp_path, None))
    [listed] = mailbox.page("").entries
    begun: list[int] = []
    end, two = Event(), Event()

    def take(stored: int) -> int:
        begun.append(stored)
        if len(begun) == TAKING:
            two.set()
        end.wait(PATIENCE)
        return 4711

    postbox.start()
    try:
        taking = [Deferred.fromCoroutine(postbox.take("", listed.key, take)) for _ in range(MOST)]
        await deferToThread(two.wait, PATIENCE)
        for _ in range(2 * CHILDREN):
            assert await postbox.read("", listed.key, lambda stored: stored > 0)
        assert len(begun) == TAKING
        for each in (taking.pop(), taking.pop(0)):  # one that waits, one that is under way
            each.cancel()
            with pytest.raises(CancelledError):
                await each
        end.set()
        for each in taking:
            assert await each == 4711
        assert len(begun) == MOST - 1
    finally:
        end.set()
        await postbox.stop()


@pytest_twisted.ensureDeferred
async def test_w6_attachment_is_not_read_where_there_is_no_place_for_it(
    reactor: Reactor, tmp_path: Path
) -> None:
    """The place is asked for first; one that can't be had leaves its place."""
    put(make_maildir(tmp_path), 1)
    postbox = Postbox(reactor, Mailbox(tmp_path, None))
    downloads = Downloads(reactor)
    letters = Letters(postbox, Drawing(), downloads)
    visit = Visit(Saving(), "", closed=False)  # type: ignore[arg-type]
    places = [downloads.enter() for _ in range(MOST)]
    with pytest.raises(NoPage, match="24 files are being saved already"):
        await Deferred.fromCoroutine(letters.get(visit))  # no thread is there to read it
    places[0]()
    postbox.start()
    try:
        for _ in range(2):
            with pytest.raises(NoPage, match="moved or removed"):
                await Deferred.fromCoroutine(letters.get(visit))
    finally:
        await postbox.stop()
