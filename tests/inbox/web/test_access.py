"""Who may ask a real inbox, and from where: hosts, origins, tokens, passwords, ports."""

import os
import ssl
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from urllib.parse import urlencode

import pytest

from gomail.cli.inboxing import Options, makeService
from gomail.inbox.web.logins import TRIES
from tests.certificates.pairs import pair, written
from tests.inbox.web.browsing import GOMAIL_INBOX, Inbox, make_maildir, set_password
from tests.inbox.web.conftest import StartInbox
from tests.patience import PATIENCE
from tests.system.running import TWISTD, Server, free_port

pytestmark = pytest.mark.system
LOOPBACK = "tcp:0:interface=127.0.0.1"


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("localhost:9999", 200),
        ("LOCALHOST.", 200),
        ("127.0.0.1:8025", 200),
        ("[::1]:8025", 200),
        ("mail.example.org", 200),
        ("evil.example", 421),
        ("localhost.evil.example", 421),
        ("127.0.0.1.nip.example", 421),
        ("192.0.2.1", 421),
        ("localhost:x", 421),
        ("localhost, evil.example", 421),
        ("user@localhost", 421),
        ("", 421),
    ],
)
def test_w3_host_is_one_of_ours(named: Inbox, host: str, status: int) -> None:
    """A page's own name that leads to this machine (DNS rebinding) is none of ours."""
    seen = named.ask("/", Host=host)
    assert seen.status == status
    assert not host.startswith("evil") or host not in seen.text


@pytest.fixture(scope="module")
def named(place: Path, maildir: Path, secret: Path) -> Iterator[Inbox]:  # noqa: ARG001
    """Give an inbox that has another name, too, to who has logged in."""
    with Inbox(place, "--host", "mail.example.org", "--password-file", str(secret)) as started:
        started.cookie = log_in(started, "correct horse").partition(";")[0]
        yield started


def test_w3_host_is_said_once(named: Inbox) -> None:
    """Two of them, or none, are no request."""
    for fields in (b"", b"Host: localhost\r\nHost: evil.example\r\n"):
        answer = named.raw(b"GET / HTTP/1.1\r\n%bConnection: close\r\n\r\n" % fields)
        assert answer.startswith(b"HTTP/1.1 421 Misdirected Request\r\n"), answer


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, 303),
        ({"Origin": "http://localhost:1"}, 303),
        ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, 303),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://localhost:2"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, 403),
    ],
)
def test_w3_forms_of_others_change_nothing(
    named: Inbox, fields: dict[str, str], status: int
) -> None:
    """Even with the right token."""
    page = named.ask("/")
    form = {"token": page.token, "mark": "flagged"}
    path = f"/message/{page.keys[0]}/mark"
    assert named.ask(path, form, Host="localhost:1", fields=fields).status == status


@pytest.mark.parametrize("token", ["", "0" * 64, "ä", "x" * 2000])
def test_w3_without_the_token_nothing_changes(named: Inbox, token: str) -> None:
    """Only our own pages have it."""
    path = f"/message/{named.ask('/').keys[0]}/mark"
    answer = named.ask(path, {"token": token, "mark": "flagged"})
    assert answer.status == 403
    assert "load the page again" in answer.text


def test_w3_other_sites_may_link_and_nothing_else(named: Inbox) -> None:
    """A link may be followed to a page; none may be fetched, framed, or taken for a picture."""
    cross = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert named.ask("/", fields=cross, Sec_Fetch_Dest="document").status == 200
    assert named.ask("/", fields=cross, Sec_Fetch_Dest="iframe").status == 403
    for mode in ("no-cors", "cors", "websocket"):
        assert named.ask("/", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode=mode).status == 403
    assert named.ask("/arrivals", Sec_Fetch_Site="same-site", Sec_Fetch_Mode="cors").status == 403


