"""Where sessions are looked for: log files, those that were rotated, and the journal."""

import os
from pathlib import Path
from threading import Timer

import pytest

from gomail.explaining.logs import NoLog, in_file, in_journal
from tests.explaining.journal import journal, needs_journal
from tests.faults.processes import children
from tests.waiting import within

SESSION = "0f51c472e6"


def line(kind: str, session: str = SESSION) -> str:
    """Write a line of the log."""
    return f"2026-11-28T12:00:00Z {kind} {session} of 192.0.2.1:4: quit=1"


def test_rotated_files_are_read_from_the_oldest_on(tmp_path: Path) -> None:
    """A session that began before the log was rotated is told from its beginning."""
    log = tmp_path / "gomail.log"
    log.write_text(f"{line('session')}\n")
    (tmp_path / "gomail.log.1").write_text(f"{line('dropped')}\n{line('stored', 'ffffffffff')}\n")
    (tmp_path / "gomail.log.2").write_text(f"{line('stored')}\n")
    assert [each.kind for each in in_file(log, SESSION)] == ["stored", "dropped", "session"]


def test_octets_that_are_no_text_do_not_matter(tmp_path: Path) -> None:
    """Nor do lines without end."""
    log = tmp_path / "gomail.log"
    log.write_bytes(b"\xff\xfe" * 100_000 + b"\n" + line("session").encode() + b"\n")
    assert [each.kind for each in in_file(log, SESSION)] == ["session"]


def test_log_that_is_not_there_is_told(tmp_path: Path) -> None:
    """With its name."""
    with pytest.raises(NoLog, match="nowhere: No such file or directory"):
        in_file(tmp_path / "nowhere", SESSION)


def test_system_without_a_journal_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no journalctl, or one that can't be run."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoLog, match="no journal of systemd"):
        in_journal(SESSION)
    (tmp_path / "journalctl").write_text("no program")
    (tmp_path / "journalctl").chmod(0o755)
    with pytest.raises(NoLog, match="Exec format error"):
        in_journal(SESSION)


@pytest.mark.interop
def test_journal_that_nobody_could_end_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its time needs a thread, of which the system may have none left."""

    def start(_: Timer) -> None:
        raise RuntimeError("can't start new thread")

    program = tmp_path / "journalctl"
    program.write_text("#!/bin/sh\nexec /bin/sleep 600\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(Timer, "start", start)
    before = set(children(os.getpid()))
    with pytest.raises(NoLog, match=r"^journalctl: can't start new thread$"):
        within(lambda: in_journal(SESSION), "a journal that nobody ends")
    assert set(children(os.getpid())) <= before


@needs_journal
def test_journal_has_what_the_unit_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In its order, and nothing of other sessions."""
    lines = [line("refused"), line("stored", "ffffffffff"), line("session")]
    monkeypatch.setenv("PATH", str(journal(tmp_path, lines)), prepend=":")
    assert [each.kind for each in in_journal(SESSION)] == ["refused", "session"]
    assert in_journal("eeeeeeeeee") == ()


@pytest.mark.interop
@needs_journal
def test_other_units_are_not_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another program writes is no line of gomail's."""
    programs = journal(tmp_path, [line("session")], unit="other.service")
    monkeypatch.setenv("PATH", str(programs), prepend=":")
    assert in_journal(SESSION) == ()
