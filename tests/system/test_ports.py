"""One server on several ports, for several domains; and several servers on one Maildir."""

import re
import socket
from pathlib import Path
from threading import Thread

import pytest

from tests.patience import PATIENCE
from tests.system.conftest import Serve
from tests.system.running import Client, free_port, patched, until

pytestmark = pytest.mark.system


def test_all_ports_and_domains_are_served(start: Serve, tmp_path: Path) -> None:
    """IPv4, IPv6 and a unix socket, given by --port each; two domains, given by --domain each."""
    four, six, path = free_port(), free_port(), tmp_path / "smtp.sock"
    ports = (f"tcp:{four}:interface=127.0.0.1", rf"tcp:{six}:interface=\:\:1", f"unix:{path}")
    options = [word for port in ports for word in ("--port", port)]
    server = start(*options, "--domain", "one.example", "--domain", "two.example").started()
    assert f"127.0.0.1:{four} and [::1]:{six} and unix:{path}" in server.output
    assert "takes mail for one.example, two.example" in server.output
    assert Client.connect(four).mail("x", "a@one.example").startswith("250 ")
    assert Client.connect(six, "::1").mail("x", "a@two.example").startswith("250 ")
    assert Client.connect_unix(path).mail("x", "a@two.example").startswith("250 ")
    with pytest.raises(OSError, match=r"refused|unreachable|assign"):
        socket.create_connection(("::1", four), PATIENCE)
    assert len(server.messages()) == 3
    assert server.stopped() == 0
    assert not path.exists()


def test_ipv4_client_of_an_ipv6_socket_is_one(serve: Serve) -> None:
    """A client by IPv4 is never written as ::ffff:127.0.0.1, neither in the log nor in Received."""
    server = serve()
    client = server.connect("127.0.0.1")
    assert client.mail().startswith("250 ")
    client.quit()
    assert server.connect("::1").mail().startswith("250 ")
    server.logged("data=1 quit=1")
    assert "::ffff:" not in server.output
    assert re.search(r"of 127\.0\.0\.1:\d+ \('client\.example'\)", server.output)
    received = b"".join(server.messages())
    assert b"[127.0.0.1]" in received
    assert b"[IPv6:::1]" in received
    assert b"ffff" not in received


def test_ports_of_the_command_line_join_those_of_the_file(start: Serve, tmp_path: Path) -> None:
    """The file's listeners stay when a port is given."""
    first, second = free_port(), free_port()
    (tmp_path / "g.toml").write_text(f'[[listener]]\nendpoint = "tcp:{first}"\n')
    server = start("--config", "g.toml", "--port", str(second))
    assert Client.connect(first).mail().startswith("250 ")
    assert Client.connect(second).mail().startswith("250 ")
    assert server.stopped() == 0


def test_r24_two_servers_share_a_maildir(serve: Serve, tmp_path: Path) -> None:
    """Two instances store into one Maildir at the same time, and nothing is lost (R24)."""
    one = serve("--maildir", "Maildir")
    (tmp_path / "elsewhere").mkdir()
    other = serve("--maildir", "../Maildir", folder=tmp_path / "elsewhere")
    replies: list[str] = []

    def send(port: int, name: str) -> None:
        replies.extend(Client.connect(port).mail(f"{name} {number}") for number in range(50))

    threads = [
        Thread(target=send, args=(server.port, name), daemon=True)
        for server, name in ((one, "one"), (other, "other"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert [reply[:3] for reply in replies] == ["250"] * 100
    subjects = sorted(
        re.findall(rb"Subject: (.*)\n", message)[0].decode() for message in one.messages()
    )
    expected = sorted(f"{name} {number}" for name in ("one", "other") for number in range(50))
    assert subjects == expected
    left = (tmp_path / "Maildir" / "tmp").iterdir  # that is tidied once nobody waits
    until(lambda: not list(left()), "files in tmp/")


@pytest.mark.parametrize("step", [0, -86_400_000_000_000], ids=["stands", "goes back"])
def test_r11_clock_that_is_wrong_loses_nothing(serve: Serve, step: int) -> None:
    """Two servers whose clock stands, or goes back a day at each look, overwrite nothing (R11)."""
    clock = patched(
        "import itertools, os, time\n"
        f"times = itertools.count(10**18, {step})\n"
        "time.time_ns = lambda: next(times)\n"
        "os.getpid = lambda: 7"
    )
    servers = [serve(command=clock) for _ in range(2)]
    for _ in range(10):
        for server in servers:
            assert server.connect().mail().startswith("250 ")
    assert len(servers[0].messages()) == 20
