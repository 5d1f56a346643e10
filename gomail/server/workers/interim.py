"""
What holds the place of a parent while the program that is to have it can't begin.

The parent before hands this very text on, by an open file, and it is what its process runs first.
It needs the standard library alone: so what has happened to a configuration, a disk or an
installation since all was tried is no end of the mail. While the heir can't begin, the workers of
the program before serve, their log is written, the service manager hears signs of life, and the
heir is tried again, soon at first. SIGUSR2 has it tried at once, with the file as it is by now;
SIGHUP and SIGUSR1 wait for an heir that runs.
"""

import json
import os
import runpy
import select
import signal
import socket
import sys
import syslog
import time
from collections.abc import MutableMapping
from contextlib import suppress
from types import FrameType
from typing import NoReturn

VARIABLE = "GOMAIL_INTERIM"  # there until the heir runs; says which files it is to close then
LEGACY, TRIED = "GOMAIL_LEGACY", "GOMAIL_TRIED"
LONGEST_REST = 30  # seconds until the heir is tried again: 1, 2, 4 … up to this
BEAT = 0.5  # seconds from one look at signals and logs to the next
_ENDS = (signal.SIGTERM, signal.SIGINT)
_LATER = (signal.SIGHUP, signal.SIGUSR1)  # are heard by the heir alone, once it runs
_KEPT = (*_ENDS, *_LATER)  # are, where they come in between
_PIECE = 4096
_STANDARD = 2  # the number of the last file that everybody has open


def begin(environment: MutableMapping[str, str]) -> NoReturn:
    """Run the heir; where that ends without having run, hold its place."""
    interim = Interim(environment)
    try:
        runpy.run_module("gomail", run_name="__main__", alter_sys=True)
        ended: BaseException = SystemExit(0)
    except BaseException as error:  # noqa: BLE001 -- whatever it is, the mail goes on
        ended = error
    if VARIABLE not in environment:
        raise ended
    interim.hold(_why(ended))


def over(environment: MutableMapping[str, str]) -> None:
    """Learn, as the heir, that we run: what was kept is needed no more."""
    for number in environment.pop(VARIABLE, "").split():
        os.close(int(number))


def _why(ended: BaseException) -> str:
    """Say for people why it has ended."""
    if isinstance(ended, SystemExit):
        return ended.code if isinstance(ended.code, str) else f"exit status {ended.code or 0}"
    return f"{type(ended).__name__}: {ended}"


