"""Every example of docs/developers.md runs, and stands there as it runs here."""

import importlib
import os
import re
import signal
import smtplib
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.internet.threads import deferToThread
from twisted.logger import formatEvent
from twisted.mail.maildir import MaildirDirdbmDomain
from twisted.mail.smtp import Address, User

from gomail.address import NULL_PATH
from gomail.checks.dns.zone import Zone
from gomail.checks.opinion import Opinion
from gomail.checks.panel import Panel
from gomail.reply import NO_SUCH_MAILBOX, STORED
from gomail.testing.bench import Subject
from gomail.testing.conformance import CHECKS, Check
from gomail.testing.recording import Recorder
from gomail.testing.wire import MemoryServer
from tests.docs.examples import (
    EXAMPLES,
    LETTER,
    ROOT,
    TWISTD,
    Importer,
    copy_examples,
    running,
    send,
)
from tests.patience import PATIENCE
from tests.smtp.wire import logged_failures
from tests.system.running import free_port

BLOCK = re.compile(r"^`examples/([\w.]+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> Iterator[Importer]:
    """Give what imports an example."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    known = set(sys.modules)
    yield importlib.import_module
    for path in EXAMPLES.glob("*.py"):
        if path.stem not in known:
            sys.modules.pop(path.stem, None)


def test_text_shows_the_files() -> None:
    """What is printed is what runs, all of it; what is for operators stands for itself."""
    blocks = dict(BLOCK.findall((ROOT / "docs" / "developers.md").read_text()))
    files = {path.name: path.read_text() for path in EXAMPLES.glob("*.*")}
    assert blocks == files


def test_twenty_lines_are_a_delivery(
    example: Importer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A letter becomes a row, and the rest of the world is refused."""
    monkeypatch.chdir(tmp_path)
    twenty = example("twenty")
    client = MemoryServer(twenty.deliveries).connect()
    refused = client.mail("a@client.example", ["x@here.example"], LETTER)
    assert refused == NO_SUCH_MAILBOX
    assert client.mail("a@client.example", ["tickets@here.example"], LETTER) == STORED
    assert twenty.database.execute("SELECT content FROM ticket").fetchall() == [(LETTER,)]
    twenty.database.close()


def test_delivery_stands_its_tests() -> None:
    """The example's own tests pass, in a pytest of their own."""
    outcome = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-c",
            "/dev/null",
            "-p",
            "no:cacheprovider",
            f"--rootdir={EXAMPLES}",
            str(EXAMPLES / "test_delivery.py"),
        ],
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=2 * PATIENCE,
    )
    assert outcome.returncode == 0, outcome.stdout
    assert "19 passed, 2 skipped" in outcome.stdout


def test_fault_is_told_as_the_page_has_it(example: Importer, tmp_path: Path) -> None:
    """The lines that the page shows are those of the log, but for the session's id."""
    tickets = example("delivery").Tickets(tmp_path / "tickets.db", "support@here.example")
    tickets.validateTo = lambda _: False
    with logged_failures() as logged:
        client = MemoryServer(tickets).connect()
        client.mail("a@client.example", ["support@here.example"], LETTER)
    told = f"{formatEvent(logged[0])}\n…\n{logged[0]['log_failure'].getTraceback()}"
    first, dots, *_, last = told.strip().splitlines()
    shown = re.sub(r"\[[0-9a-f]{10}\]", "[5f0c2a9e11]", f"{first}\n{dots}\n{last}")
    assert f"```text\n{shown}\n```" in (ROOT / "docs" / "developers.md").read_text()


