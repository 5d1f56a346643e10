"""The configuration file: what it may say, and how a mistake in it is told."""

import re
import tomllib
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gomail
from gomail.address import Address
from gomail.certificates.wanted import Files
from gomail.checks.policy import RULES, Action, Rule
from gomail.config import (
    Configuration,
    ConfigurationError,
    Listener,
    directory,
    load,
    render,
)
from gomail.limits import DEFAULT_LIMITS, Limits
from gomail.recipients.domain import Domain
from gomail.recipients.mistake import Key
from gomail.reply import Refused
from gomail.settings import positions
from gomail.settings.bounds import read_limit
from gomail.settings.reading import key_of, read_table
from gomail.settings.values import TLS, Checks, Metrics, Milter, Rules

EXAMPLE = Path(gomail.__path__[0]) / "gomail.example.toml"


def written(folder: Path, text: str) -> str:
    """Write a file, and give its path."""
    path = folder / "gomail.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


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


MISTAKES = [
    ('hostnam = "x"', "line 1: hostnam: there is no such key; was hostname meant?"),
    (
        "[smtp]\nkey = 1",
        (
            "line 1: smtp: there is no such key; there are backup-mx, checks, control, domains, "
            "group, hostname, limits, listener, log-format, maildir, metrics, milter, policy, "
            "state, storing, sync, tls, trusted, workers"
        ),
    ),
    ("[tls]\nkey = 1", "line 2: tls.key: text was expected, not 1"),
    ("checks = 1", "line 1: checks: a table was expected, not 1"),
    ("[checks]\nenabled = 1", "line 2: checks.enabled: true or false was expected, not 1"),
    (
        "[checks]\nresolvers = []",
        (
            "line 2: checks.resolvers: at least one address, or no such key was expected, "
            "not an empty list"
        ),
    ),
    (
        '[checks]\nresolvers = ["dns.example"]',
        (
            'line 2: checks.resolvers: an address such as "127.0.0.1" or "[::1]:5353" was '
            "expected, not 'dns.example'"
        ),
    ),
    ("milter = 1", "line 1: milter: [[milter]] was expected, not 1"),
    ("[[milter]]\n", "line 1: milter[1].endpoint: it is missing"),
    (
        '[[milter]]\nendpoint = "rspamd"',
        (
            "line 2: milter[1].endpoint: unix:PATH, tcp:HOST:PORT or inet:PORT@HOST was expected, "
            "not 'rspamd'"
        ),
    ),
    (
        '[[milter]]\nendpoint = "unix:/m"\non-failure = "drop"',
        'line 3: milter[1].on-failure: "accept" or "defer" was expected, not "drop"',
    ),
    (
        '[[milter]]\nendpoint = "unix:/m"\njunk-field = "X-Spam"',
        (
            'line 3: milter[1].junk-field: a header field such as "X-Spam: Yes" was expected, '
            'not "X-Spam"'
        ),
    ),
    ("policy = 1", "line 1: policy: a table was expected, not 1"),
    (
        '[policy]\ndmarc-rejct = "junk"',
        "line 2: policy.dmarc-rejct: there is no such rule; was dmarc-reject meant?",
    ),
    (
        '[policy]\nspf-fail = "jnk"',
        (
            'line 2: policy.spf-fail: "none" or "mark" or "junk" or "defer" or "refuse" was '
            'expected, not "jnk"'
        ),
    ),
    (
        '[policy]\n\nspf-temperror = "refuse"',
        (
            'line 3: policy.spf-temperror: "none" or "mark" or "junk" or "defer" was expected, '
            'not "refuse"'
        ),
    ),
    ("[policy]\nshadow = 1", "line 2: policy.shadow: a list of names of rules was expected, not 1"),
    (
        '[policy]\nshadow = ["spf-fial"]',
        "line 2: policy.shadow: there is no rule spf-fial; was spf-fail meant?",
    ),
    ("[policy]\nown = 1", "line 2: policy.own: a table was expected, not 1"),
    (
        '[policy.own]\nspf = "refuse"',
        "line 2: policy.own.spf: spf-fail is a rule of gomail's, outside of this table",
    ),
    (
        '[policy.own]\n"a b" = "refuse"',
        'line 2: policy.own."a b": a name of letters, digits and hyphens was expected',
    ),
    (
        "[policy.own]\nmine = 1",
        (
            'line 2: policy.own.mine: "none" or "mark" or "junk" or "defer" or "refuse" was '
            "expected, not 1"
        ),
    ),
    ('[tls]\nkey = "k"', "line 2: tls.key: certificate is missing beside it"),
    ('[tls]\ncertificate = "c"', "line 2: tls.certificate: key is missing beside it"),
    (
        '[tls]\n[[tls.sni]]\ncertificate = "c"\nkey = "k"',
        ("line 2: tls.sni: certificate and key were expected in [tls], for everybody else"),
    ),
    (
        '[tls]\ncertificate = "c"\nkey = "k"\n[[tls.sni]]\ncertificate = "c"',
        "line 4: tls.sni[1].key: it is missing",
    ),
    ('[tls]\nsni = "c"', 'line 2: tls.sni: [[tls.sni]] was expected, not "c"'),
    (
        "[tls]\nsession-tickets = 0",
        "line 2: tls.session-tickets: true or false was expected, not 0",
    ),
    (
        '[[listener]]\nendpoint = "tcp:25"\ntls = true',
        'line 3: listener[1].tls: "offered" or "required" or "off" was expected, not true',
    ),
    ("state = 1", "line 1: state: text was expected, not 1"),
    (
        "source = 1",
        (
            "line 1: source: there is no such key; there are backup-mx, checks, control, domains, "
            "group, hostname, limits, listener, log-format, maildir, metrics, milter, policy, "
            "state, storing, sync, tls, trusted, workers"
        ),
    ),
    ('log_format = "json"', "line 1: log_format: there is no such key; was log-format meant?"),
    (
        "[limits]\n\nrecipents = 500",
        "line 3: limits.recipents: there is no such key; was recipients meant?",
    ),
    (
        "[limits]\nrecipients = 99",
        "line 2: limits.recipients: at least 100 was expected (RFC 5321 §4.5.3.1.8), not 99",
    ),
    (
        '[limits]\nsize = "10 KB"',
        "line 2: limits.size: at least 64 KiB was expected (RFC 5321 §4.5.3.1.7), not 10000 B",
    ),
    (
        "[limits]\ncommand-line = 511",
        "line 2: limits.command-line: at least 512 B was expected (RFC 5321 §4.5.3.1.4), not 511 B",
    ),
    ("[limits]\nmessages = 0", "line 2: limits.messages: at least 1 was expected, not 0"),
    (
        "limits.errors = true",
        "line 1: limits.errors: a whole number was expected, not true",
    ),
    (
        '[limits]\ndata-timeout = "soon"',
        'line 2: limits.data-timeout: a time such as "300 s" or "5 min" was expected, not "soon"',
    ),
    (
        "[limits]\nunsent-timeout = nan",
        'line 2: limits.unsent-timeout: a time such as "300 s" or "5 min" was expected, not nan',
    ),
    ("limits = 3", "line 1: limits: a table was expected, not 3"),
    ("hostname = 3", "line 1: hostname: text was expected, not 3"),
    (
        'hostname = "my host"',
        "line 1: hostname: a domain such as example.org was expected, not 'my host'",
    ),
    (
        'maildir = "/srv/{user}"',
        "line 1: maildir: {mailbox} or {domain} was expected, not {user}",
    ),
    ('maildir = ""', 'line 1: maildir: text was expected, not ""'),
    ('trusted = "unix"', 'line 1: trusted: a list of networks was expected, not "unix"'),
    (
        'trusted = ["192.0.2.1/24"]',
        (
            'line 1: trusted: a network such as "192.0.2.0/24" or "unix" was expected, '
            'not "192.0.2.1/24"; was 192.0.2.0/24 meant?'
        ),
    ),
    (
        'trusted = ["office"]',
        'line 1: trusted: a network such as "192.0.2.0/24" or "unix" was expected, not "office"',
    ),
    ('log-format = "xml"', 'line 1: log-format: "text" or "json" was expected, not "xml"'),
    ("log-format = []", 'line 1: log-format: "text" or "json" was expected, not an empty list'),
    ("sync = 8", 'line 1: sync: "files" or "filesystem" was expected, not 8'),
    ('storing = ""', 'line 1: storing: "process" or "thread" was expected, not ""'),
    ("workers = 0", "line 1: workers: at least 1 was expected, not 0"),
    ("workers = 257", "line 1: workers: at most 256 was expected, not 257"),
    ('workers = "many"', 'line 1: workers: a whole number or "auto" was expected, not "many"'),
    (
        '[metrics]\nlisten = "ssl:9025"',
        (
            'line 2: metrics.listen: "tcp:9025:interface=127.0.0.1", or an endpoint unix: or '
            'systemd: was expected, not "ssl:9025"'
        ),
    ),
    ("[metrics]\nlisten = 9025", "line 2: metrics.listen: text was expected, not 9025"),
    ("metrics = 9025", "line 1: metrics: a table was expected, not 9025"),
    ("workers = true", 'line 1: workers: a whole number or "auto" was expected, not true'),
    ("group = 8", "line 1: group: text was expected, not 8"),
    (
        '[listener]\nendpoint = "tcp:25"',
        "line 1: listener: [[listener]] was expected, not a table",
    ),
    ("listener = []", "line 1: listener: [[listener]] was expected, not an empty list"),
    ("listener = [1]", "line 1: listener[1]: a table was expected, not 1"),
    (
        '[[listener]]\nendpoint = "tcp:25"\n[[listener]]\nlocal = true',
        "line 3: listener[2].endpoint: it is missing",
    ),
    (
        '[[listener]]\nendpoint = "25"',
        'line 2: listener[1].endpoint: an endpoint such as "tcp:25" was expected, not "25"',
    ),
    (
        '[[listener]]\nendpoint = "tcp:smtp"',
        'line 2: listener[1].endpoint: a port from 0 to 65535 was expected, not "smtp"',
    ),
    (
        '[[listener]]\nendpoint = "tcp:25"\nlocal = "yes"',
        'line 3: listener[1].local: true or false was expected, not "yes"',
    ),
    (
        '[[listener]]\nendpoint = "tcp:port=25"\nbare-newline = "mend"',
        'line 3: listener[1].bare-newline: "store" or "refuse" was expected, not "mend"',
    ),
    (
        '[[listener]]\nendpoint = "haproxy:tcp:70000"\nproxy = ["unix"]',
        'line 2: listener[1].endpoint: a port from 0 to 65535 was expected, not "70000"',
    ),
    (
        '[[listener]]\nendpoint = "haproxy:"\nproxy = ["unix"]',
        'line 2: listener[1].endpoint: an endpoint such as "tcp:25" was expected, not "haproxy:"',
    ),
    (
        '[[listener]]\nendpoint = "tcp:25"\n[[listener]]\nendpoint = "haproxy:unix:s"',
        (
            "line 4: listener[2].endpoint: haproxy: takes the client's address from whoever "
            "connects; say whom you believe, with the key proxy in the same [[listener]], as in "
            'proxy = ["192.0.2.10"]'
        ),
    ),
    (
        '[[listener]]\nendpoint = "tcp:25"\nproxy = []',
        (
            "line 3: listener[1].proxy: at least one network, or no such key was expected, "
            "not an empty list"
        ),
    ),
    (
        '[[listener]]\nendpoint = "tcp:25"\nproxy = "10.0.0.0/8"',
        'line 3: listener[1].proxy: a list of networks was expected, not "10.0.0.0/8"',
    ),
    (
        '[[listener]]\nendpoint = "tcp:25"\nproxy = ["10.0.0.1/8"]',
        (
            'line 3: listener[1].proxy: a network such as "192.0.2.0/24" or "unix" was expected, '
            'not "10.0.0.1/8"; was 10.0.0.0/8 meant?'
        ),
    ),
    (
        "[domains]",
        'line 1: domains: a table such as [domains."example.org"] was expected, not an empty table',
    ),
    (
        'domains = ["example.org"]',
        'line 1: domains: a table such as [domains."example.org"] was expected, not a list',
    ),
    ("domains.localhost = 1", "line 1: domains.localhost: a table was expected, not 1"),
    (
        "[domains.example.org]\nmailboxes = []",
        (
            "line 1: domains.example.org: there is no such key; "
            "there are aliases, catch-all, mailboxes, subaddress-separator; "
            'or was [domains."example.org"] meant, with quotes?'
        ),
    ),
    (
        '[domains."a b"]',
        "line 1: domains.\"a b\": a domain such as example.org was expected, not 'a b'",
    ),
    (
        "[domains.localhost]\n[domains.LocalHost]",
        "line 1: domains.LocalHost: the domain localhost is there twice",
    ),
    (
        "[domains.localhost]\nname = 1",
        (
            "line 2: domains.localhost.name: there is no such key; "
            "there are aliases, catch-all, mailboxes, subaddress-separator; "
            'or was [domains."localhost.name"] meant, with quotes?'
        ),
    ),
    (
        "[domains.localhost]\nmailboxes = 1",
        (
            'line 2: domains.localhost.mailboxes: a list of names, a path, or "sqlite:" and a path '
            "was expected, not 1"
        ),
    ),
    (
        '[domains.localhost]\nmailboxes = "sqlite:"',
        (
            'line 2: domains.localhost.mailboxes: a list of names, a path, or "sqlite:" and a path '
            'was expected, not "sqlite:"'
        ),
    ),
    (
        "[domains.localhost]\nmailboxes = [1]",
        "line 2: domains.localhost.mailboxes: text was expected, not 1",
    ),
    (
        "[domains.localhost]\ncatch-all = []",
        "line 2: domains.localhost.catch-all: text was expected, not an empty list",
    ),
    (
        '[domains.localhost]\nsubaddress-separator = "++"',
        (
            "line 2: domains.localhost.subaddress-separator: one of + - = _ . # ~ or '' was "
            "expected, not '++'"
        ),
    ),
    (
        "[domains.localhost]\nsubaddress-separator = 1",
        "line 2: domains.localhost.subaddress-separator: text was expected, not 1",
    ),
    (
        "[domains.localhost]\naliases = []",
        "line 2: domains.localhost.aliases: a table was expected, not an empty list",
    ),
    (
        "[domains.localhost.aliases]\nteam = 1",
        "line 2: domains.localhost.aliases.team: an address or a list of them was expected, not 1",
    ),
    (
        f"[limits]\nhops = 0x{'f' * 5000}",
        "line 2: limits.hops: a whole number was expected, not a number of more than 64 bits",
    ),
    (
        '[[listener]]\nendpont = "tcp:25"',
        "line 2: listener[1].endpont: there is no such key; was endpoint meant?",
    ),
    ("[[listener]]\nlocal = true", "line 1: listener[1].endpoint: it is missing"),
    (
        '\n[[milters]]\nendpoint = "unix:/run/x"\n[[milters]]',
        "line 2: milters: there is no such key; was milter meant?",
    ),
    (
        '[[milter]]\nendpoint = "unix:/run/x"\non-failur = "defer"\njunk = "x"',
        "line 3: milter[1].on-failur: there is no such key; was on-failure meant?",
    ),
    ("a = \n", "line 1: this is no TOML: Invalid value"),
    (
        'group = "a"\ngroup = "b"\n',
        "line 2: this is no TOML: Cannot overwrite a value",
    ),
]


