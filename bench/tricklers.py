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
import asyncio
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

INTERVAL = 10  # seconds between two octets of a trickler
CONTENT = b"Subject: honest\r\n\r\n" + (b"x" * 76 + b"\r\n") * 25
PAUSE = 0.3  # seconds between two mails of an honest sender
ALONE = 5  # seconds of honest mail before the tricklers come, and after they have gone
COMING = 200  # tricklers that connect at once
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


class NotTaken(Exception):
    """The server said no."""


def words(line: bytes) -> str:
    """Give a reply without its enhanced code and the session's id."""
    parted = re.sub(rb" (\d\.\d\.\d )?(.*?)( \[\w+\])?\r\n", rb" \2", line)
    return parted.decode() or "closed without a word"


async def heard(reader: asyncio.StreamReader) -> bytes:
    """Read one reply, all of its lines; it says yes."""
    while True:
        line = await reader.readline()
        if line[3:4] != b"-":
            if line[:1] not in {b"2", b"3"}:
                raise NotTaken(words(line))
            return line


async def begin(port: int, source: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect from *source* and come as far as the 220."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
    try:
        await heard(reader)
    except BaseException:
        writer.close()
        raise
    return reader, writer


async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: bytes) -> None:
    """Say a line, and hear the reply."""
    writer.write(line + b"\r\n")
    await heard(reader)


async def to_content(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Come as far as the 354."""
    await say(reader, writer, b"EHLO sender.example")
    await say(reader, writer, b"MAIL FROM:<a@sender.example>")
    await say(reader, writer, b"RCPT TO:<b@bench.example>")
    await say(reader, writer, b"DATA")


class Tricklers:
    """All of them, in a process of their own."""

    def __init__(self, port: int, count: int, *, again: bool) -> None:
        self._port, self._count, self._again = port, count, again
        self._coming = asyncio.Semaphore(COMING)
        self.inside = self.most = 0
        self.ends: list[tuple[float, float, str]] = []  # when, after which time in content, why

    async def _trickle(self, source: str) -> None:
        """Hold content that never ends, until we are cut off."""
        reader = writer = None
        began = 0.0
        try:
            async with self._coming:
                reader, writer = await begin(self._port, source)
                await to_content(reader, writer)
            began = time.monotonic()
            self.inside += 1
            self.most = max(self.most, self.inside)
            last_word = asyncio.ensure_future(reader.readline())
            while not last_word.done():
                writer.write(b"x")
                await asyncio.wait([last_word], timeout=INTERVAL)
            line = last_word.result()
            why = words(line)
        except (OSError, NotTaken) as error:
            why = str(error) if isinstance(error, NotTaken) else type(error).__name__
        finally:
            if began:
                self.inside -= 1
            if writer is not None:
                writer.close()
        now = time.monotonic()
        self.ends.append((now, now - began if began else 0.0, why))

    async def _one(self, number: int) -> None:
        """Be one of them."""
        source = f"127.{1 + number // 250}.{number % 250}.{1 + number % 200}"
        await self._trickle(source)
        while self._again:
            await asyncio.sleep(1)
            await self._trickle(source)

    async def run(self, seconds: float) -> None:
        """Have all of them trickle."""
        tasks = [asyncio.ensure_future(self._one(number)) for number in range(self._count)]
        await asyncio.sleep(seconds)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def trickle(pipe, port: int, count: int, seconds: float, again: bool) -> None:  # noqa: FBT001
    """Be the process of the tricklers."""

    async def all_of_them() -> Tricklers:
        tricklers = Tricklers(port, count, again=again)
        await tricklers.run(seconds)
        return tricklers

    began = time.monotonic()
    tricklers = asyncio.run(all_of_them())
    ends = [(when - began, held, why) for when, held, why in tricklers.ends]
    pipe.send((tricklers.most, ends))


async def send_mail(port: int, source: str) -> tuple[float, float]:
    """Send one mail; give the seconds to the 220 and to the last 250."""
    began = time.monotonic()
    reader, writer = await begin(port, source)
    with contextlib.closing(writer):
        welcomed = time.monotonic() - began
        await to_content(reader, writer)
        writer.write(CONTENT + b".\r\n")
        await heard(reader)
        taken = time.monotonic() - began
        writer.write(b"QUIT\r\n")
        return welcomed, taken


def be_honest(pipe, port: int, count: int, seconds: float) -> None:
    """Be the process of the honest senders."""
    sent: list[tuple[float, float, float, str]] = []  # when, to the 220, to the 250, refusal
    start = time.monotonic()

    async def one(number: int) -> None:
        await asyncio.sleep(PAUSE * number / count)
        while (now := time.monotonic() - start) < seconds:
            try:
                sent.append((now, *await send_mail(port, f"127.250.{number}.9"), ""))
            except (OSError, NotTaken) as error:
                why = str(error) if isinstance(error, NotTaken) else type(error).__name__
                sent.append((now, 0.0, 0.0, why))
            await asyncio.sleep(PAUSE)

    async def everybody() -> None:
        await asyncio.gather(*(one(number) for number in range(count)))

    asyncio.run(everybody())
    pipe.send(sent)


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
