"""Clients behind Debian's HAProxy: gomail knows them, and not the proxy."""

import re
import smtplib
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from tests.interop.haproxy import HAProxy
from tests.interop.server import wait_for
from tests.interop.software import needs, run
from tests.patience import PATIENCE
from tests.system.running import Client, Server, free_port, until

pytestmark = pytest.mark.interop
WRONG = re.compile(r"Traceback|Unhandled|Error|Warning|trouble:|refused", re.MULTILINE)


class Behind(Protocol):
    """What starts a gomail, and an HAProxy in front of it."""

    def __call__(
        self,
        server: str = "send-proxy-v2",
        *,
        options: str = "",
        proxy: str = "127.0.0.1",
        endpoint: str = "",
    ) -> tuple[Server, HAProxy]:
        """Start both; *server* and *options* are HAProxy's, the others of the listener."""


@pytest.fixture
def behind(folder: Path) -> Iterator[Behind]:
    """Give what starts the two; they are stopped, and must have been well."""
    needs("haproxy")  # before a gomail is started for nothing, and stopped before it runs
    started: list[Server] = []
    proxies: list[HAProxy] = []

    def start(
        server: str = "send-proxy-v2",
        *,
        options: str = "",
        proxy: str = "127.0.0.1",
        endpoint: str = "",
    ) -> tuple[Server, HAProxy]:
        port = free_port()
        settings = folder / "gomail.toml"
        settings.write_text(
            'hostname = "mx.example.org"\nmaildir = "Maildir"\nstate = "state"\ntrusted = []\n'
            f'[[listener]]\nendpoint = "{endpoint or f"tcp:{port}:interface=127.0.0.1"}"\n'
            f'proxy = ["{proxy}"]\n'
            '[checks]\nenabled = false\n[domains."example.org"]\n'
            "[limits]\nsessions-per-address = 2\n"
        )
        gomail = Server(folder, "--config", str(settings))
        started.append(gomail)
        until(lambda: "stop it with" in gomail.output or gomail.process.poll(), "no announcement")
        assert gomail.process.poll() is None, gomail.complaints
        kind, path, *_ = [*endpoint.split(":"), ""]
        place = f"unix@{path}" if kind == "unix" else f"127.0.0.1:{port}"
        proxies.append(HAProxy(folder, f"{place} {server}", options))
        return gomail, proxies[-1]

    yield start
    for each in proxies:
        each.stop()
    for gomail in started:
        assert gomail.stopped() == 0
        assert not re.search(r"Traceback|Unhandled|trouble:", gomail.output), gomail.output


def connected(proxy: HAProxy, address: str) -> socket.socket:
    """Connect to a proxy from an address of this machine."""
    to = "::1" if ":" in address else "127.0.0.1"

    def connect() -> socket.socket | None:
        try:
            return socket.create_connection((to, proxy.port), PATIENCE, (address, 0))
        except ConnectionRefusedError:
            return None

    return wait_for("HAProxy to listen", connect)


def client_at(proxy: HAProxy, address: str) -> Client:
    """Connect a client, which has heard the greeting."""
    return Client(connected(proxy, address))


@pytest.mark.parametrize(
    "server",
    [
        "send-proxy",
        "send-proxy-v2",
        "send-proxy-v2 proxy-v2-options crc32c,unique-id,ssl,cert-cn",
        "send-proxy-v2 check inter 100ms",
    ],
)
def test_client_is_who_connects_to_the_proxy(behind: Behind, server: str) -> None:
    """By IPv4 and IPv6, its address stands in Received and in the log, not the proxy's."""
    gomail, proxy = behind(server)
    for address in ("127.0.0.2", "::1"):
        client = client_at(proxy, address)
        number = client.connection.getsockname()[1]
        assert client.mail("Hello", "you@example.org").startswith("250 ")
        client.quit()
        peer = f"[{address}]:{number}" if ":" in address else f"{address}:{number}"
        gomail.logged(f"of {peer} ('client.example'): ehlo=1 mail=1 rcpt=1 data=1 quit=1")
    received = b"".join(gomail.messages())
    assert b"Received: from client.example ([127.0.0.2])" in received
    assert b"Received: from client.example ([IPv6:::1])" in received
    assert b"127.0.0.1" not in received


@pytest.mark.parametrize("server", ["send-proxy", "send-proxy-v2"])
def test_client_is_known_under_tls(behind: Behind, server: str) -> None:
    """STARTTLS goes through the proxy; log and Received have the client, and its encryption."""
    gomail, proxy = behind(server)
    client_at(proxy, "127.0.0.3").quit()
    with smtplib.SMTP("127.0.0.1", proxy.port, source_address=("127.0.0.2", 0)) as client:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        client.starttls(context=context)
        number = client.sock.getsockname()[1]  # type: ignore[union-attr]
        client.sendmail("a@client.example", ["you@example.org"], b"Subject: x\r\n\r\nx\r\n")
    gomail.logged(f"of 127.0.0.2:{number} (")
    (session,) = re.findall(rf"session \w+ of 127\.0\.0\.2:{number} .*", gomail.output)
    assert "TLSv1.3" in session
    (message,) = gomail.messages()
    assert re.search(rb"Received: from \S+ \(\[127\.0\.0\.2\]\)\n.* with ESMTPS id", message)


