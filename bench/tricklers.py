"""
Honest mail while thousands of strangers hold unfinished content, an octet each ten seconds.

A real server (twistd, durable Maildir, everybody a stranger), tricklers from addresses in networks
of their own, so that limits per address don't help, and honest senders who bring one mail after the
other, a connection each. Printed are the honest mails that were accepted and refused, the time from
connect to the last 250, the server's memory, and when tricklers were cut off, with which words.
With --again a trickler who is cut off comes back at once; where a limit of --sessions is met, they
fill the server.
"""

import argparse
import contextlib
import multiprocessing
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from rest import TWISTD, free_port
from strangers import be_honest, trickle

ALONE = 5  # seconds of honest mail before the tricklers come, and after they have gone
CONFIGURATION = """
hostname = "bench.example"
trusted = []
state = "state"
[checks]
enabled = false
[[listener]]
endpoint = "tcp:{port}:interface=127.0.0.1"
[limits]
sessions = {sessions}
[domains."bench.example"]
"""


def memory(pid: int) -> tuple[float, float]:
    """Give RSS and PSS of a process in MiB."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return tuple(
        int(re.search(rf"^{name}:\s+(\d+)", rollup, re.MULTILINE)[1]) / 1024
        for name in ("Rss", "Pss")
    )


def start(folder: Path, sessions: int) -> tuple[subprocess.Popen, int]:
    """Start the server, and wait until it listens."""
    port = free_port()
    (folder / "gomail.toml").write_text(CONFIGURATION.format(port=port, sessions=sessions))
    command = [sys.executable, "-c", TWISTD, "--nodaemon", "--pidfile=", "--logfile=log"]
    server = subprocess.Popen(
        [*command, "gomail", "--config", "gomail.toml"],
        cwd=folder,
        stdout=subprocess.DEVNULL,
    )
    while server.poll() is None:
        with (
            contextlib.suppress(ConnectionRefusedError),
            socket.create_connection(("127.0.0.1", port)),
        ):
            return server, port
        time.sleep(0.05)
    raise SystemExit("the server did not start")


def in_process(target, *arguments):
    """Start *target* in a process of its own; give that, and the pipe by which it tells."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.Process(target=target, args=(there, *arguments))
    process.start()
    there.close()
    return process, here


def quantile(values: list[float], share: float) -> float:
    """Give the value below which a *share* of all values lie."""
    return (
        sorted(values)[min(len(values) - 1, int(share * len(values)))] if values else float("nan")
    )


def report_honest(title: str, sent: list[tuple[float, float, float, str]]) -> None:
    """Print what became of honest mail."""
    taken = [each for each in sent if not each[3]]
    refused = Counter(each[3] for each in sent if each[3])
    times = [each[2] for each in taken]
    print(
        f"{title:<18}{len(taken):6} accepted {len(sent) - len(taken):5} refused   "
        f"p50 {quantile(times, 0.5):6.3f}  p99 {quantile(times, 0.99):6.3f}  "
        f"most {max(times, default=0):6.3f} s   "
        f"220: p99 {quantile([each[1] for each in taken], 0.99):6.3f} s"
    )
    if refused:
        when = [each[0] for each in sent if each[3]]
        print(f"{'':18}refused from {min(when):.0f} s to {max(when):.0f} s: {dict(refused)}")


def report_tricklers(most: int, ends: list[tuple[float, float, str]]) -> None:
    """Print what became of the tricklers."""
    held = [end for end in ends if end[1]]
    print(f"{most} tricklers inside at most; {len(ends)} ended:")
    for why, count in Counter(end[2] for end in ends).most_common(5):
        when = [end[0] for end in ends if end[2] == why]
        stay = [end[1] for end in held if end[2] == why]
        kept = f", after {min(stay):.0f} to {max(stay):.0f} s of content" if stay else ""
        print(f"  {count:6} x {why!r} from {min(when):.0f} s to {max(when):.0f} s{kept}")


def main() -> None:
    """Have all of them at the server at once, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="500 tricklers, 500 sessions, 30 s")
    parser.add_argument("--tricklers", type=int, default=5000)
    parser.add_argument("--honest", type=int, default=50)
    parser.add_argument("--sessions", type=int, default=5000, help="the limit of the server")
    parser.add_argument("--seconds", type=float, default=90, help="that tricklers are there")
    parser.add_argument("--again", action="store_true", help="who is cut off comes back")
    options = parser.parse_args()
    if options.quick:
        options.tricklers = options.sessions = 500
        options.seconds = 30
    with tempfile.TemporaryDirectory() as name:
        server, port = start(Path(name), options.sessions)
        try:
            measure(server.pid, port, options)
        finally:
            server.terminate()
            server.wait()
        loads = re.findall(r"^.*?load (\w+: .*)$", (Path(name) / "log").read_text(), re.MULTILINE)
    print(f"{len(loads)} changes of load, the first ones: " + " | ".join(loads[:6]))


def measure(pid: int, port: int, options: argparse.Namespace) -> None:
    """Run the three phases and print the results."""
    seconds = options.seconds
    honest, sent = in_process(be_honest, port, options.honest, seconds + 2 * ALONE)
    time.sleep(ALONE)
    memories = [memory(pid)]
    arguments = (port, options.tricklers, seconds, options.again)
    tricklers, ended = in_process(trickle, *arguments)
    while not ended.poll(0.5):
        memories.append(memory(pid))
    most, ends = ended.recv()
    tricklers.join()
    sends = sent.recv()
    honest.join()
    after = memory(pid)
    print(f"{options.tricklers} tricklers, {options.honest} honest, {options.sessions} sessions")
    report_honest("honest alone", [each for each in sends if each[0] < ALONE])
    report_honest("among tricklers", [each for each in sends if ALONE <= each[0] < ALONE + seconds])
    report_honest("afterwards", [each for each in sends if each[0] >= ALONE + seconds])
    report_tricklers(most, ends)
    peak = max(memories, key=lambda each: each[1])
    mean = statistics.mean(each[1] for each in memories[1:])
    print(
        f"PSS {memories[0][1]:.1f} MiB before, {peak[1]:.1f} at most, {mean:.1f} on average, "
        f"{after[1]:.1f} after (RSS {memories[0][0]:.1f}, {peak[0]:.1f}, {after[0]:.1f})"
    )


if __name__ == "__main__":
    main()
