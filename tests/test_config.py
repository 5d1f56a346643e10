"""The configuration file, from the disk to values: what it may say, and what is left out."""

from dataclasses import replace
from pathlib import Path

import pytest

from gomail.address import Address
from gomail.certificates.wanted import Files
from gomail.config import Configuration, Listener, directory, load
from gomail.limits import DEFAULT_LIMITS
from gomail.recipients.domain import Domain
from gomail.reply import Refused
from gomail.settings.values import TLS, Metrics
from tests.settings.files import written

FULL = """
hostname = "MX.Example.org"
maildir = "~alice/../{domain}/{mailbox}"
trusted = ["192.0.2.0/24", "2001:DB8::1", "unix"]
log-format = "json"
group = "mail"
state = "state"
sync = "filesystem"
storing = "thread"
workers = 3
metrics = { listen = "tcp:9025" }

[[listener]]
endpoint = "tcp:25"

[[listener]]
endpoint = "tcp:2525:interface=127.0.0.1"
local = true
bare-newline = "refuse"
tls = "required"

[tls]
certificate = "mx.pem"
key = "/etc/mx.key"
session-tickets = true
[[tls.sni]]
certificate = "~/other.pem"
key = "other.key"

[[listener]]
endpoint = "haproxy:tcp:26"
proxy = ["10.0.0.0/8", "2001:DB8::1", "unix"]

[domains."Example.org"]
mailboxes = ["Alice", "bob"]
catch-all = "alice"
subaddress-separator = "-"
[domains."Example.org".aliases]
postmaster = "alice"
team = ["alice", "bob@example.org"]

[domains."b\u00fccher.example"]
mailboxes = "names"

[domains."c.example"]
mailboxes = "sqlite:~/mail.db"

[domains.localhost]
subaddress-separator = ""

[limits]
size = "10 MiB"
recipients = 100
command-timeout = "5 min"
data-timeout = 0.5e2
"""


def test_every_kind_of_setting_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names as they are compared, paths absolute, sizes in octets, times in seconds."""
    monkeypatch.setenv("HOME", "/home/me")
    configuration = load(written(tmp_path, FULL.replace("~alice/..", "./mail")))
    assert configuration == Configuration(
        hostname="mx.example.org",
        maildir=f"{tmp_path}/mail/{{domain}}/{{mailbox}}",
        trusted=("192.0.2.0/24", "2001:db8::1/128", "unix"),
        listeners=(
            Listener("tcp:25"),
            Listener(
                "tcp:2525:interface=127.0.0.1",
                local=True,
                bare_newline="refuse",
                tls="required",
            ),
            Listener("haproxy:tcp:26", proxy=("10.0.0.0/8", "2001:db8::1/128", "unix")),
        ),
        domains={
            "example.org": Domain(
                ("Alice", "bob"),
                catch_all="alice",
                subaddress_separator="-",
                aliases={"postmaster": ("alice",), "team": ("alice", "bob@example.org")},
            ),
            "xn--bcher-kva.example": Domain(f"{tmp_path}/names"),
            "c.example": Domain("sqlite:/home/me/mail.db"),
            "localhost": Domain(subaddress_separator=""),
        },
        limits=replace(
            DEFAULT_LIMITS, size=10 * 1024**2, recipients=100, command_timeout=300, data_timeout=50
        ),
        log_format="json",
        tls=TLS(
            f"{tmp_path}/mx.pem",
            "/etc/mx.key",
            (Files("/home/me/other.pem", f"{tmp_path}/other.key"),),
            session_tickets=True,
        ),
        state=f"{tmp_path}/state",
        group="mail",
        sync="filesystem",
        storing="thread",
        workers=3,
        metrics=Metrics("tcp:9025"),
    )
    assert next(iter(configuration.domains)) == "example.org"
    assert configuration.source == f"{tmp_path}/gomail.toml"
    assert "group" in configuration.given


def test_an_empty_file_is_the_defaults(tmp_path: Path) -> None:
    """A file says only what is to be otherwise."""
    assert load(written(tmp_path, "")) == Configuration()


def test_the_default_domains_follow_the_host_name_of_the_file(tmp_path: Path) -> None:
    """The host's own name and localhost."""
    configuration = load(written(tmp_path, 'hostname = "mx.example.org"'))
    assert list(configuration.domains) == ["mx.example.org", "localhost"]


def test_paths_begin_in_the_folder_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever gomail is started, and however the file is named."""
    (tmp_path / "etc").mkdir()
    written(tmp_path / "etc", 'maildir = "../mail"\n[domains.localhost]\nmailboxes = "names"')
    monkeypatch.chdir(tmp_path)
    configuration = load("etc/gomail.toml")
    assert configuration.maildir == f"{tmp_path}/mail"
    assert configuration.domains["localhost"].mailboxes == f"{tmp_path}/etc/names"


def test_p1_the_advice_names_option_or_table(tmp_path: Path) -> None:
    """Who started with options is told an option, who has a file what to write into it."""
    for configuration, advice in [
        (Configuration(), "--domain example.org"),
        (load(written(tmp_path, "")), '[domains."example.org"]'),
    ]:
        with pytest.raises(Refused) as caught:
            directory(configuration).find(Address("a", "example.org"))
        assert caught.value.reason == (
            f"example.org is not a domain of ours; to accept its mail: {advice}"
        )