def test_other_methods_are_refused(named: Inbox) -> None:
    """Nothing but GET, HEAD and POST is known."""
    for method in ("PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "X" * 30):
        assert named.ask("/", method=method).status == 405


# -- the password ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def secret(place: Path) -> Path:
    """Give the file of a password."""
    assert set_password(place / "password", "correct horse").returncode == 0
    return place / "password"


@pytest.fixture(scope="module")
def guarded(place: Path, maildir: Path, secret: Path) -> Iterator[Inbox]:  # noqa: ARG001
    """Give an inbox with a password, on all addresses."""
    options = ("--password-file", str(secret), "--host", "mail.example.org")
    with Inbox(place, *options, listen="tcp:0:interface=127.0.0.1") as started:
        yield started


def log_in(inbox: Inbox, password: str, fields: Mapping[str, str] | None = None) -> str:
    """Say a password; give the cookie, or nothing."""
    form = {"token": inbox.ask("/login").token, "password": password}
    answer = inbox.ask("/login", form, fields=fields)
    return answer.fields.get("set-cookie", "")


def test_password_is_kept_as_a_hash_of_its_owners(secret: Path) -> None:
    """Nobody else may read even that."""
    assert secret.stat().st_mode & 0o777 == 0o600
    assert secret.read_text().startswith("$argon2id$")


def test_short_password_is_none(tmp_path: Path) -> None:
    """And nothing is written."""
    ended = set_password(tmp_path / "password", "short")
    assert ended.returncode == 1
    assert "8 characters or more" in ended.stderr
    assert not (tmp_path / "password").exists()


def test_without_the_password_nothing_is_seen(guarded: Inbox) -> None:
    """People are led to the page that asks for it; programs hear 401."""
    for path in ("/", "/live", "/message/x/raw", "/arrivals"):
        answer = guarded.ask(path)
        assert (answer.status, answer.fields["location"]) == (303, "/login")
    assert guarded.ask("/arrivals", Sec_Fetch_Mode="cors").status == 401
    assert guarded.ask("/message/x/mark", {"mark": "read"}).status == 401


def test_login_is_a_cookie_that_no_script_and_no_other_site_has(guarded: Inbox) -> None:
    """Until one logs out."""
    cookie = log_in(guarded, "correct horse")
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Secure" not in cookie
    guarded.cookie = cookie.partition(";")[0]
    try:
        page = guarded.ask("/")
        assert page.status == 200
        assert guarded.ask("/logout", {"token": "x"}).status == 403
        assert guarded.ask("/logout", {"token": page.token}).status == 303
        assert guarded.ask("/").status == 303
    finally:
        guarded.cookie = ""


def test_cookie_is_secure_behind_https(guarded: Inbox) -> None:
    """A proxy says so."""
    assert "; Secure" in log_in(guarded, "correct horse", {"X-Forwarded-Proto": "https"})


def test_login_needs_a_token_too(guarded: Inbox) -> None:
    """Another site can't log somebody in."""
    answer = guarded.ask("/login", {"password": "correct horse"})
    assert answer.status == 403
    assert "set-cookie" not in answer.fields


def test_guessing_is_slowed_down(start_inbox: StartInbox, secret: Path) -> None:
    """After some tries the right one is not even looked at."""
    inbox = start_inbox("--password-file", str(secret))
    token = inbox.ask("/login").token
    for _ in range(9):
        answer = inbox.ask("/login", {"token": token, "password": "wrong"})
        assert answer.status == 403
    assert "Too many tries" in answer.text
    answer = inbox.ask("/login", {"token": token, "password": "correct horse"})
    assert answer.status == 403
    assert "a wrong password from 127.0.0.1" in inbox.server.output


def test_guessing_of_one_ipv4_address_slows_down_no_other(
    start_inbox: StartInbox, secret: Path
) -> None:
    """A port of both kinds has the addresses of IPv4 as ones of IPv6, all in one network."""
    inbox = start_inbox("--password-file", str(secret), listen="tcp:0")
    told = f"http://localhost:{inbox.port}/ ([::]:{inbox.port} and 0.0.0.0:{inbox.port})"
    assert told in inbox.server.output  # what is listened on is no address to open
    form = {"token": inbox.ask("/login").token, "password": "wrong"}
    answers = [inbox.ask("/login", form).text for _ in range(TRIES + 1)]
    assert "Too many tries" in answers[-1]
    other = HTTPConnection("127.0.0.1", inbox.port, PATIENCE, source_address=("127.0.0.2", 0))
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    other.request("POST", "/login", urlencode(form), kind)
    assert "That is not the password" in other.getresponse().read().decode()
    other.close()
    inbox.server.logged("a wrong password from 127.0.0.2")


def test_new_password_is_in_force_at_once(start_inbox: StartInbox, tmp_path: Path) -> None:
    """Whoever came in by the old one is asked again; without the file nobody comes in."""
    path = tmp_path / "password"
    set_password(path, "the first one")
    inbox = start_inbox("--password-file", str(path))
    inbox.cookie = log_in(inbox, "the first one").partition(";")[0]
    assert inbox.ask("/").status == 200
    set_password(path, "the second one")
    assert inbox.ask("/").status == 303
    assert not log_in(inbox, "the first one")
    assert log_in(inbox, "the second one")
    path.unlink()
    answer = inbox.ask("/")
    assert answer.status == 503
    assert "gomail inbox --set-password" in answer.text
    assert inbox.ask("/").status == 503
    line = f"the password {path} is gone"
    inbox.server.logged(line)
    assert inbox.server.output.count(line) == 1


def test_stream_ends_with_its_login(start_inbox: StartInbox, tmp_path: Path) -> None:
    """What is told as it comes is told to nobody who has left, or came in by an old password."""
    secret = tmp_path / "password"
    set_password(secret, "the first one")
    inbox = start_inbox("--password-file", str(secret))
    with streaming(inbox, "/arrivals", "the first one"):
        assert inbox.ask("/logout", {"token": inbox.ask("/").token}).status == 303
    with streaming(inbox, "/live/events", "the first one"):
        set_password(secret, "the second one")
    with streaming(inbox, "/arrivals", "the second one"):
        secret.unlink()


@contextmanager
def streaming(inbox: Inbox, path: str, password: str) -> Iterator[None]:
    """Log in and listen; what is done then ends it, in order."""
    inbox.cookie = ""
    inbox.cookie = log_in(inbox, password).partition(";")[0]
    with inbox.connect() as connection:
        asked = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {inbox.cookie}\r\n\r\n"
        connection.sendall(asked.encode())
        heard = b""
        while b"retry:" not in heard:
            heard += connection.recv(1000)
        yield
        while not heard.endswith(b"0\r\n\r\n"):
            octets = connection.recv(1000)
            assert octets, "it was not ended in order"
            heard += octets


# -- what is said at the start --------------------------------------------------------------------


def refused(folder: Path, *said: str) -> str:
    """Begin an inbox that will not; give the line."""
    with pytest.raises(SystemExit) as caught:
        begin("--maildir", str(folder / "Maildir"), *said)
    return str(caught.value)


def begin(*said: str) -> None:
    """Begin an inbox."""
    options = Options()
    options.parseOptions(said)
    makeService(options)


@pytest.mark.parametrize("listen", ["tcp:0", "tcp:0:interface=0.0.0.0", r"tcp:0:interface=\:\:"])
def test_w3_without_a_password_it_is_for_this_machine_alone(tmp_path: Path, listen: str) -> None:
    """Whoever wants more is told how."""
    make_maildir(tmp_path / "Maildir")
    line = refused(tmp_path, "--listen", listen)
    assert "without a password the inbox is for this machine alone" in line
    assert "--set-password" in line


def test_w3_no_password_is_never_by_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is named is there; and a name means a proxy, and more people than this machine's."""
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    make_maildir(tmp_path / "Maildir")
    path = tmp_path / "missing"
    line = refused(tmp_path, "--password-file", str(path), "--listen", LOOPBACK)
    assert f"--set-password --password-file {path} writes it" in line
    line = refused(tmp_path, "--host", "mail.example.org", "--listen", LOOPBACK)
    assert "gomail inbox --set-password sets one" in line


def test_version_is_gomails(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever it is made with."""
    with pytest.raises(SystemExit):
        begin("--version")
    assert capsys.readouterr().out.startswith("gomail ")


def test_wrong_options_end_the_process_with_one_line(tmp_path: Path) -> None:
    """And no traceback."""
    server = Server(tmp_path, command=GOMAIL_INBOX, environment={"HOME": str(tmp_path)})
    assert server.ended() == 1
    assert server.complaints.splitlines() == [
        f"gomail: there is no Maildir {tmp_path}/Maildir; --maildir names another"
    ]


@pytest.mark.parametrize(
    ("missing", "option"),
    [
        ("jinja2", "--listen=tcp:0:interface=127.0.0.1"),
        ("argon2", "--listen=tcp:0:interface=127.0.0.1"),
        ("argon2", "--set-password"),
    ],
)
def test_what_is_to_be_installed_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str, option: str
) -> None:
    """Without the extra it does not start, and says what to type."""
    make_maildir(tmp_path / "Maildir")
    for name in [each for each in sys.modules if each.startswith("gomail.inbox.web")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    assert "pip install 'gomail[inbox]'" in refused(tmp_path, option)


def test_maildir_that_is_none_or_not_for_us_is_told(tmp_path: Path) -> None:
    """In one line, and without a traceback."""
    (tmp_path / "Maildir" / "new").mkdir(parents=True)
    assert "a folder with new/ and cur/ was expected" in refused(tmp_path)
    (tmp_path / "Maildir" / "cur").mkdir()
    tmp_path.chmod(0)
    user = os.geteuid()
    os.seteuid(user or 65534)
    try:
        line = refused(tmp_path)
    finally:
        os.seteuid(user)
        tmp_path.chmod(0o700)
    assert line.startswith(f"gomail: {tmp_path}/Maildir: the user with id {user or 65534} can't")


def test_twistd_runs_it(tmp_path: Path) -> None:
    """With its own options before ours; it stops as any service does."""
    make_maildir(tmp_path / "Maildir")
    command = (*TWISTD, "--nodaemon", "--pidfile=", "gomail-inbox")
    options = ("--maildir", "Maildir", "--listen", "tcp:0:interface=127.0.0.1")
    server = Server(tmp_path, *options, command=command, environment={"HOME": str(tmp_path)})
    server.logged("starting up")
    server.stopped()
    assert "Traceback" not in server.output + server.complaints


def test_what_is_wrong_is_one_line(tmp_path: Path) -> None:
    """At the start, with what was expected."""
    assert "there is no Maildir" in refused(tmp_path)
    make_maildir(tmp_path / "Maildir")
    assert "--help lists the options" in refused(tmp_path, "--nonsense")
    for host in ("http://x/", "name:8801", ""):
        assert "a name alone was expected" in refused(tmp_path, f"--host={host}")
    line = refused(tmp_path, "--listen", "tcp:none")
    assert "no port from 0 to 65535; an endpoint such as tcp:PORT or" in line
    path = tmp_path / "password"
    path.write_text("secret")
    path.chmod(0o644)
    assert "chmod 600" in refused(tmp_path, "--password-file", str(path))
    path.chmod(0o600)
    assert "a hash of argon2 was expected" in refused(tmp_path, "--password-file", str(path))


def test_tls_is_twisteds_own(tmp_path: Path, start_inbox: StartInbox) -> None:
    """An endpoint ssl: speaks HTTP with who offers more, as browsers do; the cookie is for TLS."""
    files = written(tmp_path, pair("localhost"))
    port, secret = free_port(), tmp_path / "password"
    set_password(secret, "correct horse")
    named = f"privateKey={files.key}:certKey={files.certificate}"
    listen = f"ssl:{port}:interface=127.0.0.1:{named}"
    start_inbox("--password-file", str(secret), listen=listen)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2", "http/1.1"])
    connection = HTTPSConnection("127.0.0.1", port, timeout=PATIENCE, context=context)
    connection.request("GET", "/login")
    page = connection.getresponse().read().decode()
    token = page.partition('name="token" value="')[2].partition('"')[0]
    form = urlencode({"token": token, "password": "correct horse"})
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/login", form, kind)
    assert "; Secure" in str(connection.getresponse().getheader("Set-Cookie"))
    connection.close()
