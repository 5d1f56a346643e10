"""
What is tried before the server starts, and what is said about one that will run.

What is wrong is told at once, in one line, in both of twistd's modes.
"""

import contextlib
import grp
import os
import pwd
import resource
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gomail.limits import Limits

DESCRIPTORS_A_SESSION = 8 / 7  # its socket; and every seventh has a spool file
DESCRIPTORS_A_COPY = 2  # the two folders that it is linked from and to
DESCRIPTORS_RESERVED = 264  # with the files of copies: few at a time, and closed once durable


class StartError(Exception):
    """One line that says why the server can't start."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The user and group that the server will run as; None where it stays what it is."""

    uid: int | None = None
    gid: int | None = None

    def __str__(self) -> str:
        """Name the user, for people."""
        uid = os.geteuid() if self.uid is None else self.uid
        try:
            return pwd.getpwuid(uid).pw_name
        except KeyError:
            return f"uid {uid}"

    @property
    def warnings(self) -> tuple[str, ...]:
        """What people should know of it before they use it in earnest."""
        if os.geteuid() == 0 and self.uid in {None, 0}:
            return (
                "it runs as root, which it does not need: see --uid of twistd, or User= of systemd",
            )
        return ()

    @contextlib.contextmanager
    def assumed(self) -> Iterator[None]:
        """Be that user for a while, as far as files are concerned."""
        uid, gid, groups = os.geteuid(), os.getegid(), os.getgroups()
        if uid != 0:
            yield
            return
        try:
            if self.gid is not None:
                os.setgroups(self._groups(self.gid))
                os.setegid(self.gid)
            if self.uid is not None:
                os.seteuid(self.uid)
            yield
        finally:
            os.seteuid(uid)
            os.setegid(gid)
            os.setgroups(groups)

    def _groups(self, gid: int) -> list[int]:
        """Give all groups that twistd is going to give it: those, too, that name the user."""
        try:
            name = pwd.getpwuid(self.uid).pw_name if self.uid is not None else None
        except KeyError:
            name = None
        return [gid] if name is None else os.getgrouplist(name, gid)


MYSELF = Identity()


def group_id(group: str) -> int:
    """
    Give the number of a group.

    Raises:
        StartError: there is none of that name.
    """
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError as error:
        msg = f"group: a group of this machine was expected, not {group!r}"
        raise StartError(msg) from error


def within_descriptors(limits: Limits, milters: int = 0) -> Limits:
    """
    Raise the limit on open files as far as it goes, and give the limits that can be kept with it.

    A message to many mailboxes has all their folders open before the first gets it; that takes
    half of what there is at most, and sessions get the rest. Where more of them than every seventh
    bring big messages at once, one that finds no file is asked to come again (451).

    Args:
        limits: that are wanted.
        milters: to each of which each session has a connection.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return limits
    recipients, sessions = sessions_within(soft, limits, milters)
    return replace(limits, recipients=recipients, sessions=sessions)


def sessions_within(files: int, limits: Limits, milters: int = 0) -> tuple[int, int]:
    """Give the recipients of a message, and the sessions, for which that many files are enough."""
    recipients = min(limits.recipients, files // 2 // DESCRIPTORS_A_COPY)
    left = files - DESCRIPTORS_RESERVED - recipients * DESCRIPTORS_A_COPY
    return recipients, max(1, min(limits.sessions, int(left / (DESCRIPTORS_A_SESSION + milters))))


def try_pidfile(path: Path) -> None:
    """
    See that no process of that pid file runs, and that it can be written; twistd needs more lines.

    Raises:
        StartError: one does, or it can't.
    """
    pid = _running(path)
    if pid is not None:
        msg = f"{path}: process {pid} is running; stop it, or name another file with --pidfile"
    elif not path.parent.is_dir():
        msg = f"the pid file {path}: there is no folder {path.parent}"
    elif not os.access(path if path.exists() else path.parent, os.W_OK, effective_ids=True):
        msg = f"the pid file {path} can't be written"
    else:
        return
    raise StartError(msg)


def _running(path: Path) -> int | None:
    """Give the process that a pid file names, if there is one."""
    pid = None
    try:
        pid = int(path.read_text())
        os.kill(pid, 0)
    except PermissionError:
        return pid  # of another user; or the file can't be read
    except (OSError, ValueError, OverflowError):
        return None
    return pid


@dataclass(frozen=True, slots=True)
class Announcement:
    """What people are told before the server starts."""

    hostname: str
    ports: Sequence[str]
    domains: Sequence[str]
    maildir: str
    single: bool
    log: str
    stop: str
    notes: Sequence[str] = ()
    encryption: str = ""
    workers: int = 1
    checks: str = ""
    milters: str = ""
    metrics: str = ""
    source: str = ""

    def __str__(self) -> str:
        """Write it: a few lines."""
        read = f"   (read it: mutt -f {self.maildir})" if self.single else ""
        rows = [
            *([("goes by", self.source)] if self.source else []),
            ("listens on", " and ".join(self.ports)),
            ("takes mail for", ", ".join(self.domains)),
            ("stores it in", self.maildir + read),
            *([("encrypts with", self.encryption)] if self.encryption else []),
            *([("checks", self.checks)] if self.checks else []),
            *([("asks", self.milters)] if self.milters else []),
            *([("runs", f"{self.workers} workers")] if self.workers > 1 else []),
            *([("metrics", f"{self.metrics}, at /metrics")] if self.metrics else []),
            ("log", self.log),
            ("stop it with", self.stop),
            *(("note", note) for note in self.notes),
        ]
        lines = (f"  {name:<15}{what}" for name, what in rows)
        return "\n".join([f"gomail is {self.hostname}", *lines])
