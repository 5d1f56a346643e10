"""
What twistd was told, as far as a server must know: does it fork, where does it log, what stops it?

twistd changes folders, writes its pid file and drops its rights by itself; here its options are
only read.
"""

import os
import pwd
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO, cast

from twisted.python.usage import UsageError

from gomail.server.log import TwistedStream, open_log
from gomail.server.sockets import PortError
from gomail.server.start import Announcement, Identity, StartError
from gomail.server.stream import Stream


@dataclass(frozen=True, slots=True)
class Twistd:
    """The options of twistd; none of them stands for the foreground."""

    options: Mapping[str, Any]

    @property
    def foreground(self) -> bool:
        """Whether it stays where it was started."""
        return bool(self.options.get("nodaemon", True))

    @property
    def identity(self) -> Identity:
        """Who the server will be; twistd gives a user without a group the user's own."""
        uid, gid = self.options.get("uid"), self.options.get("gid")
        if uid is not None and gid is None:
            with suppress(KeyError):
                gid = pwd.getpwuid(uid).pw_gid
        return Identity(uid, gid)

    @property
    def syslog(self) -> bool:
        """Whether it logs to syslog, which is the one place where it needs no help."""
        return bool(self.options.get("syslog"))

    @property
    def pidfile(self) -> Path | None:
        """The path of its pid file, if it writes one."""
        name = self.options.get("pidfile")
        return Path(self.options["rundir"], name).absolute() if name else None

    @property
    def stop(self) -> str:
        """How the server is stopped, for people."""
        if self.foreground and _at_terminal():
            return "Ctrl-C"
        if self.foreground or self.pidfile is None:
            return "SIGTERM"
        return f"kill $(cat {shlex.quote(str(self.pidfile))})"

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Have a port that can't be listened on, as is found out now, end the start in one line."""
        try:
            yield
        except PortError as error:
            if not self.foreground:
                raise  # twistd tells it
            if self.pidfile is not None:
                self.pidfile.unlink()
            print(f"gomail: {error}", file=sys.__stderr__)  # sys.stderr is the log's by now
            raise SystemExit(1) from error

    def again(self, log: str) -> list[str]:
        """
        Give the options with which another one goes on in our place, whatever that is by now.

        Args:
            log: what `open_log` said of it.
        """
        reactor = self.options.get("reactor")
        of_reactor = [f"--reactor={reactor}"] if reactor else []
        if self.syslog:
            return [*of_reactor, "--syslog", f"--prefix={self.options.get('prefix', 'twisted')}"]
        return [*of_reactor, *([f"--logfile={log}"] if log.startswith("/") else [])]

    def open_log(self) -> tuple[TextIO, str]:
        """
        Open what it would log to; give it, and what people should know of it.

        Raises:
            StartError: it can't be written.
        """
        if self.syslog:
            return cast("TextIO", TwistedStream()), "syslog"
        name = self.options.get("logfile")
        if name == "-" and not self.foreground:
            msg = "a daemon can't log to this terminal; --logfile names a file"
            raise StartError(msg)
        if name == "-" or (name is None and self.foreground):
            if sys.stdout is None:  # closed by who started us; its number is another file's by now
                return open_log(os.devnull), "nowhere"
            shown = "this terminal" if sys.stdout.isatty() else "standard output"
            return _unbuffered(sys.stdout), shown
        path = str(Path(name or "twistd.log").absolute())
        try:
            return self._open_file(path), path
        except OSError as error:
            msg = f"the log {path} can't be written: {error.strerror}"
            raise StartError(msg) from error

    def _open_file(self, path: str) -> TextIO:
        """Open a log as the user who will write it; or as root, who gives it to them."""
        uid, gid = self.identity.uid, self.identity.gid
        try:
            with self.identity.assumed():  # no link of theirs leads where they may not write
                return open_log(path)
        except PermissionError:
            if os.geteuid() != 0 or uid is None or not _is_roots(path):
                raise
            return open_log(path, (uid, gid))

    def notes(self, log: str) -> tuple[str, ...]:
        """
        Say what the folder of the log must allow, where it does not.

        Args:
            log: what `open_log` said of it.
        """
        if not Path(log).is_absolute() or not Path(log).is_file():
            return ()
        folder = str(Path(log).parent)
        with self.identity.assumed():
            if os.access(folder, os.W_OK | os.X_OK, effective_ids=True):
                return ()
        note = (
            f"the log will grow and not be rotated, since {folder} can't be written by"
            f" {self.identity}: allow that, or have logrotate make the new files (create)"
        )
        return (note,)


def take_no_words(words: Sequence[str]) -> None:
    """
    Take options alone.

    Raises:
        UsageError: there is a spare word.
    """
    if words:
        msg = f"options alone were expected, such as --maildir FOLDER, not {words[0]!r:.100}"
        raise UsageError(msg)


def _is_roots(path: str) -> bool:
    """Tell whether all folders above are root's: else a link in one leads root wherever it will."""
    folder = Path(path).parent
    folders = {folder, *folder.parents, folder.resolve(), *folder.resolve().parents}
    return all(each.lstat().st_uid == 0 for each in folders)


def _at_terminal() -> bool:
    """Tell whether somebody may type Ctrl-C, as nobody does to a service of systemd."""
    return any(map(os.isatty, range(3)))


def announce(announcement: Announcement, stream: TextIO | None) -> None:
    """Write it for people, if anybody is there."""
    with suppress(OSError, ValueError):
        if stream is not None:
            stream.flush()
            unbuffered = _unbuffered(stream)
            unbuffered.write(f"{announcement}\n")
            unbuffered.flush()


def _unbuffered(stream: TextIO) -> TextIO:
    """Give a way to write to a standard stream that leaves nothing behind in it."""
    try:
        return cast("TextIO", Stream(stream.fileno()))
    except OSError:  # no real one
        return stream
