"""docs/howto/postfix.md: mail goes to whom Postfix's own tables lead, and the queue drains."""

import shlex
import smtplib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.story import Story
from tests.interop.conftest import StartGomail
from tests.interop.postfix import Postfix
from tests.interop.software import needs, run
from tests.patience import PATIENCE
from tests.system.running import free_port

pytestmark = [pytest.mark.interop, pytest.mark.needs_root]
USERS = {"alice@example.org", "bob@example.org"}
LOCAL = [f"{name}@example.org" for name in ("alice", "bob", "postmaster", "team", "news")]
ADDRESSES = [*LOCAL, "info@example.net", "sales@example.net", "anybody@example.net"]


class Tables:
    """Postfix's tables, which its own programs make and ask."""

    def __init__(self, postfix: Path, aliases: str, virtual: str) -> None:
        self._configured = ["-c", str(postfix)]
        self._aliases, self._virtual = postfix / "aliases", postfix / "virtual"
        for path, text, program in (
            (self._aliases, aliases, "postalias"),
            (self._virtual, virtual, "postmap"),
        ):
            path.write_text(text)
            run([needs(program), *self._configured, f"hash:{path}"])

    def lead(self, address: str) -> set[str]:
        """Give the users to whom an address leads in the end (virtual(5), aliases(5))."""
        if address in USERS:
            return {address}
        name, _, domain = address.partition("@")
        if domain == "example.org":
            targets = self._asked("postalias", name, self._aliases)
        else:
            targets = self._asked("postmap", address, self._virtual)
            targets = targets or self._asked("postmap", f"@{domain}", self._virtual)
        whole = [each if "@" in each else f"{each}@example.org" for each in targets]
        return {user for each in whole for user in self.lead(each)}

    def _asked(self, program: str, key: str, path: Path) -> list[str]:
        """Ask a table; give what stands behind a key."""
        command = [needs(program), *self._configured, "-q", key, f"hash:{path}"]
        found = run(["sh", "-c", '"$@" || [ $? = 1 ]', "sh", *command])  # 1: not there
        return [each.strip() for each in found.split(",") if each.strip()]


@pytest.fixture
def postfix(folder: Path) -> Iterator[Postfix]:
    """Give a Postfix that can't deliver what it has, and would listen on port 25."""
    needs("postfix")
    postfix = Postfix(folder, free_port())
    with (folder / "postfix/master.cf").open("a") as master:
        master.write("smtp inet n - n - - smtpd\n")
    yield postfix
    postfix.stop()


def test_howto_postfix(folder: Path, postfix: Postfix, start_gomail: StartGomail) -> None:
    """Each address leads to the same mailboxes; what was queued before arrives."""
    here = folder / "postfix"
    with Story("docs/howto/postfix.md") as story:
        asked = shlex.split(story.take("sh", "postconf -n"))
        assert run([needs("postconf"), "-c", here, *asked[1:]]) != ""
        tables = Tables(here, story.take("aliases"), story.take("virtual"))
        settings = story.take("toml", "catch-all").replace("/srv", str(folder))
        change, drain = story.take("sh", "-MX smtp/inet"), story.take("sh", "postqueue -f")
    listener = '[[listener]]\nendpoint = "tcp:0:interface=127.0.0.1"\n'
    gomail = start_gomail(settings=settings + listener)
    for address in ADDRESSES:
        with smtplib.SMTP("127.0.0.1", gomail.port, timeout=PATIENCE) as client:
            client.sendmail("me@client.example", [address], f"Subject: {address}\r\n\r\nx\r\n")
    led = {address: tables.lead(address) for address in ADDRESSES}
    assert all(led.values())
    stored = {address: holders(folder, address) for address in ADDRESSES}
    assert stored == led
    run(
        [*postfix.sendmail, "-f", "me@client.example", "news@example.org"],
        feed=b"Subject: q\n\nq\n",
    )
    assert len(postfix.queued()) == 1
    types(here, change.replace("]:25", f"]:{gomail.port}"))
    assert "smtpd" not in (here / "master.cf").read_text()
    postfix.start()
    queue, empty = drain.splitlines()
    types(here, queue)
    postfix.wait_until_empty()
    assert "Mail queue is empty" in types(here, empty)
    assert holders(folder, "q") == USERS


def types(postfix: Path, lines: str) -> str:
    """Type lines, which are for the Postfix in a folder; it is restarted by the test itself."""
    said = ""
    for line in lines.splitlines():
        sudo, program, *words = shlex.split(line)
        assert sudo == "sudo"
        if program == "systemctl":
            assert words == ["restart", "postfix"]
        else:
            said += run([needs(program), "-c", postfix, *words])
    return said


def holders(folder: Path, subject: str) -> set[str]:
    """Give those who have a message with a subject."""
    found = set()
    for path in (folder / "mail").glob("*/*/new/*"):
        if f"\nSubject: {subject}\n" in path.read_text():
            domain, mailbox = path.parts[-4:-2]
            found.add(f"{mailbox}@{domain}")
    return found
