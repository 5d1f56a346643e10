"""
One server under one load: how much it takes, what that costs it, and whether it kept all of it.

Beside every load a probe sends a message a connection, with pauses: its milliseconds tell what an
honest sender feels. Every stored file is compared with what was sent; where something is missing
or changed, the round fails.
"""

import json
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from typing import IO, Any, cast

from bench import letters
from bench.letters import Letter
from bench.loads import source
from bench.loads.probe import probe_letter
from bench.measuring import Peak, environment, module, percentile, until
from bench.peers.peer import Missing, Running
from bench.workloads import Workload

_LONGEST = 120.0  # seconds of one load
_DRAINED = 60.0  # seconds until everything that was acknowledged is in the Maildir
_PAUSE = 0.01  # seconds between two messages of a probe


class Failed(Exception):
    """A load did not end well: its text says how."""


@dataclass(slots=True)
class Sent:
    """How many messages of each letter were acknowledged, with how many recipients each."""

    counts: dict[Letter, tuple[int, int]]

    def add(self, letter: Letter, messages: int, recipients: int = 1) -> None:
        """Count messages."""
        before, _ = self.counts.get(letter, (0, recipients))
        self.counts[letter] = before + messages, recipients

    def files(self, server: Running) -> dict[Letter, int]:
        """Give how many files of each there must be."""
        return {letter: server.copies(*count) for letter, count in self.counts.items()}


def begin(name: str, *arguments: object) -> "subprocess.Popen[str]":
    """
    Start a load that runs until it is told to end, and wait until it is ready.

    Raises:
        Failed: it has ended before.
    """
    load = subprocess.Popen(
        module(name, *arguments), stdout=subprocess.PIPE, text=True, env=environment()
    )
    if load.stdout is None or not load.stdout.readline():
        load.communicate()
        raise Failed(f"{name} ended before it had begun")
    return load


class Loads:
    """
    Puts one server under load.

    Args:
        server: that runs.
    """

    def __init__(self, server: Running) -> None:
        self.server = server
        self.sent = Sent({})
        self.rest = server.processes.memory()  # MiB, until `warm_up` knows better

    def run(self, workload: Workload, messages: int) -> float:
        """
        Send messages, and give the seconds that it took.

        Raises:
            Failed: not all were taken.
        """
        command = self._command(workload, messages)
        began = time.perf_counter()
        try:
            ended = subprocess.run(
                command,
                capture_output=True,
                text=True,
                timeout=_LONGEST,
                check=False,
                env=environment(),
            )
        except subprocess.TimeoutExpired:
            raise Failed(f"the load did not end within {_LONGEST:.0f} s") from None
        seconds = time.perf_counter() - began
        if ended.returncode:
            said = (ended.stderr or ended.stdout).strip().splitlines()
            raise Failed(f"the load failed: {said[-1][:200] if said else 'without a word'}")
        self.sent.add(workload.letter, messages, workload.recipients)
        return seconds if not ended.stdout else float(json.loads(ended.stdout)["seconds"])

    def _command(self, workload: Workload, messages: int) -> list[str]:
        """Give the command of a load."""
        server, letter = self.server, workload.letter
        if workload.load in {"pipelined", "bulk"}:
            sessions = min(workload.sessions, messages)
            arguments = (server.port, sessions, messages, letter.name, workload.octets)
            return module(f"bench.loads.{workload.load}", *arguments)
        program = source.find()
        if program is None:
            raise Missing("smtp-source is not installed; try: sudo apt install postfix")
        return source.command(
            program,
            server.port,
            letters.write_for_source(letter, server.folder),
            sessions=workload.sessions,
            messages=messages,
            recipients=workload.recipients,
            kept=workload.load == "kept",
        )

    def begin_probe(self, pause: float = _PAUSE, *count: int) -> "subprocess.Popen[str]":
        """Start a probe."""
        return begin("bench.loads.probe", self.server.port, pause, *count)

    def end_probe(self, probe: "subprocess.Popen[str]", *, ask: bool = True) -> dict[str, float]:
        """End a probe, or wait for its end; give what it has measured."""
        if ask:
            probe.send_signal(signal.SIGTERM)
        # Not by communicate: what was read along with the first line would be lost.
        with cast("IO[str]", probe.stdout) as told_by_it:
            output = told_by_it.read()
        probe.wait(timeout=_LONGEST)
        if not output:
            raise Failed(f"the probe has died: {probe.returncode}")
        told: dict[str, Any] = json.loads(output)
        if told["failed"]:
            raise Failed(f"{told['failed']} messages of the probe failed: {told['errors'][0]}")
        self.sent.add(probe_letter(), len(told["whole"]))
        return {
            "probes": len(told["whole"]),
            "p50 ms": percentile(told["whole"], 0.5),
            "p99 ms": percentile(told["whole"], 0.99),
            "dot p50 ms": percentile(told["dot"], 0.5),
            "dot p99 ms": percentile(told["dot"], 0.99),
        }

    def drain(self) -> float:
        """Wait until all that was acknowledged is stored; give the seconds that it took."""
        began = time.perf_counter()
        if self.server.peer.keeps != "nothing":
            wanted = sum(self.sent.files(self.server).values())
            if not until(lambda: self._count() >= wanted, _DRAINED):
                raise Failed(f"{wanted} files were acknowledged, {self._count()} are stored")
        return time.perf_counter() - began

    def _count(self) -> int:
        """Count the files that are stored."""
        folders = self.server.peer.new_folders(self.server.folder)
        return sum(_entries(folder) for folder in folders)

    def check(self) -> None:
        """
        Compare every stored file with what was sent; large ones are removed then.

        Raises:
            Failed: something is missing, or changed.
        """
        if self.server.peer.keeps == "nothing":
            return
        stored, files = self.server.stored(), self.sent.files(self.server)
        if self.server.peer.rewrites:
            wrong = [] if len(stored) == sum(files.values()) else ["files are missing"]
        else:
            wrong = letters.check(stored, files)
        if wrong:
            raise Failed("; ".join(wrong[:3]))
        for path in stored:
            if path.stat().st_size > 1_000_000:  # few, so that ext4 is not slowed down by it
                path.unlink()


