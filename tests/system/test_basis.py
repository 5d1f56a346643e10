"""By which configuration commands go, beside real servers: what runs where it runs, in one line."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.patience import PATIENCE
from tests.system.conftest import Serve
from tests.system.running import ANY_PORT, GOMAIL
from tests.waiting import ended, line_of

pytestmark = pytest.mark.system
HERE = """
hostname = "here.example"
maildir = "{maildir}"
{control}
[[listener]]
endpoint = "tcp:0"
[domains."here.example"]
mailboxes = ["you"]
"""
OPTIONS = (*ANY_PORT, "--domain", "options.example", "--hostname", "mx.options.example")
Ask = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder with a configuration by which nobody runs."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "gomail.toml").write_text(HERE.format(maildir="Maildir", control=""))
    return folder


@pytest.fixture
def state(tmp_path: Path) -> dict[str, str]:
    """A state folder of the test's own, where no other server is found."""
    return {"XDG_STATE_HOME": str(tmp_path / "state")}


@pytest.fixture
def ask(state: dict[str, str]) -> Ask:
    """Give what runs a command in a folder."""

    def run(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*GOMAIL[:-1], *words],
            cwd=folder,
            env=os.environ | state,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    return run


def test_commands_go_by_the_server_that_runs(
    start: Serve, ask: Ask, elsewhere: Path, state: dict[str, str]
) -> None:
    """By options alone, and though another file lies here; each says so in one line."""
    server = start(*OPTIONS, environment=state).started()
    pid = server.process.pid
    where = f"configuration: of the server that runs, pid {pid}: options alone: "
    words = ("try", "--ip", "192.0.2.1", "--from", "a@b.example", "--to", "x@options.example")
    tried = ask(elsewhere, *words)
    assert tried.stdout.startswith(f"{where}{' '.join(OPTIONS)} (gomail.toml is another: ")
    assert "S: 250 2.1.5 Recipient OK" in tried.stdout
    plain = json.loads(ask(elsewhere, *words, "--json").stdout)["configuration"]
    assert (plain["pid"], plain["file"], plain["options"]) == (pid, None, list(OPTIONS))
    named = ask(elsewhere, *words, "--config", "gomail.toml")
    assert named.stdout.startswith(f"configuration: {elsewhere}/gomail.toml\n")
    assert "S: 550 5.7.1" in named.stdout
    assert server.connect().mail("x", "you@options.example").startswith("250 ")
    shown = ask(elsewhere, "show")
    assert shown.returncode == 0
    assert shown.stderr.startswith(where)
    seen = json.loads(ask(elsewhere, "doctor", "--no-dns", "--json").stdout)
    assert seen["configuration"]["pid"] == pid
    assert seen["configuration"]["file"] is None
    assert seen["configuration"]["note"] == "gomail.toml is another: --config gomail.toml"
    assert "domain-none" not in [each["code"] for each in seen["findings"]]
    assert (
        f"  goes by        options alone: {' '.join(OPTIONS)}\n" in ask(elsewhere, "status").stdout
    )
    explained = ask(elsewhere, "explain", "552")
    assert f"\n{where}" in explained.stdout


def test_maildir_that_is_gone_is_refused_as_the_server_refuses_it(
    start: Serve, ask: Ask, tmp_path: Path, state: dict[str, str]
) -> None:
    """Only a start makes it anew; so it is taken where nobody runs."""
    server = start(*OPTIONS, environment=state).started()
    (tmp_path / "Maildir").rename(tmp_path / "away")
    words = ("try", "--ip", "192.0.2.1", "--from", "a@b.example", "--to", "x@options.example")
    tried = ask(tmp_path, *words, "--json")
    assert tried.returncode == 4
    client = server.connect()
    steps = [each for each in json.loads(tried.stdout)["steps"] if each["said"][:4] != "EHLO"]
    client.say("EHLO client.example")
    for step in steps[1:]:
        reply = client.say(step["said"])
        assert reply.partition(" [")[0] == step["reply"][-1].partition(" [")[0]
    assert server.stopped() == 0
    (tmp_path / "gomail.toml").write_text('[domains."options.example"]\n')
    assert ask(tmp_path, *words).returncode == 0


def test_watch_proposes_an_address_of_the_server_that_runs(
    start: Serve, elsewhere: Path, state: dict[str, str]
) -> None:
    """And not of a file that lies here."""
    server = start(*OPTIONS, environment=state).started()
    with subprocess.Popen(
        [*GOMAIL[:-1], "watch", "--json"],
        cwd=elsewhere,
        env=os.environ | state,
        stdout=subprocess.PIPE,
        text=True,
    ) as watching:
        said = json.loads(line_of(watching))
        watching.terminate()
        ended(watching)
    assert said["waiting"].endswith("@options.example")
    assert said["configuration"]["pid"] == server.process.pid
    assert said["server"].startswith(f"pid {server.process.pid} on ")


def test_server_takes_the_file_of_its_folder_as_commands_do(
    start: Serve, ask: Ask, tmp_path: Path, state: dict[str, str]
) -> None:
    """Where its command line says nothing; what that says is all there is otherwise."""
    folder = tmp_path / "it"
    folder.mkdir()
    (folder / "gomail.toml").write_text(HERE.format(maildir="Maildir", control=""))
    server = start(folder=folder, environment=state).started()
    assert "gomail is here.example" in server.output
    assert f"  goes by        {folder}/gomail.toml\n" in server.output
    assert server.stopped() == 0
    options = start("--port", "tcp:0", folder=folder, environment=state).started()
    assert "gomail is here.example" not in options.output
    assert "  goes by        options and defaults: no file was read\n" in options.output
    beside = ask(
        folder, "try", "--ip", "192.0.2.1", "--from", "a@b.example", "--to", "you@x.example"
    )
    assert "options alone: --port tcp:0 (gomail.toml is another" in beside.stdout


def test_each_of_several_servers_is_named(
    start: Serve, ask: Ask, tmp_path: Path, state: dict[str, str]
) -> None:
    """The one of the folder is meant where one is; the others are told of."""
    first = start(*OPTIONS, environment=state).started()
    folder = tmp_path / "it"
    folder.mkdir()
    (folder / "gomail.toml").write_text(HERE.format(maildir="Maildir", control=""))
    second = start(folder=folder, environment=state).started()
    told = ask(folder, "status").stdout
    assert told.startswith("gomail ")
    assert f" is here.example: pid {second.process.pid}, " in told
    assert f"Another runs: pid {first.process.pid} on " in told
    everyone = json.loads(ask(tmp_path, "status", "--all", "--json").stdout)
    assert [each["pid"] for each in everyone] == [first.process.pid, second.process.pid]
    one = json.loads(ask(tmp_path, "status", "--config", "it/gomail.toml", "--json").stdout)
    assert one["pid"] == second.process.pid
