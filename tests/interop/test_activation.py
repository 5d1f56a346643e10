"""Sockets of systemd's, passed by systemd-socket-activate: the first client starts gomail."""

import json
import os
import re
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from tests.interop.software import needs
from tests.patience import PATIENCE
from tests.system.running import GOMAIL, TWISTD, Client, Server, free_port, until

pytestmark = pytest.mark.interop
SETTINGS = (
    'hostname = "mx.example.org"\nmaildir = "Maildir"\nstate = "state"\n{}'
    '[checks]\nenabled = false\n[domains."example.org"]\n'
)
WRONG = re.compile(r"Traceback|Unhandled|Error|trouble:")


class Activate(Protocol):
    """What starts systemd-socket-activate."""

    def __call__(
        self, sockets: list[str], *, listeners: str, gomail: tuple[str, ...] = GOMAIL
    ) -> Server:
        """Have it listen on *sockets*, and start *gomail* with these *listeners* at the first."""


@pytest.fixture
def activate(folder: Path) -> Iterator[Activate]:
    """Give what starts a gomail that is not there until somebody connects; it ends well."""
    started: list[Server] = []

    def start(sockets: list[str], *, listeners: str, gomail: tuple[str, ...] = GOMAIL) -> Server:
        (folder / "gomail.toml").write_text(SETTINGS.format(listeners))
        activate = [needs("systemd-socket-activate")]
        for each in sockets:
            activate += each.split() if each.startswith("--") else ["--listen", each]
        # Without -E it would keep PATH and TERM alone.
        names = [f"--setenv={name}" for name in os.environ]
        command = [*activate, *names, *gomail]
        started.append(Server(folder, "--config", "gomail.toml", command=command))
        until(lambda: "Listening on" in started[-1].complaints, "nothing listens")
        return started[-1]

    yield start
    for each in started:
        assert each.stopped() == 0, each.output + each.complaints
        assert not WRONG.search(each.output), each.output


def listener(endpoint: str, more: str = "") -> str:
    """Write a listener."""
    return f'[[listener]]\nendpoint = "{endpoint}"\n{more}\n'


@pytest.mark.parametrize("names", [[], ["--fdname=smtp"]], ids=["without a name", "with a name"])
def test_first_client_starts_it(activate: Activate, names: list[str]) -> None:
    """Mail by IPv4 and IPv6 on one socket; the address is the real one, and IPv4 is IPv4."""
    port = free_port()
    which = "name=smtp" if names else "index=0"
    server = activate([f"[::]:{port}", *names], listeners=listener(f"systemd:domain=INET6:{which}"))
    for host in ("127.0.0.1", "::1"):
        client = Client.connect(port, host)
        assert client.mail("Hello", "you@example.org").startswith("250 ")
        client.quit()
    assert f"listens on     [::]:{port} and 0.0.0.0:{port}\n" in server.output
    server.logged("of [::1]:")
    assert re.search(r"of 127\.0\.0\.1:\d+ \('client\.example'\)", server.output)
    received = b"".join(server.messages())
    assert b"([127.0.0.1])" in received
    assert b"([IPv6:::1])" in received
    assert b"ffff" not in received
    assert "ffff" not in server.output


def test_twistd_takes_them_too(activate: Activate) -> None:
    """Under twistd they need their names."""
    port = free_port()
    twistd = (*TWISTD, "--nodaemon", "--pidfile=", "gomail")
    activate(
        [f"127.0.0.1:{port}", "--fdname=smtp"],
        listeners=listener("systemd:domain=INET:index=0"),
        gomail=twistd,
    )
    assert Client.connect(port).mail("Hello", "you@example.org").startswith("250 ")


def test_proxy_on_a_socket_of_systemd(activate: Activate, folder: Path) -> None:
    """By TCP and by a unix socket, whose file is systemd's: rights and end are its business."""
    port = free_port()
    place = folder / "smtp"
    activate(
        [f"[::]:{port}", str(place), "--fdname=smtp:local"],
        listeners=listener("haproxy:systemd:domain=INET6:name=smtp", 'proxy = ["127.0.0.0/8"]')
        + listener("systemd:domain=UNIX:name=local", 'proxy = ["unix"]'),
    )
    place.chmod(0o600)
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as first:
        first.sendall(b"PROXY TCP4 192.0.2.7 192.0.2.25 40695 25\r\n")
        assert Client(first).mail("Hello", "you@example.org").startswith("250 ")
    with socket.socket(socket.AF_UNIX) as second:
        second.settimeout(PATIENCE)
        second.connect(str(place))
        second.sendall(b"PROXY TCP6 2001:db8::7 2001:db8::25 40695 25\r\n")
        assert Client(second).mail("Hello", "you@example.org").startswith("250 ")
    received = b"".join(path.read_bytes() for path in (folder / "Maildir" / "new").iterdir())
    assert b"([192.0.2.7])" in received
    assert b"([IPv6:2001:db8::7])" in received
    assert place.stat().st_mode & 0o777 == 0o600


