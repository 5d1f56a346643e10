"""
Who has said the password, and how often it may be tried.

Tries are counted by address (of IPv6 by its network) and all together, so that guessing takes years
whoever guesses; and one is looked at at a time, since each takes 64 MiB.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import IPv6Address, ip_address, ip_network

COOKIE = "gomail-inbox"
LASTS = 7 * 24 * 3600.0  # seconds of a login, from its last use
MOST = 100  # logins, beyond which the oldest ends
TRIES, AGAIN = (
    8,
    30.0,
)  # tries of one address at once, and the seconds after which there is one more
ALL_TRIES, ALL_AGAIN = 40, 5.0  # likewise, of all addresses
MOST_ADDRESSES = 1000


@dataclass(slots=True)
class _Bucket:
    """Tries that are left, and when that was."""

    left: float
    at: float


class Tries:
    """
    Counts tries.

    Args:
        clock: gives the time, in seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._all = _Bucket(ALL_TRIES, clock())
        self._each: dict[str, _Bucket] = {}

    def wait(self, address: str) -> float:
        """Count a try of that address; give 0, or the seconds to wait if there is none left."""
        now, name = self._clock(), _network(address)
        bucket = self._each.pop(name, None) or _Bucket(TRIES, now)
        self._each[name] = bucket
        if len(self._each) > MOST_ADDRESSES:
            del self._each[next(iter(self._each))]
        _fill(bucket, now, TRIES, AGAIN)
        _fill(self._all, now, ALL_TRIES, ALL_AGAIN)
        waits = max((1 - bucket.left) * AGAIN, (1 - self._all.left) * ALL_AGAIN)
        if waits > 0:
            return waits
        bucket.left -= 1
        self._all.left -= 1
        return 0.0

    def forgive(self, address: str) -> None:
        """Forget the tries of an address: the password was right."""
        self._each.pop(_network(address), None)


def _fill(bucket: _Bucket, now: float, most: float, seconds: float) -> None:
    """Add what time has brought."""
    bucket.left = min(most, bucket.left + (now - bucket.at) / seconds)
    bucket.at = now


def _network(address: str) -> str:
    """Give what an address is counted as."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    return str(ip_network((found, 64), strict=False) if isinstance(found, IPv6Address) else found)


class Logins:
    """
    Those who have said the password; known by digests, so that no memory has what a browser shows.

    Args:
        clock: gives the time, in seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._there: dict[str, tuple[float, str]] = {}

    def begin(self, hashed: str) -> str:
        """Let somebody in, by the password of that hash; give what the browser is to show."""
        shown = secrets.token_urlsafe(32)
        if len(self._there) >= MOST:
            del self._there[next(iter(self._there))]
        self._there[_digest(shown)] = self._clock() + LASTS, hashed
        return shown

    def has(self, shown: str, hashed: str) -> bool:
        """Tell whether somebody was let in by that password, and is seen as coming again."""
        lasts, name = self.lasts(shown, hashed), _digest(shown)
        self._there.pop(name, None)
        if lasts:
            self._there[name] = self._clock() + LASTS, hashed
        return lasts

    def lasts(self, shown: str, hashed: str) -> bool:
        """Tell whether somebody was let in by that password, and has not left; nobody comes."""
        ends, by = self._there.get(_digest(shown), (0.0, ""))
        return ends >= self._clock() and by == hashed

    def end(self, shown: str) -> None:
        """Let somebody go."""
        self._there.pop(_digest(shown), None)


def _digest(shown: str) -> str:
    """Digest what a browser shows."""
    return sha256(shown.encode("utf-8", "replace")).hexdigest()


def cookie(shown: str, *, secure: bool, seconds: int = int(LASTS)) -> str:
    """Write the cookie of a login, as Set-Cookie has it."""
    end = "; Secure" if secure else ""
    return f"{COOKIE}={shown}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{end}"
