"""Each target holds for what was kept, and for what hypothesis makes; and sees gomail go wrong."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gomail import config
from gomail.address import Address
from gomail.explaining import bounce, lines
from gomail.frames import Frames
from gomail.message import trace
from gomail.message.content import Content
from gomail.message.headers import HeaderBlock
from gomail.message.lines import LineEnds
from gomail.reading import screen
from gomail.reply import SYNTAX_ERROR, Refused, Reply
from gomail.server.control import service
from gomail.server.control.audience import Outflow
from gomail.server.control.wanted import Wanted
from gomail.server.proxy.header import Header
from gomail.smtp import framing, grammar, verbs
from gomail.smtp.framing import Counted, DotStuffed
from gomail.smtp.mending import Mender
from gomail.smtp.session import Session
from tests.fuzz.corpus import MOST, kept
from tests.fuzz.target import NAMES, Case, Target, find, pieces, read_case
from tests.thorough import often


def inputs(target: Target) -> st.SearchStrategy[bytes]:
    """Make inputs of a target's words, and of its seeds with some words in them."""
    words = st.lists(st.sampled_from(target.words) | st.binary(max_size=8), max_size=12)
    changed = st.builds(
        lambda seed, at, new: seed[: at % (len(seed) + 1)] + new + seed[at % (len(seed) + 1) :],
        st.sampled_from(target.seeds),
        st.integers(0, 4096),
        words.map(b"".join),
    )
    return (words.map(b"".join) | changed).map(lambda octets: octets[: target.longest])


@pytest.mark.parametrize("name", NAMES)
def test_what_was_kept_holds(name: str) -> None:
    """Every input in the repository, found by hand or by fuzzing, holds."""
    check_all(find(name), [b"", *kept(name)])


@pytest.mark.parametrize("name", NAMES)
def test_what_hypothesis_makes_holds(name: str) -> None:
    """A short look at what fuzzing looks at for longer."""
    target = find(name)
    health = [HealthCheck.too_slow, HealthCheck.data_too_large]

    @settings(max_examples=often(40, 200), suppress_health_check=health)
    @given(inputs(target))
    def look(octets: bytes) -> None:
        target.check(octets)

    look()


@pytest.mark.parametrize("name", NAMES)
def test_what_was_kept_is_little(name: str) -> None:
    """A few hundred inputs of each target, that a test can replay in seconds."""
    octets = kept(name)
    assert 0 < len(octets) <= MOST
    assert max(map(len, octets)) <= find(name).longest
    assert sum(map(len, octets)) <= 250_000


@given(st.integers(0, 255), st.binary(max_size=8), st.binary())
def test_case_reads_back_as_it_is_written(ways: int, lengths: bytes, octets: bytes) -> None:
    """So that inputs can be written by hand; and its pieces are the whole."""
    case = Case(ways, lengths, octets)
    assert read_case(case.written()) == case
    cut = pieces(octets, lengths)
    assert b"".join(cut) == octets
    assert all(cut)


def check_all(target: Target, more: list[bytes]) -> None:
    """Check the seeds of a target, and more."""
    for octets in (*target.seeds, *more):
        target.check(octets)


# What would be wrong, for each target: the faults that its comparison is there for


class EndsAtBareDots(DotStuffed):
    """Takes LF . LF for the end of content, as servers did that smuggled."""

    def feed(self, octets: bytes) -> tuple[bytes, bytes | None]:
        """Find that end, too."""
        content, rest = super().feed(octets)
        begin, end, behind = content.partition(b"\n.\n")
        return (begin, behind + (rest or b"")) if end else (content, rest)


class ForgetsTheDot(DotStuffed):
    """Leaves the dot of a line where it is."""

    def feed(self, octets: bytes) -> tuple[bytes, bytes | None]:
        """Find the end and no dot."""
        content, end, rest = octets.partition(b"\r\n.\r\n")
        return content + end[:2], rest if end else None


class OneTooFew(Counted):
    """Takes one octet less than was announced."""

    def __init__(self, size: int) -> None:
        super().__init__(size - 1 if size > 1 else size)


def loses_held_cr(_: LineEnds) -> bytes:
    """Forget the CR that was held back at the end."""
    return b""


