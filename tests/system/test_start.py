"""How a server starts: without options, with twistd and without, and what it says before."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gomail.config import Configuration
from tests.patience import PATIENCE
from tests.system.conftest import Serve
from tests.system.running import ANY_PORT, GOMAIL, TWISTD, Client, runs, stored, until

pytestmark = pytest.mark.system


def run(folder: Path, *command: str) -> "subprocess.CompletedProcess[str]":
    """Run a command that ends by itself."""
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=False
    )


@pytest.fixture
def ended_in_the_end(tmp_path: Path) -> Iterator[None]:
    """End what has written a pid file into the test's folder."""
    yield
    for pidfile in tmp_path.rglob("*.pid"):
        os.kill(int(pidfile.read_text()), signal.SIGKILL)


def test_default_is_port_2525_on_all_addresses() -> None:
    """Without options it is one socket on port 2525, our name and localhost, any local-part."""
    configuration = Configuration()
    assert [each.endpoint for each in configuration.listeners] == ["tcp:2525"]
    assert list(configuration.domains) == list(dict.fromkeys([configuration.hostname, "localhost"]))
    assert configuration.maildir == str(Path.cwd() / "Maildir")


@pytest.mark.parametrize(
    "command", [GOMAIL, (*TWISTD, "--nodaemon", "gomail")], ids=["gomail", "twistd"]
)
def test_mail_is_taken_for_this_machine(serve: Serve, command: tuple[str, ...]) -> None:
    """Any local-part at this machine's name and localhost goes to ./Maildir, by IPv4 and IPv6."""
    server = serve(command=command)
    name = Configuration().hostname
    assert server.connect("127.0.0.1").mail("four", f"anybody@{name}").startswith("250 ")
    assert server.connect("::1").mail("six", "x.y@LOCALHOST").startswith("250 ")
    assert server.connect().mail("both", f"a@{name}", "b@localhost").startswith("250 ")
    assert len(server.messages()) == 3
    assert server.stopped() == 0
    assert server.complaints == ""
    assert sorted(each.name for each in server.folder.iterdir()) == ["Maildir", "err", "out"]


def test_gomail_needs_no_twistd_on_the_path(serve: Serve, tmp_path: Path) -> None:
    """Gomail run starts where PATH is empty."""
    assert serve(environment={"PATH": str(tmp_path)}).connect().mail().startswith("250 ")


def test_foreground_says_what_it_does(serve: Serve, tmp_path: Path) -> None:
    """Addresses, domains, Maildir, log and the way to stop stand before the log."""
    server = serve("--domain", "example.org", "--hostname", "mx.example.org")
    lines = server.output.splitlines()
    ends, checks = lines.pop(5), lines.pop(5)
    assert checks.startswith("  checks         SPF, DKIM, ARC, DMARC and iprev, by the DNS of ")
    assert re.fullmatch(
        r"  encrypts with  a self-signed certificate of mx\.example\.org until \d{4}-.* UTC", ends
    )
    assert lines[:7] == [
        "gomail is mx.example.org",
        "  goes by        options and defaults: no file was read",
        f"  listens on     [::]:{server.port} and 0.0.0.0:{server.port}",
        "  takes mail for example.org",
        f"  stores it in   {tmp_path}/Maildir   (read it: mutt -f {tmp_path}/Maildir)",
        "  log            standard output",
        "  stop it with   SIGTERM",
    ]


