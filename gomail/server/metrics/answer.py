"""What is answered by HTTP, as a value."""

from collections.abc import Callable
from typing import NamedTuple

PLAIN = "text/plain; charset=utf-8"


class Answer(NamedTuple):
    """What a request has for an answer: its status, its type, and its body."""

    status: int
    kind: str
    body: bytes


Give = Callable[[bytes], Answer]  # by what the Accept fields say: a stranger's octets
NOT_FOUND = Answer(404, PLAIN, b"/metrics, /healthz and /readyz are here\n")
NOT_ALLOWED = Answer(405, PLAIN, b"GET and HEAD alone\n")
TOO_LARGE = Answer(413, PLAIN, b"a request without a body was expected\n")
ELSEWHERE = Answer(421, PLAIN, b"localhost, or an address, was expected in Host\n")
FAULT = Answer(500, PLAIN, b"that could not be found out; the log says why\n")
