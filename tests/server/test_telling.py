"""Who is told of events: the log, and what is shown beside it."""

import io
import json
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from twisted.application.service import Application
from twisted.internet.task import Clock
from twisted.logger import ILogObserver
from twisted.python.components import Componentized

from gomail.events import (
    CertificateChanged,
    Event,
    HealthChanged,
    LeftOut,
    LoadChanged,
    Said,
    SessionStarted,
    Trouble,
    tell,
)
from gomail.health import WELL
from gomail.server import telling
from gomail.server.log import BATCH_TIME, open_log
from gomail.server.telling import MessagePrinter, Telling
from tests.patience import PATIENCE
from tests.server.events import CLIENT, ENDED, STORED

EVENTS: tuple[Event, ...] = (SessionStarted(CLIENT), Said(CLIENT, "C", b"NOOP"), STORED, ENDED)


class Printer:
    """Shows messages by their path alone."""

    def __init__(self, _reactor: object, write: object) -> None:
        self.write = write
        self.printed: list[Path] = []

    def print_message(self, path: Path) -> None:
        """Show one."""
        self.printed.append(path)
        if callable(self.write):
            self.write(f"shown: {path}\nSubject: x\n")


def written(monkeypatch: pytest.MonkeyPatch, **how: object) -> list[str]:
    """Give the lines that are written of `EVENTS`."""
    monkeypatch.setattr(telling, "Printer", Printer)
    file = io.StringIO()
    service = Telling(file, Clock(), **how)  # type: ignore[arg-type]
    for event in EVENTS:
        tell(service.listeners, event)
    return file.getvalue().splitlines()


def test_log_alone_is_two_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an option a session and a message are a line each."""
    assert [line.split()[1] for line in written(monkeypatch)] == ["stored", "session"]


def test_dialogue_and_messages_stand_between_the_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """With options there is more to be seen, in the order in which it happened."""
    lines = written(monkeypatch, dialogue=True, show_messages=True)
    peer = "[1: 192.0.2.1:40695]"
    assert lines[:2] == [f"{peer} connected", f"{peer} C: NOOP"]
    assert lines[3:6] == [
        f"{peer} (1234 octets of content)",
        "shown: /mail/new/1",
        "Subject: x",
    ]
    assert lines[-1] == f"{peer} closed"


def test_everything_is_json(monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs that read the log find an object on each line, whatever is shown."""
    lines = written(monkeypatch, log_format="json", dialogue=True, show_messages=True)
    events = [json.loads(line) for line in lines]
    assert [event["event"] for event in events] == [
        "dialogue",
        "dialogue",
        "stored",
        "dialogue",
        "message",
        "session",
        "dialogue",
    ]
    assert events[4]["text"] == "shown: /mail/new/1\nSubject: x"


def test_only_stored_messages_are_shown() -> None:
    """The first copy stands for all."""
    printer = Printer(None, None)
    for event in EVENTS:
        MessagePrinter(printer)(event)  # type: ignore[arg-type]
    assert printer.printed == [Path("/mail/new/1")]


def test_lines_come_in_batches_while_the_server_runs() -> None:
    """Before and after, each is written at once."""
    clock, file = Clock(), io.StringIO()
    service = Telling(file, clock)  # type: ignore[arg-type]
    service.startService()
    tell(service.listeners, ENDED)
    assert file.getvalue() == ""
    clock.advance(BATCH_TIME)
    assert file.getvalue().count("\n") == 1
    tell(service.listeners, ENDED)
    service.stopService()
    assert file.getvalue().count("\n") == 2
    tell(service.listeners, ENDED)
    assert file.getvalue().count("\n") == 3


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_twisted_writes_to_the_same_log(log_format: str) -> None:
    """Twistd takes the observer that the application brings along."""
    file = io.StringIO()
    application = Application("gomail")
    assert isinstance(application, Componentized)
    Telling(file, Clock(), log_format=log_format).take_log(application)  # type: ignore[arg-type]
    observer = application.getComponent(ILogObserver)
    observer({"log_format": "a word", "log_namespace": "there"})
    assert "a word" in file.getvalue()


OF_OURSELVES: tuple[Event, ...] = (
    Trouble("a fault"),
    LoadChanged("busy", 0.8, 0.5),
    HealthChanged(WELL),
    LeftOut((("refused", 7),)),
    CertificateChanged(("mx.example",), datetime(2027, 1, 1, tzinfo=UTC), "1F"),
)


def said(log_format: str, worker: int | None) -> list[str]:
    """Give the lines of a message and a session, of what a server says of itself, and Twisted's."""
    file = io.StringIO()
    service = Telling(file, Clock(), log_format=log_format, worker=worker)  # type: ignore[arg-type]
    for event in (STORED, ENDED, *OF_OURSELVES):
        tell(service.listeners, event)
    application = Application("gomail")
    assert isinstance(application, Componentized)
    service.take_log(application)
    application.getComponent(ILogObserver)({"log_format": "a word", "log_namespace": "there"})
    return file.getvalue().splitlines()


def test_worker_says_which_one_it_is() -> None:
    """Where it speaks of itself: who reads of health, load or stopping knows whose it is."""
    lines = said("text", 2)
    named = [line for line in lines if line.split("Z ", 1)[1].startswith("worker 2: ")]
    assert named == lines[2:]
    assert named[2].endswith("Z worker 2: health ok")
    assert named[-1].endswith("Z worker 2: [there#-] a word")
    assert not any("worker" in line for line in said("text", None))


def test_worker_says_which_one_it_is_in_json() -> None:
    """Its number is a key of the same lines."""
    events = [json.loads(line) for line in said("json", 2)]
    assert [event.get("worker") for event in events] == [None, None, *[2] * (len(OF_OURSELVES) + 1)]
    assert not any("worker" in json.loads(line) for line in said("json", None))


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_log_says_what_is_amiss_with_itself(tmp_path: Path, log_format: str) -> None:
    """That no new one can be begun stands in the old one, whatever its form."""
    folder, away = tmp_path / "log", tmp_path / "away"
    folder.mkdir()
    with closing(open_log(str(folder / "log"))) as file:
        service = Telling(file, Clock(), log_format=log_format)  # type: ignore[arg-type]
        folder.rename(away)
        service.rotate()
        assert service.look().stuck == f"{folder}/log: No such file or directory"
    (line,) = (away / "log").read_text().splitlines()
    assert "no new log can be begun, the old one goes on: " in line
    assert (line[0] == "{") == (log_format == "json")


def test_list_of_plugins_that_can_not_be_kept_is_nobodys_concern(tmp_path: Path) -> None:
    """As Twisted says it, of a folder that can't be written to; all else of its is told."""
    package = tmp_path / "found"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "one.py").write_text("")
    (package / "dropin.cache").mkdir()
    script = f"""
import io, sys
from twisted.application.service import Application
from twisted.internet.task import Clock
from twisted.logger import ILogObserver, globalLogPublisher
from twisted.plugin import IPlugin, getPlugins
from twisted.python import log
from gomail.server.telling import Telling
sys.path.insert(0, {str(tmp_path)!r})
import found
application, file = Application("x"), io.StringIO()
Telling(file, Clock()).take_log(application)
heard = []
globalLogPublisher.addObserver(heard.append)
globalLogPublisher.addObserver(application.getComponent(ILogObserver))
list(getPlugins(IPlugin, found))
log.msg(format="Unable to %(what)s", what="go on")
print(len(heard), file.getvalue())
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=PATIENCE
    )
    heard, _, told = done.stdout.partition(" ")
    assert heard == "2"
    assert told.count("\n") == 2
    assert "Unable to go on" in told
