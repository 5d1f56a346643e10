"""Answers out of a file."""

from pathlib import Path

import pytest
from twisted.internet.defer import Deferred

from gomail.checks.dns.zone import Zone, read_zone
from gomail.checks.records import Outcome, Records

ZONE = r"""
$TTL 60
$ORIGIN example.org.
@           MX   10 Mail ; a comment
            TXT  "v=spf1 " "-all"
            TXT  "other"
mail        A    192.0.2.1
            AAAA 2001:db8::1
deep.er.in  A    192.0.2.2
*.wild      A    192.0.2.3
not.wild    TXT  "x"
alias       CNAME mail
dangling    CNAME nowhere
loop1       CNAME loop2
loop2       CNAME loop1
null        MX   0 .
1.2.0.192.in-addr.arpa. PTR Mail.Example.ORG.
$FAIL slow.example.org           ; whatever is asked
$fail half.example.org. txt
half        TXT  "never"
            A    192.0.2.4
"""


def answer(zone: Zone, name: str, kind: str) -> Records:
    """Give what it answers, at once."""
    done: list[Records] = []
    Deferred.fromCoroutine(zone.lookup(name, kind)).addCallback(done.append)
    return done[0]


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("example.org", "TXT", (b"v=spf1 -all", b"other")),
        ("EXAMPLE.org.", "MX", (b"10 mail.example.org",)),
        ("null.example.org", "MX", (b"0 ",)),
        ("mail.example.org", "A", (b"192.0.2.1",)),
        ("mail.example.org", "AAAA", (b"2001:db8::1",)),
        ("alias.example.org", "A", (b"192.0.2.1",)),
        ("alias.example.org", "CNAME", (b"mail.example.org.",)),
        ("1.2.0.192.in-addr.arpa", "PTR", (b"mail.example.org",)),
        ("any.thing.wild.example.org", "A", (b"192.0.2.3",)),
        ("half.example.org", "A", (b"192.0.2.4",)),
    ],
)
def test_found(name: str, kind: str, expected: tuple[bytes, ...]) -> None:
    """Records are as from a server: strings joined, names in lower case, aliases followed."""
    assert answer(Zone(ZONE), name, kind) == Records(Outcome.FOUND, expected, 60)


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("mail.example.org", "TXT", Outcome.EMPTY),
        ("er.in.example.org", "A", Outcome.EMPTY),  # there is something below it: RFC 8020
        ("not.wild.example.org", "A", Outcome.EMPTY),  # RFC 4592 §2.2.1
        ("any.wild.example.org", "TXT", Outcome.EMPTY),
        ("nobody.example.org", "A", Outcome.MISSING),
        ("below.not.wild.example.org", "A", Outcome.MISSING),
        ("dangling.example.org", "A", Outcome.MISSING),
        ("slow.example.org", "A", Outcome.FAILED),
        ("half.example.org", "TXT", Outcome.FAILED),
        ("loop1.example.org", "A", Outcome.FAILED),
        ("x" * 64 + ".example.org", "A", Outcome.MISSING),
        ("a..example.org", "A", Outcome.MISSING),
        ("m\u00fcnchen.example.org", "A", Outcome.MISSING),
        (".".join(["x" * 60] * 5), "A", Outcome.MISSING),
        (r"mai\l.example.org", "A", Outcome.MISSING),
        ("org", "A", Outcome.EMPTY),
        ("com", "A", Outcome.MISSING),
    ],
)
def test_not_found(name: str, kind: str, expected: Outcome) -> None:
    """A name without such records, no such name, and no answer are three things."""
    found = answer(Zone(ZONE), name, kind)
    assert (found.outcome, found.values) == (expected, ())


def test_empty_file_knows_nothing() -> None:
    """No name is there, and that is an answer."""
    assert answer(Zone(""), "example.org", "TXT").outcome is Outcome.MISSING


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("\na.example. A 192.0.2.1\na.example. A nonsense", "line 3: "),
        ("a.example. A\nb.example. A 192.0.2.1", "line 1: "),
        ("a.example. A 192.0.2.1\nb.example.\n\n\nc.example. A 192.0.2.1", "line 2: "),
        ('a.example. TXT (\n"x"\n"y\n)\n', "line 3: "),
        ("a.example. MX (\n10\n)\nb.example. A 192.0.2.1", "line 3: "),
        ("a.example. SOON 1", "line 1: unknown"),
        ("\n$FAIL", "line 2: $FAIL, a name, and perhaps a kind of record were expected: '$FAIL'"),
        ("$FAIL a..example", "were expected: "),
        ("$FAIL a.example TXT MX", "were expected: "),
        ("$FAIL a.example NONE_SUCH", "were expected: "),
        ("$INCLUDE /etc/passwd", "line 1: "),
        ("$GENERATE 1-1000000 a$.example. A 192.0.2.1", "line 1: "),
    ],
)
def test_mistake_is_told_with_its_line(text: str, complaint: str) -> None:
    """Whoever wrote the file finds what is wrong; other files are not read."""
    with pytest.raises(ValueError, match=r".") as raised:
        Zone(text)
    assert complaint in str(raised.value)


def test_file_is_read(tmp_path: Path) -> None:
    """A file that is not there is an error of the system."""
    (tmp_path / "case.zone").write_text('example.org. TXT "x"\n')
    zone = read_zone(tmp_path / "case.zone")
    assert answer(zone, "example.org", "TXT").values == (b"x",)
    with pytest.raises(FileNotFoundError):
        read_zone(tmp_path / "none.zone")