def test_page_of_metrics_on_a_socket_of_systemd(activate: Activate) -> None:
    """Whoever scrapes first starts the server; the same socket for mail as well is refused."""
    mail, page = free_port(), free_port()
    metrics = '[metrics]\nlisten = "systemd:domain=INET:index=1"\n'
    activate(
        [f"[::]:{mail}", f"127.0.0.1:{page}"],
        listeners=listener("systemd:domain=INET6:index=0") + metrics,
    )
    with urllib.request.urlopen(f"http://127.0.0.1:{page}/readyz", timeout=PATIENCE) as answer:
        assert json.load(answer) == {"ready": True, "state": "ok", "reasons": []}
    assert Client.connect(mail).mail("Hello", "alice@example.org").startswith("250 ")


def test_one_socket_is_not_for_mail_and_metrics(folder: Path) -> None:
    """That is told in one line, before anybody is served."""
    port = free_port()
    metrics = '[metrics]\nlisten = "systemd:domain=INET:index=0"\n'
    text = SETTINGS.format(listener("systemd:domain=INET:index=0") + metrics)
    (folder / "gomail.toml").write_text(text)
    names = [f"--setenv={name}" for name in os.environ]
    command = [needs("systemd-socket-activate"), "--listen", f"127.0.0.1:{port}", *names, *GOMAIL]
    server = Server(folder, "--config", "gomail.toml", command=command)
    until(lambda: "Listening on" in server.complaints, "nothing listens")
    socket.create_connection(("127.0.0.1", port), PATIENCE).close()
    assert server.ended() == 1
    endpoint = "systemd:domain=INET:index=0"
    told = f"gomail: metrics: {endpoint}: a listener has the same socket"
    assert told in server.complaints


def test_socket_of_systemd_outlives_the_server(activate: Activate, folder: Path) -> None:
    """The file stays where it is, for the next start."""
    place = folder / "smtp"
    server = activate([str(place)], listeners=listener("systemd:domain=UNIX:index=0"))
    client = Client.connect_unix(place)
    assert client.mail("Hello", "you@example.org").startswith("250 ")
    assert f"listens on     unix:{place}\n" in server.output
    assert b"(unix socket)" in server.messages()[0]
    client.quit()
    server.logged("of unix ('client.example')")
    assert server.stopped() == 0
    assert place.is_socket()


@pytest.mark.parametrize("mode", ["--nodaemon", "--no_save"])
def test_without_a_socket_one_line_says_so(folder: Path, mode: str) -> None:
    """Started by hand, or by a unit without its socket, in both of twistd's modes."""
    (folder / "gomail.toml").write_text(SETTINGS.format(listener("systemd:domain=INET:index=0")))
    command = [*TWISTD, mode, "gomail", "--config", "gomail.toml"]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith(
        "gomail: systemd:domain=INET:index=0: no such socket was passed to this process; "
    )


def test_daemon_keeps_them(folder: Path) -> None:
    """A twistd that goes into the background still has what was passed to it before."""
    port = free_port()
    (folder / "gomail.toml").write_text(SETTINGS.format(listener("systemd:domain=INET:index=0")))
    command = [
        needs("systemd-socket-activate"),
        *(f"--setenv={name}" for name in os.environ),
        f"--listen=127.0.0.1:{port}",
        "--fdname=smtp",
        *TWISTD,
        "--pidfile=g.pid",
        "--logfile=g.log",
        "gomail",
        "--config=gomail.toml",
    ]
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        assert Client.connect(port).mail("Hello", "you@example.org").startswith("250 ")
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.wait(PATIENCE)
        if (folder / "g.pid").exists():
            os.kill(int((folder / "g.pid").read_text()), 15)
            until(lambda: not (folder / "g.pid").exists(), "it does not end")
