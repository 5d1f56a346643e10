"""
DNS out of a file, so that a case that went wrong can be kept and tried again.

The file is a master file (RFC 1035 §5) of any names. Two more lines can stand in it:

    $FAIL slow.example        no question about this name is answered
    $FAIL slow.example TXT    … nor this one

Names below ``*`` are answered as wildcards are (RFC 4592), and CNAMEs are followed.
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import dns.exception
import dns.name
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
import dns.tokenizer
import dns.zone
import dns.zonefile

from gomail.checks.dns.wire import read_name, values_of
from gomail.checks.records import Outcome, Records

_LONGEST_CHAIN = 8  # CNAMEs
_DIRECTIVES = ("$ORIGIN", "$TTL")
_AT = re.compile(r"line:(\d+): (.*)\Z", re.DOTALL)
_SECONDS = 300  # for which a record without a TTL holds


def read_zone(path: Path) -> "Zone":
    """
    Read a file of answers.

    Raises:
        OSError: it can't be read.
        ValueError: with what is wrong in it, and in which line.
    """
    return Zone(path.read_text())


class Zone:
    """
    Answers out of a master file; a `gomail.checks.records.Resolver`.

    Raises:
        ValueError: with what is wrong in the text, and in which line.
    """

    def __init__(self, text: str) -> None:
        self._failing: set[tuple[dns.name.Name, str]] = set()
        lines = [self._take(line, at) for at, line in enumerate(text.splitlines(), 1)]
        self._records = {(name, each.rdtype): each for name, each in _records(lines)}
        # RFC 8020: where a name is, those above it are, too.
        self._names = {above for name, _ in self._records for above in _upwards(name)}
        self._names.add(dns.name.root)

    async def lookup(self, name: str, kind: str) -> Records:
        """Ask for the records of a *kind* at a *name*; see `gomail.checks.records.Resolver`."""
        asked = read_name(name)
        if asked is None:
            return Records(Outcome.MISSING)
        for _ in range(_LONGEST_CHAIN):
            if {(asked, ""), (asked, kind)} & self._failing:
                return Records(Outcome.FAILED)
            owner = self._owner(asked)
            if owner is None:
                return Records(Outcome.MISSING, seconds=_SECONDS)
            found = self._records.get((owner, dns.rdatatype.from_text(kind)))
            if found is not None:
                return Records(Outcome.FOUND, values_of(found), found.ttl)
            alias = self._records.get((owner, dns.rdatatype.CNAME))
            if alias is None:
                return Records(Outcome.EMPTY, seconds=_SECONDS)
            asked = alias[0].target
        return Records(Outcome.FAILED)

    def _owner(self, name: dns.name.Name) -> dns.name.Name | None:
        """Give the name whose records are the answer: itself, or a wildcard (RFC 4592 §3.3)."""
        if name in self._names:
            return name
        encloser = next(above for above in _upwards(name) if above in self._names)
        wildcard = dns.name.Name([b"*", *encloser.labels])
        return wildcard if wildcard in self._names else None

    def _take(self, line: str, at: int) -> str:
        """Take a line of our own, and leave an empty one in its place; others stay."""
        directive, *rest = line.split(";", maxsplit=1)[0].split() or [""]
        if directive.upper() != "$FAIL":
            return line
        name = read_name(rest[0]) if rest else None
        kind = "".join(rest[1:]).upper()
        if name is None or len(rest) > 2 or (kind and not _is_kind(kind)):
            msg = f"$FAIL, a name, and perhaps a kind of record were expected: {line!r}"
            raise ValueError(f"line {at}: {msg}")
        self._failing.add((name, kind))
        return ""


def _upwards(name: dns.name.Name) -> Iterable[dns.name.Name]:
    """Give a name, and all above it but the root."""
    while name != dns.name.root:
        yield name
        name = name.parent()
    yield name


def _is_kind(text: str) -> bool:
    """Tell whether there are records of such a kind."""
    try:
        dns.rdatatype.from_text(text)
    except (dns.exception.DNSException, ValueError):
        return False
    return True


def _records(lines: Sequence[str]) -> list[tuple[dns.name.Name, dns.rdataset.Rdataset]]:
    """
    Read the records of a master file, whose names need have nothing in common.

    Raises:
        ValueError: with what is wrong in it, and in which line.
    """
    try:
        return _read(lines)
    except dns.exception.DNSException as error:
        raise ValueError(_told(error, lines)) from error


def _told(error: dns.exception.DNSException, lines: Sequence[str]) -> str:
    """
    Tell what is wrong, and where.

    The reader names the line at which it was by then, which is often the one behind: if nothing is
    different for it where that and all below are left out, it was one before.
    """
    told = _AT.match(str(error))
    if told is None:
        return str(error)
    at, what = int(told[1]), told[2]
    try:
        _read(lines[: at - 1])
    except dns.exception.DNSException as before:
        again = _AT.match(str(before))
        if again is not None and again[2] == what:
            at = min(at - 1, int(again[1]))
    return f"line {at}: {what}"


def _read(lines: Sequence[str]) -> list[tuple[dns.name.Name, dns.rdataset.Rdataset]]:
    """Have dnspython read them."""
    zone = dns.zone.Zone(dns.name.root, relativize=False)
    tokens = dns.tokenizer.Tokenizer("\n".join([*lines, ""]), "line")
    with zone.writer(replacement=True) as changes:
        dns.zonefile.Reader(
            tokens,
            dns.rdataclass.IN,
            changes,
            allow_directives=_DIRECTIVES,
            default_ttl=_SECONDS,
        ).read()
    return list(zone.iterate_rdatasets())
