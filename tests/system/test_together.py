"""Workers go by the same settings: limits counted over all, reloads, listeners, one log."""

import os
import signal
import ssl
from pathlib import Path

import pytest

from tests.system.conftest import Serve
from tests.system.crews import WORKERS, clients_of_all, configuration, pids, replaced
from tests.system.running import Client, Server, until


def welcome(server: Server, count: int) -> list[Client]:
    """Give clients that are let in; those that have just gone may be counted for a moment still."""
    inside: list[Client] = []
    while len(inside) < count:
        client = server.connect()
        if client.greeting.startswith("220 "):
            inside.append(client)
    return inside


STRANGERS = "trusted = []\n[checks]\nenabled = false\n[limits]\nsessions-per-address = 4\n"


def test_e3_sessions_of_an_address_are_counted_over_all(crew: Serve, tmp_path: Path) -> None:
    """However the connections fall on the workers; and who has gone makes room."""
    server = crew(*configuration(tmp_path, STRANGERS))
    inside = welcome(server, 4)
    for _ in range(8):
        assert server.connect().greeting.startswith("421 4.7.0 ")
    inside.pop().quit()
    late: list[Client] = []

    def somebody_is_let_in() -> bool:
        client = server.connect()
        late.append(client)
        return client.greeting.startswith("220 ")

    until(somebody_is_let_in, "there is room again")
    assert server.connect().greeting.startswith("421 4.7.0 ")
    assert server.stopped() == 0


def test_e3_sessions_of_a_worker_that_is_killed_count_no_more(crew: Serve, tmp_path: Path) -> None:
    """Their address may come again at once."""
    server = crew(*configuration(tmp_path, STRANGERS))
    inside = welcome(server, 4)
    assert server.connect().greeting.startswith("421 4.7.0 ")
    for pid in pids(server).values():
        os.kill(pid, signal.SIGKILL)
    assert [client.hear() for client in inside] == [""] * 4
    again = [server.connect() for _ in range(4)]
    assert [client.greeting[:3] for client in again] == ["220"] * 4
    assert server.connect().greeting.startswith("421 4.7.0 ")
    assert server.stopped() == 0


def test_reload_reaches_all(crew: Serve, tmp_path: Path) -> None:
    """Each takes mail for the new domain, and none for the old one any more."""
    option = configuration(tmp_path, '[domains."old.example"]\n')
    server = crew(*option)
    clients = clients_of_all(server)
    configuration(tmp_path, '[domains."new.example"]\n')
    server.tell(signal.SIGHUP)
    server.logged("the configuration was read again and is in force")
    for client in clients:
        client.say("EHLO client.example")
        client.say("MAIL FROM:<me@client.example>")
        assert client.say("RCPT TO:<you@old.example>").startswith("550 ")
        assert client.say("RCPT TO:<you@new.example>").startswith("250 ")
    assert server.stopped() == 0


def test_reload_of_a_file_that_is_wrong_changes_nothing(crew: Serve, tmp_path: Path) -> None:
    """Not even for a worker that is started later."""
    option = configuration(tmp_path, '[domains."old.example"]\n')
    server = crew(*option)
    configuration(tmp_path, '[domains."old.example"]\nmailboxs = []\n')
    server.tell(signal.SIGHUP)
    server.logged("the configuration stays as it was: ")
    for pid in pids(server).values():
        os.kill(pid, signal.SIGKILL)
        replaced(server, pid)
    assert server.connect().mail("Hello", "you@old.example").startswith("250 ")
    assert server.stopped() == 0


def test_unix_sockets_and_tls_are_served(start: Serve, tmp_path: Path) -> None:
    """By all of them; the file is removed in the end."""
    path = tmp_path / "smtp"
    server = start("--port", f"unix:{path}", "--workers", "2")
    until(lambda: len(pids(server)) == WORKERS, server.output)
    for _ in range(4):
        client = Client.connect_unix(path)
        client.say("EHLO client.example")
        assert client.say("STARTTLS").startswith("220 ")
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        client.connection = context.wrap_socket(client.connection)
        assert client.mail().startswith("250 ")
    assert server.stopped() == 0
    assert not path.exists()
    assert len(server.messages()) == 4


def test_listeners_keep_their_own_settings(start: Serve, tmp_path: Path) -> None:
    """Which socket is whose is told by the order."""
    paths = [tmp_path / "one", tmp_path / "two"]
    option = configuration(
        tmp_path,
        f'workers = 2\n[[listener]]\nendpoint = "unix:{paths[0]}"\ntls = "required"\n'
        f'[[listener]]\nendpoint = "unix:{paths[1]}"\ntls = "off"\n',
    )
    server = start(*option)
    until(lambda: len(pids(server)) == WORKERS, server.output)
    for _ in range(3):
        one, two = map(Client.connect_unix, paths)
        assert "250-STARTTLS" in one.say("EHLO client.example")
        assert one.say("MAIL FROM:<me@client.example>").startswith("530 5.7.0 ")
        assert "STARTTLS" not in two.say("EHLO client.example")
        assert two.say("MAIL FROM:<me@client.example>").startswith("250 ")
    assert server.stopped() == 0


def test_dialogue_and_json_are_one_log(crew: Serve) -> None:
    """Lines of all workers stand in it, each whole."""
    server = crew("--dialogue")
    for _ in range(4):
        server.connect().mail()
    server.logged("C: EHLO client.example")
    assert server.stopped() == 0


@pytest.mark.parametrize("count", ["0", "many"])
def test_number_of_workers_that_can_not_be_is_told(start: Serve, count: str) -> None:
    """In one line."""
    server = start("--port", "tcp:0", "--workers", count)
    assert server.ended() == 1
    assert server.complaints.startswith("gomail: --workers: ")
    assert server.complaints.count("\n") == 1
