"""Clocks that jump, stand, or are the same for all: libfaketime has processes believe them."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.client import PROJECT
from tests.system.conftest import Serve
from tests.system.running import until
from tests.thorough import often
from tests.waiting import heard_out

pytestmark = pytest.mark.system
NOON = "2026-06-15 12:00:00"  # a clock that stands
JUMPS = ("-1d", "+365d", NOON, "-3650d", "+0")
NAMES = often(5_000, 25_000)
GIVE_NAMES = (
    "import os\n"
    "from gomail.delivery.maildir import unique_name\n"
    "chance = os.urandom(8).hex()\n"
    f"print(*(unique_name('mx.here.example', chance) for _ in range({NAMES})), sep='\\n')"
)


@pytest.fixture(scope="module")
def library() -> str:
    """Find libfaketime."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    if not found:
        pytest.skip("there is no libfaketime; Debian has it in faketime")
    return str(found[0])


def believing(library: str, *clock: str) -> tuple[str, ...]:
    """Give the command by which a program believes a clock; its monotonic one stays the world's."""
    return ("env", f"LD_PRELOAD={library}", "FAKETIME_DONT_FAKE_MONOTONIC=1", *clock)


def test_n7_names_of_several_processes_under_a_frozen_clock_are_unique(library: str) -> None:
    """Four processes that all believe the same moment give no name twice."""
    command = [*believing(library, f"FAKETIME={NOON}"), sys.executable, "-c", GIVE_NAMES]
    at_once = [subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE) for _ in range(4)]
    names = [heard_out(process)[0].split() for process in at_once]
    assert [len(each) for each in names] == [NAMES] * 4
    assert len(set().union(*names)) == 4 * NAMES
    assert len({name.partition(b"P")[0] for each in names for name in each}) == 1, "it stood"


def test_r11_clock_that_jumps_costs_nobody_anything(
    serve: Serve, tmp_path: Path, library: str
) -> None:
    """A day back, a year ahead, or not at all: no session runs out of time, and mail is stored."""
    clock = tmp_path / "clock"
    clock.write_text("+0")
    environment = {
        "LD_PRELOAD": library,
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
    }
    server = serve(environment=environment)
    client, content = server.connect(), server.connect().begin()
    content.send(b"Subject: long\r\n\r\n")
    dates = set()
    for number, jump in enumerate(JUMPS):
        clock.write_text(jump)
        assert client.say("NOOP").startswith("250 ")
        assert client.mail(f"after {jump}").startswith("250 ")
        content.send(b"a line\r\n")
        until(lambda number=number: len(server.messages()) == number + 1, "it is not there")  # type: ignore[misc]
        dates |= {int(path.name.partition(".")[0]) for path in new(tmp_path)}
    assert content.say(".").startswith("250 ")
    assert max(dates) - min(dates) > 300 * 24 * 3600, "it jumped"
    assert server.stopped() == 0
    assert len(server.messages()) == len(JUMPS) + 1
    assert "Traceback" not in server.output


def new(folder: Path) -> list[Path]:
    """Give the files of messages."""
    return list((folder / "Maildir/new").iterdir())
