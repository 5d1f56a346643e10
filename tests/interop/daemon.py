"""Programs of others that serve a unix socket, one process each."""

import os
import signal
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.interop.server import wait_for
from tests.interop.software import end


class Daemon:
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
        self._output = path.with_suffix(".out")
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=path.parent,
                start_new_session=kill,
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
        return self._output.read_text(errors="replace")

    def _listens(self) -> bool:
        """Tell whether it takes connections; it must not have ended."""
        assert self._process.poll() is None, self.output
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self.path)) == 0

    def stop(self) -> None:
        """Stop it."""
        if self._kill:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        else:
            end(self._process)
