"""``gomail watch``: waiting for a mail, and giving up; no time passes."""

from pathlib import Path
from typing import Any

import pytest

from gomail.cli.basis import Basis
from gomail.cli.ticks import Tick, Ticks
from gomail.cli.watch import AWAY, SILENCES, Watching, reading
from gomail.config import Configuration
from gomail.server.control.client import NotRunning
from tests.cli.watched import BEGIN, YOU, connected, stored


class Server:
    """A server out of a list: events, seconds that pass, and a line that breaks (None)."""

    def __init__(self, *script: dict[str, Any] | float | None) -> None:
        self.script = list(script)
        self.now = 1000.0
        self.told: list[str] = []
        self.followed = 0

    def follow(self) -> "Server":
        """Give a line."""
        self.followed += 1
        if not self.script:
            raise NotRunning("it has gone")
        return self

    def hear(self, seconds: float) -> dict[str, Any] | None:
        """Give the next event, unless more time passes before it."""
        if not self.script or self.script[0] is None:
            self.script[:1] = []
            raise NotRunning("it has gone")
        first = self.script[0]
        if isinstance(first, dict):
            del self.script[0]
            return first
        passed = min(first, seconds)
        self.now += passed
        self.script[0] = first - passed
        if not self.script[0]:
            del self.script[0]
        return None

    def wait(self) -> Path:
        """Wait for the mail."""

        def tell(tick: Tick) -> None:
            self.told.append(tick.name)

        def silent(seconds: float) -> None:
            self.told.append(f"{seconds:.0f} s at {self.now - 1000:.0f}")

        return Watching(
            self.follow, Ticks(YOU), tell, silent, SILENCES, clock=lambda: self.now
        ).wait(self)


def test_silence_is_told_at_its_times() -> None:
    """After a minute, five and thirty; and then no more."""
    server = Server(59.0, {"event": "health"}, 2.0, 300.0, 5000.0, *BEGIN, stored())
    assert server.wait() == Path("/home/you/Mail dir/new/1.M1")
    assert server.told[:3] == ["60 s at 60", "300 s at 300", "1800 s at 1800"]
    assert server.told[3:] == ["tcp", "ehlo", "tls", "ehlo", "durable", "path"]


def test_step_ends_a_silence() -> None:
    """The next one is counted from there."""
    server = Server(61.0, *BEGIN, 61.0, stored())
    server.wait()
    assert server.told == [
        "60 s at 60",
        "tcp",
        "ehlo",
        "tls",
        "ehlo",
        "60 s at 121",
        "durable",
        "path",
    ]


@pytest.mark.parametrize(
    ("path", "maildir", "file", "control", "command"),
    [
        ("/m/new/1", "/m", None, None, "gomail show"),
        ("/m/.Junk/new/1", "/m", None, None, "gomail show --folder Junk"),
        ("/m/.Entw&APw-rfe/new/1", "/m", None, None, "gomail show --folder 'Entwürfe'"),
        ("/m/.Junk/new/1", "/m", "a b.toml", None, "show --config 'a b.toml' --folder Junk"),
        ("/m/alice/new/1", "/m/{mailbox}", "x.toml", None, "gomail show --maildir /m/alice"),
        ("/m/new/1", "/m", None, "/run/c", "gomail show --maildir /m"),
        ("/m/.Junk/new/1", None, None, None, "gomail show --maildir /m --folder Junk"),
    ],
)
def test_mail_is_read_where_it_was_watched(
    path: str, maildir: str | None, file: str | None, control: str | None, command: str
) -> None:
    """Another server's newest mail is not the one that has come."""
    basis = None if maildir is None else Basis(Configuration(maildir=maildir), None)
    assert reading(Path(path), basis, file, control).endswith(command)


def test_server_that_gives_way_is_followed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """And one that has gone for good ends the waiting."""
    server = Server(connected("x"), None, *BEGIN, stored())
    server.wait()
    assert server.followed == 1
    gone = Server(1.0, None)

    def sleep(seconds: float) -> None:
        gone.now += seconds

    monkeypatch.setattr("gomail.cli.watch.time.sleep", sleep)
    with pytest.raises(NotRunning):
        gone.wait()
    assert gone.now >= 1000 + AWAY
