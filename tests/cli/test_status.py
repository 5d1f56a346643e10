"""``gomail status``: what it says of an answer, and where there is none."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gomail.cli.main import main
from gomail.cli.status import text
from tests.cli.answering import ANSWER, Served

pytestmark = pytest.mark.usefixtures("folder")


@pytest.fixture
def served(folder: Path) -> Iterator[Served]:
    """A server at the usual place."""
    server = Served(folder / "state" / "gomail" / "control", json.dumps(ANSWER).encode() + b"\n")
    yield server
    server.end()


def status(*options: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, ["status", *options])


def test_answer_is_written_for_people() -> None:
    """One row for each that there is; the most frequent first."""
    assert "\n".join(text(ANSWER)) == (
        "gomail 1.0 is mx.example.org: pid 42, for 1 d 3 h\n"
        "  goes by        options alone: --domain example.org\n"
        "  health         degraded\n"
        "                 the reactor is 2.0 s late\n"
        "  listens on     [::]:25 and 0.0.0.0:25\n"
        "                 unix:/run/lmtp\n"
        "  metrics        127.0.0.1:9025\n"
        "  workers        1: pid 43, 2 sessions\n"
        "                 2: pid 44, does not serve yet\n"
        "  sessions       2 open, 140 ended, 99 of all from public addresses\n"
        "  last public    209.85.222.47 at 2026-11-28T12:30:00Z (session 0123456789)\n"
        "  messages       12, 5.0 MiB\n"
        "  junk           4 by the policy, 1 by milters\n"
        "  no message     came of 3 that were begun\n"
        "  refused        7 x 421 4.3.2 Too many sessions\n"
        "                 2 x 550 5.1.1 No such mailbox here\n"
        "  checks         SPF and DMARC\n"
        "  in the shadow  would have refused 14: 11 from others, 3 from facebookmail.com\n"
        "  milters        unix:/run/rspamd"
    )


def test_what_there_is_not_is_left_out() -> None:
    """A server that has just begun."""
    fresh = ANSWER | {
        "uptime": 0.2,
        "options": [],
        "last-public": None,
        "octets": 7,
        "shadow": {},
        "refusals": {},
        "milters": [],
        "workers": [],
        "metrics": None,
        "dropped": 0,
        "junk": 0,
        "milters-junk": 0,
        "health": {"state": "ok", "reasons": {}},
    }
    assert "\n".join(text(fresh)) == (
        "gomail 1.0 is mx.example.org: pid 42, for 0 s\n"
        "  goes by        the defaults\n"
        "  health         ok\n"
        "  listens on     [::]:25 and 0.0.0.0:25\n"
        "                 unix:/run/lmtp\n"
        "  sessions       2 open, 140 ended, 99 of all from public addresses\n"
        "  last public    nobody from a public address has connected yet\n"
        "  messages       12, 7 octets\n"
        "  checks         SPF and DMARC"
    )


def test_server_is_found_at_the_usual_place(served: Served) -> None:
    """Asked once, and its answer told as it is in JSON."""
    done = status("--json")
    assert done.exit_code == 0
    path = str(Path("state/gomail/control").absolute())
    assert json.loads(done.stdout) == ANSWER | {"control": path}
    assert [json.loads(line) for line in served.asked] == [{"request": "status"}]
    assert status().stdout.startswith("gomail 1.0 is mx.example.org")


def test_place_is_said_by_the_configuration_or_an_option(served: Served, folder: Path) -> None:
    """The option counts more; an empty one is none."""
    assert served.asked == []
    (folder / "gomail.toml").write_text('control = "elsewhere"\n')
    assert f"no server listens on {folder}/elsewhere" in status().stderr
    assert status("--control", "state/gomail/control").exit_code == 0
    (folder / "gomail.toml").write_text('control = ""\n')
    done = status()
    assert (done.exit_code, done.stderr) == (
        3,
        'Error: there is no control socket: control = ""\n',
    )


@pytest.mark.usefixtures("served")
def test_server_of_systemd_comes_first(folder: Path) -> None:
    """Where it is there, it is the machine's."""
    whole = json.dumps(ANSWER | {"hostname": "systemd.example"}).encode() + b"\n"
    other = Served(folder / "run" / "control", whole)
    try:
        told = status().stdout
        assert told.startswith("gomail 1.0 is systemd.example")
        *_, last = told.splitlines()
        assert last == (
            "Another runs: pid 42 on [::]:25 and 0.0.0.0:25, unix:/run/lmtp, "
            "options alone: --domain example.org; gomail status --all"
        )
    finally:
        other.end()
    assert "mx.example.org" in status().stdout  # nobody listens there any more


