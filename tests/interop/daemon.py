"""Programs of others that listen, one process each; on a unix socket, mostly."""

import os
import signal
import socket
import subprocess
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.interop.server import wait_for
from tests.interop.software import end
from tests.patience import PATIENCE


class Program:
    """
    A process that listens by the time that it is made; *how* is as for Popen.

    Args:
        command: how it is started.
        output: a file for what it says.
    """

    def __init__(self, command: Sequence[str | Path], output: Path, **how: Any) -> None:  # noqa: ANN401 -- as Popen's
        self._said = output
        with output.open("wb") as said:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT, **how
            )
        try:
            wait_for(f"{command[0]} to listen", self._listens)
        except BaseException as error:
            error.add_note(self.output)
            self.stop()
            raise

    @property
    def output(self) -> str:
        """What it has said."""
        return self._said.read_text(errors="replace")

    def _listens(self) -> bool:
        """Tell whether it takes connections; it must not have ended."""
        assert self._process.poll() is None, self.output
        return self._takes()

    @abstractmethod
    def _takes(self) -> bool:
        """Tell whether it takes connections."""

    def stop(self) -> None:
        """Stop it."""
        end(self._process)


class Daemon(Program):
    """
    A process that listens on a unix socket in the folder.

    Args:
        command: how it is started.
        path: of its socket.
        kill: whether it is killed in the end, and its children with it: libmilter looks every five
            seconds whether it should end, rspamd may wait 16 for a child, and these keep nothing.
    """

    def __init__(self, command: Sequence[str | Path], path: Path, *, kill: bool = False) -> None:
        self.path = path
        self._kill = kill
        output = path.with_suffix(".out")
        super().__init__(command, output, cwd=path.parent, start_new_session=kill)

    def _takes(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self.path)) == 0

    def stop(self) -> None:
        """Stop it."""
        if self._kill:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(PATIENCE)
        else:
            super().stop()