@pytest.mark.parametrize(("text", "problem"), MISTAKES, ids=range(len(MISTAKES)))
def test_a_mistake_is_told_in_one_line(tmp_path: Path, text: str, problem: str) -> None:
    """The file, the line, the key, what was expected, what was found."""
    path = written(tmp_path, text)
    with pytest.raises(ConfigurationError) as caught:
        load(path)
    assert str(caught.value) == f"{path}, {problem}"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f"hostname = {'9' * 5000}", "this is no TOML: a number has too many digits"),
        (f"hostname = {'[' * 5000}", "this is no TOML: it is nested too deeply"),
    ],
)
def test_what_python_cannot_read_is_told_too(tmp_path: Path, text: str, problem: str) -> None:
    """Where TOML's own reader gives up, there is a line for the owner, and no traceback."""
    path = written(tmp_path, text)
    with pytest.raises(ConfigurationError) as caught:
        load(path)
    assert str(caught.value) == f"{path}: {problem}"


@pytest.mark.parametrize("line", [f"[a = {'{a = ' * 5000}]", f"[a = {'9' * 5000}]"])
def test_line_of_a_mistake_is_found_behind_any_text(tmp_path: Path, line: str) -> None:
    """A text of several lines may hold what looks like a table, and never ends as one."""
    path = written(tmp_path, f"group = '''\n{line}\n'''\nstate = 1")
    with pytest.raises(ConfigurationError, match=r", line 4: state: text was expected, not 1$"):
        load(path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('"\u202e" = 1', r'line 1: "\u202e": there is no such key'),
        ('state = "~\u202e"', r"there is no home folder '~\u202e'"),
        ('maildir = "/{\u0085}"', r"was expected, not {\x85}"),
        ('state = "~\\u0000"', r"line 1: state: text was expected, not '~\x00'"),
        ('domains.localhost.mailboxes = "a\\u0000"', r"text was expected, not 'a\x00'"),
    ],
)
def test_no_sign_of_a_mistake_garbles_the_line(tmp_path: Path, text: str, told: str) -> None:
    """What a terminal would not show, or obey, is written down as its number."""
    with pytest.raises(ConfigurationError) as caught:
        load(written(tmp_path, text))
    assert told in str(caught.value)
    assert str(caught.value).isprintable()


