"""
Header fields for reading: unfolded, encoded words decoded; file names made safe.

Decoding of the words is the `email` package's; finding them is not, since its own pattern takes
quadratic time on `=?a?q?=?a?q?…`. Never raises.
"""

from __future__ import annotations

import re
import unicodedata
from email.errors import HeaderParseError
from email.header import decode_header

from gomail.reading.charset import decode

# RFC 2047 §2: encoded-word = "=?" charset "?" encoding "?" encoded-text "?=", with the spaces in
# its text that some programs leave there. Words divided by white space alone are one run (§6.2).
_WORD = r"=\?[^?\s]{1,60}\?[QqBb]\?[^?\r\n]*\?="
_RUN = re.compile(rf"{_WORD}(?:\s+{_WORD})*")

_FOLD = re.compile(r"[\r\n]+[ \t]*")

# Surrogates that stand for no octet: UTF-7, of a file name (RFC 2231 §4), can make lone ones.
_LONE = re.compile("[\ud800-\udc7f\udd00-\udfff]")

_UNSAFE = re.compile(r"[^A-Za-z0-9._ -]")
_LONGEST_FILENAME = 100


def decode_field(raw: str) -> str:
    """Return the text of a field body that the email package has read as surrogateescaped ASCII."""
    octets = _LONE.sub("\N{REPLACEMENT CHARACTER}", raw).encode("utf-8", "surrogateescape")
    text, _ = decode(octets, None)
    return _RUN.sub(_decode_run, _FOLD.sub(" ", text.strip()))


def _decode_run(match: re.Match[str]) -> str:
    """Return a run of encoded words as text, or as it stands if it cannot be decoded."""
    words = match.group()
    try:
        # Neighbours in one charset are joined before decoding: many programs cut characters.
        pairs = decode_header(words)
    except (HeaderParseError, ValueError):
        return words
    return "".join(
        value if isinstance(value, str) else decode(value, charset)[0] for value, charset in pairs
    )


def name_file(raw: str) -> str:
    """
    Return a name from ``[A-Za-z0-9._ -]`` that is safe to save a file by, resembling *raw*.

    It has no directory, never begins with a dot, dash or space, and is never empty.
    """
    # Normalised first: a full-width slash is one then.
    letters = unicodedata.normalize("NFKD", raw)
    plain = "".join(char for char in letters if not unicodedata.combining(char))
    base = re.split(r"[/\\]", plain)[-1]
    safe = _UNSAFE.sub("_", base).strip(" ").lstrip(".- ")
    stem, dot, extension = safe.rpartition(".")
    if len(safe) > _LONGEST_FILENAME and dot and len(extension) < _LONGEST_FILENAME // 2:
        return stem[: _LONGEST_FILENAME - len(extension) - 1] + dot + extension
    return safe[:_LONGEST_FILENAME] or "unnamed"
