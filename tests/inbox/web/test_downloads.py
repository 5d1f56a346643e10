"""Files to browsers that break off, take nothing, take little, or are too many."""

from io import BytesIO

import pytest
from twisted.internet.defer import CancelledError, Deferred
from twisted.web.http import Request

from gomail.inbox.web.answers import Download, NoPage
from gomail.inbox.web.channel import TAKE_TIME, Channel
from gomail.inbox.web.downloads import MOST, SLOWEST, Downloads
from gomail.inbox.web.exchange import Exchange
from tests.inbox.web.doors import GET, Door, Wire

SIZE = 10 * 1024 * 1024


class Saving(Door):
    """A doorway behind which there is nothing but a large file."""

    def __init__(self) -> None:
        super().__init__()
        self.files: list[BytesIO] = []
        self.ends: list[object] = []
        self.downloads = Downloads(self.clock)
        self.doorway.answer = self.begin

    def begin(self, request: Request) -> None:
        """Send it."""
        leave = self.downloads.enter()
        self.files.append(BytesIO(bytes(SIZE)))
        download = Download(self.files[-1], SIZE, "file", leave)
        sent = Deferred.fromCoroutine(self.downloads.deliver(Exchange(request), download))
        sent.addBoth(self.ends.append)

    def save(self) -> tuple[Channel, Wire]:
        """Connect, and ask for it."""
        return self.connect(GET + b"\r\n")


def test_who_breaks_off_is_no_failure() -> None:
    """The file is closed, and nothing is left that would be told in the log."""
    saving = Saving()
    channel, _ = saving.save()
    channel.stopProducing()
    [end] = saving.ends
    assert getattr(end, "type", None) is CancelledError
    assert saving.files[0].closed


def test_w6_downloads_are_few() -> None:
    """Connections are left for pages; who is done makes room."""
    saving = Saving()
    channels = [saving.save()[0] for _ in range(MOST)]
    with pytest.raises(NoPage, match="24 files are being saved"):
        saving.downloads.enter()
    channels[0].stopProducing()
    _, wire = saving.save()
    assert wire.value() == b""  # it waits to be taken
    assert not saving.files[-1].closed


def test_w6_download_has_its_time() -> None:
    """Taking some of it now and then does not put it off."""
    saving = Saving()
    channel, wire = saving.save()
    seconds = TAKE_TIME + SIZE / SLOWEST
    for _ in range(int(seconds / TAKE_TIME) + 1):
        assert not wire.aborted
        channel.pauseProducing()
        saving.clock.advance(TAKE_TIME / 2)
        channel.resumeProducing()
        saving.clock.advance(TAKE_TIME / 2)
    assert wire.aborted
