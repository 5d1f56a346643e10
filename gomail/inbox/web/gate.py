"""Who may see pages: everybody on this machine, or, where there is a password, who has said it."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from twisted.logger import Logger

from gomail.inbox.web.answers import Answer, NoPage, Problem, see
from gomail.inbox.web.exchange import Exchange
from gomail.inbox.web.logins import COOKIE, Logins, Tries, cookie
from gomail.inbox.web.passwords import is_right, read_hash
from gomail.inbox.web.proxies import Proxies, is_passed_on
from gomail.server.start import StartError

MOST_WAITING = 4  # passwords that wait to be looked at
Aside = Callable[..., Awaitable[Any]]
_log = Logger()

LOST = Problem(
    503,
    "No password",
    "The file with the password is gone or can't be read; the log says why. "
    "gomail inbox --set-password writes a new one.",
)
PASSED_ON = Problem(
    403,
    "Not without a password",
    "A proxy has passed this on, so anybody may have asked, and there is no password: "
    "gomail inbox --set-password sets one.",
)


class Entrance(Exception):
    """Whoever asks has to say the password first."""


class Gate:
    """
    Lets people in.

    Args:
        path: of the password's file, which may be missing.
        clock: gives the time, in seconds.
        aside: calls something in another thread, one at a time.
        proxies: tell who asks.

    Raises:
        StartError: the file can't be.
    """

    def __init__(
        self,
        path: Path | None,
        clock: Callable[[], float],
        aside: Aside,
        proxies: Proxies | None = None,
    ) -> None:
        self._path, self._aside, self._proxies = path, aside, proxies or Proxies()
        self._hash = read_hash(path)
        self._seen = self._look()
        self._needed = self._hash is not None
        self._tries, self._logins = Tries(clock), Logins(clock)
        self._waiting = 0
        self._lost = False

    @property
    def closed(self) -> bool:
        """Whether there is a password."""
        return self._hash is not None

    def asks(self) -> bool:
        """
        Tell whether a password is to be said.

        Raises:
            NoPage: there was one, and there is none now.
        """
        return self._present() is not None

    def _look(self) -> tuple[int, ...] | None:
        """Tell one state of the file from another."""
        try:
            status = self._path.stat() if self._path else None
        except OSError:
            status = None
        if status is None:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size, status.st_mode

    def _present(self) -> str | None:
        """
        Give the hash that is in force: a new password is at once.

        Raises:
            NoPage: there was a password, and there is none now.
        """
        seen = self._look()
        if seen != self._seen or self._hash is None:
            self._seen = seen
            try:
                self._hash = read_hash(self._path)
            except StartError as error:
                self._hash = None
                if not self._lost:
                    _log.error("{error}", error=error)
                self._lost = True
                raise NoPage(LOST) from None
            self._needed = self._needed or self._hash is not None
        if self._hash is None and self._needed:
            if not self._lost:
                _log.error("the password {path} is gone: nobody is let in", path=str(self._path))
            self._lost = True
            raise NoPage(LOST)
        self._lost = False
        return self._hash

    def login(self, exchange: Exchange) -> str:
        """
        Give what somebody has logged in as; an empty text where nobody need.

        Raises:
            Entrance: the password was not said yet.
            NoPage: see `_present`; or nobody need, but who asks is not on this machine.
        """
        hashed = self._present()
        if hashed is None:
            if is_passed_on(exchange):
                raise NoPage(PASSED_ON)
            return ""
        shown = exchange.cookie(COOKIE)
        if not shown or not self._logins.has(shown, hashed):
            raise Entrance
        return shown

    def admits(self, exchange: Exchange) -> bool:
        """Tell whether somebody who was let in still is; that puts no login's end off."""
        try:
            hashed = self._present()
        except NoPage:
            return False
        return hashed is None or self._logins.lasts(exchange.cookie(COOKIE), hashed)

    async def enter(self, exchange: Exchange, to: str = "/") -> Answer | str:
        """Let somebody in who says the password, to a path of ours; or give why not."""
        hashed = self._present()
        if hashed is None:
            return see(to)
        if self._waiting >= MOST_WAITING:
            return "Too many passwords are being looked at: try again in a moment."
        client = self._proxies.client(exchange)
        seconds = self._tries.wait(client)
        if seconds:
            return f"Too many tries: the next one is in {seconds:.0f} s."
        self._waiting += 1
        try:
            right = await self._aside(is_right, hashed, exchange.form("password"))
        finally:
            self._waiting -= 1
        if not right:
            _log.warn("a wrong password from {address}", address=client or "a unix socket")
            return "That is not the password."
        self._tries.forgive(client)
        shown = self._logins.begin(hashed)
        return see(to, cookie=cookie(shown, secure=exchange.secure))

    def leave(self, exchange: Exchange) -> Answer:
        """Let somebody go."""
        self._logins.end(exchange.cookie(COOKIE))
        return see("/login", cookie=cookie("", secure=exchange.secure, seconds=0))
