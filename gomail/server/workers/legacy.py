"""
What a parent leaves to the program that takes its place (execve(2)): another version, perhaps.

The process stays, and with it its number, its terminal and its place with the service manager. The
sockets stay open, so that nobody is refused; the workers there are see the end of their parent, and
leave in peace; what they still log is read by the new one.
"""

import json
import os
import signal
import socket
from collections.abc import Iterator, MutableMapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from gomail.server.ports import Port
from gomail.server.start import StartError

VARIABLE = "GOMAIL_LEGACY"
ENDS = (signal.SIGTERM, signal.SIGINT)  # held back while a program changes: none is lost by it


@dataclass(frozen=True, slots=True)
class Legacy:
    """
    What that is.

    Attributes:
        ports: bound, each with the endpoint that it was made of.
        leaving: process and log of each worker that is about to end.
        trial: whether all is only to be tried: the old parent is still there.
        pidfile: the path of the process' pid file, if it has one: twistd knows it no more.
    """

    ports: list[Port] = field(default_factory=list)
    leaving: list[tuple[int, int]] = field(default_factory=list)
    trial: bool = False
    pidfile: str | None = None

    def port(self, endpoint: str) -> Port | None:
        """Give the port of an endpoint, once, if there is one."""
        for place, port in enumerate(self.ports):
            if port.endpoint == endpoint:
                return self.ports.pop(place)
        return None

    def variables(self) -> dict[str, str]:
        """Write all that is left, for the environment of the heir."""
        ports = [
            (port.endpoint, port.socket.fileno(), port.passed)
            for port in self.ports
            if port.socket is not None
        ]
        return {VARIABLE: json.dumps([ports, self.leaving, self.trial, self.pidfile])}

    @property
    def descriptors(self) -> Sequence[int]:
        """The open files that belong to it."""
        sockets = [port.socket.fileno() for port in self.ports if port.socket is not None]
        return [*sockets, *(log for _, log in self.leaving)]

    @contextmanager
    def at_stake(self) -> Iterator[None]:
        """
        Take workers along, if what happens meanwhile fails or is ended: no parent would be there.

        A signal that ends us does so until the reactor heeds signals, also after this.
        """
        if self.ports:
            if not self.trial:
                for number in ENDS:
                    signal.signal(number, self._end)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDS)
        try:
            yield
        except BaseException:
            self._abandon()
            raise

    def _end(self, number: int, _: object) -> None:
        """End as the signal would have it."""
        self._abandon()
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(signal.Signals(number))

    def _abandon(self) -> None:
        """Leave nothing behind."""
        if self.trial:
            return
        for pid, _ in self.leaving:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        self.remove_pidfile()

    def remove_pidfile(self) -> None:
        """Remove the pid file, if it is still this process'; where we may not, it is stale."""
        if self.pidfile is None:
            return
        path = Path(self.pidfile)
        with suppress(OSError, ValueError):
            if int(path.read_text()) == os.getpid():
                path.unlink()


def claim(environment: MutableMapping[str, str]) -> Legacy:
    """
    Take what was left, once; where there was no parent before, that is nothing.

    Raises:
        StartError: what the environment says of it is not so.
    """
    text = environment.pop(VARIABLE, None)
    if text is None:
        return Legacy()
    try:
        ports, leaving, trial, pidfile = json.loads(text)
        legacy = Legacy(
            [
                # While all is only tried the sockets' files are the parent's, whatever is wrong.
                Port(endpoint, socket=socket.socket(fileno=number), passed=passed or trial)
                for endpoint, number, passed in ports
            ],
            [(pid, log) for pid, log in leaving],
            trial,
            pidfile,
        )
        for number in legacy.descriptors:
            os.set_inheritable(number, False)
    except (OSError, ValueError, TypeError) as error:
        msg = f"{VARIABLE}: only a parent of workers sets it ({error})"
        raise StartError(msg) from error
    return legacy