@pytest.mark.usefixtures("ended_in_the_end")
def test_daemon_says_how_to_stop_it_and_that_works(tmp_path: Path) -> None:
    """The line that is announced stops it, in a folder with a space too; and nothing is left."""
    folder = tmp_path / "with a space"
    folder.mkdir()
    answer = run(folder, *TWISTD, "gomail", *ANY_PORT)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert f"  log            {folder}/twistd.log\n" in answer.stdout
    (port,) = re.findall(r"listens on +\[::\]:(\d+)", answer.stdout)
    (stop,) = re.findall(r"stop it with +(.*)", answer.stdout)
    pid = int((folder / "twistd.pid").read_text())
    assert Client.connect(int(port)).mail().startswith("250 ")
    assert run(folder, "sh", "-c", stop).returncode == 0
    until(lambda: not runs(pid), "the daemon goes on")
    assert sorted(each.name for each in folder.iterdir()) == ["Maildir", "twistd.log"]
    assert len(stored(folder / "Maildir")) == 1
    log = (folder / "twistd.log").read_text()
    assert "stored " in log
    assert "Traceback" not in log


@pytest.mark.usefixtures("ended_in_the_end")
def test_daemon_without_pid_file_names_the_signal(tmp_path: Path) -> None:
    """Where no pid file is written, none is named."""
    answer = run(tmp_path, *TWISTD, "--pidfile=", "gomail", *ANY_PORT)
    assert re.search(r"stop it with +SIGTERM\n", answer.stdout)
    (port,) = re.findall(r"listens on +\[::\]:(\d+)", answer.stdout)
    until(lambda: listener(int(port)) is not None, "nobody listens")
    pid = listener(int(port))
    assert pid is not None
    os.kill(pid, signal.SIGTERM)
    until(lambda: not runs(pid), "the daemon goes on")


def listener(port: int) -> int | None:
    """Give the process that listens on *port*."""
    from gomail.server.occupant import by_whom

    found = re.search(r"pid (\d+)", by_whom(port))
    return int(found[1]) if found else None


def test_help_of_twistd_names_it(tmp_path: Path) -> None:
    """It is among the servers that twistd knows."""
    answer = run(tmp_path, *TWISTD, "--help")
    assert re.search(r"^ +gomail +A server that receives mail", answer.stdout, re.MULTILINE)


@pytest.mark.parametrize(
    ("command", "usage"),
    [
        ((*TWISTD, "gomail"), "Usage: twistd [options] gomail [options]"),
        (GOMAIL, "Usage: gomail run [options]"),
    ],
)
def test_help_shows_every_option(tmp_path: Path, command: tuple[str, ...], usage: str) -> None:
    """--help fits a terminal, and names every option."""
    answer = run(tmp_path, *command, "--help")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout.startswith(f"{usage}\n")
    assert max(map(len, answer.stdout.splitlines())) <= 80
    options = ("config", "dialogue", "domain", "hostname", "log-format", "maildir", "port", "size")
    assert all(f"--{option}" in answer.stdout for option in options)
    assert list(tmp_path.iterdir()) == []


def test_time_to_the_greeting_and_memory_at_rest_are_told(
    start: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    """How long the start takes, and what the server needs at rest, is measured and shown."""
    server = start(*ANY_PORT).started()
    seconds = time.monotonic() - server.began
    rollup = Path(f"/proc/{server.process.pid}/smaps_rollup")
    if not rollup.exists():
        pytest.skip("this system does not tell how much memory a process needs")
    (pss,) = re.findall(r"^Pss: +(\d+) kB", rollup.read_text(), re.MULTILINE)
    with capsys.disabled():
        print(f"\nfrom exec to 220: {seconds:.2f} s; PSS at rest: {int(pss) / 1024:.1f} MiB")  # noqa: T201


def test_version_is_told(tmp_path: Path) -> None:
    """Gomail --version and twistd gomail --version tell gomail's version, not Twisted's."""
    metadata = tmp_path / "gomail-9.8.7.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text("Metadata-Version: 2.1\nName: gomail\nVersion: 9.8.7\n")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    for command in [
        (sys.executable, "-m", "gomail.cli.main", "--version"),
        (*TWISTD, "gomail", "--version"),
    ]:
        told = subprocess.check_output(command, env=environment, text=True, timeout=PATIENCE)
        assert told == "gomail 9.8.7\n"
