"""Families of inputs for what is found out of a message's header and body."""

from collections.abc import Callable

from gomail.checks.authors import authors
from gomail.checks.dkim.body import BodyHashes, Wish
from gomail.checks.dkim.canonical import RELAXED, SIMPLE, Canonical
from gomail.checks.dkim.taglist import read_tags
from gomail.checks.forged import forged
from gomail.checks.header import Header, split
from gomail.checks.results import authentication_results

PIECE = 64 * 1024


def fields(block: bytes) -> Callable[[], object]:
    """Have a header block split."""
    return lambda: [field.value for field in split(block)]


def found(value: bytes) -> Callable[[], object]:
    """Have an Authentication-Results field looked at."""
    block = b"Authentication-Results:" + value + b"\n"
    return lambda: forged(block, "mx.example.org")


def hashed(body: bytes) -> Callable[[], object]:
    """Have a body hashed in all ways, in pieces of 64 KiB."""

    def work() -> None:
        hashes = BodyHashes([Wish(SIMPLE), Wish(RELAXED), Wish(RELAXED, 100)])
        for at in range(0, len(body), PIECE):
            hashes.take(body[at : at + PIECE])
        hashes.end()

    return work


def signed(value: bytes) -> Callable[[], object]:
    """Have a signature's field made canonical; what is too long for one is asked for, too."""
    header = Header(b"DKIM-Signature: b=" + value + b"\n")

    def work() -> None:
        for way in (SIMPLE, RELAXED):
            Canonical(header).digest(way, ["dkim-signature"], header.fields[0])

    return work


def covered(count: int) -> Callable[[], object]:
    """Have fields of one name selected, and names of which there are none."""
    header = Header(b"A: b\n" * count)
    names = ["a", "b"] * count
    return lambda: Canonical(header).digest(RELAXED, names, header.fields[0])


FAMILIES: dict[str, tuple[Callable[[int], Callable[[], object]], int]] = {
    "fields of checks": (lambda n: fields(b"A: b\n" * n), 5000),
    "folds of checks": (lambda n: fields(b"A: b\n " * n), 50_000),
    "fields without colons": (lambda n: fields(b"A\n" * n), 5000),
    "From with many authors": (lambda n: lambda: authors(Header(b"From: a@b" + b",a@b" * n)), 100),
    "forged name in a comment": (lambda n: found(b"(" * n + b")" * n + b"mx"), 5000),
    "forged name in pieces": (lambda n: found(b'"\\m"' * n), 5000),
    "forged name with spaces": (lambda n: found(b" " * n + b"mx "), 200_000),
    "body of spaces": (lambda n: hashed(b" " * n), 500_000),
    "body of lines of spaces": (lambda n: hashed((b" " * 998 + b"\n") * n), 500),
    "body of tabs and spaces": (lambda n: hashed(b" \t" * n), 300_000),
    "body of empty lines": (lambda n: hashed(b"\n" * n), 500_000),
    "signature of spaces": (lambda n: signed(b"a" + b" " * n + b"a"), 100_000),
    "signature of folds": (lambda n: signed(b"a\n " * n), 50_000),
    "signature of tags": (lambda n: signed(b";b=a" * n), 20_000),
    "names in a signature": (covered, 500),
    "results": (
        lambda n: lambda: read_tags(b"=".join([b"a"] * 2) + b" " * min(n, 8000) + b"b"),
        4000,
    ),
    "reasons": (lambda n: lambda: authentication_results('"' * n, []), 100_000),
}
