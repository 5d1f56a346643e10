"""What holds where nothing is set."""

import socket
from ipaddress import ip_network
from pathlib import Path

import pytest

from gomail.config import Configuration, Listener
from gomail.limits import DEFAULT_LIMITS
from gomail.recipients.domain import Domain


def test_the_defaults_work_for_a_newcomer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No root, no file: a high port, this machine's name and localhost, a Maildir right here."""
    monkeypatch.setattr(socket, "gethostname", lambda: "MX.Example.org")
    monkeypatch.chdir(tmp_path)
    configuration = Configuration()
    assert configuration.hostname == "mx.example.org"
    assert configuration.domains == {"mx.example.org": Domain(), "localhost": Domain()}
    assert list(configuration.domains) == ["mx.example.org", "localhost"]
    assert configuration.maildir == str(tmp_path / "Maildir")
    assert configuration.listeners == (Listener("tcp:2525"),)
    assert configuration.limits == DEFAULT_LIMITS
    assert (configuration.log_format, configuration.group) == ("text", None)


@pytest.mark.parametrize("name", ["", "my machine", "192.0.2.1", "a" * 64])
def test_a_machine_with_a_strange_name_is_localhost(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """What could not stand in a greeting is not put there."""
    monkeypatch.setattr(socket, "gethostname", lambda: name)
    assert Configuration().hostname == "localhost"
    assert list(Configuration().domains) == ["localhost"]


def test_no_dns_is_asked_for_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A resolver that hangs must not hold up the start."""

    def hang(*_: object) -> None:
        msg = "DNS was asked"
        raise AssertionError(msg)

    for name in ["getfqdn", "gethostbyname", "gethostbyaddr", "getaddrinfo"]:
        monkeypatch.setattr(socket, name, hang)
    assert Configuration().hostname


def test_proxies_make_a_prefix_of_the_endpoint_good() -> None:
    """haproxy: means what the key proxy means; without that key it stays, and is refused."""
    proxied = Listener("haproxy:tcp:25", proxy=("10.0.0.0/8", "unix"))
    assert proxied.place == Listener("tcp:25", proxy=("unix",)).place == "tcp:25"
    assert (proxied.proxy_networks, proxied.proxy_unix) == ((ip_network("10.0.0.0/8"),), True)
    assert not Listener("tcp:25", proxy=("10.0.0.0/8",)).proxy_unix
    assert Listener("haproxy:tcp:25").place == "haproxy:tcp:25"


def test_trusted_networks_and_unix_sockets_are_told_apart() -> None:
    """The dialogue asks for networks, and whether unix sockets are trusted."""
    configuration = Configuration()
    assert configuration.networks == (ip_network("127.0.0.0/8"), ip_network("::1"))
    assert configuration.trust_unix
    assert not Configuration(trusted=("192.0.2.0/24",)).trust_unix
