"""twisted.mail and aiosmtpd: libraries, made servers by `bench.serving`."""

import importlib.util
from pathlib import Path
from typing import ClassVar

from bench.measuring import module
from bench.peers.peer import Peer, Setting


class Library(Peer):
    """A server of a Python library."""

    library: ClassVar[str]
    program: ClassVar[str]
    way: ClassVar[str]

    def missing(self) -> str | None:
        """See whether pip has installed it."""
        installed = importlib.util.find_spec(self.library) is not None
        return None if installed else f"{self.library} is not installed; try: make bench"

    def prepare(self, folder: Path, port: int, setting: Setting) -> list[str]:
        """Make a Maildir, and give the command."""
        for name in ("tmp", "new", "cur"):
            (folder / "Maildir" / name).mkdir(parents=True)
        return module(f"bench.serving.{self.program}", port, self.way, folder / "Maildir")


class TwistedBare(Library):
    """Twisted without any SMTP: what it allows at most."""

    name = "twisted-bare"
    keeps = "nothing"
    what = "no SMTP at all: a ready-made reply for each verb"
    library, program, way = "twisted", "bare_server", "null"


class TwistedNull(Library):
    """twisted.mail that keeps nothing."""

    name = "twisted.mail-null"
    keeps = "nothing"
    what = "ESMTP on the epoll reactor; lines are dropped"
    library, program, way = "twisted", "twisted_mail_server", "null"


class TwistedMaildir(Library):
    """twisted.mail with its Maildir."""

    name = "twisted.mail-maildir"
    keeps = "stored"
    what = "closes and renames, no fsync at all; a file a recipient"
    copy_a_recipient = True
    library, program, way = "twisted", "twisted_mail_server", "maildir"


class AiosmtpdNull(Library):
    """aiosmtpd that keeps nothing."""

    name = "aiosmtpd-null"
    keeps = "nothing"
    what = "a handler that answers at once"
    library, program, way = "aiosmtpd", "aiosmtpd_server", "null"


class AiosmtpdMailbox(Library):
    """aiosmtpd with its Mailbox."""

    name = "aiosmtpd-mailbox"
    keeps = "stored"
    what = "parses, fsyncs the file but not the folder"
    rewrites = True
    library, program, way = "aiosmtpd", "aiosmtpd_server", "mailbox"
