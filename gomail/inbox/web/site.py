"""Which page a path is; who may see it; and what becomes of errors: a page without a trace."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.http import Request

from gomail.inbox.web.access import SAFE, Access
from gomail.inbox.web.answers import TEXT, Answer, Download, NoPage, Problem, Streamed, see
from gomail.inbox.web.downloads import Downloads
from gomail.inbox.web.drawing import Drawing, link
from gomail.inbox.web.exchange import Exchange
from gomail.inbox.web.gate import Entrance, Gate
from gomail.inbox.web.stream import Streams

_log = Logger()
NOT_FOUND = Problem(404, "Nothing here", "There is no such page.")
_FAILED = Problem(500, "Something failed", "That is a fault of ours; the log says what it was.")
HOME = "/"
# Pages to which somebody is led who has said the password. A browser takes // and /\ for the
# beginning of a host, and leaves out tabs and line ends.
_WANTED = re.compile(r"/(?:(?:message|live)(?=[/?]|\Z)|(?=\?|\Z))[!-\[\]-~]*\Z")
_FOR_EVER = (("Cache-Control", "private, max-age=31536000, immutable"),)


@dataclass(frozen=True, slots=True)
class Visit:
    """
    One request for a page, by somebody who may see it.

    Attributes:
        exchange: the request.
        token: what a form has to send along.
        closed: whether there is a password, and so a way out.
    """

    exchange: Exchange
    token: str
    closed: bool


@dataclass(frozen=True, slots=True)
class Sending:
    """What takes longer than a page: events, and files."""

    streams: Streams
    downloads: Downloads


Reply = Answer | Download | Streamed
Page = Callable[[Visit], Awaitable[Reply]]


class Site:
    """
    Answers requests.

    Args:
        access, gate, drawing: tell who may, and draw.
        sending: sends what is more than a page.
        pages: by method and first part of the path.
    """

    def __init__(
        self,
        access: Access,
        gate: Gate,
        drawing: Drawing,
        sending: Sending,
        pages: Mapping[tuple[str, str], Page],
    ) -> None:
        self._access, self._gate, self._drawing, self._sending = access, gate, drawing, sending
        self._pages = {**pages, ("POST", "logout"): self._leave}

    def take(self, request: Request) -> None:
        """Answer a request, some time; nobody waits any more where the browser has gone."""
        answered = Deferred.fromCoroutine(self._take(Exchange(request)))
        request.notifyFinish().addErrback(lambda _: answered.cancel())
        answered.addErrback(self._failed)

    def _failed(self, failure: Failure) -> None:
        """Log what should not be."""
        if not failure.check(CancelledError):
            _log.failure("a request could not be answered", failure)

    async def _take(self, exchange: Exchange) -> None:
        """Answer."""
        try:
            reply = await self._reply(exchange)
        except NoPage as error:
            reply = self._explain(error.problem)
        except CancelledError:
            raise
        except Exception:  # noqa: BLE001 -- whatever it was, the browser hears no more of it
            _log.failure("a page failed")
            reply = self._explain(_FAILED)
        if isinstance(reply, Streamed):
            self._sending.streams.begin(exchange, reply)
        elif isinstance(reply, Download):
            await self._sending.downloads.deliver(exchange, reply)
        else:
            exchange.send(reply)

    def _explain(self, problem: Problem) -> Answer:
        """Draw the page that says why there is none."""
        return Answer(self._drawing.page("problem.html", problem=problem), code=problem.code)

    async def _reply(self, exchange: Exchange) -> Reply:
        """Find the page, and have it answer."""
        self._access.see(exchange)
        first = exchange.path[0] if exchange.path else ""
        if first == "static":
            return self._static(exchange)
        method = "GET" if exchange.method in SAFE else exchange.method
        if first == "login":
            return await self._login(exchange, method)
        page = self._pages.get((method, first))
        if page is None:
            raise NoPage(NOT_FOUND if method == "GET" else _wrong_method(method))
        try:
            login = self._gate.login(exchange)
        except Entrance:
            return _to_entrance(exchange)
        if method == "POST":
            self._access.check(exchange, login)
        return await page(Visit(exchange, self._access.token(login), self._gate.closed))

    async def _leave(self, visit: Visit) -> Answer:
        """Let somebody go, and all that is still told to whoever came in so."""
        left = self._gate.leave(visit.exchange)
        self._sending.streams.review()
        return left

    async def _login(self, exchange: Exchange, method: str) -> Reply:
        """Ask for the password, or look at it."""
        why, to = "", _own(exchange.query("to") or exchange.form("to"))
        if method == "POST":
            self._access.check(exchange, "login")
            entered = await self._gate.enter(exchange, to)
            if isinstance(entered, Answer):
                return entered
            why = entered
        elif method != "GET":
            raise NoPage(_wrong_method(method))
        elif not self._gate.asks():
            return see(to)
        token = self._access.token("login")
        body = self._drawing.page("login.html", token=token, why=why, to=to)
        return Answer(body, code=403 if why else 200)

    def _static(self, exchange: Exchange) -> Answer:
        """Give a file of ours; its name changes with what is in it."""
        kind, octets = self._drawing.static.get(exchange.path[-1], ("", b""))
        if not kind or len(exchange.path) != 2:
            raise NoPage(NOT_FOUND)
        return Answer(octets, kind, fields=_FOR_EVER)


def _own(target: str) -> str:
    """Give where somebody wanted to go, if that is a page of ours; else where all begins."""
    return target if _WANTED.match(target) else HOME


def _wrong_method(method: str) -> Problem:
    """Say what may be asked."""
    return Problem(
        405, "Not like this", f"GET or POST of a page of ours was expected, not {method[:20]!r}."
    )


def _to_entrance(exchange: Exchange) -> Answer:
    """Send people to the page that asks for the password; programs of ours hear that they must."""
    if exchange.method in SAFE and exchange.field("sec-fetch-mode") in {"", "navigate"}:
        to = _own(exchange.target)
        return see("/login" if to == HOME else link("login", to=to))
    return Answer(b"log in first\n", TEXT, 401)