@pytest.mark.usefixtures("served")
def test_server_of_the_file_is_meant_among_several(folder: Path) -> None:
    """That of --config, or of gomail.toml here; all are told by --all, as a list in JSON."""
    file = folder / "gomail.toml"
    file.write_text("")
    words = ["--config", "gomail.toml", "--port", "tcp:2526"]
    own = ANSWER | {"hostname": "own.example", "configuration": str(file), "options": words}
    other = Served(folder / "state" / "gomail" / "control-2", json.dumps(own).encode() + b"\n")
    try:
        told = status().stdout
        assert told.startswith("gomail 1.0 is own.example")
        assert f"  goes by        {file}, with --port tcp:2526\n" in told
        file.unlink()
        assert status().stdout.startswith("gomail 1.0 is mx.example.org")
        names = [each["hostname"] for each in json.loads(status("--all", "--json").stdout)]
        assert names == ["mx.example.org", "own.example"]
    finally:
        other.end()


def test_server_of_another_file_is_not_the_one_that_is_asked_for(folder: Path) -> None:
    """It is named, since it may have been meant."""
    whole = json.dumps(ANSWER).encode() + b"\n"
    other = Served(folder / "state" / "gomail" / "control", whole)
    (folder / "x.toml").write_text("")
    try:
        done = status("--config", "x.toml")
    finally:
        other.end()
    assert done.exit_code == 3
    assert done.stderr == (
        "Error: no server runs by x.toml, nor by a copy that says the same; the one that does, "
        "pid 42 on [::]:25 and 0.0.0.0:25, unix:/run/lmtp, goes by options alone: "
        "--domain example.org; without --config it is asked\n"
    )


def test_no_server_has_a_status_of_its_own(folder: Path) -> None:
    """It may have been stopped, or killed."""
    done = status()
    assert done.exit_code == 3
    assert done.stderr == f"Error: no server listens on {folder}/state/gomail/control\n"


@pytest.mark.parametrize(
    ("octets", "told"),
    [
        (b"[1]\n", "the server's answer can't be read"),
        (b"nonsense\n", "the server's answer can't be read"),
        (b'{"error": "no"}\n', "no"),
    ],
)
def test_answer_that_is_none_has_a_status_of_its_own(
    folder: Path, octets: bytes, told: str
) -> None:
    """Whoever it is that listens there."""
    server = Served(folder / "it", octets)
    try:
        done = status("--control", "it")
    finally:
        server.end()
    assert (done.exit_code, done.stderr) == (5, f"Error: {told}\n")


def test_server_that_hangs_up_is_none(folder: Path) -> None:
    """It stops just now."""
    server = Served(folder / "it", b"")
    try:
        done = status("--control", "it")
    finally:
        server.end()
    assert (done.exit_code, done.stderr) == (3, "Error: the server has closed the control socket\n")


def test_failing_server_is_told_by_the_status(folder: Path) -> None:
    """Programs need not read."""
    failing = ANSWER | {"health": {"state": "failing", "reasons": {"disk-full": "0 MiB"}}}
    server = Served(folder / "it", json.dumps(failing).encode() + b"\n")
    try:
        assert status("--control", "it").exit_code == 1
    finally:
        server.end()


def test_configuration_that_can_not_be_is_told(folder: Path) -> None:
    """As everywhere: in one line, with status 2."""
    (folder / "gomail.toml").write_text("nonsense = 1\n")
    done = status()
    assert done.exit_code == 2
    assert "there is no such key" in done.stderr
