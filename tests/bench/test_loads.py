"""The benchmark, run: who keeps what it takes is measured, and who does not has failed."""

import json
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from bench import race
from bench.letters import Letter
from bench.measuring import ROOT, environment, free_port, greets
from bench.peers.gomail import SLOW, Gomail, GomailNull, GomailSlowDisk
from bench.peers.libraries import Library
from bench.peers.peer import Missing, Peer, Running, Setting, running
from bench.race import Failed, Loads
from bench.results import Results
from bench.running import Special
from bench.special import enumeration, fairness, idle, lone, slow_disk
from bench.special.context import Context
from bench.workloads import WORKLOADS
from tests.interop.software import needs
from tests.patience import PATIENCE
from tests.system.running import until

pytestmark = pytest.mark.system


def test_quick_run_reports_what_it_saw(tmp_path: Path) -> None:
    """`make bench ARGS="--quick --only small --peers gomail"` ends with a table."""
    needs("smtp-source")
    path = tmp_path / "results.json"
    options = ["--quick", "--only", "small", "--peers", "gomail", "--json", str(path)]
    ended = subprocess.run(
        [sys.executable, "-m", "bench", *options, "--scratch", str(tmp_path / "scratch")],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=3 * PATIENCE,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "## small: 1 KB, a connection each, 20 sessions" in ended.stdout
    assert "| gomail | durable |" in ended.stdout
    (results,) = Results.read_all(path)
    (measured,) = results.rounds
    assert measured.values["rate"] > 0
    assert measured.values["CPU s per 1000"] > 0
    assert "rounds" in json.loads(path.read_text())[0]


def test_run_that_is_ended_leaves_nothing_running(tmp_path: Path) -> None:
    """A run that is told to end takes its server with it, and keeps the rounds it has."""
    path, log = tmp_path / "results.json", tmp_path / "gomail.0/log"
    options = ["--only", "pipelined", "--peers", "gomail", "--scratch", str(tmp_path)]
    with subprocess.Popen(
        [sys.executable, "-m", "bench", *options, "--json", str(path)], cwd=ROOT, env=environment()
    ) as run:
        until(lambda: log.exists() and "session" in log.read_text(), "no session")
        port = port_of(log.parent)
        run.terminate()
        assert run.wait(PATIENCE) == 128 + signal.SIGTERM
    assert not greets(port)
    assert Results.read_all(path)[0].rounds == []


def port_of(folder: Path) -> int:
    """Give the port that a server which works in a folder was told."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (process / "cwd").readlink() == folder:
                told = re.search(r"tcp:(\d+)", (process / "cmdline").read_text())
                if told is not None:
                    return int(told[1])
    pytest.fail("nobody works there")


@pytest.mark.parametrize("name", ["pipelined", "bulk"])
def test_our_own_loads_are_stored_octet_by_octet(tmp_path: Path, name: str) -> None:
    """All messages that were acknowledged are there, as they were sent."""
    with running(Gomail(), tmp_path) as server:
        loads = Loads(server)
        race.warm_up(loads, WORKLOADS[name])
        values = race.measure(loads, WORKLOADS[name], 3)
        loads.check()
        stored = [path for path in server.stored() if path.stat().st_size < 1_000_000]
    assert values["messages"] == 3
    assert values["probes"] >= 0
    assert all(b"bench" in path.read_bytes() for path in stored)


def test_file_that_was_changed_fails_the_round(tmp_path: Path) -> None:
    """A fast server that stores something else is no fast server."""
    with running(Gomail(), tmp_path) as server:
        loads = Loads(server)
        loads.run(WORKLOADS["pipelined"], 20)
        loads.check()
        path = server.stored()[0]
        path.write_bytes(path.read_bytes().replace(b"quick", b"quack"))
        with pytest.raises(Failed, match="is no copy of anything that was sent"):
            loads.check()
        path.unlink()
        with pytest.raises(Failed, match="20 copies of pipelined were acknowledged, 19 are stored"):
            loads.check()


def test_null_delivery_keeps_nothing(tmp_path: Path) -> None:
    """It is gomail with its dialogue and its log, and without a file."""
    with running(GomailNull(), tmp_path) as server:
        loads = Loads(server)
        loads.run(WORKLOADS["pipelined"], 5)
        loads.check()
        new = server.folder / "Maildir/new"
        assert list(new.iterdir()) == []
    log = (server.folder / "log").read_text()
    assert sum(map(int, re.findall(r" data=(\d+)", log))) == 5


def test_strangers_are_served(tmp_path: Path) -> None:
    """With nobody trusted, the load is taken all the same."""
    with running(Gomail(), tmp_path, Setting(strangers=True)) as server:
        loads = Loads(server)
        loads.run(WORKLOADS["pipelined"], 5)
        loads.check()


def test_each_mailbox_has_its_file(tmp_path: Path) -> None:
    """A message for several mailboxes is one file in each of them."""
    with running(Gomail(), tmp_path, Setting(mailboxes=3)) as server:
        copies: Letter = WORKLOADS["pipelined"].letter
        Loads(server).run(WORKLOADS["pipelined"], 2)
        assert server.copies(2, 3) == 6
        assert len(server.stored()) == 2
        assert all(path.read_bytes().endswith(copies.content) for path in server.stored())


@pytest.mark.parametrize(
    ("measured", "keys"),
    [
        (lone.measure, {"ratio", "dot p50 ms", "bare p50 ms"}),
        (fairness.measure, {"large moved ms", "noops moved ms"}),
        (idle.measure, {"KB a session", "p99 ms"}),
        (idle.measure_held_tls, {"KB a session", "opened"}),
        (enumeration.measure, {"apart ms"}),
    ],
)
def test_what_is_no_race_is_measured(tmp_path: Path, measured: Special, keys: set[str]) -> None:
    """Each gives the figures that have a target."""
    assert keys <= measured(Context(tmp_path, quick=True), "gomail").keys()


@pytest.mark.interop
def test_r9_slow_disk_is_measured(tmp_path: Path) -> None:
    """Every message waited for its disk, and sessions were asked meanwhile."""
    peer = GomailSlowDisk()
    if (why := peer.missing()) is not None:
        pytest.skip(why)
    measured = slow_disk.measure(Context(tmp_path, quick=True), peer.name)
    assert measured["dot p50 ms"] >= 1000 * SLOW
    assert measured["NOOPs"] > 100
    assert "NOOP longest ms" in measured


class NoServer(Library):
    """A program that ends with a word."""

    name, keeps, what, library = "none", "nothing", "nothing", "no_such_library"

    def prepare(self, folder: Path, port: int, setting: Setting) -> list[str]:
        """Say something, and end."""
        return ["sh", "-c", "echo it has begun; echo the port is taken >&2; exit 1"]


def test_server_that_does_not_start_says_why(tmp_path: Path) -> None:
    """Its last line is the reason."""
    with (
        pytest.raises(Missing, match="it did not start: the port is taken"),
        running(NoServer(), tmp_path),
    ):
        pass
    assert NoServer().missing() == "no_such_library is not installed; try: make bench"


def test_load_that_can_not_begin_is_told() -> None:
    """Nobody waits for a load that has ended."""
    with pytest.raises(Failed, match=r"bench\.loads\.flood ended before it had begun"):
        race.begin("bench.loads.flood", free_port(), "noops")


def test_load_that_is_refused_is_told(tmp_path: Path) -> None:
    """What the server said is the reason."""
    peer: Peer = Gomail()
    with running(peer, tmp_path) as server:
        gone = Running(peer, server.port, server.folder, server.processes)
    with pytest.raises(Failed, match=r"the load failed: .*refused"):
        Loads(gone).run(WORKLOADS["pipelined"], 1)