def test_the_first_of_several_mistakes_is_told(tmp_path: Path) -> None:
    """The owner mends a file from top to bottom."""
    text = 'hostname = "mx.example.org"\nlog-format = 1\ngruop = "mail"\n[limits]\nhops = 1'
    with pytest.raises(ConfigurationError, match=r", line 2: log-format: "):
        load(written(tmp_path, text))


def test_a_file_that_ends_too_early_is_told(tmp_path: Path) -> None:
    """TOML has no line to tell there."""
    path = written(tmp_path, "hostname = [")
    with pytest.raises(ConfigurationError) as caught:
        load(path)
    assert str(caught.value) == f"{path}: this is no TOML: Invalid value (at end of document)"


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """Missing, a folder, or not text."""
    with pytest.raises(ConfigurationError, match=r"^/nowhere/x: No such file or directory$"):
        load("/nowhere/x")
    with pytest.raises(ConfigurationError, match=r": Is a directory$"):
        load(str(tmp_path))
    path = tmp_path / "gomail.toml"
    path.write_bytes(b'hostname = "\xff"')
    with pytest.raises(ConfigurationError, match=r"gomail\.toml: text in UTF-8 was expected$"):
        load(str(path))


def test_mistakes_among_mailboxes_name_the_line_too(tmp_path: Path) -> None:
    """They are found later, when the directory is built."""
    path = written(
        tmp_path,
        (
            'maildir = "/srv/{mailbox}"\n[domains."Example.org"]\nmailboxes = ["alice"]\n'
            '[domains."Example.org".aliases]\nteam = ["alice", "carol@elsewhere.example"]\n'
        ),
    )
    with pytest.raises(ConfigurationError) as caught:
        directory(load(path))
    assert str(caught.value) == (
        f'{path}, line 5: domains."example.org".aliases.team: '
        "elsewhere.example is no domain of ours, and nothing is relayed"
    )