class Interim:
    """The place that is held."""

    def __init__(self, environment: MutableMapping[str, str]) -> None:
        """Keep what the heir may close; one that is ended now takes the workers along."""
        self._environment = environment
        self._before = dict(environment)
        self._source, self._log, self._json, self._round = json.loads(environment[VARIABLE])
        ports, leaving, _, self._pidfile = json.loads(environment[LEGACY])
        self._logs = [log for _, log in leaving]
        self._pids = [pid for pid, _ in leaving]
        numbers = [self._source, *(number for _, number, _ in ports), *self._logs]
        numbers += [] if self._log is None else [self._log]
        numbers += [int(environment[TRIED])] if TRIED in environment else []
        self._copies = {number: os.dup(number) for number in numbers}
        for number in (self._source, *([] if self._log is None else [self._log])):
            os.set_inheritable(number, False)
        log = [self._log] if (self._log or 0) > _STANDARD else []
        closed = (self._source, *log, *self._copies.values())
        environment[VARIABLE] = " ".join(map(str, closed))
        self._anew = False
        self._listen()

    def _listen(self) -> None:
        """Heed the signals that end us."""
        for number in _ENDS:
            signal.signal(number, self._end)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDS)

    def hold(self, why: str) -> NoReturn:
        """Have the workers serve, and try the heir again and again."""
        self._listen()
        signal.pthread_sigmask(signal.SIG_BLOCK, _LATER)  # the heir may have begun to heed them
        signal.signal(signal.SIGUSR2, self._hurry)
        while True:
            rest = min(1 << min(self._round, 10), LONGEST_REST)
            self._tell(
                f"handover: the program that was tried can't begin: {why}; {self._who()}, and it"
                f" is tried again in {rest} s, or with the file as it is then at SIGUSR2"
            )
            self._wait(time.monotonic() + rest)
            why = self._try_again()

    def _who(self) -> str:
        """Say who serves."""
        count = sum(map(_runs, self._pids))
        return f"{count} workers of the one before serve on" if count else "nobody serves"

    def _wait(self, until: float) -> None:
        """Pass on what the workers log, until it is time."""
        poll = select.poll()
        for log in self._logs:
            poll.register(self._copies[log], select.POLLIN)
        while time.monotonic() < until and not self._anew:
            _beat()
            for number, events in poll.poll(BEAT * 1000):
                octets = os.read(number, _PIECE) if events & select.POLLIN else b""
                if not octets:
                    poll.unregister(number)
                self._write(octets)

    def _try_again(self) -> str:
        """Become the heir once more; give why that can't be."""
        self._round += 1
        if self._anew:
            self._anew, self._round = False, 0
            self._forget_tried()
        environment = dict(self._before)
        said = [self._source, self._log, self._json, self._round]
        environment[VARIABLE] = json.dumps(said)
        signal.pthread_sigmask(signal.SIG_BLOCK, _KEPT)
        signal.signal(signal.SIGUSR2, signal.SIG_IGN)
        try:
            for number, copy in self._copies.items():
                os.dup2(copy, number)
            os.execve(sys.executable, sys.orig_argv, environment)  # noqa: S606 -- it is ourselves
        except OSError as error:
            signal.signal(signal.SIGUSR2, self._hurry)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDS)  # others we don't heed, and end by
            return str(error)

    def _forget_tried(self) -> None:
        """Have the file count as it is by now; what was tried has keys, and goes to nobody."""
        number = self._before.pop(TRIED, None)
        if number is not None:
            os.close(self._copies.pop(int(number)))
            with suppress(OSError):  # who has read it has closed his own
                os.set_inheritable(int(number), False)

    def _hurry(self, _number: int, _frame: FrameType | None) -> None:
        """Try it at once."""
        self._anew = True

    def _end(self, number: int, _frame: FrameType | None) -> None:
        """End as the signal would have it, and leave nothing behind."""
        for pid in self._pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        with suppress(OSError, ValueError, TypeError):
            with open(self._pidfile) as file:  # noqa: PTH123 -- it is seldom needed
                ours = int(file.read()) == os.getpid()
            if ours:
                os.unlink(self._pidfile)  # noqa: PTH108 -- the same
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(signal.Signals(number))
        os._exit(128 + number)  # as process 1 of a container we are spared by the kernel

    def _tell(self, what: str) -> None:
        """Write a line of ours, as the log has them."""
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        what = "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in what)
        line = f"{stamp} trouble: {what}"
        if self._json:
            line = json.dumps({"time": stamp, "event": "trouble", "what": what})
        self._write(line.encode("utf-8", "backslashreplace") + b"\n")

    def _write(self, octets: bytes) -> None:
        """Write to the log, while it takes something."""
        if self._log is None:
            for line in octets.decode("utf-8", "backslashreplace").splitlines():
                syslog.syslog(line)
            return
        log = self._copies[self._log]
        poll = select.poll()
        poll.register(log, select.POLLOUT)
        with suppress(OSError):
            os.lseek(log, 0, os.SEEK_END)
        with suppress(OSError):
            while octets and poll.poll(0):
                octets = octets[os.write(log, octets[:_PIECE]) :]


def _runs(pid: int) -> bool:
    """Tell whether a process of ours runs; it waits to be buried by the heir else."""
    with suppress(OSError), open(f"/proc/{pid}/stat") as file:  # noqa: PTH123 -- as above
        return file.read().rpartition(")")[2].split()[0] not in "ZX"
    return False


def _beat() -> None:
    """Give the service manager a sign of life, if there is one."""
    address = os.environ.get("NOTIFY_SOCKET")
    if address:
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            line.setblocking(False)
            line.sendto(b"WATCHDOG=1\n", address.replace("@", "\0", 1))


if __name__ == "__main__":
    begin(os.environ)
