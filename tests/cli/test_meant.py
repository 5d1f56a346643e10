"""Which server is meant: the one that has read the file, or a copy of it, and no other."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest

from gomail.cli.meant import find_meant
from tests.waiting import heard_out, line_of

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="there is no /proc")

# A process with a server's command line: it waits, and is all that /proc tells of one.
WAITS = "import sys; print(flush=True); sys.stdin.read()"
TEXT = 'hostname = "{}"\n[domains."example.org"]\nmailboxes = ["you"]\n'
Start = Callable[..., int]


@pytest.fixture
def start() -> Iterator[Start]:
    """Give what starts such a process in a folder, with options; it gives its number."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(folder: Path, *options: str) -> int:
        words = ["gomail", "run", *options]
        process = subprocess.Popen(
            [sys.executable, "-c", WAITS, *words],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        started.append(process)
        line_of(process)
        return process.pid

    yield begin
    for each in started:
        heard_out(each)


def written(folder: Path, hostname: str) -> Path:
    """Write a configuration into a folder of its own; others may run these tests meanwhile."""
    folder.mkdir()
    path = folder / "gomail.toml"
    path.write_text(TEXT.format(f"{hostname}-{os.getpid()}"))
    return path


def test_server_is_that_of_the_file(tmp_path: Path, start: Start) -> None:
    """Though its command line names it by another path, and others run beside it."""
    one, other = written(tmp_path / "one", "mx.a"), written(tmp_path / "other", "mx.b")
    start(other.parent, "--config", "gomail.toml")
    pid = start(one.parent, "--config", "gomail.toml", "--port", "tcp:2526")
    meant = find_meant(str(one))[0]
    assert meant.process is not None
    assert meant.process.pid == pid
    assert [each.endpoint for each in meant.configuration.listeners] == ["tcp:2526"]
    assert meant.configuration.maildir == str(tmp_path / "one" / "Maildir")


def test_server_of_a_copy_is_meant_only_without_one_of_the_file(
    tmp_path: Path, start: Start
) -> None:
    """What init has written lies at home still, when the server runs with the one in /etc."""
    copy, file = written(tmp_path / "etc", "mx.c"), written(tmp_path / "home", "mx.c")
    first = start(tmp_path, f"--config={copy}")
    found = find_meant(str(file))[0].process
    assert found is not None
    assert found.pid == first
    second = start(tmp_path, f"--config={file}")
    found = find_meant(str(file))[0].process
    assert found is not None
    assert found.pid == second


def test_server_that_does_not_run_is_to_have_port_25(tmp_path: Path) -> None:
    """Where neither file nor units say another one."""
    meant = find_meant(str(written(tmp_path / "one", "mx.nobody-has")))[0]
    assert meant.process is None
    if meant.unit is None:
        assert [each.endpoint for each in meant.configuration.listeners] == [
            "systemd:domain=INET6:index=0"
        ]
    assert meant.start


def test_nothing_at_all_is_a_question_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the way to begin."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("gomail.settings.usual.CONFIG", "none.toml")
    monkeypatch.setattr("gomail.cli.meant.processes", lambda: iter(()))
    monkeypatch.setattr("gomail.cli.meant.read_unit", lambda: None)
    with pytest.raises(click.UsageError, match="gomail init"):
        find_meant(None)
