"""An inbox whose disk hangs: it is stopped in time all the same."""

import os
import sys
from pathlib import Path
from signal import SIGTERM

import pytest

from tests.inbox.web.browsing import put
from tests.inbox.web.conftest import StartInbox
from tests.system.running import until

pytestmark = pytest.mark.system

HANGING = """\
import sys
from pathlib import Path
from signal import SIGTERM
import gomail.inbox.completing as completing
import gomail.inbox.web.postbox as postbox
from gomail.cli.main import main
from gomail.inbox.mailbox import Mailbox

def hanging(work, name):
    def hang(*arguments):
        if Path("fifo").exists():
            Path(name).touch()
            Path("fifo").read_bytes()
        return work(*arguments)
    return hang

completing.look_into = hanging(completing.look_into, "looks")
Mailbox.open = hanging(Mailbox.open, "opens")
postbox.STOP_TIME = 0.5
main(["inbox", *sys.argv[1:]])
"""


def test_inbox_that_hangs_on_its_disk_ends(start_inbox: StartInbox, tmp_path: Path) -> None:
    """Whoever opens a message, or looks into one for a list, waits for ever; nobody who stops."""
    inbox = start_inbox(command=(sys.executable, "-c", HANGING))
    key = inbox.find("first")
    os.mkfifo(tmp_path / "fifo")
    put(tmp_path / "Maildir", 4, "Subject: new\n\nHello.\n")
    assert inbox.ask("/").status == 200
    with inbox.connect() as connection:
        connection.sendall(f"GET /message/{key} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        until((tmp_path / "opens").exists, "a page that hangs")
        until((tmp_path / "looks").exists, "a look into a message that hangs")
        assert inbox.server.stopped() == -SIGTERM
