"""Twisted's own Maildir domain behind gomail's dialogue."""

import os
from pathlib import Path

from twisted.mail.mail import MailService
from twisted.mail.maildir import MaildirDirdbmDomain, MaildirMessage, _generateMaildirName
from twisted.mail.protocols import ESMTPDomainDelivery
from twisted.mail.smtp import User

from gomail.delivery.twisted_mail import TwistedDeliveries


class Domain(MaildirDirdbmDomain):
    """A domain of Maildirs, with a ``startMessage`` that works on Python 3."""

    def startMessage(self, user: User) -> MaildirMessage:
        """Open a file in the mailbox's tmp/."""
        directory = os.fsdecode(self.userDirectory(user.dest.local))
        name = os.fsdecode(_generateMaildirName())
        temporary = Path(directory, "tmp", name)
        final = str(Path(directory, "new", name))
        return MaildirMessage(bytes(user), temporary.open("xb"), str(temporary), final)


def deliveries(root: Path, users: list[str]) -> TwistedDeliveries:
    """Take mail for *users* of here.example into Maildirs under *root*."""
    service = MailService()
    domain = Domain(service, os.fsencode(root))
    for user in users:
        domain.addUser(user.encode(), b"no password: nobody logs in")
    service.addDomain(b"here.example", domain)
    delivery = ESMTPDomainDelivery(service, None, b"mx.here.example")
    return TwistedDeliveries(delivery, "mx.here.example")
