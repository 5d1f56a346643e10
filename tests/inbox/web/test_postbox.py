"""What a browser is told where a message can't be had."""

from pathlib import Path

import pytest

from gomail.inbox.mailbox import Mailbox
from gomail.inbox.web.answers import NoPage
from gomail.inbox.web.postbox import _opened


class Locked(Mailbox):
    """A Maildir whose messages are somebody else's."""

    def open(self, folder: str, key: str) -> int:
        """Be refused."""
        raise PermissionError(13, "Permission denied", key)


def test_message_that_may_not_be_read_is_to_blame_itself(tmp_path: Path) -> None:
    """The Maildir is as good as ever."""
    with pytest.raises(NoPage) as caught:
        _opened(Locked(tmp_path, None), "", "key", lambda *_: None, ())
    assert caught.value.problem.text == "This message can't be read: Permission denied."
