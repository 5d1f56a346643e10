"""
Octets → text, by the charset that a stranger has named.

Never raises. An unknown charset, and octets that are not in the one named, are read all the same
and said. Codecs that are no charsets of mail (and slow on purpose-made input) count as unknown.
"""

from __future__ import annotations

import codecs

# As browsers do (WHATWG Encoding): the superset that people's programs really write.
_SUPERSETS = {
    "iso8859-1": "cp1252",
    "ascii": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
}

# Python's own, not charsets: punycode takes quadratic time, the others evaluate escapes.
_NO_CHARSETS = frozenset({"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"})

_LONGEST_NAME = 40


def decode(octets: bytes, charset: str | None) -> tuple[str, str | None]:
    """Return *octets* as text, and what was wrong with *charset* if anything was."""
    codec = _find_codec(charset) if charset else "ascii"
    if codec is None:
        return _guess(octets), f"unknown charset {charset!r:.60}: read as UTF-8 or windows-1252"
    if codec == "ascii":
        return _guess(octets), None
    try:
        return octets.decode(codec), None
    except UnicodeError:
        superset = _SUPERSETS.get(codec, codec)
        return octets.decode(superset, "replace"), f"some octets are not in charset {codec}"


def _find_codec(charset: str) -> str | None:
    """Return Python's name of *charset*, or None if it has no such text encoding."""
    # RFC 2231 §5: an encoded word may end its charset in *language.
    name = charset.partition("*")[0].strip().removeprefix("x-").removesuffix("-i")
    if len(name) > _LONGEST_NAME or not name.isascii() or not name.isprintable():
        return None
    try:
        codec = codecs.lookup(name).name
        b" ".decode(codec, "ignore")  # LookupError for codecs that make no text, such as hex
    except (LookupError, UnicodeError):  # idna has no way to ignore, undefined none at all
        return None
    if codec in _NO_CHARSETS:
        return None
    return _SUPERSETS.get(codec, codec) if codec != "ascii" else codec


def _guess(octets: bytes) -> str:
    """Read octets without a (true) charset: UTF-8 if they are, else windows-1252."""
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return octets.decode("cp1252", "replace")
