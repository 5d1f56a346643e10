"""A terminal for programs that insist on one, and somebody who types."""

import os
import pty
import pwd
import re
import select
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from tests.patience import PATIENCE


class Terminal:
    """
    A program that runs as *user* in a terminal of 30 lines.

    Left without an error, it waits for the program to end, which must have succeeded.
    """

    def __init__(
        self, command: Sequence[str], user: pwd.struct_passwd, environment: Mapping[str, str]
    ) -> None:
        self._written = ""
        self._seen = 0
        self._ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (30, 120))
        self._process = subprocess.Popen(
            command,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={"PATH": os.environ["PATH"], "TERM": "xterm", "LC_ALL": "C.UTF-8", **environment},
            start_new_session=True,
            user=user.pw_uid,
            group=user.pw_gid,
            extra_groups=[],
        )
        os.close(theirs)

    def __enter__(self) -> Self:
        """Begin to type."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """See the program end."""
        try:
            if error is None:
                self._read_to_the_end()
                assert self._process.wait(PATIENCE) == 0, self._written
        finally:
            if self._process.poll() is None:
                self._process.kill()
            self._process.wait(PATIENCE)
            os.close(self._ours)

    def wait_for(self, *texts: str) -> str:
        """Wait until each of *texts* was written behind what was before, and give that."""
        deadline = time.monotonic() + PATIENCE
        while any(text not in self._written[self._seen :] for text in texts):
            assert time.monotonic() < deadline, f"no {texts} in {self._written[self._seen :]!r}"
            assert self._read(), f"no {texts} in {self._written!r}"
        written = self._written[self._seen :]
        self._seen = len(self._written)
        return written

    def type(self, keys: str) -> None:
        """Press keys; a newline is Enter."""
        os.write(self._ours, keys.replace("\n", "\r").encode())

    def _read_to_the_end(self) -> None:
        """Read until the program has closed its terminal, or has had its time."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self._read():
            pass

    def _read(self) -> bool:
        """Read what there is, soon; tell whether there can be more."""
        if not select.select([self._ours], [], [], 0.1)[0]:
            return True
        try:
            octets = os.read(self._ours, 65536)
        except OSError:  # so does Linux tell the end
            return False
        # What moves the cursor and sets colours is nothing to read.
        self._written += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", octets.decode(errors="replace"))
        return bool(octets)
