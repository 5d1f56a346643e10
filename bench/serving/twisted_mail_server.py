"""
twisted.mail as a server: its ESMTP, and its Maildir messages or none.

``python -m bench.serving.twisted_mail_server PORT null|maildir FOLDER``. Its own way to begin a
Maildir message fails on Python 3 (it joins octets with text), so that alone is done here; lines are
written, and files closed and renamed without fsync, by Twisted's own code.
"""

import os
import sys
from pathlib import Path
from typing import Any

from twisted.internet import defer
from twisted.mail import mail, maildir, smtp
from zope.interface import implementer

_BACKLOG = 4096
_SILENCE = 600  # seconds


@implementer(smtp.IMessage)
class Nothing:
    """Takes lines, and keeps none."""

    def lineReceived(self, line: bytes) -> None:
        pass

    def eomReceived(self) -> Any:
        return defer.succeed(None)

    def connectionLost(self) -> None:
        pass


class Stored(maildir.MaildirMessage):
    """Twisted's own, whose final name is put together in octets."""

    def eomReceived(self) -> Any:
        self.finalName += b",S=%d" % (self.size or 0)
        return mail.FileMessage.eomReceived(self)


@implementer(smtp.IMessageDelivery)
class Delivery:
    """Welcomes everybody."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def receivedHeader(self, helo: object, origin: object, recipients: object) -> bytes:
        return b"Received: from client.example by mx.bench.example; Fri, 27 Nov 2026 12:00:00 +0000"

    def validateFrom(self, helo: object, origin: object) -> object:
        return origin

    def validateTo(self, user: Any) -> Any:
        return Nothing if self._folder is None else lambda: self._begin(user)

    def _begin(self, user: Any) -> Stored:
        name = maildir._generateMaildirName()  # noqa: SLF001 -- there is no public one
        folder = os.fsencode(str(self._folder))
        staged, final = os.path.join(folder, b"tmp", name), os.path.join(folder, b"new", name)  # noqa: PTH118 -- octets, as Twisted has them
        return Stored(str(user).encode(), Path(os.fsdecode(staged)).open("wb"), staged, final)


class Factory(smtp.SMTPFactory):
    """Gives each connection an ESMTP session."""

    noisy = False

    def __init__(self, folder: Path | None) -> None:
        super().__init__()
        self._folder = folder

    def buildProtocol(self, address: object) -> Any:
        protocol = smtp.ESMTP()
        protocol.factory = self
        protocol.host = b"mx.bench.example"
        protocol.delivery = Delivery(self._folder)
        protocol.timeout = _SILENCE
        return protocol


def main() -> None:
    """Serve, on the reactor that Twisted chooses: epoll on Linux."""
    from twisted.internet import reactor

    folder = Path(sys.argv[3]) if sys.argv[2] == "maildir" else None
    served: Any = reactor
    served.listenTCP(int(sys.argv[1]), Factory(folder), _BACKLOG, "127.0.0.1")
    served.run()


if __name__ == "__main__":
    main()
