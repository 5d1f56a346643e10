"""
Who asks, where a reverse proxy passes it on: as the proxy says, if it is one that is believed.

Anybody can write X-Forwarded-For. So it counts from those alone who were named to us, and of it
the last address, which such a proxy has written itself; what stands before that is its client's.
"""

from collections.abc import Iterable
from ipaddress import ip_address

from twisted.logger import Logger

from gomail.inbox.web.exchange import Exchange, plain_address
from gomail.server.hosts import as_host, read_host
from gomail.settings.values import UNIX, networks_of

# What proxies write into requests, beside what their clients have written.
_PASSED_ON = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto")
_CLIENTS = "x-forwarded-for"
_log = Logger()


class Proxies:
    """
    Tells who asks.

    Args:
        believed: networks of proxies, and ``unix`` for those who come by a unix socket.
    """

    def __init__(self, believed: Iterable[str] = ()) -> None:
        words = tuple(believed)
        self._networks, self._unix = networks_of(words), UNIX in words
        self._told = False

    def client(self, exchange: Exchange) -> str:
        """Give the address of who asks; an empty text for who comes by a unix socket."""
        peer = exchange.address
        last = ",".join(exchange.fields(_CLIENTS)).rpartition(",")[2].strip()
        if not self._is_believed(peer):
            if last:
                self._tell("{peer} says for whom it asks, and is no --proxy", peer)
            return peer
        client = _read(last)
        if not client:
            self._tell("the proxy {peer} says in no X-Forwarded-For for whom it asks", peer)
        return client or peer

    def _is_believed(self, peer: str) -> bool:
        """Tell whether a peer may say for whom it asks."""
        if not peer:
            return self._unix
        address = ip_address(peer)
        return any(address in network for network in self._networks)

    def _tell(self, what: str, peer: str) -> None:
        """Log what is to be mended; once, since whoever asks could have it said for ever."""
        if not self._told:
            _log.warn(what, peer=peer or "a unix socket")
        self._told = True


def is_passed_on(exchange: Exchange) -> bool:
    """
    Tell whether somebody has passed a request on, as far as that can be told.

    No browser speaks HTTP/1.0; nginx does, where nobody has told it anything.
    """
    is_old = exchange.request.clientproto == b"HTTP/1.0"
    return is_old or any(exchange.field(name) for name in _PASSED_ON)


def _read(text: str) -> str:
    """Read an address, with a port or without; an empty text for anything else."""
    for found in (as_host(text), read_host(text.encode("latin-1"))):
        if not isinstance(found, str | None):
            return plain_address(str(found))
    return ""
