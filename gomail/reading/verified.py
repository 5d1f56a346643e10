"""
Authentication-Results as values; in the child process.

Only the field that our own server has put on top counts: it stands above the first Received, which
is our server's, too, as that is written last of all. What stands below came with the message, and
may be anybody's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from gomail.reading.sheet import Result, Results

_NAME = "authentication-results"
_RESULTS = 50
_PROPERTIES = 20
_CHARACTERS = 500
_PIECE = re.compile(r'\s+|"(?:[^"\\]|\\.)*"|\\.|[()";=]|[^\s"\\();=]+', re.DOTALL)
_BY = re.compile(r"(?:\A|\s)by\s+([^\s;()]{1,255})", re.IGNORECASE)


def read_results(fields: Sequence[tuple[str, str]]) -> Results | None:
    """Read the results above the first Received, out of a message's header *fields*."""
    found: str | None = None
    for name, body in fields:
        if name.lower() == _NAME and found is None:
            found = body
        elif name.lower() == "received":
            by = _BY.search(body)
            return None if found is None else _read(found, by[1] if by else "")
    return None


def _read(body: str, received_by: str) -> Results | None:
    """Read one field's body."""
    first, *rest = _clauses(body)
    authserv_id = first[0] if first else ""
    results = [result for words in rest[:_RESULTS] if (result := _result(words)) is not None]
    return Results(authserv_id[:_CHARACTERS], received_by, tuple(results)) if authserv_id else None


def _clauses(body: str) -> list[list[str]]:
    """Divide a body at its semicolons, and each clause into words, without comments and quotes."""
    clauses: list[list[str]] = [[]]
    depth, begun = 0, False
    for piece in _PIECE.findall(body):
        if piece in {"(", ")"}:
            depth = max(depth + (1 if piece == "(" else -1), 0)
        elif depth:
            continue
        elif piece == ";":
            clauses.append([])
            begun = False
        elif piece.isspace():
            begun = False
        else:
            begun = _add(clauses[-1], piece, begun=begun)
    return clauses


def _add(words: list[str], piece: str, *, begun: bool) -> bool:
    """Add a piece to a clause's words; tell whether the next belongs to the same word."""
    text = re.sub(r"\\(.)", r"\1", piece[1:-1], flags=re.DOTALL) if piece[0] == '"' else piece
    if words and (begun or piece == "=" or words[-1].endswith("=")):
        words[-1] += text
    else:
        words.append(text)
    return True


def _result(words: Sequence[str]) -> Result | None:
    """Read ``method=result reason=… ptype.property=value …``."""
    pairs = list(_pairs(words))
    if not pairs:
        return None
    method, result = pairs[0]
    reason = next((value for name, value in pairs[1:] if name.lower() == "reason"), "")
    properties = [
        (kind.lower(), name.lower(), value)
        for key, value in pairs[1 : _PROPERTIES + 1]
        for kind, dot, name in [key.partition(".")]
        if dot
    ]
    return Result(method.partition("/")[0].lower(), result.lower(), reason, tuple(properties))


def _pairs(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield names and values."""
    for word in words:
        name, sign, value = word.partition("=")
        if sign:
            yield name[:_CHARACTERS], value[:_CHARACTERS]