def test_mistakes_without_a_file_name_no_line() -> None:
    """An option can be wrong only beside the others."""
    configuration = Configuration(hostname="mx.example.org", maildir="/srv/{mailbox}")
    with pytest.raises(ConfigurationError) as caught:
        directory(configuration)
    assert str(caught.value) == (
        'domains."mx.example.org": mailboxes were expected, since maildir has {mailbox} in it'
    )


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


signs = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
words = st.text(signs, min_size=1)
sockets = st.text(signs, min_size=1, max_size=20)  # a path of one has up to 107 octets
names = st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True)
hosts = st.lists(names, min_size=1, max_size=3).map(".".join)
domains = st.builds(
    Domain,
    mailboxes=st.none()
    | st.lists(words).map(tuple)
    | names.map("/srv/{}".format)
    | names.map("sqlite:/srv/{}".format),
    catch_all=st.none() | words,
    subaddress_separator=st.sampled_from(["", "+", "-", "#"]),
    aliases=st.dictionaries(words, st.lists(words).map(tuple), max_size=3),
)


def limit(name: str) -> st.SearchStrategy[float]:
    """Any value that this limit may have."""
    numbers: st.SearchStrategy[float] = st.integers(0, 10**6)
    if Limits.__annotations__[name] is float:
        numbers |= st.floats(0, 10**6)

    def fits(number: float) -> bool:
        try:
            return read_limit(name, number) == number
        except ValueError:
            return False

    return numbers.filter(fits) | st.just(getattr(DEFAULT_LIMITS, name))


