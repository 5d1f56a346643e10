"""A server that offers STARTTLS, started with ``python encrypted.py`` beside its both.pem."""

from pathlib import Path

from delivery import Tickets
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.ssl import PrivateCertificate
from twisted.internet.task import react

from gomail.smtp.factory import SMTPFactory


def read_certificate():
    """Read a certificate, its chain and its key, in PEM, one behind the other."""
    return PrivateCertificate.loadPEM(Path("both.pem").read_text())


async def main(reactor, endpoint="tcp:2525:interface=127.0.0.1"):
    factory = SMTPFactory(
        Tickets("tickets.db", "support@here.example"),
        "mx.here.example",
        reactor,
        tls=read_certificate().options(),
    )
    await serverFromString(reactor, endpoint).listen(factory)
    reactor.addSystemEventTrigger("before", "shutdown", end, factory, reactor)
    await Deferred()  # for ever


def end(factory, reactor):
    """Let clients end their messages, but drop those who take longer than ten seconds."""
    reactor.callLater(10, factory.abort)
    return factory.leave()


if __name__ == "__main__":
    react(main)
