"""
What a server counts of itself, for those who ask how it fares: since its start, and in little room.

It is a listener. An event costs a look-up and an addition; what strangers can vary (domains,
replies of milters) is counted under its own name for the first few hundred names, then together.
"""

import time
from collections.abc import Callable, Container, Iterable, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any

from gomail.events import (
    Checked,
    ContentDropped,
    Event,
    Junked,
    MessageStored,
    Refusal,
    SessionEnded,
    SessionStarted,
)
from gomail.server.log import stamp
from gomail.server.metrics.figures import summed

MOST_NAMES = 300  # that are counted apart
MOST_KNOWN = 1000  # addresses of which is remembered whether they are public
OTHERS = "others"
_STRICTNESS = ("none", "mark", "junk", "defer", "refuse")
_NUMBERS = ("ended", "public", "messages", "octets", "dropped", "junk", "milters-junk")
Networks = Iterable[IPv4Network | IPv6Network]


class Tally:
    """
    Counts.

    Args:
        proxies: networks of proxies: a session of one of them says nothing of the world outside.
        known: replies, as their octets, that are counted apart however many others there are.

    Attributes:
        counts: what counts events, by their kind.
    """

    def __init__(self, proxies: Networks = (), known: Container[bytes] = ()) -> None:
        self._proxies = tuple(proxies)
        self._known = known
        self._public: dict[str | None, bool] = {}
        self._last_public: tuple[float, str, str] | None = None
        self._sessions = self._from_outside = self._messages = self._octets = 0
        self._dropped = self._junk = self._milters_junk = 0
        self._refusals: dict[bytes, int] = {}  # by the octets of the reply
        self._shadow: dict[str, dict[str, int]] = {}
        self.counts: dict[type, Callable[[Any], None]] = {
            SessionStarted: self._started,
            SessionEnded: self._ended,
            MessageStored: self._stored,
            Refusal: self._refused,
            ContentDropped: self._lost,
            Junked: self._filed,
            Checked: self._checked,
        }

    def __call__(self, event: Event) -> None:
        """Count an event."""
        count = self.counts.get(type(event))
        if count is not None:
            count(event)

    def plain(self) -> dict[str, Any]:
        """Give all counts, as plain values."""
        last = self._last_public
        return {
            "ended": self._sessions,
            "public": self._from_outside,
            "messages": self._messages,
            "octets": self._octets,
            "dropped": self._dropped,
            "junk": self._junk,
            "milters-junk": self._milters_junk,
            "refusals": {written(reply): count for reply, count in self._refusals.items()},
            "shadow": {action: dict(domains) for action, domains in self._shadow.items()},
            "last-public": None
            if last is None
            else {"at": last[0], "time": stamp(last[0]), "address": last[1], "session": last[2]},
        }

    def _started(self, event: SessionStarted) -> None:
        """Remember the last session that came from the world outside."""
        address = event.client.address
        public = self._public.get(address)
        if public is None:
            public = self._look_at(address)
        if public and address is not None:
            self._from_outside += 1
            self._last_public = time.time(), address, event.client.session_id

    def _look_at(self, address: str | None) -> bool:
        """See whether an address is one of the world outside, and none of a proxy's; keep that."""
        if len(self._public) >= MOST_KNOWN:
            self._public.clear()
        ip = None if address is None else ip_address(address.partition("%")[0])
        public = bool(ip and ip.is_global) and not any(ip in each for each in self._proxies)
        self._public[address] = public
        return public

    def _ended(self, _: SessionEnded) -> None:
        """Count a session."""
        self._sessions += 1

    def _stored(self, event: MessageStored) -> None:
        """Count a message, once, however many copies it has."""
        self._messages += 1
        self._octets += event.size

    def _refused(self, event: Refusal) -> None:
        """Count a refusal by its reply."""
        reply = event.reply.octets
        if reply not in self._refusals and len(self._refusals) >= MOST_NAMES:
            reply = reply if reply in self._known else OTHERS.encode()
        self._refusals[reply] = self._refusals.get(reply, 0) + 1

    def _lost(self, _: ContentDropped) -> None:
        """Count content of which no message came."""
        self._dropped += 1

    def _filed(self, _: Junked) -> None:
        """Count what a milter calls junk."""
        self._milters_junk += 1

    def _checked(self, event: Checked) -> None:
        """Count what the policy has set aside, and what a rule in the shadow would have done."""
        self._junk += event.action == "junk"
        if event.shadows:
            action = max((action for action, _ in event.shadows), key=_STRICTNESS.index)
            _add(self._shadow.setdefault(action, {}), _domain(event) or OTHERS)


def written(reply: bytes) -> str:
    """Write a reply in one line."""
    return " ".join(reply.decode("ascii").split())


def _domain(event: Checked) -> str:
    """Give the domain in whose name a message came: as From has it, else the reverse-path."""
    for finding in event.findings:
        for kind, name, value in finding.properties:
            if (finding.method, kind, name) == ("dmarc", "header", "from"):
                return value
    address = event.envelope.reverse_path.address
    return "" if address is None else address.comparable[1]


def _add(counts: dict[str, int], name: str, number: int = 1, known: Container[str] = ()) -> None:
    """Count by name, as long as there are not too many names that nobody has *known* before."""
    if name not in counts and len(counts) >= MOST_NAMES and name not in known:
        name = OTHERS
    counts[name] = counts.get(name, 0) + number


def together(parts: Iterable[Mapping[str, Any]], known: Container[str] = ()) -> dict[str, Any]:
    """Sum what several have counted (`Tally.plain`); *known* are replies, as they are written."""
    whole, told = Tally().plain(), list(parts)
    figures = [part["figures"] for part in told if "figures" in part]
    if figures:
        whole["figures"] = summed(figures)
    for part in told:
        for name in _NUMBERS:
            whole[name] += part[name]
        for reply, number in part["refusals"].items():
            _add(whole["refusals"], reply, number, known)
        for action, domains in part["shadow"].items():
            for domain, number in domains.items():
                _add(whole["shadow"].setdefault(action, {}), domain, number)
        last = part["last-public"]
        if last and (whole["last-public"] is None or last["at"] > whole["last-public"]["at"]):
            whole["last-public"] = last
    return whole
