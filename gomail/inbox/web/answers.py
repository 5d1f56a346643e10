"""What is answered to a browser: values, and the header fields that all answers have."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any

HTML, TEXT, OCTETS = (
    "text/html; charset=utf-8",
    "text/plain; charset=utf-8",
    "application/octet-stream",
)

#: Of our own pages: nothing is loaded, sent to or framed by anybody but us, and no script inline.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
#: Of a message's HTML: a document of nobody's, without scripts or forms, that loads nothing at all.
STRANGER = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src data:; "
    "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
#: Of what is no page: it can do nothing, should a browser make one of it.
NOTHING = "sandbox; default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-DNS-Prefetch-Control": "off",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """
    One answer.

    Attributes:
        body: its octets.
        kind: of the body, as Content-Type has it.
        code: the status.
        policy: what the browser may do with it (CSP).
        fields: header fields beside those that all have, or instead of them.
        cookie: to be set.
    """

    body: bytes = b""
    kind: str = HTML
    code: int = 200
    policy: str = POLICY
    fields: tuple[tuple[str, str], ...] = ()
    cookie: str | None = None

    def head(self) -> dict[str, str]:
        """Give all header fields."""
        own = {"Content-Type": self.kind, "Content-Security-Policy": self.policy}
        return {**_ALWAYS, **own, **dict(self.fields)}


@dataclass(frozen=True, slots=True)
class Download:
    """
    A file to be saved: octets of nobody's kind, that no browser opens.

    Attributes:
        file: its octets; closed when they are sent.
        size: how many they are.
        name: of ``[A-Za-z0-9._ -]`` alone.
        leave: is called when it is sent, or will not be.
    """

    file: IO[bytes]
    size: int
    name: str
    leave: Callable[[], None]

    def head(self) -> dict[str, str]:
        """Give all header fields."""
        saved = ("Content-Disposition", f'attachment; filename="{self.name}"')
        return Answer(kind=OCTETS, policy=NOTHING, fields=(saved,)).head()


@dataclass(frozen=True, slots=True)
class Streamed:
    """
    An answer without an end: events.

    Attributes:
        join: is given what sends events, and gives what is called when the browser has gone.
    """

    join: Callable[[Any], Callable[[], None]]


@dataclass(frozen=True, slots=True)
class Problem:
    """
    Why there is no page, for people.

    Attributes:
        code: the status.
        title: in a few words.
        text: what was expected, or what to do.
    """

    code: int
    title: str
    text: str


class NoPage(Exception):
    """
    There is no page, and that is why.

    One is made for each time: an exception that is kept gathers the frames of all who raise it.
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.text)
        self.problem = problem


def see(path: str, *, cookie: str | None = None) -> Answer:
    """Send the browser to another page of ours, behind what it has posted."""
    return Answer(code=303, kind=TEXT, fields=(("Location", path),), cookie=cookie)
