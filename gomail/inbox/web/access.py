"""
Whose requests are answered: those that a browser made for a page of ours, under a name of ours.

A listener on the loopback is within reach of every page that the browser has open. So the Host must
be one that we know (or a page's own name could be made to lead here: DNS rebinding), a request that
another site has caused is none, and what changes anything needs a token that only our pages have.
"""

import hmac
import secrets
from collections.abc import Iterable
from hashlib import sha256

from gomail.inbox.web.answers import NoPage, Problem
from gomail.inbox.web.exchange import Exchange
from gomail.server.hosts import LOCALHOST, as_host, read_host

SAFE = ("GET", "HEAD")
_OURS = ("same-origin", "none")  # in Sec-Fetch-Site; none: the person has typed it

ELSEWHERE = Problem(
    421,
    "Not under this name",
    "This inbox answers to localhost, and to the names given with --host NAME.",
)
FOREIGN = Problem(
    403, "Not from here", "Another site's page has asked for this; open the inbox itself."
)
STALE = Problem(
    403, "This page is too old", "The inbox has been started anew since: load the page again."
)


class Access:
    """
    Tells requests that are ours from all others.

    Args:
        hosts: names under which we are reached, beside those of the loopback.
        addresses: of ours, beside those of the loopback.
    """

    def __init__(self, hosts: Iterable[str] = (), addresses: Iterable[str] = ()) -> None:
        self._hosts = {LOCALHOST, *map(as_host, hosts), *map(as_host, addresses)}
        self._secret = secrets.token_bytes(32)

    def see(self, exchange: Exchange) -> None:
        """
        Let a request pass.

        Raises:
            NoPage: its host is none of ours, or another site has caused it.
        """
        host = exchange.host
        if not self._is_ours(host):
            raise NoPage(ELSEWHERE)
        site, mode = exchange.field("sec-fetch-site"), exchange.field("sec-fetch-mode")
        opened = exchange.method in SAFE and mode == "navigate"
        # A link from elsewhere may be followed to a page; it may not be put into a frame, or read.
        if opened and exchange.field("sec-fetch-dest") in {"", "document"}:
            return
        if site and site not in _OURS:
            raise NoPage(FOREIGN)
        origin = exchange.field("origin")
        # "null": by our Referrer-Policy, a form of ours says no more than that.
        if origin not in {"", "null"} and origin.partition("://")[2].lower() != host.lower():
            raise NoPage(FOREIGN)

    def _is_ours(self, host: str) -> bool:
        """Tell whether a Host is a name or an address of ours; its port says nothing."""
        found = read_host(host.encode("latin-1"))
        return found in self._hosts or (not isinstance(found, str | None) and found.is_loopback)

    def token(self, login: str) -> str:
        """Give the token of the pages that somebody sees who has logged in as that."""
        return hmac.new(self._secret, login.encode(), sha256).hexdigest()

    def check(self, exchange: Exchange, login: str) -> None:
        """
        Let a request pass that changes something.

        Raises:
            NoPage: it does not come from a page of ours.
        """
        said = exchange.form("token")
        if not hmac.compare_digest(said.encode(), self.token(login).encode()):
            raise NoPage(STALE)