@pytest_twisted.ensureDeferred
async def test_several_servers_share_a_process(
    example: Importer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two ports, two names, two sets of recipients."""
    from twisted.internet import reactor

    monkeypatch.chdir(tmp_path)
    ports = await example("several").listen(reactor, ["tcp:0:interface=127.0.0.1"] * 2)
    support, orders = (port.getHost().port for port in ports)
    await deferToThread(send, support, "support@here.example")
    await deferToThread(send, orders, "orders@shop.example")
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        await deferToThread(send, orders, "support@here.example")
    for port in ports:
        await port.stopListening()
    assert sorted(os.listdir(tmp_path)) == ["orders.db", "support.db"]  # noqa: PTH208 -- done at once


@pytest_twisted.ensureDeferred
async def test_proxy_names_the_client(
    example: Importer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A letter behind a PROXY header on a real socket, and a stranger who is turned away."""
    from twisted.internet import reactor

    monkeypatch.chdir(tmp_path)
    endpoint = "tcp:0:interface=127.0.0.1"
    listen = example("proxied").listen
    (factory, port), (_, other) = [
        await listen(reactor, endpoint, network) for network in ("127.0.0.0/8", "10.0.0.0/8")
    ]
    clients: list[str] = []
    deliveries = factory.factory._deliveries
    monkeypatch.setattr(deliveries, "greeted", lambda client: clients.append(str(client)))

    def talk(number: int, header: bytes) -> bytes:
        lines = [b"EHLO x", b"MAIL FROM:<>", b"RCPT TO:<support@here.example>", b"DATA"]
        with socket.create_connection(("127.0.0.1", number), 20) as client:
            client.sendall(header)
            said = client.recv(65536)
            for line in (*lines, LETTER + b".", b"QUIT"):
                if said.startswith(b"421"):
                    break
                client.sendall(line + b"\r\n")
                said += client.recv(65536)
            return said

    header = b"PROXY TCP6 2001:db8::7 ::1 40695 25\r\n"
    said = await deferToThread(talk, port.getHost().port, header)
    assert said.startswith(b"220 mx.here.example")
    assert said.endswith(b"250 2.0.0 Stored\r\n221 2.0.0 Bye\r\n")
    assert set(clients) == {"[2001:db8::7]:40695"}
    refused = await deferToThread(talk, other.getHost().port, b"")
    assert refused.startswith(b"421 4.7.0 Only known proxies")
    for each in (port, other):
        await each.stopListening()


@pytest.mark.parametrize(
    ("ip", "result"), [("192.0.2.7", "fail"), ("192.0.2.8", "none"), ("2001:db8::1", "temperror")]
)
def test_check_asks_a_list(example: Importer, ip: str, result: str) -> None:
    """Who is listed, who is not, and whom the list does not tell of."""
    zone = Zone(
        f"7.2.0.192.list.example. A 127.0.0.2\n$FAIL 1.{'0.' * 23}8.b.d.0.1.0.0.2.list.example\n"
    )
    listed = example("listed").listed
    panel = Panel(lambda _: zone, Clock(), "mx.here.example", run_here, time.time, own=(listed,))
    examination = panel.begin(ip, "client.example", NULL_PATH)
    examination.header(b"From: a@client.example\n")
    opinions: list[Opinion] = []
    Deferred.fromCoroutine(examination.opinion()).addCallback(opinions.append)
    assert [(each.method, each.result) for each in opinions[0].findings][-1] == ("dnsbl", result)


async def run_here(work: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401 -- its own
    """Run what takes a moment: there is nothing to wait for."""
    return work(*arguments)


def test_listener_hears_what_happens(example: Importer) -> None:
    """Refusals are counted."""
    report = example("listener").Report()
    server = MemoryServer(Recorder({"b@here.example": NO_SUCH_MAILBOX}), listeners=(report,))
    server.connect("192.0.2.7").mail("a@client.example", ["b@here.example"], LETTER)
    assert report.refusals == {("192.0.2.7", 550, "No such mailbox here"): 1}


@pytest.mark.parametrize(
    "check", [check for check in CHECKS if str(check) != "broken_storage_defers"], ids=str
)
def test_twisteds_maildir_conforms(example: Importer, check: Check, tmp_path: Path) -> None:
    """Twisted's own domain works behind gomail's dialogue, and stands the kit."""
    check.now(
        Subject(
            example("twisted_domain").deliveries(tmp_path, ["alice", "bob"]),
            stored=lambda: [path.read_bytes() for path in tmp_path.glob("*/new/*")],
            unknown="nobody@here.example",
            litter=lambda: len(list(tmp_path.glob("*/tmp/*"))),
            memory=8 * 2**20,
        )
    )


def test_twisteds_maildir_names_its_files(example: Importer, tmp_path: Path) -> None:
    """A letter is a file in new/, with Twisted's trace fields."""
    deliveries = example("twisted_domain").deliveries(tmp_path, ["alice"])
    wire = MemoryServer(deliveries).connect()
    assert wire.mail("a@client.example", ["alice@here.example"], LETTER) == STORED
    assert wire.mail("a@client.example", ["bob@here.example"], LETTER).code == 550
    assert wire.mail("a@client.example", ["alice@elsewhere.example"], LETTER).code == 550
    [path] = tmp_path.glob("alice/new/*")
    assert path.read_bytes().startswith(b"Delivered-To: alice@here.example\nReceived: from client")
    assert path.name.endswith(f",S={path.stat().st_size}")


def test_twisteds_own_start_message_fails(tmp_path: Path) -> None:
    """The text says why the example mends it; when this fails, it need not any more."""
    domain = MaildirDirdbmDomain(None, bytes(tmp_path))  # type: ignore[arg-type]  # it is not used
    domain.addUser(b"alice", b"")
    user = User(Address(b"<alice@here.example>"), None, None, Address(b""))
    with pytest.raises(TypeError):
        domain.exists(user)()


@pytest.mark.system
def test_gomail_runs_beside_a_web_site(tmp_path: Path) -> None:
    """A real twistd with a .tac: a letter is stored, a page is served, and it stops in time."""
    mail, web = free_port(), free_port()
    copy_examples(tmp_path, p2525=mail, p8080=web)
    (tmp_path / "Maildir").mkdir(mode=0o700)
    (tmp_path / "public").mkdir()
    (tmp_path / "public" / "index.html").write_text("Hello.")
    with running(tmp_path, "-c", TWISTD, "-ny", "beside.tac", port=mail) as process:
        send(mail, "anybody@here.example")
        with urllib.request.urlopen(f"http://127.0.0.1:{web}/", timeout=PATIENCE) as page:
            assert page.read() == b"Hello."
    assert process.returncode in {0, -signal.SIGINT}  # newer Twisteds die of the signal in the end
    [path] = tmp_path.glob("Maildir/new/*")
    assert path.read_bytes().endswith(b"Subject: hello\n\nHello.\n")
