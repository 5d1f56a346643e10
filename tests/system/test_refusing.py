"""Mailboxes that turn mail away, as the health of real servers and `gomail status` tell of them."""

import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gomail.server.control.client import ask_status
from tests.patience import PATIENCE
from tests.system.conftest import Serve
from tests.system.crews import configuration
from tests.system.pages import ANYWHERE, Page
from tests.system.running import GOMAIL, until

pytestmark = pytest.mark.system


def health(folder: Path) -> tuple[str, dict[str, str]]:
    """Ask how the server fares."""
    told = ask_status(str(folder / "control"))["health"]
    return told["state"], told["reasons"]


def comes_to(folder: Path, true: Callable[[str, dict[str, str]], bool]) -> None:
    """Wait until that is so."""
    until(lambda: true(*health(folder)), str(health(folder)))


def test_only_maildir_that_is_broken_makes_a_server_fail(serve: Serve, tmp_path: Path) -> None:
    """Though no mail comes; the log says so, and it is over when the Maildir is mended."""
    server = serve(*configuration(tmp_path, 'control = "control"\nlog-format = "json"\n'))
    assert health(tmp_path) == ("ok", {})
    new = tmp_path / "Maildir" / "new"
    new.rename(tmp_path / "away")
    new.touch()
    comes_to(tmp_path, lambda state, _: state == "failing")
    _, reasons = health(tmp_path)
    assert list(reasons) == ["mailboxes-refuse"]
    assert f"{tmp_path}/Maildir: Not a directory" in reasons["mailboxes-refuse"]
    done = subprocess.run(
        [*GOMAIL[:-1], "status", "--control", "control"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 1
    assert "failing\n                 mail for a mailbox is turned away: " in done.stdout
    told = [json.loads(line) for line in server.output.splitlines() if '"health"' in line]
    assert [each["state"] for each in told] == ["failing"]
    new.unlink()
    (tmp_path / "away").rename(new)
    comes_to(tmp_path, lambda state, _: state == "ok")
    assert server.stopped() == 0


def test_workers_that_see_the_same_tell_it_once(crew: Serve, tmp_path: Path) -> None:
    """Their parent does, and tells once that it is over."""
    server = crew(*configuration(tmp_path, 'control = "control"\nlog-format = "json"\n'))
    (tmp_path / "Maildir/new").rename(tmp_path / "away")
    (tmp_path / "Maildir/new").touch()
    comes_to(tmp_path, lambda state, _: state == "failing")
    time.sleep(3)  # the other one looks every two seconds, and nobody tells what each has seen
    (tmp_path / "Maildir/new").unlink()
    (tmp_path / "away").rename(tmp_path / "Maildir/new")
    server.logged('"state": "ok"')
    assert server.stopped() == 0
    told = [json.loads(line) for line in server.output.splitlines() if '"health"' in line]
    assert [each["state"] for each in told] == ["failing", "ok"]
    assert [each.get("worker") for each in told] == [None, None]


def test_one_of_several_mailboxes_degrades_a_server(serve: Serve, tmp_path: Path) -> None:
    """It stays ready, also before any other has had mail; the file, read again, begins anew."""
    text = """
control = "control"
maildir = "mail/{mailbox}"
[domains.localhost]
mailboxes = ["alice", "bob"]
"""
    server = serve(*configuration(tmp_path, text), *ANYWHERE)
    (tmp_path / "mail" / "bob").write_text("in the way")
    client = server.connect()
    for line in ("EHLO client.example", "MAIL FROM:<me@client.example>"):
        assert client.say(line).startswith("250")
    assert client.say("RCPT TO:<bob@localhost>").startswith("451 4.2.0 ")
    comes_to(tmp_path, lambda state, _: state == "degraded")
    assert Page(server).probe("/readyz")[0] == 200
    assert server.connect().mail("x", "alice@localhost").startswith("250 ")
    assert health(tmp_path)[0] == "degraded"
    _, reasons = health(tmp_path)
    assert f"{tmp_path}/mail/bob: " in reasons["mailboxes-refuse"]
    server.tell(signal.SIGHUP)
    comes_to(tmp_path, lambda state, _: state == "ok")
