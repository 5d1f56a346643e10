"""Options over a file, or over the defaults."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gomail.certificates.wanted import Files
from gomail.config import Configuration, ConfigurationError, Listener, load, with_options
from gomail.recipients.domain import Domain
from gomail.settings.values import TLS


@pytest.fixture
def of_file(tmp_path: Path) -> Configuration:
    """What a file with everything in it says."""
    path = tmp_path / "gomail.toml"
    path.write_text(
        'hostname = "mx.example.org"\nmaildir = "mail"\nlog-format = "json"\n'
        '[[listener]]\nendpoint = "tcp:25"\n'
        '[domains."example.org"]\n[limits]\nrecipients = 100\n'
    )
    return load(str(path))


def test_without_options_nothing_changes(of_file: Configuration) -> None:
    """The file, or the defaults, hold."""
    assert with_options(of_file) == of_file


def test_a_port_replaces_the_default() -> None:
    """A number or a Twisted endpoint string; the same one twice is one."""
    changed = with_options(Configuration(), ports=["25", "tcp:25", "unix:/run/gomail"])
    assert changed.listeners == (Listener("tcp:25"), Listener("unix:/run/gomail"))


def test_a_port_adds_to_those_of_the_file(of_file: Configuration) -> None:
    """What the file says stays in force."""
    assert with_options(of_file, ports=["26"]).listeners == (Listener("tcp:25"), Listener("tcp:26"))


def test_domains_replace_the_default() -> None:
    """Each takes any local-part, for one mailbox."""
    changed = with_options(Configuration(), domains=["Example.org", "b.example", "example.org."])
    assert changed.domains == {"example.org": Domain(), "b.example": Domain()}
    assert list(changed.domains) == ["example.org", "b.example"]


def test_domains_of_a_file_are_not_replaced(of_file: Configuration) -> None:
    """The owner reads what to write where."""
    with pytest.raises(ConfigurationError) as caught:
        with_options(of_file, domains=["b.example"])
    assert str(caught.value) == (
        f'--domain: {of_file.source} names the domains; write [domains."b.example"] there instead'
    )


def test_the_host_name_is_a_domain_where_none_is_given(of_file: Configuration) -> None:
    """Its mail is taken by default, that of the old name no more."""
    changed = with_options(Configuration(), hostname="MX.example.org")
    assert changed.hostname == "mx.example.org"
    assert list(changed.domains) == ["mx.example.org", "localhost"]
    changed = with_options(of_file, hostname="other.example")
    assert (changed.hostname, list(changed.domains)) == ("other.example", ["example.org"])


def test_the_host_name_is_no_domain_where_others_are_given() -> None:
    """Options together mean what each says."""
    changed = with_options(Configuration(), hostname="mx.example.org", domains=["example.org"])
    assert list(changed.domains) == ["example.org"]


def test_a_maildir_is_relative_to_where_we_run(
    of_file: Configuration, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unlike that of the file, and with the home of a user at its beginning."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("HOME", "/home/alice")
    assert of_file.maildir == str(tmp_path / "mail")
    assert with_options(of_file, maildir="m").maildir == str(tmp_path / "here" / "m")
    assert with_options(of_file, maildir="~/Maildir").maildir == "/home/alice/Maildir"
    assert with_options(of_file, maildir="/srv/{mailbox}/").maildir == "/srv/{mailbox}"


def test_size_and_log_format_replace_those_of_the_file(of_file: Configuration) -> None:
    """Other limits stay as the file has them."""
    changed = with_options(of_file, size="1 MiB", log_format="text")
    assert (changed.limits.size, changed.limits.recipients) == (1024**2, 100)
    assert changed.log_format == "text"


def test_a_certificate_replaces_that_of_the_file(
    of_file: Configuration, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its path is relative to where we run; what else the file says of TLS stays."""
    monkeypatch.chdir(tmp_path)
    other = TLS("/c", "/k", session_tickets=True)
    changed = with_options(replace(of_file, tls=other), certificate="mx.pem", key="/etc/mx.key")
    assert changed.tls == TLS(f"{tmp_path}/mx.pem", "/etc/mx.key", session_tickets=True)
    assert changed.tls.files == (Files(f"{tmp_path}/mx.pem", "/etc/mx.key"),)
    assert of_file.tls.files == ()


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"ports": ["70000"]}, '--port: a port from 0 to 65535 was expected, not "70000"'),
        ({"ports": ["smtp"]}, '--port: an endpoint such as "tcp:25" was expected, not "smtp"'),
        (
            {"ports": ["haproxy:tcp:25"]},
            (
                "--port: haproxy:tcp:25 needs to know whom to believe; write a [[listener]] with "
                'that endpoint and the key proxy, as in proxy = ["192.0.2.10"], into a file for '
                "--config"
            ),
        ),
        (
            {"hostname": "a b"},
            "--hostname: a domain such as example.org was expected, not 'a b'",
        ),
        ({"hostname": ""}, '--hostname: text was expected, not ""'),
        (
            {"domains": ["[127.0.0.1]"]},
            "--domain: a domain such as example.org was expected, not '[127.0.0.1]'",
        ),
        (
            {"maildir": "/srv/{user}"},
            "--maildir: {mailbox} or {domain} was expected, not {user}",
        ),
        (
            {"size": "1 KiB"},
            "--size: at least 64 KiB was expected (RFC 5321 §4.5.3.1.7), not 1 KiB",
        ),
        ({"certificate": "c"}, "--certificate: --key is missing beside it"),
        ({"key": "k"}, "--key: --certificate is missing beside it"),
        ({"certificate": "", "key": "k"}, "--key: --certificate is missing beside it"),
        ({"size": "big"}, '--size: a size such as "50 MiB" was expected, not "big"'),
        ({"log_format": "xml"}, '--log-format: "text" or "json" was expected, not "xml"'),
    ],
)
def test_an_option_that_cannot_be_is_named(options: dict[str, Any], problem: str) -> None:
    """One line says which option, what was expected, and what was found."""
    with pytest.raises(ConfigurationError) as caught:
        with_options(Configuration(), **options)
    assert str(caught.value) == problem


def test_workers_are_a_number_or_one_a_processor() -> None:
    """Of those that this process may use."""
    assert with_options(Configuration(), workers="3").workers == 3
    assert with_options(Configuration(), workers="auto").workers == len(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("9025", "tcp:9025:interface=127.0.0.1"),
        ("tcp:9025", "tcp:9025"),
        ("unix:/run/gomail/metrics", "unix:/run/gomail/metrics"),
        ("systemd:domain=INET:index=1", "systemd:domain=INET:index=1"),
    ],
)
def test_metrics_of_a_mere_number_are_for_this_machine(text: str, endpoint: str) -> None:
    """Whoever wants others to see them says at which address."""
    assert with_options(Configuration(), metrics=text).metrics.listen == endpoint


@pytest.mark.parametrize("text", ["", "70000", "tcp:", "ssl:9025", "haproxy:tcp:9025", "tcp:x"])
def test_metrics_that_can_not_be_are_told(text: str) -> None:
    """With what was expected."""
    with pytest.raises(ConfigurationError, match=r"^--metrics: .* was expected, not"):
        with_options(Configuration(), metrics=text)


@pytest.mark.parametrize("text", ["0", "-1", "some", "1.5", "²"])
def test_workers_that_can_not_be_are_told(text: str) -> None:
    """With what was expected."""
    with pytest.raises(ConfigurationError, match=r"^--workers: .* was expected, not"):
        with_options(Configuration(), workers=text)
