"""Messages that others have signed: the examples of RFC 6376 and RFC 8463, and real mail."""

from pathlib import Path

import pytest

from tests.checks.signing import Zone, verify

CASES = sorted((Path(__file__).parents[2] / "data" / "dkim").glob("00*.txt"))
NOW = 1667843664  # when they were collected: some have expired


def read_case(path: Path) -> tuple[Zone, bytes]:
    """Read a case: the keys, one a line, an empty line, and the message."""
    keys, _, message = path.read_bytes().partition(b"\n\n")
    records = (line.partition(" ") for line in keys.decode().splitlines())
    return Zone({name: text for name, _, text in records}), message


def test_all_cases_are_here() -> None:
    """None was lost on the way."""
    assert len(CASES) == 6


@pytest.mark.parametrize("piece", [1, 65536])
@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_signature_of_somebody_else_holds(path: Path, piece: int) -> None:
    """Whatever signed it, and whatever pieces it comes in."""
    zone, message = read_case(path)
    *dkim, _ = verify(message.replace(b"\r\n", b"\n"), zone, now=NOW, piece=piece)
    assert {finding.result for finding in dkim} == {"pass"}, dkim


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_changed_message_of_somebody_else_fails(path: Path) -> None:
    """One more word in the body is enough."""
    zone, message = read_case(path)
    *dkim, _ = verify(message.replace(b"\r\n", b"\n") + b"more\n", zone, now=NOW)
    assert {finding.result for finding in dkim} == {"fail"}, dkim