def _entries(folder: Any) -> int:
    """Count what is in a folder."""
    with os.scandir(folder) as entries:
        return sum(1 for _ in entries)


def measure(loads: Loads, workload: Workload, messages: int) -> dict[str, float]:
    """
    Measure one load.

    Raises:
        Failed: it does not count.
    """
    server = loads.server
    os.sync()  # what others have written before is no concern of this round
    peak = Peak(server.processes)
    cpu = server.processes.cpu()
    probe = loads.begin_probe()
    try:
        with peak.watched():
            began = time.perf_counter()
            seconds = loads.run(workload, messages)
    except BaseException:
        probe.kill()
        probe.wait()
        raise
    told = loads.end_probe(probe)
    loads.drain()
    drained = time.perf_counter() - began
    cpu = server.processes.cpu() - cpu
    total = messages + told["probes"]
    return {
        "messages": messages,
        "seconds": seconds,
        "rate": messages / seconds,
        "MB/s": messages * workload.octets / seconds / 1e6,
        "drained rate": messages / drained,
        "CPU s per 1000": cpu / total * 1000,
        "MB per CPU s": messages * workload.octets / cpu / 1e6 if cpu else float("nan"),
        "rest MiB": loads.rest,
        "peak MiB": peak.most,
        "over rest MiB": max(0.0, peak.most - loads.rest),
        **told,
    }


def warm_up(loads: Loads, workload: Workload) -> None:
    """
    Have done what is done once: imports, first files, processes that are started on demand.

    Behind one message memory is at rest; the load itself may raise it for good.
    """
    loads.end_probe(loads.begin_probe(0, 1), ask=False)
    loads.rest = loads.server.processes.memory()
    loads.run(workload, workload.first)
    loads.drain()


def calibrate(loads: Loads, workload: Workload, seconds: float) -> int:
    """Find out how many messages take about so many seconds, at least as many as sessions."""
    messages, took = workload.first, 0.0
    while True:
        took = loads.run(workload, messages)
        took += loads.drain() if workload.octets < 1_000_000 else 0
        if took >= seconds / 4 or messages >= _most(workload) // 4:
            break
        messages *= 4
    found = int(messages * seconds / max(took, 0.001))
    return max(workload.sessions, min(found, _most(workload)))


def _most(workload: Workload) -> int:
    """Give the messages beyond which a round would only fill the disk."""
    return 2_000_000_000 // workload.octets // (1 if workload.octets > 10_000 else 20)