def actions(rule: Rule) -> st.SearchStrategy[Action]:
    """Give what may follow where a rule holds."""
    allowed = list(Action)
    return st.sampled_from(allowed[: allowed.index(rule.strictest) + 1])


configurations = st.builds(
    Configuration,
    hostname=hosts,
    maildir=names.map("/srv/{}/{{domain}}/{{mailbox}}".format),
    trusted=st.lists(st.sampled_from(["unix", "192.0.2.0/24", "2001:db8::/32"])).map(tuple),
    listeners=st.lists(
        st.builds(
            Listener,
            st.integers(0, 65535).map("tcp:{}".format) | words.map("unix:{}".format),
            st.booleans(),
            st.sampled_from(["store", "refuse"]),
            st.sampled_from(["offered", "required", "off"]),
            st.lists(st.sampled_from(["unix", "10.0.0.0/8", "2001:db8::/32"])).map(tuple),
        ),
        min_size=1,
    ).map(tuple),
    domains=st.dictionaries(hosts, domains, max_size=3),
    limits=st.builds(Limits, **{each.name: limit(each.name) for each in fields(Limits)}),
    log_format=st.sampled_from(["text", "json"]),
    tls=st.booleans().map(lambda tickets: TLS(session_tickets=tickets))
    | st.builds(TLS, words, words, st.lists(st.builds(Files, words, words)).map(tuple)),
    state=st.none() | words,
    group=st.none() | words,
    sync=st.sampled_from(["files", "filesystem"]),
    storing=st.sampled_from(["process", "thread"]),
    workers=st.integers(1, 256),
    checks=st.builds(
        Checks,
        st.none() | st.booleans(),
        st.lists(st.sampled_from(["127.0.0.1:53", "[2001:db8::1]:5353"])).map(tuple),
        st.none() | hosts,
        st.lists(hosts).map(tuple),
    ),
    backup_mx=st.lists(hosts).map(tuple),
    metrics=st.builds(Metrics, st.none() | words.map("unix:{}".format)),
    milters=st.lists(
        st.builds(
            Milter,
            sockets.map("unix:/run/{}".format)
            | st.integers(1, 65535).map("tcp:192.0.2.1:{}".format),
            st.sampled_from(["accept", "defer"]),
            *[st.integers(1, 50).map(float) | st.floats(1, 50)] * 3,
            st.none() | st.just("X-Spam: Yes"),
        )
    ).map(tuple),
    policy=st.builds(
        Rules,
        st.fixed_dictionaries({rule.name: actions(rule) for rule in RULES}),
        st.lists(st.sampled_from([rule.name for rule in RULES])).map(tuple),
        st.dictionaries(st.sampled_from(["greylist", "my-check"]), st.sampled_from(Action)),
    ),
)


