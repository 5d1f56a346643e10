"""What keeps a server from starting is told in one line, in the foreground and as a daemon."""

import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.patience import PATIENCE
from tests.system.conftest import Serve
from tests.system.running import ANY_PORT, TWISTD, Client, runs, until
from tests.waiting import heard_out

pytestmark = pytest.mark.system
MODES = ("--nodaemon", "--no_save")  # the second one changes nothing: a daemon
Fails = Callable[..., str]


def run_both(
    folder: Path, twistd: Sequence[str], options: Sequence[str], prefix: Sequence[str] = ()
) -> Iterator["subprocess.CompletedProcess[str]"]:
    """Start in both of twistd's modes, at the same time."""
    processes = [
        subprocess.Popen(
            [*prefix, *TWISTD, mode, "--pidfile", f"{mode}.pid", *twistd, "gomail", *options],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for mode in MODES
    ]
    try:
        for process in processes:
            out, err = process.communicate(timeout=PATIENCE)
            yield subprocess.CompletedProcess(process.args, process.returncode, out, err)
    finally:
        for process in processes:
            process.kill()
            heard_out(process)


def working_in(folder: Path) -> list[str]:
    """Give the processes that work in *folder*."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            here = (process / "cwd").samefile(folder)
        except OSError:
            continue
        if here and runs(int(process.name)):
            found.append((process / "cmdline").read_text())
    return found


@pytest.fixture
def fails(tmp_path: Path) -> Fails:
    """Start a server that can't start, both ways; give the line that both have told."""
    folder = tmp_path / "empty"
    folder.mkdir()

    def fails(
        *options: str,
        twistd: Sequence[str] = (),
        prefix: Sequence[str] = (),
        port: Sequence[str] = ANY_PORT,
    ) -> str:
        lines = set()
        for answer in run_both(folder, twistd, [*port, *options], prefix):
            assert answer.returncode == 1
            assert answer.stdout == ""
            line, *more = answer.stderr.splitlines()
            assert more == []
            lines.add(line)
        assert len(lines) == 1
        assert working_in(folder) == []
        assert {each.name for each in folder.iterdir()} <= {"Maildir"}
        line = lines.pop()
        assert line.startswith("gomail: ")
        return line.removeprefix("gomail: ")

    return fails


def test_port_in_use_names_who_has_it(fails: Fails) -> None:
    """Who listens on the port already is named, with its pid."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        name = Path("/proc/self/comm").read_text().strip()
        for endpoint in (f"tcp:{port}:interface=127.0.0.1", f"tcp:{port}"):
            told = f"{endpoint}: port {port} is in use by {name} (pid {os.getpid()})"
            assert fails(port=("--port", endpoint)) == told


@pytest.mark.parametrize(
    ("endpoint", "told"),
    [
        ("tcp:abc", "a port from 0 to 65535 was expected"),
        ("frob:1", "'frob:1' is no endpoint"),
        ("tcp:0:frob=1", "frob is not known"),
        ("tcp:0:interface=192.0.2.1", "192.0.2.1 is no address of this machine"),
        ("ssl:0:privateKey=/missing.pem", "(/missing.pem: No such file or directory); ssl:PORT:"),
        ("unix:missing/socket", "/empty/missing"),
        ("unix:address=/etc/passwd", "/etc/passwd is there, and no socket"),
    ],
)
def test_endpoint_that_cannot_be_is_told(fails: Fails, endpoint: str, told: str) -> None:
    """An endpoint that can't be read, isn't known or can't be had is named, with the reason."""
    line = fails(port=("--port", endpoint))
    assert told in line
    assert endpoint.partition(":")[2] in line


def test_unix_socket_in_use_is_told(fails: Fails, tmp_path: Path) -> None:
    """A unix socket on which somebody listens is not taken away from him."""
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as taken:
        taken.bind(str(path))
        taken.listen()
        line = fails(port=("--port", f"unix:{path}"))
    assert line == f"unix:{path}: another process listens there"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--frob"], "option --frob not recognized; --help lists the options"),
        (
            ["--uid", "1"],
            "--uid not recognized; it is twistd's, and stands before gomail: twistd --uid ",
        ),
        (["frob"], "such as --maildir FOLDER, not 'frob'; --help lists the options"),
        (["--size", "huge"], '--size: a size such as "50 MiB" was expected, not "huge"'),
        (["--domain", "exa mple"], "--domain: "),
        (["--hostname", ""], "--hostname: "),
        (["--log-format", "xml"], '--log-format: "text" or "json" was expected, not "xml"'),
        (["--config", "missing.toml"], "missing.toml: No such file or directory"),
        (["--maildir", "missing/Maildir"], "there is no folder"),
        (["--maildir", "/etc/passwd/Maildir"], "the Maildir /etc/passwd/Maildir can't be used"),
        (["--maildir", "/srv/{mailbox}"], "mailboxes were expected, since maildir has {mailbox}"),
    ],
)
def test_option_that_cannot_be_is_told(fails: Fails, options: list[str], told: str) -> None:
    """A mistake on the command line names the option, and what was expected."""
    assert told in fails(*options)


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        ('hostname = "a.example\n', "line 1: this is no TOML: "),
        ('hostname = "a.example"\nfrob = 1\n', "line 2: frob: there is no such key"),
        ("\n[limits]\nsize = 1\n", "line 3: limits.size: "),
        ('group = "no-such-group"\n', "a group of this machine was expected"),
        (
            'maildir = "/dev/null/{mailbox}"\n[domains."a.example"]\nmailboxes = ["b"]\n',
            "the Maildir /dev/null can't be used by ",
        ),
    ],
)
def test_mistake_in_the_file_is_told(fails: Fails, tmp_path: Path, toml: str, told: str) -> None:
    """A mistake in the file names the key, and the line where that is known."""
    (tmp_path / "gomail.toml").write_text(toml)
    assert told in fails("--config", str(tmp_path / "gomail.toml"), port=())


