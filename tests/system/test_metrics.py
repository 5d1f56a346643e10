"""Metrics of real servers: what they say of mail, of workers that end, and of who does harm."""

import contextlib
import os
import random
import signal
import smtplib
import socket
import ssl
import time
from pathlib import Path

import pytest

from gomail.server.metrics.page import CONNECTIONS
from tests.patience import PATIENCE
from tests.system.conftest import Serve
from tests.system.crews import configuration, pids, replaced
from tests.system.pages import ANYWHERE, Page, counters
from tests.system.running import ANY_PORT, Server, free_port, patched, until

pytestmark = pytest.mark.system
KINDS = pytest.mark.parametrize("workers", [1, 2])
OUTLOOK = "mail-db8eur05.outbound.protection.outlook.com"


@pytest.fixture
def served(serve: Serve, crew: Serve, workers: int) -> Server:
    """Give a server with a page: alone, or with workers."""
    return (serve if workers == 1 else crew)(*ANYWHERE)


def shake_hands(server: Server) -> None:
    """Leave in a handshake, behind it without a word, and in peace: each as Microsoft's."""
    client = server.connect()
    client.say(f"EHLO {OUTLOOK}")
    assert client.say("STARTTLS").startswith("220 ")
    client.connection.close()
    for silent in (True, False):
        session = smtplib.SMTP("127.0.0.1", server.port, OUTLOOK, timeout=PATIENCE)
        session.starttls(context=_anybody())
        if silent:
            session.close()
        else:
            session.ehlo()
            session.quit()


def outcomes(page: Page) -> dict[str, float]:
    """Tell how handshakes of Microsoft's went."""
    found = {
        dict(labels)["outcome"]: count
        for (name, labels), count in page.samples().items()
        if name == "gomail_tls_handshakes_total" and ("provider", "outlook") in labels
    }
    return {outcome: count for outcome, count in found.items() if count}


