"""The child process, as far as it can be watched from inside."""

import json
import os
import resource
import signal
from pathlib import Path
from typing import Any

import pytest

from gomail.reading import child
from gomail.reading.bounds import OutOfTime, limit_resources
from gomail.reading.child import give_answer

MESSAGES = Path(__file__).parents[1] / "data" / "messages"


def answer(path: Path) -> dict[str, Any]:
    """Return the answer for a file as the parent reads it."""
    value = json.loads(give_answer([str(path)]))
    assert isinstance(value, dict)
    return value


def test_answer_is_a_message() -> None:
    """A stored message is answered with what it says."""
    fields = answer(MESSAGES / "php.eml")["message"]["fields"]
    assert {"name": "Subject", "text": "What hath god wrought", "cut": False} in fields


def test_file_that_has_gone_is_unreadable(tmp_path: Path) -> None:
    """The reason is the system's."""
    assert answer(tmp_path / "gone") == {"unreadable": "no such file or directory"}


def test_w5_only_the_first_mib_is_read(tmp_path: Path) -> None:
    """A giant message costs as much as one of 1 MiB."""
    (tmp_path / "big").write_bytes(b"Subject: big\n\n" + b"x" * (3 << 20))
    message = answer(tmp_path / "big")["message"]
    assert message["size"] == (3 << 20) + 14
    assert message["problems"][0] == "only the first 1,048,576 of 3,145,742 octets were read"


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (OutOfTime, "took more than 1 s to read"),
        (MemoryError, "took too much memory to read"),
        (RecursionError, "is nested too deeply to read"),
    ],
)
def test_e8_exhausted_child_answers_with_an_outline(
    monkeypatch: pytest.MonkeyPatch, fault: type[BaseException], reason: str
) -> None:
    """Who sends a bomb is still to be seen."""

    def fail(_octets: bytes, _size: int) -> object:
        raise fault

    monkeypatch.setattr(child, "read_octets", fail)
    assert answer(MESSAGES / "gmail.eml")["message"]["problems"][0] == reason


def test_e8_too_long_an_answer_is_an_outline(tmp_path: Path) -> None:
    """Control characters take six octets each in JSON; then there is too much."""
    part = b"\n--b\n\n" + b"\1" * 260_000
    (tmp_path / "bomb").write_bytes(b"Content-Type: multipart/mixed; boundary=b\n\n" + part * 2)
    assert answer(tmp_path / "bomb")["message"]["problems"][0] == "has too much in it to show"


def test_child_limits_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """CPU, memory, files and processes are bounded; what a system lacks is left out."""
    held: dict[int, tuple[int, int]] = {}

    def hold(limit: int, bounds: tuple[int, int]) -> None:
        if limit == resource.RLIMIT_AS:
            raise ValueError
        held[limit] = bounds

    monkeypatch.setattr(resource, "setrlimit", hold)
    limit_resources()
    assert held[resource.RLIMIT_CPU] == (1, 2)
    assert held[resource.RLIMIT_FSIZE] == (0, 0)
    assert len(held) == 5


def test_child_writes_its_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer goes to the standard output, a descriptor; CPU time that ends raises."""
    read_end, write_end = os.pipe()
    fdopen = os.fdopen
    monkeypatch.setattr(child, "limit_resources", lambda: None)
    monkeypatch.setattr(
        os,
        "fdopen",
        lambda number, *rest, **named: (
            fdopen(write_end, "wb") if number == 1 else fdopen(number, *rest, **named)
        ),
    )
    before = signal.getsignal(signal.SIGXCPU)
    try:
        child.main([str(MESSAGES / "php.eml")])
        with pytest.raises(OutOfTime):
            signal.raise_signal(signal.SIGXCPU)
    finally:
        signal.signal(signal.SIGXCPU, before)
    with fdopen(read_end, "rb") as output:
        assert "message" in json.loads(output.read())
