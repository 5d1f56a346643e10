"""Mail into a database: a delivery of one's own in twenty lines."""

import sqlite3

from gomail.delivery.whole import WholeMessages
from gomail.reply import NO_SUCH_MAILBOX, STORED, Refused

database = sqlite3.connect("letters.db")
database.execute("CREATE TABLE IF NOT EXISTS ticket (id, content)")


def welcome(forward_path):
    if forward_path.address.comparable != ("tickets", "here.example"):
        raise Refused(NO_SUCH_MAILBOX)


def store(envelope, content):
    with database:
        database.execute("INSERT INTO ticket VALUES (?, ?)", (envelope.id, content))
    return STORED  # 2xx means stored for good, and that it is: the transaction is committed


deliveries = WholeMessages(store, welcome)