def loses_a_frame(frames: Frames, octets: bytes) -> list[object]:
    """Give no more than one value of a read."""
    frames._rest += octets
    return list(frames._values())[:1]


def raises(*_: object) -> None:
    """Fail as a bug would."""
    raise KeyError("planted")


def takes_any_number(octets: bytes) -> tuple[int, bool]:
    """Read a chunk's size as Python reads numbers."""
    digits, _, last = octets.partition(b" ")
    try:
        return int(digits), bool(last)
    except ValueError:
        raise Refused(SYNTAX_ERROR) from None


def forgets_the_order(session: Session, verb: verbs.Verb) -> None:
    """Mind no order, and so take content behind a refused greeting."""


def says_too_much(reply: Reply, _: str) -> Reply:
    """Write a line that is longer than a client has to take."""
    long = Reply(reply.code, "", "long")
    object.__setattr__(long, "octets", b"500 %s\r\n" % (b"x" * 520))
    return long


PLANTED: list[tuple[str, object, str, object]] = [
    ("bounces", bounce, "_QUOTED", re.compile(r"(?!)")),
    ("bounces", bounce, "printable", str),
    ("bounces", lines, "_printable", str),
    ("bounces", "tests.fuzz.targets.bounces", "lines_of", lambda *_: ()),
    ("control", service, "read_wanted", lambda _: Wanted()),
    ("control", service.Caller, "MAX_LENGTH", 10),
    ("control", Outflow, "__call__", lambda *_: None),
    ("grammar", grammar, "read_bdat", takes_any_number),
    ("grammar", grammar, "_literal", lambda _: True),
    ("grammar", Address, "__str__", lambda address: f"{address.local_part}@{address.domain}"),
    ("grammar", grammar, "_ignore_auth", lambda _: None),
    ("content", "tests.smtp.reference", "DotStuffed", EndsAtBareDots),
    ("content", "tests.smtp.reference", "DotStuffed", ForgetsTheDot),
    ("content", "tests.fuzz.targets.content", "Counted", OneTooFew),
    ("content", LineEnds, "end", loses_held_cr),
    ("content", Mender, "feed", lambda _, octets: octets.replace(b"\r\r\n", b"\r\n")),
    ("content", Content, "write_to", lambda *_: 0),
    ("headers", HeaderBlock, "end", lambda header: setattr(header, "complete", True)),
    ("headers", trace, "return_path", lambda path: f"Return-Path: {path[0]}\n\n".encode()),
    ("headers", trace, "_from", lambda helo, address: f"{helo}\nX: {address}"),
    ("proxy", "tests.fuzz.targets.proxy", "read_header", lambda octets: Header(len(octets))),
    ("proxy", "gomail.server.proxy.header", "_is_port", lambda text: text.isdigit()),
    ("orders", Frames, "feed", loses_a_frame),
    ("reading", "tests.fuzz.targets.reading", "name_file", lambda raw: raw),
    ("reading", "gomail.reading.mime", "_cut", raises),
    ("reading", screen, "make_visible", lambda text: text),
    ("configuration", "gomail.settings.render", "_text", repr),
    ("configuration", config, "_printable", lambda line: line),
    ("configuration", config, "_table", raises),
    ("sessions", "gomail.smtp.conversation", "Counted", OneTooFew),
    ("sessions", "gomail.smtp.voice", "DotStuffed", EndsAtBareDots),
    ("sessions", Reply, "signed", says_too_much),
    ("sessions", grammar, "read_rcpt", raises),
    ("sessions", framing, "_BEGINNINGS", (b"\r\n.\r",)),
]


@pytest.mark.parametrize(
    ("name", "where", "what", "fault"),
    PLANTED,
    ids=[f"{name}-{what}-{index}" for index, (name, _, what, _) in enumerate(PLANTED)],
)
def test_planted_fault_is_found(
    name: str, where: object, what: str, fault: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was kept is enough to see it; and so the comparison is one."""
    target, remembers = find(name), grammar.read_rcpt
    if isinstance(where, str):
        monkeypatch.setattr(f"{where}.{what}", fault)
    else:
        monkeypatch.setattr(where, what, fault)
    try:
        with pytest.raises((AssertionError, KeyError, TypeError, ValueError)):
            check_all(target, kept(name))
    finally:
        remembers.cache_clear()  # of what the fault had it read