def test_swaks_sends_through_a_proxy(behind: Behind) -> None:
    """What a postmaster tries out comes with its own address."""
    gomail, proxy = behind("send-proxy-v2")
    client_at(proxy, "127.0.0.3").quit()
    options = "--helo client.example --from a@client.example --to you@example.org --pipeline"
    to = ["--server", f"127.0.0.1:{proxy.port}", "--local-interface", "127.0.0.2"]
    run([needs("swaks"), *to, *options.split()])
    (message,) = gomail.messages()
    assert b"Received: from client.example ([127.0.0.2])" in message


@pytest.mark.parametrize("server", ["send-proxy", "send-proxy-v2"])
@pytest.mark.parametrize("options", ["", "option smtpchk EHLO proxy.example"])
def test_health_checks_are_no_trouble(behind: Behind, server: str, options: str) -> None:
    """The proxy, which speaks for itself then, finds gomail well, and the log has no complaint."""
    gomail, proxy = behind(f"{server} check inter 50ms fall 1 rise 1", options=options)
    checks = r"session \w+ of 127\.0\.0\.1:\d+"
    wait_for("some checks", lambda: len(re.findall(checks, gomail.output)) > 10)
    assert client_at(proxy, "127.0.0.2").mail("Hello", "you@example.org").startswith("250 ")
    assert not WRONG.search(gomail.output), gomail.output
    assert "DOWN" not in proxy.output


def test_checks_without_a_word_are_not_told(behind: Behind) -> None:
    """A proxy that only looks whether the port is open leaves nothing in the log."""
    gomail, proxy = behind("send-proxy-v2")
    address = ("127.0.0.1", int(re.findall(r"127\.0\.0\.1:(\d+)", gomail.output)[0]))
    for _ in range(5):
        socket.create_connection(address, PATIENCE).close()
    client_at(proxy, "127.0.0.2").quit()
    gomail.logged("of 127.0.0.2:")
    assert len(re.findall(r"session \w+ of", gomail.output)) == 1


def test_proxy_of_somebody_else_is_refused(behind: Behind) -> None:
    """Whoever is not named in the settings names nobody."""
    gomail, proxy = behind("send-proxy-v2", proxy="127.0.0.9")
    client = client_at(proxy, "127.0.0.2")
    assert client.greeting.startswith("421 4.7.0 Only known proxies are served here [")
    assert client.hear() == ""
    gomail.logged("421 4.7.0 Only known proxies are served here: it is in none of the networks")
    assert "127.0.0.2" not in gomail.output


def test_proxy_is_known_by_its_address(behind: Behind) -> None:
    """The same proxy, once it comes from the address that is named."""
    _, proxy = behind("send-proxy-v2 source 127.0.0.9", proxy="127.0.0.9")
    assert client_at(proxy, "127.0.0.2").greeting.startswith("220 ")


def test_proxy_that_names_nobody_is_told(behind: Behind) -> None:
    """Where send-proxy was forgotten, the log says what was expected."""
    gomail, proxy = behind("")
    with connected(proxy, "127.0.0.2") as client:
        client.sendall(b"EHLO client.example\r\n")
        assert client.recv(100) == b""
    gomail.logged("no PROXY header: it has neither signature")


def test_limits_count_the_clients(behind: Behind) -> None:
    """One client's sessions are full, another's are not, though both come by one proxy."""
    gomail, proxy = behind("send-proxy-v2")
    inside = [client_at(proxy, "127.0.0.2") for _ in range(2)]
    assert client_at(proxy, "127.0.0.2").greeting.startswith(
        "421 4.7.0 Too many sessions from your address"
    )
    assert client_at(proxy, "127.0.0.3").greeting.startswith("220 ")
    inside[0].quit()
    gomail.logged("quit=1")
    assert client_at(proxy, "127.0.0.2").greeting.startswith("220 ")


def test_proxy_comes_by_a_unix_socket(behind: Behind, folder: Path) -> None:
    """Where both are on one machine, nobody else can pretend to be the proxy."""
    gomail, proxy = behind("send-proxy-v2", proxy="unix", endpoint=f"unix:{folder}/smtp:mode=600")
    client = client_at(proxy, "127.0.0.2")
    assert client.mail("Hello", "you@example.org").startswith("250 ")
    assert b"([127.0.0.2])" in gomail.messages()[0]


def test_stop_waits_for_no_header(behind: Behind) -> None:
    """A connection without its header hears 421, and the server is gone."""
    gomail, proxy = behind("send-proxy-v2")
    port = int(re.findall(r"127\.0\.0\.1:(\d+)", gomail.output)[0])
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as waiting:
        client_at(proxy, "127.0.0.2").quit()  # by then the one before it is taken, too
        gomail.process.terminate()
        assert waiting.recv(100).startswith(b"421 4.3.2 Shutting down")
        assert gomail.ended() == 0
