"""The plugin for pytest, in a test run of its own, and the deliveries that ship under the kit."""

import os
import subprocess
import sys
from pathlib import Path
from typing import cast

import pytest
import pytest_twisted

from gomail.compose import Server
from gomail.config import Configuration
from gomail.preflight import build_directory
from gomail.reception import Receptions
from gomail.recipients.domain import Domain
from gomail.server.reactor import Reactor
from gomail.testing.bench import Subject
from gomail.testing.conformance import CHECKS, Check
from tests.patience import PATIENCE

USERS_TESTS = """
import smtplib

import pytest_twisted
from twisted.internet.threads import deferToThread

LETTER = b"Subject: hello\\r\\n\\r\\nHello.\\r\\n"


def test_in_memory(gomail_memory_server, gomail_recorder):
    wire = gomail_memory_server.connect()
    assert wire.mail("a@client.example", ["b@here.example"], LETTER).code == 250
    assert gomail_recorder.messages[0].content == LETTER


def send(port):
    with smtplib.SMTP("127.0.0.1", port) as client:
        client.sendmail("a@client.example", ["b@here.example"], LETTER)


@pytest_twisted.ensureDeferred
async def test_for_real(gomail_server):
    await deferToThread(send, gomail_server.port)
    [message] = gomail_server.messages
    assert message.endswith(b"Subject: hello\\n\\nHello.\\n")
    assert type(gomail_server.events[0]).__name__ == "SessionStarted"
"""


@pytest.mark.system
def test_fixtures_serve_a_users_tests(tmp_path: Path) -> None:
    """One line in conftest.py gives a project its servers."""
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["gomail.testing.fixtures"]\n')
    (tmp_path / "test_users.py").write_text(USERS_TESTS)
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    outcome = subprocess.run(
        command,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert "2 passed" in outcome.stdout, outcome.stdout


def test_in_memory_needs_no_pytest() -> None:
    """Only the plugin imports pytest."""
    modules = "gomail.testing.wire, gomail.testing.recording, gomail.testing.conformance, sys"
    code = f"import {modules}; sys.exit('pytest' in sys.modules)"
    root = Path(__file__).parents[2]
    subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(root)},
        check=True,
        timeout=3 * PATIENCE,
    )


# A mailbox in which storing failed is suspended for a while, so that a retry waits that long.
@pytest.mark.parametrize(
    "check", [check for check in CHECKS if str(check) != "broken_storage_defers"], ids=str
)
@pytest_twisted.ensureDeferred
async def test_reception_conforms(check: Check, tmp_path: Path) -> None:
    """What ships stands everything that is asked of others."""
    from twisted.internet import reactor as installed

    reactor = cast("Reactor", installed)
    configuration = Configuration(
        hostname="mx.here.example",
        maildir=str(tmp_path / "{mailbox}"),
        domains={"here.example": Domain(mailboxes=("alice", "bob"))},
        listeners=(),
    )
    server = Server(reactor, configuration, build_directory(configuration, reactor), [])
    subject = Subject(
        Receptions(server._office),
        stored=lambda: [path.read_bytes() for path in tmp_path.glob("*/new/*")],
        unknown="nobody@here.example",
        litter=lambda: len(list(tmp_path.glob("*/tmp/*"))),
        memory=8 * 2**20,
        clock=reactor,
    )
    await check(subject)
    await server._office.committer.stop()
