"""What is kept of messages that were read."""

from typing import cast

import pytest_twisted

from gomail.inbox.web.downloads import Downloads
from gomail.inbox.web.drawing import Drawing
from gomail.inbox.web.letter import Letters
from gomail.inbox.web.postbox import Postbox
from gomail.reading.reader import Unreadable


class Failing:
    """A postbox whose children die, as long as somebody kills them."""

    def __init__(self) -> None:
        self.asked = 0

    async def read(self, *_: object) -> object:
        """Have the first message cost a child its life."""
        self.asked += 1
        return Unreadable("somebody has killed it") if self.asked == 1 else "read"


@pytest_twisted.ensureDeferred
async def test_what_could_not_be_read_is_not_kept() -> None:
    """The next look may find a machine that has more room; what was read is kept for a while."""
    postbox = Failing()
    letters = Letters(cast("Postbox", postbox), Drawing(), cast("Downloads", None))
    found = [await letters._sheet("", "key") for _ in range(3)]
    assert [isinstance(each, Unreadable) for each in found] == [True, False, False]
    assert postbox.asked == 2