def _anybody() -> ssl.SSLContext:
    """Take any certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


@KINDS
def test_page_tells_what_was_done(served: Server, workers: int) -> None:
    """Over all workers: mail, refusals, sessions, handshakes, and the processes themselves."""
    page = Page(served)
    inside = [served.connect() for _ in range(2 * workers)]
    for number in range(3):
        client = served.connect()
        assert client.mail(f"number {number}").startswith("250 ")
        assert client.say("RCPT TO:<nobody@elsewhere.example>").startswith("503 ")
        client.quit()
    shake_hands(served)
    until(lambda: sum(outcomes(page).values()) == 3, "handshakes are counted")
    until(lambda: ("gomail_disk_free_bytes", frozenset()) in page.samples(), "there is room")
    found = page.samples()

    def value(name: str, **labels: str) -> float:
        return found[f"gomail_{name}", frozenset(labels.items())]

    assert outcomes(page) == {"eof": 1, "silent": 1, "ok": 1}
    assert value("sessions_total", tls="TLSv1.3") == 2
    assert value("messages_total") == 3
    assert value("refusals_total", reason="mail-first", kind="permanent") == 3
    assert value("message_store_seconds_count") == 3
    assert 1 <= value("batch_seconds_count") <= 3
    [listener] = [labels for name, labels in found if name == "gomail_sessions_open"]
    assert found["gomail_sessions_open", listener] == len(inside)
    assert found["gomail_connections_total", listener] == len(inside) + 7  # and that of `started`
    assert value("workers_serving") == value("workers") == workers
    assert value("health_state", state="ok") == 1
    assert value("disk_free_bytes") > value("disk_reserve_bytes") > 0
    assert value("certificate_end_timestamp_seconds", certificate="1") > time.time()
    roles = [labels for name, labels in found if name == "gomail_process_resident_memory_bytes"]
    told = sorted(f"{dict(each)['process']}{dict(each)['worker']}" for each in roles)
    whole = ["agent1", "agent2", "parent", "worker1", "worker2"]
    assert told == (["agent", "server"] if workers == 1 else whole)
    assert all(found["gomail_process_resident_memory_bytes", each] > 2**20 for each in roles)


def test_probes_tell_of_a_server_that_serves_and_stops(serve: Serve) -> None:
    """From SIGTERM on it is not ready, and still alive: content has its time."""
    server = serve(*ANYWHERE)
    page = Page(server)
    well = {"state": "ok", "reasons": []}
    assert page.probe("/healthz") == (200, {"healthy": True, **well})
    assert page.probe("/readyz") == (200, {"ready": True, **well})
    assert page.ask("/readyz", "HEAD") == (200, "application/json", b"")
    client = server.connect().begin()
    server.tell(signal.SIGTERM)
    until(lambda: page.probe("/readyz")[0] == 503, "it stops")
    assert page.probe("/readyz")[1] == {"ready": False, "state": "ok", "reasons": ["stopping"]}
    assert page.probe("/healthz")[0] == 200
    assert client.say("Subject: x\r\n\r\nx\r\n.").startswith("250 ")
    assert server.ended() == 0


def test_full_disk_is_no_reason_to_be_ended(serve: Serve, tmp_path: Path) -> None:
    """No mail is taken, so clients are sent elsewhere; a new start would make no room."""
    option = configuration(tmp_path, '[limits]\ndisk-reserve = "1000 GiB"\n')
    page = Page(serve(*option, *ANYWHERE))
    until(lambda: page.probe("/readyz")[0] == 503, "the disk is full")
    assert page.probe("/readyz")[1]["reasons"][0] == "disk-full"
    assert page.probe("/healthz") == (
        200,
        {"healthy": True, "state": "failing", "reasons": page.probe("/readyz")[1]["reasons"]},
    )
    assert page.value("health_reason", reason="disk-full") == 1


def test_no_counter_falls_when_workers_end(crew: Serve) -> None:
    """By whatever signal; each is followed by another, and what it has counted goes on to count."""
    server = crew(*ANYWHERE)
    page = Page(server)
    for _ in range(4):
        client = server.connect()
        assert client.mail().startswith("250 ")
        client.quit()
    until(lambda: page.value("messages_total") == 4, "they are counted")
    before = counters(page.samples())
    for ended, number in enumerate((signal.SIGTERM, signal.SIGKILL), 1):
        pid = next(iter(pids(server).values()))
        os.kill(pid, number)
        while page.value("workers_ended_total") < ended:
            time.sleep(0.05)
        after = counters(page.samples())
        assert [key for key, value in before.items() if after[key] < value] == []
        replaced(server, pid)
    until(lambda: page.value("workers_serving") == 2, "both serve")
    assert page.value("messages_total") == 4
    assert page.probe("/readyz")[0] == 200


def test_reload_says_that_another_place_needs_a_restart(serve: Serve, tmp_path: Path) -> None:
    """And the page stays where it is."""
    option = configuration(tmp_path, "")
    server = serve(*option)
    (tmp_path / "gomail.toml").write_text('[metrics]\nlisten = "tcp:9025"\n')
    server.tell(signal.SIGHUP)
    server.logged("but for what needs a restart: metrics")


def test_place_that_is_taken_is_told_before_the_start(start: Serve) -> None:
    """In one line, and nothing else stays bound."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = f"tcp:{taken.getsockname()[1]}:interface=127.0.0.1"
        server = start(*ANY_PORT, "--metrics", place)
        assert server.ended() == 1
    [line] = server.complaints.splitlines()
    assert line.startswith(f"gomail: metrics: {place}: port ")


def test_start_without_the_library_says_so_in_one_line(start: Serve) -> None:
    """Nobody who wants metrics goes without them unknowingly."""
    without = patched("import gomail.settings.notes as notes\nnotes._LIBRARY = 'no_such_library'")
    server = start(*ANY_PORT, *ANYWHERE, command=without)
    assert server.ended() == 1
    assert server.complaints == (
        "gomail: metrics.listen: there is no library no_such_library here; "
        "pip install 'gomail[metrics]' brings it\n"
    )