def test_log_that_cannot_be_written_is_told(fails: Fails) -> None:
    """A log file in a folder that is missing, or that is a folder, is named."""
    line = fails(twistd=["--logfile", "missing/gomail.log"])
    assert line.endswith("/missing/gomail.log can't be written: No such file or directory")
    assert fails(twistd=["--logfile", "/tmp"]) == "the log /tmp can't be written: Is a directory"


def test_daemon_cannot_log_to_the_terminal(tmp_path: Path) -> None:
    """A daemon is told to log to a file; it would log nowhere."""
    answer = subprocess.run(
        [*TWISTD, "--logfile", "-", "gomail", *ANY_PORT],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    told = "gomail: a daemon can't log to this terminal; --logfile names a file\n"
    assert (answer.returncode, answer.stderr) == (1, told)
    assert list(tmp_path.glob("*.pid")) == []


def test_pid_file_of_a_running_server_is_told(serve: Serve, tmp_path: Path) -> None:
    """A second server with the same pid file does not start; the first one goes on."""
    first = serve(command=(*TWISTD, "--nodaemon", "gomail"))
    pidfile = tmp_path / "twistd.pid"
    assert int(pidfile.read_text()) == first.process.pid
    for answer in run_both(tmp_path, ["--pidfile", str(pidfile)], ANY_PORT):
        assert answer.returncode == 1
        assert answer.stderr == (
            f"gomail: {pidfile}: process {first.process.pid} is running; "
            "stop it, or name another file with --pidfile\n"
        )
    assert pidfile.exists()
    assert first.connect().mail().startswith("250 ")
    assert first.stopped() == 0
    assert not pidfile.exists()


def test_pid_file_of_a_dead_server_does_not_matter(serve: Serve, tmp_path: Path) -> None:
    """What kill -9 left behind does not keep the next server from starting."""
    dead = subprocess.Popen(["true"])
    dead.wait(PATIENCE)
    (tmp_path / "twistd.pid").write_text(str(dead.pid))
    server = serve(command=(*TWISTD, "--nodaemon", "gomail"))
    assert server.stopped() == 0


def test_pid_file_that_cannot_be_written_is_told(fails: Fails) -> None:
    """A pid file in a missing folder is told before there is a daemon without one."""
    line = fails(twistd=["--pidfile", "missing/gomail.pid"])
    assert "/missing/gomail.pid: there is no folder " in line


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="needs setpriv to drop a capability")
def test_low_port_without_the_right_to_it_says_what_helps(fails: Fails) -> None:
    """Port 25 without root names the ways to it."""
    first = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
    if first.exists() and int(first.read_text()) <= 25:
        pytest.skip("everybody may open port 25 here")
    drop = [] if os.geteuid() else ["setpriv", "--bounding-set", "-net_bind_service"]
    line = fails(port=("--port", "25"), prefix=drop)
    assert line.startswith("tcp:25: port 25 needs root: have systemd open it, by gomail units ")


def test_endpoint_that_fails_late_leaves_nothing(tmp_path: Path) -> None:
    """What only Twisted finds out, when it listens, ends the start, and leaves no pid file."""
    (tmp_path / "sitecustomize.py").write_text(
        "import gomail.server.ports as ports\n"
        "from twisted.internet.endpoints import serverFromString as parsed\n"
        "ports.open_port = lambda each, reactor, owner: ports.Port(\n"
        "    each, twisted=parsed(reactor, each)\n"
        ")\n"
    )
    environment = ["env", f"PYTHONPATH={tmp_path}"]
    endpoint = f"unix:{tmp_path}/missing/socket"
    answers = list(run_both(tmp_path, [], ["--port", endpoint], environment))
    assert [answer.returncode for answer in answers] == [1, 1]
    foreground, daemon = answers
    assert foreground.stderr.startswith(f"gomail: {endpoint}: ")
    assert foreground.stderr.count("\n") == 1
    assert "PortError" in daemon.stderr
    assert "Traceback" not in daemon.stderr
    until(lambda: working_in(tmp_path) == [], "the daemon stays")
    assert list(tmp_path.glob("*.pid")) == []


def test_nothing_is_started_beside_a_server(serve: Serve) -> None:
    """A server that runs is not disturbed by others that fail."""
    server = serve()
    clients: list[Client] = [server.connect()]
    for answer in run_both(server.folder, [], ["--port", str(server.port)]):
        assert f"port {server.port} is in use by " in answer.stderr
        assert f"(pid {server.process.pid})" in answer.stderr
    assert clients[0].mail().startswith("250 ")
