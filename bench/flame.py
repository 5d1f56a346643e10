"""
Where the time of a server under load goes: flame graphs, tables and system calls.

`python bench/flame.py small` starts gomail with a Maildir, has Postfix's smtp-source (or a client
of our own, where it is missing) send to it without a pause, and looks at it with py-spy in three
ways: `busy`, threads that are on a processor; `gil`, the one that holds the GIL; `all`, every
thread, waiting or not. Each leaves `WAY.svg` and `WAY.txt` (folded stacks) in --folder and prints
the dearest functions; then strace counts system calls, where it is installed.

With --nothing the messages are thrown away instead of stored.
"""

import argparse
import contextlib
import multiprocessing
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from content import GOMAIL, reply
from rest import TWISTD, free_port

WAYS = {"busy": [], "gil": ["--gil"], "all": ["--idle"]}
# sessions at once, octets of a message, whether a session brings more than one
WORKLOADS = {
    "small": (20, 1024, False),
    "keep-alive": (20, 1024, True),
    "medium": (20, 50_000, True),
    "large": (4, 25_000_000, True),
}
RECIPIENT, MESSAGES = "you@bench.example", 1_000_000
SHOWN = 20  # functions of a table
# Yama lets a parent alone look into a process; this lets py-spy and strace, which are siblings.
VISIBLE = "import ctypes; ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_ulong(-1), 0, 0, 0)\n"
NOTHING = GOMAIL + 'reactor.listenTCP({}, factory, interface="127.0.0.1")\nreactor.run()\n'


def start(folder: Path, *, nothing: bool) -> tuple[subprocess.Popen, int]:
    """Start the server, and wait until it listens."""
    port = free_port()
    program, options = VISIBLE + TWISTD, ["--nodaemon", "--pidfile=", "--logfile=log", "gomail"]
    options += ["--port", f"tcp:{port}:interface=127.0.0.1", "--domain", "bench.example"]
    if nothing:
        program, options = VISIBLE + NOTHING.replace("{}", str(port)), []
    server = subprocess.Popen([sys.executable, "-c", program, *options], cwd=folder)
    while server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return server, port
    raise SystemExit("the server did not start")


def send(port: int, size: int, *, keep: bool) -> None:
    """Send messages for ever, one after the other: a session of our own client."""
    line = b"x" * 76 + b"\r\n"
    content = b"Subject: bench\r\n\r\n" + line * (size // len(line)) + b".\r\n"
    begin = b"MAIL FROM:<me@bench.example>", f"RCPT TO:<{RECIPIENT}>".encode(), b"DATA"
    while True:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            file = connection.makefile("rb")
            reply(file)
            connection.sendall(b"EHLO bench.example\r\n")
            reply(file)
            for message in range(100 if keep else 1):
                for command in begin:
                    connection.sendall(command + b"\r\n")
                    reply(file)
                connection.sendall(content)
                if not reply(file).startswith(b"250"):
                    raise RuntimeError(f"message {message} of a session was not taken")
            connection.sendall(b"QUIT\r\n")
            reply(file)


def smtp_source(port: int, sessions: int, size: int, *, keep: bool) -> list[str] | None:
    """Give the command of Postfix's generator; None where it is not installed."""
    source = shutil.which("smtp-source", path=f"{os.environ['PATH']}:/usr/sbin")
    if source is None:
        return None
    command = [source, f"-s{sessions}", f"-l{size}", f"-m{MESSAGES}", *(["-d"] if keep else [])]
    return [*command, "-f", "me@bench.example", "-t", RECIPIENT, f"inet:127.0.0.1:{port}"]


@contextlib.contextmanager
def load(port: int, workload: str) -> Iterator[None]:
    """Have a *workload* come to a port meanwhile."""
    sessions, size, keep = WORKLOADS[workload]
    process: multiprocessing.Process | subprocess.Popen
    if command := smtp_source(port, sessions, size, keep=keep):
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    else:
        print("smtp-source is not installed: one session of our own client sends")
        process = multiprocessing.Process(target=send, args=(port, size), kwargs={"keep": keep})
        process.start()
    try:
        yield
    finally:
        process.kill()
        process.join() if isinstance(process, multiprocessing.Process) else process.wait()


def record(pid: int, way: str, form: str, path: Path, seconds: int) -> None:
    """Have py-spy look at the process."""
    command = [shutil.which("py-spy", path=Path(sys.executable).parent) or "py-spy", "record"]
    command += ["--pid", str(pid), "--duration", str(seconds), "--format", form, "--threads"]
    command += ["--function", "--output", str(path), *WAYS[way]]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"py-spy: {done.stderr.strip()}")


def folded(path: Path) -> list[tuple[str, list[str], int]]:
    """Read folded stacks: the thread, its functions from the outermost on, and the samples."""
    stacks = []
    for line in path.read_text().splitlines():
        stack, _, samples = line.rpartition(" ")
        thread, *functions = stack.split(";")
        thread = re.sub(r"^thread \((?:0x)?\w+\)(?:: )?", "", thread)
        stacks.append((thread, functions, int(samples)))
    return stacks


def table(way: str, stacks: list[tuple[str, list[str], int]]) -> None:
    """Print the dearest functions: alone, and with all that they called."""
    alone, together, threads = Counter[str](), Counter[str](), Counter[str]()
    for thread, functions, samples in stacks:
        threads[thread] += samples
        alone[functions[-1] if functions else "?"] += samples
        for function in set(functions):
            together[function] += samples
    everything = max(1, threads.total())
    told = ", ".join(f"{name} {samples}" for name, samples in threads.most_common())
    print(f"\n{way}: samples by thread: {told}\n{'alone':>7}{'with its calls':>16}")
    for function, samples in alone.most_common(SHOWN):
        whole = together[function]
        print(f"{samples / everything:7.1%}{whole / everything:16.1%}  {function}")


def count_calls(pid: int, seconds: int) -> None:
    """Print how many system calls of which kind there are, and what they cost."""
    if shutil.which("strace") is None:
        print("\nstrace is not installed: no system calls are counted")
        return
    command = ["strace", "-f", "-c", "-S", "calls", "-p", str(pid)]
    strace = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    time.sleep(seconds)
    strace.send_signal(signal.SIGINT)
    lines = strace.communicate()[1].splitlines()
    print(f"\nsystem calls in {seconds} s, each slowed down by strace")
    print("\n".join(line for line in lines if not line.startswith("strace: "))[:3000])


def main() -> None:
    """Start, load, look, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workload", nargs="?", choices=WORKLOADS, default="small")
    parser.add_argument("--quick", action="store_true", help="2 seconds a recording")
    parser.add_argument("--seconds", type=int, default=5, help="a recording; there are seven")
    parser.add_argument("--nothing", action="store_true", help="throw the messages away")
    parser.add_argument("--folder", type=Path, help="for results and Maildir, which stay there")
    options = parser.parse_args()
    seconds = 2 if options.quick else options.seconds
    folder = (options.folder or Path(tempfile.mkdtemp(prefix="flame-"))).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    server, port = start(folder, nothing=options.nothing)
    try:
        with load(port, options.workload):
            time.sleep(1)
            for way in WAYS:
                record(server.pid, way, "flamegraph", folder / f"{way}.svg", seconds)
                record(server.pid, way, "raw", folder / f"{way}.txt", seconds)
                table(way, folded(folder / f"{way}.txt"))
            count_calls(server.pid, seconds)
    finally:
        server.terminate()
        server.wait()
    print(f"\nthe flame graphs are in {folder}")


if __name__ == "__main__":
    main()
