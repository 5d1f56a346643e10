"""The password of a real inbox: who has said it, how often it may be tried, when it is another."""

from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

import pytest

from gomail.inbox.web.logins import TRIES
from tests.inbox.web.browsing import Inbox, set_password
from tests.inbox.web.conftest import StartInbox
from tests.patience import PATIENCE

pytestmark = pytest.mark.system


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
    for path, to in (
        ("/", "/login"),
        ("/live", "/login?to=%2Flive"),
        ("/message/x/raw", "/login?to=%2Fmessage%2Fx%2Fraw"),
        ("/arrivals", "/login"),
    ):
        answer = guarded.ask(path)
        assert (answer.status, answer.fields["location"]) == (303, to)
    assert guarded.ask("/arrivals", Sec_Fetch_Mode="cors").status == 401
    assert guarded.ask("/message/x/mark", {"mark": "read"}).status == 401


def test_without_a_password_none_is_asked_for(inbox: Inbox) -> None:
    """Who comes to that page, by an old address of the browser's, is led to the list."""
    answer = inbox.ask("/login")
    assert (answer.status, answer.fields["location"]) == (303, "/")


def test_login_is_a_cookie_that_no_script_and_no_other_site_has(guarded: Inbox) -> None:
    """Until one logs out."""
    cookie = guarded.log_in("correct horse")
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
    assert "; Secure" in guarded.log_in("correct horse", {"X-Forwarded-Proto": "https"})


def test_login_leads_where_one_wanted_to_go(guarded: Inbox) -> None:
    """With all that stood in the path, behind a wrong password, too."""
    wanted = "/?folder=Junk&q=%C3%A4+%22%3C"
    entrance = guarded.ask(wanted).fields["location"]
    page = guarded.ask(entrance)
    shown = f'name="to" value="{escape(wanted)}"'
    assert shown in page.text
    form = {"token": page.token, "password": "wrong", "to": wanted}
    assert shown in guarded.ask("/login", form).text
    answer = guarded.ask("/login", {**form, "password": "correct horse"})
    assert (answer.status, answer.fields["location"]) == (303, wanted)


@pytest.mark.parametrize(
    "foreign",
    [
        *(
            "//evil.example/",
            "/\\evil.example",
            "https://evil.example/",
            "/\t/evil.example",
            "evil",
        ),
        *(
            "/live\r\nSet-Cookie: x=y",
            "/logout",
            "/login",
            "/arrivals",
            "/livery",
            "/ /evil",
            "///",
        ),
    ],
)
def test_w3_login_leads_to_pages_of_ours_alone(guarded: Inbox, foreign: str) -> None:
    """Nobody's link has our password's page send people elsewhere."""
    page = guarded.ask(f"/login?{urlencode({'to': foreign})}")
    assert 'name="to"' not in page.text
    form = {"token": page.token, "password": "correct horse", "to": foreign}
    answer = guarded.ask("/login", form)
    assert (answer.status, answer.fields["location"]) == (303, "/")


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


def test_guessing_behind_a_proxy_slows_down_who_guesses(
    start_inbox: StartInbox, secret: Path
) -> None:
    """Its other clients have tries of their own, and nobody has more by what he says himself."""
    inbox = start_inbox("--password-file", str(secret), "--proxy", "127.0.0.0/30")
    form = {"token": inbox.ask("/login").token, "password": "wrong"}
    for number in range(TRIES + 1):
        fields = {"X-Forwarded-For": f"198.51.100.{number}, 192.0.2.1"}
        answer = inbox.ask("/login", form, fields=fields)
    assert "Too many tries" in answer.text
    assert inbox.log_in("correct horse", {"X-Forwarded-For": "192.0.2.2"})
    inbox.server.logged("a wrong password from 192.0.2.1\n")


def test_new_password_is_in_force_at_once(start_inbox: StartInbox, tmp_path: Path) -> None:
    """Whoever came in by the old one is asked again; without the file nobody comes in."""
    path = tmp_path / "password"
    set_password(path, "the first one")
    inbox = start_inbox("--password-file", str(path))
    inbox.cookie = inbox.log_in("the first one").partition(";")[0]
    assert inbox.ask("/").status == 200
    set_password(path, "the second one")
    assert inbox.ask("/").status == 303
    assert not inbox.log_in("the first one")
    assert inbox.log_in("the second one")
    path.unlink()
    answer = inbox.ask("/")
    assert answer.status == 503
    assert "gomail inbox --set-password" in answer.text
    assert inbox.ask("/").status == 503
    assert inbox.ask("/login").status == 503
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
    inbox.cookie = inbox.log_in(password).partition(";")[0]
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
