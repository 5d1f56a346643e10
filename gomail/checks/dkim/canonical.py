"""
Header fields as they are signed (RFC 6376 §3.4.1, §3.4.2 and §3.7).

They are kept with LF, and were signed with CRLF.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator

from gomail.checks.header import Field, Header

SIMPLE = "simple"
RELAXED = "relaxed"


def compress(octets: bytes) -> bytes:
    """Make one space of each run of spaces and tabs; linear, whatever the runs are like."""
    if b"\t" in octets:
        octets = octets.replace(b"\t", b" ")
    while b"  " in octets:  # each turn halves the runs
        octets = octets.replace(b"  ", b" ")
    return octets


def simple(octets: bytes) -> bytes:
    """Give a field as it is, without its last line end."""
    return octets.replace(b"\n", b"\r\n")


def relaxed(octets: bytes) -> bytes:
    """Give a field unfolded, its name in lower case, its white space as single spaces."""
    name, _, value = octets.partition(b":")
    value = compress(value.replace(b"\n", b"")).strip(b" ")
    return name.replace(b"\n", b"").strip(b" \t").lower() + b":" + value


WAYS: dict[str, Callable[[bytes], bytes]] = {SIMPLE: simple, RELAXED: relaxed}


class Canonical:
    """The fields of a header as they are signed; each is made so once, however many sign it."""

    __slots__ = ("_fields", "_header")

    def __init__(self, header: Header) -> None:
        """Begin with nothing made."""
        self._header = header
        self._fields: dict[tuple[str, int], bytes] = {}

    def field(self, way: str, field: Field) -> bytes:
        """Give a field with its line end."""
        key = (way, field.start)
        octets = self._fields.get(key)
        if octets is None:
            octets = self._fields[key] = WAYS[way](field.octets) + b"\r\n"
        return octets

    def digest(self, way: str, names: Iterable[str], signature: Field) -> bytes:
        """Give the SHA-256 of what a signature covers: fields, and itself without its octets."""
        running = hashlib.sha256()
        for field in self._select(names):
            running.update(self.field(way, field))
        running.update(WAYS[way](without_signature(signature.octets)))
        return running.digest()

    def _select(self, names: Iterable[str]) -> Iterator[Field]:
        """
        Give the fields of those names, each once, the last of a name first (§5.4.2).

        A name of which there is no field any more covers nothing.
        """
        left: dict[str, list[Field]] = {}
        for name in names:
            if name not in left:
                left[name] = self._header.named(name)
            if left[name]:
                yield left[name].pop()


def without_signature(octets: bytes) -> bytes:
    """Empty the tag ``b`` of a signature's field, white space around it included (§3.7)."""
    name, colon, value = octets.partition(b":")
    specs = value.split(b";")
    for at, spec in enumerate(specs):
        tag, equals, _ = spec.partition(b"=")
        if tag.strip() == b"b":
            specs[at] = tag + equals
    return name + colon + b";".join(specs)
