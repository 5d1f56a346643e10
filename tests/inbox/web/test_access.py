"""Who may ask a real inbox, and from where: hosts, origins, tokens."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.inbox.web.browsing import Inbox

pytestmark = pytest.mark.system


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
def named(place: Path, maildir: Path, secret: Path) -> Iterator[Inbox]:  # noqa: ARG001 -- it is to be there
    """Give an inbox that has another name, too, to who has logged in."""
    with Inbox(place, "--host", "mail.example.org", "--password-file", str(secret)) as started:
        started.cookie = started.log_in("correct horse").partition(";")[0]
        yield started


def test_w3_host_is_said_once(named: Inbox) -> None:
    """Two of them, or none, are no request."""
    for fields in (b"", b"Host: localhost\r\nHost: evil.example\r\n"):
        answer = named.raw(b"GET / HTTP/1.1\r\n%bConnection: close\r\n\r\n" % fields)
        assert answer.startswith(b"HTTP/1.1 421 Misdirected Request\r\n"), answer


@pytest.mark.parametrize(
    ("target", "status"),
    [
        (b"http://localhost/", b"200"),
        (b"HTTP://MAIL.example.org:8025/?q=first", b"200"),
        (b"https://[::1]", b"200"),
        (b"http://127.0.0.1?q=first", b"200"),
        (b"http://localhost/live", b"200"),
        (b"http://localhost//", b"404"),
        (b"http://localhost/localhost/", b"404"),
        (b"http://evil.example/", b"421"),
        (b"http://user@localhost/", b"421"),
        (b"http://localhost@evil.example/", b"421"),
        (b"http://localhost\\@evil.example/", b"421"),
        (b"http://localhost%2f.evil.example/", b"421"),
        (b"http://localhost#.evil.example/", b"421"),
        (b"http:///", b"421"),
        (b"ftp://localhost/", b"404"),
        (b"localhost/", b"404"),
        (b"*", b"404"),
    ],
)
@pytest.mark.parametrize("host", [b"localhost", b"evil.example"])
def test_w3_whole_address_has_the_host_that_counts(
    named: Inbox, target: bytes, status: bytes, host: bytes
) -> None:
    """RFC 9112 §3.2.2: it is understood, and Host says nothing beside it; the same are let in."""
    said = b"Host: %b\r\nCookie: %b\r\nConnection: close\r\n" % (host, named.cookie.encode())
    answer = named.raw(b"GET %b HTTP/1.1\r\n%b\r\n" % (target, said))
    if host == b"evil.example" and not target.lower().startswith(b"http"):
        status = b"421"
    assert answer.startswith(b"HTTP/1.1 %b " % status), answer


def test_w3_whole_address_needs_a_host_beside_it_and_has_its_origin(named: Inbox) -> None:
    """RFC 9112 §3.2: Host is always said, and once; another site is another."""
    for fields in (b"", b"Host: localhost\r\nHost: localhost\r\n"):
        octets = b"GET http://localhost/ HTTP/1.1\r\n%bConnection: close\r\n\r\n" % fields
        answer = named.raw(octets)
        assert answer.startswith(b"HTTP/1.1 421 ")
    page = named.ask("/")
    form = {"token": page.token, "mark": "flagged"}
    path = f"http://localhost:1/message/{page.keys[0]}/mark"
    assert named.ask(path, form, Host="x", Origin="http://localhost:1").status == 303
    assert named.ask(path, form, Host="x", Origin="http://x").status == 403


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


@pytest.mark.parametrize("field", ["X-Forwarded-For", "X-Forwarded-Proto", "Via", "Forwarded"])
def test_w3_passed_on_without_a_password_is_refused(inbox: Inbox, field: str) -> None:
    """A proxy that says Host: localhost would show the mail to all the world."""
    for path in ("/", "/live", "/arrivals", f"/message/{inbox.ask('/').keys[0]}/raw"):
        answer = inbox.ask(path, fields={field: "192.0.2.1"})
        assert answer.status == 403
        assert "gomail inbox --set-password" in answer.text


def test_w3_http_of_proxies_is_refused_without_a_password(inbox: Inbox) -> None:
    """So does nginx ask, by its defaults and for localhost; browsers don't."""
    answer = inbox.raw(b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")
    assert answer.startswith((b"HTTP/1.0 403 ", b"HTTP/1.1 403 "))


def test_other_methods_are_refused(named: Inbox) -> None:
    """Nothing but GET, HEAD and POST is known."""
    for method in ("PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "X" * 30):
        assert named.ask("/", method=method).status == 405
