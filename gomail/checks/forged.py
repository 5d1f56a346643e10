"""
Authentication-Results that somebody else wrote, as if they were ours (RFC 8601 §5).

Readers believe whatever bears our name; so what does is taken out before ours is put on top. Others
may be written by those whom a reader trusts, and are left alone.
"""

import re
import unicodedata
from contextlib import suppress

import idna

from gomail.checks.header import Field, behind_cr, may_have, split
from gomail.checks.names import LONGEST

_NAME = "authentication-results"
# No name has them outside quotes (RFC 2045 §5.1); some readers end it there.
_NO_NAME = re.compile(r"[/=?<>@,:\[\]]")
_PIECE = re.compile(r'\s++|\\.|[()";]|[^\s\\()";]++', re.DOTALL)
# RFC 3490 §3.1: they are dots, too, as is one that NFKC turns into a full stop.
_DOTS = str.maketrans("。｡", "..")


def forged(block: bytes, authserv_id: str) -> list[tuple[int, int]]:
    """
    Find the fields of a header block that bear *authserv_id*.

    Neither their case nor their size keeps them from being found, nor comments, quotes, folds and
    versions in and about the name, nor that they stand behind a bare CR. Those that bear no name
    that can be read are found, too, since it can't be known what others read there.

    Returns:
        where each begins and ends, its line end included, from top to bottom.
    """
    if not may_have(block, _NAME):
        return []
    ours = _forms(authserv_id)
    return [each for field in split(block) for each in _ranges(field, ours, len(block))]


def _ranges(field: Field, ours: set[str], end: int) -> list[tuple[int, int]]:
    """Find what bears our name: all of a field, or parts that some readers take for fields."""
    if _is_ours(field, ours):
        return [(field.start, min(field.start + len(field.octets) + 1, end))]
    return [
        (each.start, each.start + len(each.octets))
        for each in behind_cr(field)
        if _is_ours(each, ours)
    ]


def _is_ours(field: Field, ours: set[str]) -> bool:
    """Tell whether readers may believe that a field is ours."""
    return field.name == _NAME and _may_bear(field, ours)


def _forms(name: str) -> set[str]:
    """Give a name as it may be written, in A-labels or in U-labels."""
    forms = {_comparable(name)}
    with suppress(ValueError):  # a name that is no domain has one form
        forms.add(_comparable(idna.decode(name)))
    return forms


def _may_bear(field: Field, ours: set[str]) -> bool:
    """Tell whether a field has that name, or, by how it is written, might have it."""
    words = _words(field.value.decode("utf-8", "replace"))
    name = ""
    for word in words:
        # The first word is the name, and the next a version; unless both are pieces of a name.
        name += word
        if _comparable(name) in ours or _comparable(_NO_NAME.split(name, maxsplit=1)[0]) in ours:
            return True
        if len(name) > LONGEST:
            return False
    return not words


def _words(text: str) -> list[str]:
    """
    Give the words before the first semicolon, without comments, quotes and escapes.

    A comment or a quoted-string without an end makes it none.
    """
    said, depth, quoted = [], 0, False
    for piece in _PIECE.findall(text):
        if quoted:
            quoted = piece != '"'
            said.append("" if piece in {'"', " "} else piece.removeprefix("\\"))
        elif piece in {"(", ")"}:
            depth = max(depth + (1 if piece == "(" else -1), 0)
            said.append(" ")
        elif depth:
            continue
        elif piece == ";":
            break
        elif piece == '"':
            quoted = True
        else:
            said.append(piece.removeprefix("\\"))
    return [] if quoted or depth else "".join(said).split()


def _comparable(name: str) -> str:
    """Give a name in the form in which names are compared, and without what can't be seen."""
    seen = "".join(sign for sign in name if sign.isprintable() and sign != " ")
    return unicodedata.normalize("NFKC", seen).casefold().translate(_DOTS).removesuffix(".")