@pytest.mark.parametrize("where", ["loopback", "everywhere", "unix"])
def test_site_elsewhere_reads_no_page_of_this_machine(
    serve: Serve, tmp_path: Path, where: str
) -> None:
    """A browser's page may have its name lead to the loopback; other places have other names."""
    path = tmp_path / "page"
    everywhere = "tcp:0:interface=0.0.0.0"
    endpoint = {"loopback": ANYWHERE[1], "everywhere": everywhere, "unix": f"unix:{path}"}[where]
    page = Page(serve("--metrics", endpoint), path if where == "unix" else None)
    for asked in ("/metrics", "/healthz"):
        for host in ("127.0.0.1:9025", "localhost:9025"):
            assert page.ask(asked, Host=host)[0] == 200
        status, _, body = page.ask(asked, Host="elsewhere.example:9025")
        assert (status, b"expected in Host" in body) == {"loopback": (421, True)}.get(
            where, (200, False)
        )


@pytest.mark.parametrize(("said", "rights"), [("", 0o660), (":mode=600", 0o600)])
def test_unix_socket_is_its_owners_and_their_groups(
    serve: Serve, tmp_path: Path, said: str, rights: int
) -> None:
    """Not everybody's, where nobody has said so."""
    path = tmp_path / "page"
    page = Page(serve("--metrics", f"unix:{path}{said}"), path)
    assert page.ask("/healthz", Host="localhost")[0] == 200
    assert path.stat().st_mode & 0o777 == rights


def test_address_that_others_reach_is_told(serve: Serve) -> None:
    """With what they see there."""
    server = serve("--metrics", f"tcp:{free_port()}")
    assert "note           metrics: whoever can connect to [::]:" in server.output


def test_e14_no_client_adds_a_series(serve: Serve) -> None:
    """Whatever names, recipients and hosts they say, in whatever session."""
    served = serve(*ANYWHERE)
    page = Page(served)
    until(lambda: ("gomail_disk_free_bytes", frozenset()) in page.samples(), "there is room")
    before = page.samples().keys()
    random.seed(14)
    for batch in range(20):
        client = served.connect()
        client.send(b"".join(_nonsense(f"{batch}-{number}") for number in range(25)) + b"QUIT\r\n")
        while client.hear():
            pass
    for number in range(10):
        client = served.connect()
        client.say(f"EHLO {number}.x{random.randrange(10**9)}.com")
        client.say("STARTTLS")
        host = f"h{random.randrange(10**9)}.example"
        with contextlib.suppress(OSError):
            _anybody().wrap_socket(client.connection, server_hostname=host).close()
    until(
        lambda: page.value("tls_handshakes_total", provider="other", outcome="silent") == 10,
        "they are counted",
    )
    assert page.samples().keys() == before


def _nonsense(word: str) -> bytes:
    """Say what nobody has said before."""
    name = f"{word}.{random.randrange(10**9)}.example"
    lines = (f"EHLO {name}", f"MAIL FROM:<{word}@{name}>", f"RCPT TO:<{name}@{name}>", f"X{word}")
    return "".join(f"{line}\r\n" for line in lines).encode()


def test_w6_hostile_scrapers_cost_sessions_nothing(serve: Serve) -> None:
    """Those that say nothing, too much, or ask all the time; others are answered all the while."""
    served = serve(*ANYWHERE)
    page = Page(served)
    idle = [page.connect() for _ in range(3 * CONNECTIONS)]
    for number, each in enumerate(idle[::2]):
        with contextlib.suppress(OSError):  # it had to make room
            each.sendall(b"GET /metrics HTTP/1.1\r\n" if number % 2 else b"\x16\x03\x01" * 9000)
    client = served.connect()
    slowest = 0.0
    for number in range(60):
        began = time.monotonic()
        assert page.ask("/metrics" if number % 2 else "/healthz")[0] == 200
        slowest = max(slowest, time.monotonic() - began)
        assert client.say("NOOP").startswith("250 ")
    assert client.mail().startswith("250 ")
    assert slowest < 5, "whoever asks at once is answered at once"
    with page.connect() as pipelined:
        pipelined.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" * 500)
        answers = b""
        with contextlib.suppress(ConnectionError):
            while octets := pipelined.recv(65536):
                answers += octets
    assert answers.count(b"HTTP/1.1 200 OK") == 1
    for each in idle:
        each.close()
    assert served.stopped() == 0
    assert "Traceback" not in served.output
    assert "ailure" not in served.output
