"""Every file that a benchmark stored is what was sent, or the round does not count."""

from pathlib import Path

import pytest

from bench.letters import Letter, check, letter, unexamined, write_for_source

TRACE = b"Return-Path: <a@b.example>\nReceived: from c\n\tby d;\n\tnow\n"
LETTER = letter("small", 1000)


def stored(folder: Path, *contents: bytes) -> list[Path]:
    """Put contents into files."""
    paths = [folder / str(number) for number in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    return paths


def test_letter_has_its_size_and_dots() -> None:
    """A letter is as large as was asked for, and some of its lines begin with a dot."""
    assert len(LETTER.content) == 1000
    assert b"\n." in LETTER.content
    assert LETTER.octets.endswith(b"\r\n.\r\n")
    assert b"\n." not in LETTER.octets.replace(b"\n..", b"").removesuffix(b".\r\n")


def test_copies_with_trace_fields_are_fine(tmp_path: Path) -> None:
    """What a server writes on top of a message is no fault."""
    paths = stored(tmp_path, TRACE + LETTER.content, LETTER.content)
    assert check(paths, {LETTER: 2}) == []


@pytest.mark.parametrize("at", [0, 500, 999])
def test_changed_octet_is_found(tmp_path: Path, at: int) -> None:
    """One octet that is another one fails the round, wherever it is."""
    octets = bytearray(LETTER.content)
    octets[at] ^= 1
    paths = stored(tmp_path, TRACE + bytes(octets))
    assert check(paths, {LETTER: 1}) == [
        "0 is no copy of anything that was sent",
        "1 copies of small were acknowledged, 0 are stored",
    ]


OURS = b"""\
Authentication-Results: mx.bench.example;
 iprev=pass policy.iprev=127.0.0.1;
 spf=pass smtp.helo=client.example;
 spf=pass smtp.mailfrom=client.example;
 dkim=pass header.d=client.example;
 dmarc=pass header.from=client.example
"""
THEIRS = b"""\
Authentication-Results: mx.bench.example; dmarc=pass (p=reject dis=none) header.from=client.example
Authentication-Results: mx.bench.example;
\tdkim=pass (2048-bit key; unprotected) header.d=client.example
Received-SPF: Pass (mailfrom) identity=mailfrom; client-ip=127.0.0.1
"""


@pytest.mark.parametrize("top", [OURS, THEIRS])
def test_what_was_found_out_may_stand_on_top(tmp_path: Path, top: bytes) -> None:
    """Results are trace fields, too, in one field or in several."""
    paths = stored(tmp_path, TRACE + top + LETTER.content)
    assert check(paths, {LETTER: 1}) == []
    assert unexamined(paths, LETTER) == []


@pytest.mark.parametrize(
    ("top", "passes", "missing"),
    [
        (OURS, b" spf=pass smtp.mailfrom", "SPF"),  # HELO's, which is still there, is another one
        (OURS, b" dkim=pass", "DKIM"),
        (OURS, b" dmarc=pass", "DMARC"),
        (THEIRS, b"SPF: Pass", "SPF"),
        (THEIRS, b"dkim=pass", "DKIM"),
        (THEIRS, b"dmarc=pass", "DMARC"),
    ],
)
def test_what_does_not_pass_is_found(
    tmp_path: Path, top: bytes, passes: bytes, missing: str
) -> None:
    """A server that is fast since it finds out nothing, or the wrong thing, is no fast server."""
    changed = passes.replace(b"pass", b"none").replace(b"Pass", b"None")
    octets = TRACE + top.replace(passes, changed) + LETTER.content
    paths = stored(tmp_path, octets, TRACE + top + LETTER.content, octets)
    assert unexamined(paths, LETTER) == [f"2 copies of small have no pass of {missing}"]


def test_letter_proves_nothing_of_itself(tmp_path: Path) -> None:
    """Results that came with the message are its own, and no server's."""
    forged = Letter("forged", OURS + LETTER.content)
    paths = stored(tmp_path, TRACE + forged.content)
    assert len(unexamined(paths, forged)) == 3


@pytest.mark.parametrize("top", [b"X-Other: field\n", b"\n", b"Received: cut"])
def test_what_is_no_trace_field_is_found(tmp_path: Path, top: bytes) -> None:
    """Nothing but trace fields may stand on top."""
    assert check(stored(tmp_path, top + LETTER.content), {LETTER: 1})


def test_missing_and_surplus_files_are_found(tmp_path: Path) -> None:
    """As many as were acknowledged must be there, no fewer and no more."""
    paths = stored(tmp_path, LETTER.content, LETTER.content)
    assert check(paths, {LETTER: 3}) == ["3 copies of small were acknowledged, 2 are stored"]
    assert check(paths, {LETTER: 1}) == ["1 copies of small were acknowledged, 2 are stored"]


def test_letters_are_told_apart(tmp_path: Path) -> None:
    """A message of one load can't stand in for one of another."""
    other = letter("probe", 1000)
    paths = stored(tmp_path, LETTER.content, LETTER.content)
    assert len(check(paths, {LETTER: 1, other: 1})) == 2


def test_many_faults_are_told_in_few_lines(tmp_path: Path) -> None:
    """A run that stored rubbish does not fill the screen with it."""
    paths = stored(tmp_path, *[b"rubbish"] * 30)
    wrong = check(paths, {})
    assert len(wrong) == 11
    assert wrong[-1] == "20 files more are none"


def test_source_gets_one_line_end_less(tmp_path: Path) -> None:
    """smtp-source ends the file with an empty line of its own."""
    path = write_for_source(Letter("x", b"a: b\n\nc\n\n"), tmp_path)
    assert path.read_bytes() == b"a: b\n\nc\n"
