"""A server with a delivery of one's own, started with ``python serve.py``."""

from delivery import Tickets
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.task import react

from gomail.smtp.factory import SMTPFactory


async def main(reactor, endpoint="tcp:2525:interface=127.0.0.1"):
    deliveries = Tickets("tickets.db", "support@here.example")
    factory = SMTPFactory(deliveries, "mx.here.example", reactor)
    await serverFromString(reactor, endpoint).listen(factory)
    reactor.addSystemEventTrigger("before", "shutdown", end, factory, reactor)
    await Deferred()  # for ever


def end(factory, reactor):
    """Let clients end their messages, but drop those who take longer than ten seconds."""
    reactor.callLater(10, factory.abort)
    return factory.leave()


if __name__ == "__main__":
    react(main)
