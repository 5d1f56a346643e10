"""One request as text and values, and how its answer leaves."""

import re
from http import HTTPStatus
from ipaddress import IPv6Address, ip_address
from typing import Any
from urllib.parse import unquote

from twisted.web.http import Request, parse_qs

from gomail.inbox.web.answers import Answer

LONGEST = 1000  # characters of a value that is looked at
# What clients ask a proxy for, and every server has to understand (RFC 9112 §3.2.2).
_ABSOLUTE = re.compile(rb"https?://([^/?]*)/?", re.IGNORECASE)


class Exchange:
    """
    What a browser has asked.

    Attributes:
        method: GET, POST …
        path: the parts of the path, decoded; names and numbers, and never a path of ours. Nothing
            where it is none.
        target: path and query, as they were sent.
    """

    def __init__(self, request: Request) -> None:
        self.request = request
        self.method = request.method.decode("latin-1")
        absolute = _ABSOLUTE.match(request.uri)
        self._authority = absolute and absolute[1].decode("latin-1")
        target = b"/" + request.uri[absolute.end() :] if absolute else request.uri
        self.target = target.decode("latin-1")
        path, _, query = target.partition(b"?")
        parts = path.decode("latin-1").split("/")[1:] if path.startswith(b"/") else []
        self.path = tuple(unquote(part, errors="replace") for part in parts)
        # Not as Twisted has it, which puts the values of a form among them.
        self._query = parse_qs(query, True)
        self._form: dict[bytes, list[bytes]] | None = None

    @property
    def host(self) -> str:
        """Under which name it was asked for, as it was said; an empty text for none, or several."""
        hosts = self.fields("host")
        if len(hosts) != 1:
            return ""
        # RFC 9112 §3.2.2: what stands in the target counts, and Host does not.
        return hosts[0] if self._authority is None else self._authority

    def fields(self, name: str) -> list[str]:
        """Give all values of a header field."""
        found = self.request.requestHeaders.getRawHeaders(name.encode(), [])
        return [each.decode("latin-1") for each in found]

    def field(self, name: str) -> str:
        """Give a header field; an empty text where there is none."""
        return next(iter(self.fields(name)), "")

    def query(self, name: str) -> str:
        """Give a parameter of the path; an empty text where there is none. NUL is no sign in it."""
        return _first(self._query, name).replace("\0", "\ufffd")

    def form(self, name: str) -> str:
        """Give a value of the form that was sent; an empty text where there is none."""
        if self._form is None:
            content: Any = self.request.content
            content.seek(0)
            self._form = parse_qs(content.read(), True)
        return _first(self._form, name)

    def cookie(self, name: str) -> str:
        """Give a cookie; an empty text where there is none."""
        return (self.request.received_cookies.get(name.encode()) or b"").decode("latin-1")

    @property
    def secure(self) -> bool:
        """
        Whether the browser speaks TLS, with us or with a proxy in front of us.

        Who says so untruly gets a cookie that is sent back less often, and nothing else.
        """
        return self.request.isSecure() or self.field("x-forwarded-proto").lower() == "https"

    @property
    def address(self) -> str:
        """Where it comes from; an empty text for a unix socket."""
        return plain_address(str(getattr(self.request.getClientAddress(), "host", "") or ""))

    def send(self, answer: Answer) -> None:
        """Answer."""
        self.begin(answer.code, answer.head(), answer.cookie)
        self.request.setHeader(b"Content-Length", b"%d" % len(answer.body))
        self.request.write(answer.body)
        self.request.finish()

    def begin(self, code: int, head: dict[str, str], cookie: str | None = None) -> None:
        """Set the header of an answer."""
        self.request.setResponseCode(code, HTTPStatus(code).phrase.encode())
        for name, value in head.items():
            self.request.setHeader(name.encode(), value.encode("latin-1", "replace"))
        if cookie is not None:
            self.request.cookies.append(cookie.encode("latin-1", "replace"))


def plain_address(address: str) -> str:
    """Give an address as its owner knows it: a port of IPv6 has those of IPv4 in its own terms."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return address if mapped is None else str(mapped)


def _first(values: dict[bytes, list[bytes]], name: str) -> str:
    """Give the first value of that name, as text."""
    found = values.get(name.encode(), [b""])
    return found[0].decode("utf-8", "replace")[:LONGEST]
