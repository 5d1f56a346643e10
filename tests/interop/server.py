"""A real gomail in a process of its own, as twistd runs it."""

import os
import re
import signal
import smtplib
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from tests.patience import PATIENCE

MOST_SHOWN = 4000  # characters of the log

T = TypeVar("T")

_TWISTD = "from twisted.scripts.twistd import run; run()"
_LISTENS = re.compile(r"^ +listens on +(.+)$", re.MULTILINE)
_WRONG = re.compile(r"Traceback|Unhandled|Error|Warning|^\S+ trouble:", re.MULTILINE)


def wait_for(what: str, found: Callable[[], T | None], seconds: float = PATIENCE) -> T:
    """Ask *found* until it answers with something true, and return that; *what* is for people."""
    deadline = time.monotonic() + seconds
    while True:
        answer = found()
        if answer:
            return answer
        if time.monotonic() > deadline:
            msg = f"waited {seconds:.0f} s in vain for {what}"
            raise AssertionError(msg)
        time.sleep(0.02)


class Gomail:
    """
    A server that listens on free ports of 127.0.0.1.

    Args:
        folder: its own; the Maildir is made there, and the output goes to a file in it.
        options: of gomail, beside those for ports and Maildir.
        twistd: options of twistd itself, such as ``--uid``.
        within: a command that starts the one behind it, in the same process.
        settings: a TOML file that says everything; then *options* alone are added to it.
    """

    def __init__(
        self,
        folder: Path,
        options: Sequence[str] = (),
        *,
        twistd: Sequence[str] = (),
        within: Sequence[str] = (),
        settings: str | None = None,
    ) -> None:
        self.maildir = folder / "Maildir"
        self._output = folder / "gomail.out"
        python = [*within, sys.executable, "-c", _TWISTD]
        start = ["--nodaemon", "--pidfile=", *twistd]
        configured = [*self._arguments(folder, settings), *options]
        environment = dict(os.environ)
        if twistd:
            # Without its rights it could not write down what was covered.
            environment = {k: v for k, v in environment.items() if not k.startswith("COVERAGE_")}
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                [*python, *start, "gomail", "--dialogue", *configured],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            self.ports = self._wait_for_banners()
        except BaseException:
            self._process.kill()
            self._process.wait(PATIENCE)
            raise
        self.port = self.ports[0]

    def _arguments(self, folder: Path, settings: str | None) -> list[str]:
        """Say where to listen and to store."""
        if settings is None:
            port = "tcp:0:interface=127.0.0.1"
            return ["--port", port, "--hostname", "mx.example.org", "--maildir", "Maildir"]
        path = folder / "gomail.toml"
        path.write_text(settings)
        return ["--config", str(path)]

    @property
    def output(self) -> str:
        """What it has written up to now."""
        return self._output.read_text(errors="replace")

    def _wait_for_banners(self) -> list[int]:
        """Wait until every port greets; return them, in the order of the settings."""

        def announced() -> re.Match[str] | None:
            assert self._process.poll() is None, self.output
            return _LISTENS.search(self.output)

        listens = wait_for("gomail to start", announced)
        ports = [int(port) for port in re.findall(r":(\d+)\b", listens[1])]
        for port in ports:
            wait_for(f"port {port} to greet", partial(self._greets, port))
        return ports

    def _greets(self, port: int) -> bool:
        """Tell whether a session can be had."""
        assert self._process.poll() is None, self.output
        try:
            with smtplib.SMTP("127.0.0.1", port, timeout=PATIENCE):
                return True
        except (OSError, smtplib.SMTPException):
            return False

    def wait_for_line(self, pattern: str) -> re.Match[str]:
        """Wait until *pattern* is found in what it has written."""
        try:
            return wait_for(pattern, lambda: re.search(pattern, self.output))
        except AssertionError as error:
            error.add_note(self.output[-MOST_SHOWN:])
            raise

    def tell(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def stop(self) -> None:
        """Stop it as its owner would, and see that nothing went wrong all the while."""
        if self._process.poll() is None:
            os.kill(self._process.pid, signal.SIGTERM)
        try:
            status = self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(PATIENCE)
            raise
        # twistd ends by the signal that ended it, once everything is shut down.
        assert status in {0, -signal.SIGTERM}, self.output[-MOST_SHOWN:]
        assert "Server Shut Down" in self.output, self.output[-MOST_SHOWN:]
        wrong = _WRONG.search(self.output)
        assert not wrong, self.output[wrong.start() :][:MOST_SHOWN]
