"""The log's file: batches, rotation, and what becomes of lines that can't be written."""

import io
import json
import os
import resource
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TextIO, cast

import pytest
from twisted.internet.task import Clock
from twisted.logger import LogEvent, Logger

from gomail.events import SessionStarted, Trouble
from gomail.health import Log
from gomail.server.log import (
    BATCH_TIME,
    RETRY_TIME,
    EventLog,
    JsonEventLog,
    JsonTwistedLog,
    LogWriter,
    TwistedLog,
    as_objects,
    open_log,
    stamp,
)
from gomail.server.stream import Stream
from tests.server.events import CLIENT, ENDED


def test_lines_are_written_together() -> None:
    """While the server runs a line waits a tenth of a second for others, and none is ever left."""
    clock, file = Clock(), io.StringIO()
    writer = LogWriter(file, clock)
    writer.write("before")
    assert file.getvalue() == "before\n"
    writer.write_in_batches(running=True)
    writer.write("one")
    writer.write("two")
    assert file.getvalue() == "before\n"
    clock.advance(BATCH_TIME)
    assert file.getvalue() == "before\none\ntwo\n"
    writer.write("three")
    writer.write_in_batches(running=False)
    writer.write("after")
    assert file.getvalue() == "before\none\ntwo\nthree\nafter\n"
    clock.advance(BATCH_TIME)
    assert clock.getDelayedCalls() == []


@pytest.fixture
def full() -> Iterator[Callable[[int], None]]:
    """Give what has no file become longer than so many octets, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda most: resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_e13_lines_that_cannot_be_written_are_counted_and_told(
    tmp_path: Path, full: Callable[[int], None]
) -> None:
    """A full disk costs lines and nothing else; when there is room again the log says how many."""
    path = tmp_path / "log"
    with closing(open_log(str(path))) as file:
        writer = LogWriter(file, Clock(), say="<{}>".format)
        writer.write("before")
        full(9)
        writer.write("lost")
        writer.write("lost")
        assert writer.look() == Log(lost=2, fault="File too large")
        full(1000)
        writer.write("after")
        assert writer.look() == Log(fault="File too large")
        full(0)
        writer.write("lost")
        full(1000)
        writer.write("after")
        assert writer.lost == 3
    said = ["<2 lines of the log were lost: File too large>", "after"]
    said += ["<a line of the log was lost: File too large>", "after"]
    assert path.read_text().splitlines() == ["before", *said]
    writer.write("into a file that is closed")
    assert writer.lost == 4


def test_what_is_amiss_is_tried_again_each_second(
    tmp_path: Path, full: Callable[[int], None]
) -> None:
    """A server that has nothing to log finds out by itself that it can again."""
    clock, path = Clock(), tmp_path / "folder" / "log"
    path.parent.mkdir()
    with closing(open_log(str(path))) as file:
        writer = LogWriter(file, clock)
        writer.write_in_batches(running=True)
        full(0)
        writer.write("lost")
        clock.advance(BATCH_TIME)
        path.parent.rename(tmp_path / "away")
        writer.rotate()
        stuck = f"{path}: No such file or directory"
        clock.pump([RETRY_TIME] * 3)
        assert writer.look() == Log(stuck, 1, "File too large")
        path.parent.mkdir()
        full(1000)
        clock.advance(RETRY_TIME)
        assert not any(writer.look()[:2])
        assert path.read_text() == "a line of the log was lost: File too large\n"
        assert clock.getDelayedCalls() == []


def test_file_is_for_its_owner_and_group(tmp_path: Path) -> None:
    """Nobody else reads who writes to whom; what is in the file stays."""
    path = tmp_path / "log"
    path.write_text("before\n")
    with closing(open_log(str(path), (os.getuid(), os.getgid()))) as file:
        file.write("after\n")
    assert path.read_text() == "before\nafter\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_device_is_nobodys_to_own_or_rotate(monkeypatch: pytest.MonkeyPatch) -> None:
    """--logfile /dev/null changes neither its mode nor its owner."""
    monkeypatch.setattr(os, "chown", pytest.fail)
    monkeypatch.setattr(os, "chmod", pytest.fail)
    with closing(open_log("/dev/null", (1, 1))) as file:
        file.write("x\n")
        file.flush()
        os.close(file.fileno())


def test_each_second_has_its_own_stamp() -> None:
    """The time is that of the line, also where many came in the second before."""
    times = (1_764_249_184.0, 1_764_249_184.9, 1_764_249_185.0, 1_764_249_184.5)
    assert [stamp(now)[17:] for now in times] == ["04Z", "04Z", "05Z", "04Z"]
    assert stamp(1_764_249_184.9) == "2025-11-27T13:13:04Z"


def test_event_has_the_time_in_front() -> None:
    """Lines begin with the time in UTC; an event without a line leaves none."""
    lines: list[str] = []
    EventLog(lines.append)(ENDED)
    EventLog(lines.append)(SessionStarted(CLIENT))
    (line,) = lines
    assert line[10] == "T"
    assert line[19:].startswith("Z session 0123456789 of ")


def test_event_has_no_time_where_the_log_has_it() -> None:
    """Twisted's log writes the time itself, and once is enough."""
    lines: list[str] = []
    EventLog(lines.append, stamped=False)(ENDED)
    EventLog(lines.append, 3, stamped=False)(Trouble("no room"))
    assert lines[0].startswith("session 0123456789 of ")
    assert lines[1].startswith("worker 3: ")


