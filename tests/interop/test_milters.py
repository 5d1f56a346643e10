"""Debian's filters do for gomail what they do for Postfix."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet.task import deferLater

from gomail.milters.changes import amended
from gomail.milters.milter import MilterSettings
from gomail.milters.milters import Milters
from gomail.milters.outcome import Outcome
from gomail.milters.place import read_place
from tests.checks.signing import KEY_NAME, record, rsa
from tests.interop.daemon import Daemon
from tests.interop.dkim import Keys, opendkim_signs
from tests.interop.filters import (
    EICAR,
    GTUBE,
    GTUBE_FOR_A_FIELD,
    clamav_milter,
    clamd,
    opendkim,
)
from tests.interop.rspamd import rspamd
from tests.milters.filter import ANN, CLIENT, JOE, again
from tests.patience import PATIENCE

pytestmark = pytest.mark.interop

Start = Callable[[Daemon], Daemon]
HEADER = b"""\
From: Joe <joe@example.org>
To: ann@example.org
Subject: A letter
 in two lines
Date: Mon, 16 Jun 2025 10:00:00 +0000
Message-ID: <1@example.org>
"""


@pytest.fixture
def running() -> Iterator[Start]:
    """Give what sees to it that a daemon is stopped, the last one first."""
    with ExitStack() as stack:

        def running(daemon: Daemon) -> Daemon:
            stack.callback(daemon.stop)
            return daemon

        yield running


async def finds_clamd(filtering: Daemon) -> None:
    """Wait until a clamav-milter has found its clamd: before that it takes mail, and defers it."""
    from twisted.internet import reactor

    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with suppress(AssertionError):
            [outcome] = await outcomes([filtering], (HEADER, b"a letter\n"))
            if outcome.refusal is None:
                return
        await deferLater(reactor, 0.1)
    raise AssertionError(filtering.output)


async def outcomes(daemons: list[Daemon], *messages: tuple[bytes, bytes]) -> list[Outcome]:
    """Show messages, each a header and a body, to filters in one session."""
    from twisted.internet import reactor

    told: list[str] = []
    milters = Milters([_settings(each) for each in daemons], reactor, "mx.example.org", told.append)
    session = milters.session()
    found: list[Outcome] = []
    for header, body in messages:
        assert await session.mail(CLIENT, JOE) is None
        assert await session.recipient(ANN) is None
        assert await session.data("q1") is None
        session.header(header)
        session.body(body)
        found.append(await session.end(again(body)))
    session.close()
    assert not told, [told, *(each.output for each in daemons)]
    return found


def _settings(daemon: Daemon) -> MilterSettings:
    """Have all patience with it."""
    seconds: dict[str, Any] = dict.fromkeys(("connect", "command", "content"), PATIENCE)
    return MilterSettings(read_place(f"unix:{daemon.path}"), **seconds)


@pytest_twisted.ensureDeferred
async def test_opendkim_verifies(folder: Path, running: Start) -> None:
    """It sees each octet of header and body, or a signature would not hold."""
    keys = Keys.written(folder)
    signed = opendkim_signs(keys, HEADER + b"\n a  letter\n\n.\n", "simple/simple")
    header, _, body = signed.partition(b"\n\n")
    header += b"\n"
    filtering = running(opendkim(folder, f"{KEY_NAME} {record(rsa(2048))}\n"))
    whole, changed = await outcomes([filtering], (header, body), (header, body + b"more\n"))
    result = b"Authentication-Results: filter.example.org;"
    assert amended(header, whole.changes).startswith(result)
    assert b"dkim=pass" in amended(header, whole.changes).partition(b"DKIM-Signature")[0]
    assert b"dkim=fail" in amended(header, changed.changes).partition(b"DKIM-Signature")[0]


@pytest_twisted.ensureDeferred
async def test_rspamd_filters(folder: Path, running: Start) -> None:
    """It refuses, adds a field, and lets pass."""
    filtering = running(rspamd(folder))
    refused, marked, clean = await outcomes(
        [filtering],
        (HEADER, GTUBE + b"\n"),
        (HEADER, GTUBE_FOR_A_FIELD + b"\n"),
        (HEADER, b"a letter\n"),
    )
    assert refused.refusal is not None, filtering.output
    assert refused.refusal.reply.code == 554
    assert marked.refusal is None
    assert b"\nX-Spam: Yes\n" in amended(HEADER, marked.changes), filtering.output
    assert clean.refusal is None
    assert b"X-Spam" not in amended(HEADER, clean.changes)


@pytest_twisted.ensureDeferred
async def test_clamav_finds_what_it_knows(folder: Path, running: Start) -> None:
    """It refuses, or has it kept apart; what it would drop is kept apart, too."""
    running(clamd(folder))
    found: dict[str, Outcome] = {}
    for infected in ("Reject", "Quarantine", "Blackhole"):
        filtering = clamav_milter(folder, infected)
        try:
            await finds_clamd(filtering)
            messages = (HEADER, b"a letter\n"), (HEADER, EICAR + b"\n")
            clean, found[infected] = await outcomes([filtering], *messages)
        finally:
            filtering.stop()
        assert clean.refusal is None
        assert b"X-Virus-Status: Clean\n" in amended(HEADER, clean.changes)
    refusal = found.pop("Reject").refusal
    assert refusal is not None
    assert refusal.reply.code == 550
    assert "Eicar-Test" in refusal.reply.text
    for outcome in found.values():
        assert outcome.refusal is None
        assert outcome.quarantine is not None


@pytest_twisted.ensureDeferred
async def test_filters_work_one_after_the_other(folder: Path, running: Start) -> None:
    """Each adds its fields, and the last one refuses."""
    running(clamd(folder))
    virus_scanner = running(clamav_milter(folder, "Reject"))
    await finds_clamd(virus_scanner)
    daemons = [running(opendkim(folder, "")), virus_scanner, running(rspamd(folder))]
    clean, refused = await outcomes(daemons, (HEADER, b"a letter\n"), (HEADER, GTUBE + b"\n"))
    header = amended(HEADER, clean.changes)
    assert header.startswith(b"Authentication-Results: filter.example.org;")
    assert b"X-Virus-Status: Clean\n" in header
    assert refused.refusal is not None
    assert "rspamd.sock" in refused.refusal.reason
