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
from collections.abc import MutableMapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from gomail.server.ports import Port
from gomail.server.start import StartError

VARIABLE = "GOMAIL_LEGACY"
ENDS = (signal.SIGTERM, signal.SIGINT)
# Held back while a program changes: none is lost by it.
HELD = (*ENDS, signal.SIGHUP, signal.SIGUSR1)


@dataclass(frozen=True, slots=True)
class Legacy:
    """
    What that is.

    Attributes:
        ports: bound, each with the endpoint that it was made of.
        leaving: process and log of each worker that is about to end.
        trial: whether all is only to be tried: the old parent is still there.
        pidfile: the path of the process' pid file, if it has one: twistd knows it no more.
        ours: the sockets whose files are ours to remove, once we run.
    """

    ports: list[Port] = field(default_factory=list)
    leaving: list[tuple[int, int]] = field(default_factory=list)
    trial: bool = False
    pidfile: str | None = None
    ours: frozenset[int] = frozenset()

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

    def settle(self, port: Port) -> Port:
        """Give one of the ports as what it is: its socket's file is ours, if it was before."""
        number = -1 if port.socket is None else port.socket.fileno()
        return replace(port, passed=False) if number in self.ours else port

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
                # Until we run the sockets' files are not ours to remove, whatever is wrong.
                Port(endpoint, socket=socket.socket(fileno=number), passed=True)
                for endpoint, number, _ in ports
            ],
            [(pid, log) for pid, log in leaving],
            trial,
            pidfile,
            frozenset(number for _, number, passed in ports if not passed),
        )
        for number in legacy.descriptors:
            os.set_inheritable(number, False)
    except (OSError, ValueError, TypeError) as error:
        msg = f"{VARIABLE}: only a parent of workers sets it ({error})"
        raise StartError(msg) from error
    return legacy