def test_object_has_the_time_in_front() -> None:
    """The same in JSON, for events and for what is shown."""
    lines: list[str] = []
    JsonEventLog(lines.append)(ENDED)
    JsonEventLog(lines.append)(SessionStarted(CLIENT))
    as_objects(lines.append, "dialogue")("a\nb\x7f")
    session, dialogue = map(json.loads, lines)
    assert list(session)[:2] == ["time", "event"]
    assert dialogue["time"].endswith("Z")
    assert (dialogue["event"], dialogue["text"]) == ("dialogue", "a\nb\x7f")


def told(observer: Callable[[LogEvent], None], text: str) -> None:
    """Have Twisted's logger tell of a text, of a failure with it in it, and of nothing."""
    log = Logger("there", observer=observer)  # type: ignore[arg-type]
    log.info("{text}", text=text)
    try:
        raise ValueError(text)  # noqa: TRY301 -- it is the traceback that is told
    except ValueError:
        log.failure("it failed: {text}", text=text)
    observer({"log_format": None})


HOSTILE = "a\rb\x1b[2J\x07\u2028\u202e\x7f\n2026-01-01T00:00:00Z {x.__class__}"


def test_n5_twisteds_lines_are_printable() -> None:
    """What Twisted logs is escaped, and its further lines are indented (N5)."""
    written: list[str] = []
    told(TwistedLog(written.append), HOSTILE)
    lines = "\n".join(written).split("\n")
    assert all(line.isascii() and line.isprintable() for line in lines)
    assert not [line for line in lines if line.startswith("2026-01-01T00")]
    assert any(line.lstrip().startswith("Traceback") for line in lines)
    assert "[there#info] a\\rb\\x1b[2J" in lines[0]


def test_twisteds_objects_are_one_line_each() -> None:
    """What Twisted logs is one object an event, the traceback in it."""
    lines: list[str] = []
    told(JsonTwistedLog(lines.append), HOSTILE)
    assert all(line.isascii() and line.isprintable() for line in lines)
    info, failure = map(json.loads, lines)
    assert (info["event"], info["system"]) == ("log", "there")
    assert HOSTILE.partition("\n")[0] in info["text"]
    assert failure["error"] == HOSTILE
    assert "Traceback" in failure["text"]


def test_e13_log_that_nobody_reads_stops_nothing() -> None:
    """Lines wait for the reader; once too many do, the latest are lost, and the mail goes on."""
    clock = Clock()
    reading, writing = os.pipe()
    writer = LogWriter(cast("TextIO", Stream(writing)), clock)
    writer.write_in_batches(running=True)
    for _ in range(3000):
        writer.write("x" * 999)
        clock.advance(BATCH_TIME)
    assert writer.lost > 0
    kept = 1000 * (3000 - writer.lost)
    read = b""
    while len(read) < kept:
        read += os.read(reading, 65536)
        clock.advance(BATCH_TIME)
    told = f"{writer.lost} lines of the log were lost: nobody reads the log".encode()
    while told not in read:
        clock.advance(BATCH_TIME)
        read += os.read(reading, 65536)
    assert set(read.splitlines()) == {b"x" * 999, told}
    assert writer.look().lost == 0
    assert len(clock.getDelayedCalls()) <= 1
    for fd in (reading, writing):
        os.close(fd)