@settings(max_examples=40)
@given(configurations)
def test_what_is_rendered_reads_back(configuration: Configuration) -> None:
    """The settings in effect can be written to a file, and are the same then, in the same order."""
    again = read_table(tomllib.loads(render(configuration)))
    assert again == configuration
    assert list(again.domains) == list(configuration.domains)


def test_the_rendered_defaults_are_a_file(tmp_path: Path) -> None:
    """The whole way, over the disk."""
    assert load(written(tmp_path, render(Configuration()))) == Configuration()


def test_the_example_is_fine() -> None:
    """The file that ships can be used after its names were changed."""
    configuration = load(str(EXAMPLE))
    assert directory(configuration).mailboxes == 3


def test_the_example_shows_every_key() -> None:
    """Set or commented, with the default where it is commented."""
    text = EXAMPLE.read_text()
    lines = re.findall(r"^(?:# )?([a-z-]+) = ", text, re.MULTILINE)
    for kind in (Limits, Listener, Domain, TLS, Files, Checks, Metrics, Configuration):
        for each in fields(kind):
            key = key_of(each.name)
            if key in {"source", "given"}:
                continue
            found = key in lines or f"[{key}" in text or f".{key}]" in text
            assert found, f"{key} is not in the example"


def test_what_the_example_has_commented_is_the_default() -> None:
    """Taking the sign away changes nothing, but for what says that it is an example."""
    text = EXAMPLE.read_text()
    uncommented = re.sub(r"^# ([a-z-]+ = )", r"\1", text, flags=re.MULTILINE)
    configuration = read_table(tomllib.loads(uncommented))
    as_it_is = read_table(tomllib.loads(text))
    first, *others = as_it_is.listeners
    examples = (replace(first, proxy=("192.0.2.10/32", "2001:db8::/64")), *others)
    checks = Checks(True, ("127.0.0.1:53",), "example.org")
    policy = Rules(own={"greylist": Action.DEFER})
    changed = {
        "group": "mail",
        "state": "/var/lib/gomail",
        "control": "/run/gomail/control",
        "listeners": examples,
        "checks": checks,
        "policy": policy,
        "milters": (Milter("unix:/run/rspamd/milter.sock", junk_field="X-Spam: Yes"),),
        "backup_mx": ("backup.example.net",),
        "metrics": Metrics("tcp:9025:interface=127.0.0.1"),
    }
    assert configuration == replace(as_it_is, **changed)  # type: ignore[arg-type]
    assert as_it_is.limits == DEFAULT_LIMITS


def test_each_key_of_the_example_has_its_say() -> None:
    """No key stands there without a comment somewhere above it in its paragraph."""
    for paragraph in EXAMPLE.read_text().split("\n\n"):
        if " = " in paragraph:
            assert paragraph.lstrip("\n").startswith(("# ", "[")), paragraph


def test_file_with_many_mistakes_is_read_through_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the first of a thousand stands is found in one pass over the lines."""
    parsed: list[str] = []
    parse = positions._parse

    def counted(written: str) -> Key:
        parsed.append(written)
        return parse(written)

    monkeypatch.setattr(positions, "_parse", counted)
    path = tmp_path / "gomail.toml"
    domains = [f'[domains."d{number}.example"]\nmailboxes = [""]\n' for number in range(200)]
    path.write_text("".join(domains))
    with pytest.raises(ConfigurationError, match=r"line 2: domains\.\"d0\.example\""):
        load(str(path))
    assert len(parsed) == 400
