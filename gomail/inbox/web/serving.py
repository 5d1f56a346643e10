"""The web inbox as a service: ports, threads, pages."""

import re
import socket
import time
from collections.abc import Sequence
from ipaddress import ip_address

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IListeningPort
from twisted.logger import Logger

from gomail.inbox.mailbox import Mailbox
from gomail.inbox.web.access import Access
from gomail.inbox.web.arrivals import Arrivals
from gomail.inbox.web.channel import Doorway
from gomail.inbox.web.downloads import Downloads
from gomail.inbox.web.drawing import Drawing
from gomail.inbox.web.gate import Gate
from gomail.inbox.web.letter import Letters
from gomail.inbox.web.listing import Listing
from gomail.inbox.web.live import Live
from gomail.inbox.web.postbox import Postbox
from gomail.inbox.web.proxies import Proxies
from gomail.inbox.web.site import Sending, Site
from gomail.inbox.web.stream import Streams
from gomail.inbox.web.wanted import LISTEN, Wanted
from gomail.server.accepting import AcceptingPort
from gomail.server.listening import take_from
from gomail.server.ports import Port, open_port
from gomail.server.reactor import Reactor
from gomail.server.sockets import PortError
from gomail.server.start import MYSELF, Identity, StartError

#: Seconds that a page waits to see what has changed, and to look into messages.
PATIENCE = 0.1
_INTERFACE = re.compile(r"(?<!\\):interface=((?:\\.|[^\\:])*)")
_OWN = 0o600  # rights to a unix socket
_log = Logger()


class Inbox(Service):
    """
    Serves the pages.

    Args:
        reactor: the one that runs.
        wanted: what it is to be.
        identity: who it is going to be; the port is opened as who we are.

    Raises:
        PortError, StartError: in one line, why it can't be.
    """

    def __init__(self, reactor: Reactor, wanted: Wanted, identity: Identity = MYSELF) -> None:
        self._reactor = reactor
        with identity.assumed():
            mailbox = Mailbox(wanted.maildir, wanted.index, _say, patience=PATIENCE)
            self._postbox = Postbox(reactor, mailbox)
            proxies = Proxies(wanted.proxies)
            gate = Gate(wanted.password, time.monotonic, self._postbox.hash, proxies)
        self._closed, self._hosts = gate.closed, wanted.hosts
        if wanted.hosts and not gate.closed:
            raise StartError(
                f"--host {wanted.hosts[0]}: who reaches it by a name is not on this machine alone, "
                "and needs a password: gomail inbox --set-password sets one"
            )
        self.port = open_safely(wanted.listen, reactor, identity, closed=gate.closed)
        drawing = Drawing()
        listing = Listing(self._postbox, drawing)
        downloads = Downloads(reactor)
        letters = Letters(self._postbox, drawing, downloads, wanted.authserv)
        arrivals = Arrivals(self._postbox, reactor)
        self._live = Live(reactor, wanted.controls, drawing)
        pages = {
            ("GET", ""): listing.page,
            ("GET", "message"): letters.get,
            ("POST", "message"): letters.mark,
            ("GET", "arrivals"): arrivals.listen,
            ("GET", "live"): self._live.get,
        }
        access = Access(wanted.hosts, addresses_of(self.port))
        sending = Sending(Streams(reactor, gate.admits), downloads)
        site = Site(access, gate, drawing, sending, pages)
        self._doorway = Doorway(reactor, site.take)
        self._listening: IListeningPort | AcceptingPort | None = None

    @property
    def address(self) -> str:
        """Where a browser finds it, for people."""
        bound = self.port.socket
        if bound is None or bound.family == socket.AF_UNIX:
            return str(self.port)
        host, port = bound.getsockname()[:2]
        if addresses_of(self.port):
            return _url(host, port)
        # All that there are: no address to open, and we answer to our names alone.
        return f"{_url(next(iter(self._hosts), 'localhost'), port)} ({self.port})"

    @property
    def guarded(self) -> str:
        """Whether there is a password, for people."""
        if self._closed:
            return "is asked for"
        return (
            "none: it is for this machine alone, and for all who use it (--set-password sets one)"
        )

    def privilegedStartService(self) -> None:
        """
        Begin to listen where Twisted does that, before the rights are dropped.

        Raises:
            PortError: it can't.
        """
        super().privilegedStartService()
        if self.port.twisted is None:
            return
        failures: list[BaseException] = []
        self.port.twisted.listen(self._doorway).addCallbacks(
            self._listens, lambda failure: failures.append(failure.value)
        )
        if failures:
            msg = f"{self.port.endpoint}: {failures[0]}"
            raise PortError(msg)

    def startService(self) -> None:
        """Take connections from now on."""
        super().startService()
        self._postbox.start()
        accepting = take_from(self.port, self._reactor, self._doorway, shared=False)
        if accepting is not None:
            self._listening = accepting
            accepting.startListening()

    def _listens(self, port: IListeningPort) -> None:
        """Keep a port that Twisted has opened."""
        self._listening = port

    def stopService(self) -> Deferred[None]:
        """Take none any more, and end those that there are; fires when nothing is under way."""
        super().stopService()
        if self._listening is not None:
            self._listening.stopListening()
        self._live.stop()
        self._doorway.end()
        return self._postbox.stop()


def _url(host: str, port: int) -> str:
    """Write what a browser opens."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


def _say(what: str) -> None:
    """Log what the mailbox has to say."""
    _log.warn("{what}", what=what)


def open_safely(
    listen: str, reactor: Reactor, identity: Identity = MYSELF, *, closed: bool
) -> Port:
    """
    Open the port, as long as only this machine can reach it, or there is a password.

    A unix socket is *identity*'s alone, where nothing else is said.

    Raises:
        PortError: it can't be had, or everybody could read the mail.
    """
    port = open_port(listen, reactor, identity.assumed, _OWN)
    if closed or _is_own(port):
        return port
    port.close()
    msg = (
        f"{listen}: without a password the inbox is for this machine alone: {LISTEN} or unix:PATH "
        "was expected; gomail inbox --set-password sets one"
    )
    raise PortError(msg)


def _is_own(port: Port) -> bool:
    """Tell whether a port can be reached from this machine alone."""
    if port.socket is not None and port.socket.family == socket.AF_UNIX:
        return True
    found = addresses_of(port)
    return bool(found) and all(ip_address(each).is_loopback for each in found)


def addresses_of(port: Port) -> Sequence[str]:
    """Give the addresses that a port listens on; none where that is not known, or all of them."""
    if port.socket is None:
        match = _INTERFACE.search(port.endpoint)
        text = match[1].replace("\\", "") if match else ""
    elif port.socket.family == socket.AF_UNIX:
        return ()
    else:
        text = port.socket.getsockname()[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return ()
    return () if address.is_unspecified else (str(address),)
