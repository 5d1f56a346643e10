"""
A small server for the tests beside it: gomail on 127.0.0.1, with the mailboxes alice and bob.

Run as a script with the folder of the Maildirs, possibly the words for syncing whole file systems
and for having a delivery agent, and possibly the name of a cheat: something that a server must not
do, for a test to see that it would be noticed. Says its port and its process id.
"""

import os
import sys
from typing import cast

from twisted.internet.address import IPv4Address
from twisted.internet.interfaces import IReactorFromThreads

from gomail.delivery import places, process, room
from gomail.delivery.committer import Committer
from gomail.delivery.places import Places
from gomail.delivery.process import DeliveryProcess
from gomail.delivery.room import Room
from gomail.delivery.syncfs import find_syncfs
from gomail.delivery.syncing import ByFiles, ByFileSystems
from gomail.limits import Limits
from gomail.reception import Office, Receptions
from gomail.recipients.domain import Domain
from gomail.recipients.register import build
from gomail.smtp.factory import SMTPFactory
from tests.faults.cheats import FILESYSTEM, cheat
from tests.faults.weather import expose

AGENT = "agent"
QUICK = "quick"  # trouble of the system, or a dead agent, counts for a moment only
FORGIVING = "forgiving"  # … and so does trouble of one mailbox
HOST = "mx.here.example"
LIMITS = Limits(content_in_memory=8192, disk_reserve=0)
SPARE = tuple(f"spare{number}" for number in range(300))  # mailboxes that may be broken


def main(root: str, *how: str) -> None:
    """Serve until somebody ends the process."""
    from twisted.internet import reactor

    cheat(*how)
    expose(*how)
    if QUICK in how:
        vars(room).update(FRESH=0.02, RENEW=0.01)
        vars(process).update(REST=0.05)
    if FORGIVING in how:
        vars(places).update(FRESH=0.02, RENEW=0.01, SUSPENDED=0.02)
    syncing = ByFileSystems(find_syncfs()) if FILESYSTEM in how else ByFiles()
    command = [sys.executable, "-m", "tests.faults.agent", *how]
    agent = DeliveryProcess(reactor, reactor, command) if AGENT in how else None
    thread = Committer(cast("IReactorFromThreads", reactor), syncing, agent)
    office = Office(
        hostname=HOST,
        directory=build({"here.example": Domain(("alice", "bob", *SPARE))}, f"{root}/{{mailbox}}"),
        limits=LIMITS,
        committer=thread,
        places=Places(thread, reactor, root),
        room=Room(thread, reactor, root, LIMITS.disk_reserve),
        clock=reactor,
    )
    factory = SMTPFactory(Receptions(office), HOST, reactor, limits=LIMITS)
    port = reactor.listenTCP(0, factory, interface="127.0.0.1")
    address = cast("IPv4Address", port.getHost())

    def say() -> None:
        if agent is not None and not agent.ready:
            reactor.callLater(0.01, say)
        else:
            print(address.port, os.getpid(), flush=True)  # noqa: T201 - the test reads it

    reactor.callWhenRunning(thread.start)
    reactor.callWhenRunning(say)
    reactor.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
