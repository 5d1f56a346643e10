"""Mail into a database: a delivery of one's own."""

import sqlite3

from twisted.internet.threads import deferToThread
from zope.interface import implementer

from gomail.interfaces import IMessage, IMessageDelivery, IMessageDeliveryFactory
from gomail.reply import NO_SUCH_MAILBOX, STORED, Refused


@implementer(IMessageDeliveryFactory, IMessageDelivery)
class Tickets:
    def __init__(self, path, *addresses):
        self.path = path
        self.addresses = {tuple(address.split("@")) for address in addresses}

    def deliveryFor(self, client):
        return self  # one object serves all sessions, since it remembers nothing of any

    def greeted(self, client):
        pass

    def validateFrom(self, client, reversePath, parameters):
        pass

    def validateTo(self, forwardPath):
        if forwardPath.address.comparable not in self.addresses:
            raise Refused(NO_SUCH_MAILBOX)

    def messageStarted(self, envelope):
        return Ticket(self.path, envelope)

    def transactionEnded(self):
        pass


@implementer(IMessage)
class Ticket:
    def __init__(self, path, envelope):
        self.path, self.envelope, self.pieces = path, envelope, []

    def octetsReceived(self, octets):
        self.pieces.append(octets)

    async def eomReceived(self):
        await deferToThread(store, self.path, self.envelope, b"".join(self.pieces))
        return STORED  # 2xx means stored for good: SQLite has synced the file when commit returns

    def connectionLost(self):
        self.pieces.clear()


def store(path, envelope, content):
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE IF NOT EXISTS ticket (id, reverse_path, content)")
        row = (envelope.id, str(envelope.reverse_path), content)
        database.execute("INSERT INTO ticket VALUES (?, ?, ?)", row)
    database.close()
