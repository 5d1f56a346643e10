"""The inbox behind nginx and Caddy, with TLS, by the configurations that its page has."""

import base64
import random
import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from grp import getgrnam
from http.client import HTTPSConnection
from pathlib import Path
from urllib.parse import urlencode

import pytest
from selenium.webdriver.common.by import By

from gomail.inbox.web.stream import ALIVE, MOST
from tests.docs.blocks import DOCS, blocks
from tests.inbox.web.browsing import Inbox, Seen, make_maildir, put, set_password
from tests.inbox.web.chromium import browsing
from tests.interop.server import wait_for
from tests.interop.software import needs_user, run
from tests.interop.webproxy import WebProxy

pytestmark = pytest.mark.interop
NAME = "mail.example.org"
PASSWORD = "correct horse"
LARGE = 5 << 20  # octets: far more than a proxy has in memory


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """Give a folder for all of them, which the workers of nginx may enter."""
    place = Path(tempfile.mkdtemp(prefix="gomail-"))
    place.chmod(0o755)
    yield place
    shutil.rmtree(place)


@pytest.fixture(scope="module")
def inbox(place: Path) -> Iterator[Inbox]:
    """Give an inbox with a name and a password, which believes a proxy on this machine."""
    put(make_maildir(place / "Maildir"), 1, "From: ann@a.example\nSubject: first\n\nHello.\n")
    set_password(place / "password", PASSWORD)
    secret = ("--password-file", str(place / "password"))
    with Inbox(place, *secret, "--host", NAME, "--proxy", "127.0.0.1") as started:
        yield started


@pytest.fixture(scope="module", params=["nginx", "caddy"])
def proxy(request: pytest.FixtureRequest, place: Path, inbox: Inbox) -> Iterator[WebProxy]:
    """Give each proxy in front of it."""
    started = WebProxy(request.param, place / request.param, f"127.0.0.1:{inbox.port}")
    yield started
    started.stop()


class Visitor:
    """Somebody who asks through a proxy, as browsers do, from an address of this machine's."""

    def __init__(self, proxy: WebProxy, source: str = "127.0.0.2") -> None:
        self._proxy, self.source = proxy, source
        self.host = f"{NAME}:{proxy.port}"
        self.cookie = ""

    def begin(
        self, path: str, form: Mapping[str, str] | None = None, **fields: str
    ) -> HTTPSConnection:
        """Ask for a page, or send a form."""
        connection = self._proxy.connect(self.source)
        sent = {"Host": self.host, "Cookie": self.cookie, **fields}
        if form is not None:
            sent |= {"Origin": f"https://{self.host}"}
            sent |= {"Content-Type": "application/x-www-form-urlencoded"}
        body = None if form is None else urlencode(form)
        connection.request("GET" if form is None else "POST", path, body, sent)
        return connection

    def ask(self, path: str, form: Mapping[str, str] | None = None, **fields: str) -> Seen:
        """Do so, and give the answer."""
        with closing(self.begin(path, form, **fields)) as connection:
            answer = connection.getresponse()
            names = {name.lower(): value for name, value in answer.getheaders()}
            return Seen(answer.status, names, answer.read())

    def say(self, password: str, **fields: str) -> Seen:
        """Say a password."""
        form = {"token": self.ask("/login").token, "password": password}
        return self.ask("/login", form, **fields)

    def enter(self) -> str:
        """Log in; give the cookie as it was set."""
        cookie = self.say(PASSWORD).fields["set-cookie"]
        self.cookie = cookie.partition(";")[0]
        return cookie


def key_of(visitor: Visitor, word: str) -> str:
    """Give the message in which a word stands, as soon as searches find it."""
    keys = wait_for(word, lambda: visitor.ask(f"/?q={word}").keys)
    return keys[0]


def test_login_marks_and_logout(proxy: WebProxy, place: Path) -> None:
    """The cookie is for TLS alone; forms of ours are taken, those of others are not."""
    visitor = Visitor(proxy)
    assert visitor.ask("/").status == 303
    assert "; Secure" in visitor.enter()
    page = visitor.ask("/")
    assert page.status == 200
    assert "first" in page.text
    path = f"/message/{key_of(visitor, 'first')}/mark"
    for mark in ("flagged", "unflagged"):
        assert visitor.ask(path, {"token": page.token, "mark": mark}).status == 303
        flagged = list(place.glob("Maildir/cur/1764000001.*:2,F*"))
        assert len(flagged) == (mark == "flagged")
    assert visitor.ask(path, {"token": "x", "mark": "flagged"}).status == 403
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert visitor.ask(path, {"token": page.token, "mark": "flagged"}, **foreign).status == 403
    assert visitor.ask("/logout", {"token": page.token}).status == 303
    assert visitor.ask("/").status == 303


def test_other_names_are_not_answered(proxy: WebProxy) -> None:
    """Whatever the proxy passes on: it is the inbox that looks."""
    visitor = Visitor(proxy)
    visitor.enter()
    visitor.host = "evil.example"
    assert visitor.ask("/").status == 421


def test_guess_counts_for_who_asks(proxy: WebProxy, inbox: Inbox) -> None:
    """Not for the others behind the same proxy; and what he says himself of his address is none."""
    guest = Visitor(proxy, "127.0.0.7" if proxy.kind == "nginx" else "127.0.0.8")
    fields = {"X-Forwarded-For": "198.51.100.1", "Forwarded": "for=198.51.100.1"}
    assert "That is not the password" in guest.say("wrong", **fields).text
    inbox.server.logged(f"a wrong password from {guest.source}\n")
    assert "198.51.100" not in inbox.server.output
    assert "X-Forwarded-For" not in inbox.server.output


def test_what_arrives_is_told_at_once(proxy: WebProxy, place: Path) -> None:
    """The proxy keeps nothing back; and something is said before it loses patience."""
    visitor = Visitor(proxy)
    visitor.enter()
    with closing(visitor.begin("/arrivals")) as connection:
        answer = connection.getresponse()
        assert answer.getheader("Content-Type", "").startswith("text/event-stream")
        heard = b""
        while b'"begin"' not in heard:
            heard += answer.read1()
        began = time.monotonic()
        put(place / "Maildir", int(began), f"Subject: it is {began}\n\nNow.\n")
        while f"it is {began}".encode() not in heard:
            octets = answer.read1()
            assert octets
            heard += octets
        assert time.monotonic() - began < ALIVE  # nothing else was said that could have pushed it
    assert ALIVE < 60 / 2  # which nginx waits (proxy_read_timeout)


def test_end_of_a_browser_is_heard(proxy: WebProxy) -> None:
    """Streams of those who have gone make room for others."""
    visitor = Visitor(proxy)
    visitor.enter()
    streams = [visitor.begin("/arrivals") for _ in range(MOST)]
    assert [each.getresponse().status for each in streams] == [200] * MOST
    assert not _is_room(visitor)
    for each in streams:
        each.close()
    wait_for("room for streams", lambda: _is_room(visitor))


def _is_room(visitor: Visitor) -> bool:
    """Tell whether all streams have ended, but the one by which that is found out."""
    with closing(visitor.begin("/arrivals")) as connection:
        return connection.getresponse().status == 200


def test_large_file_is_saved_whole(proxy: WebProxy, place: Path) -> None:
    """Whatever the proxy keeps of it meanwhile."""
    octets = random.Random(1).randbytes(LARGE)
    head = b"Content-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n"
    name = b"Content-Disposition: attachment; filename=large.bin\n\n"
    message = b"Subject: large\nMIME-Version: 1.0\n" + head + name + base64.encodebytes(octets)
    put(place / "Maildir", 0, message)
    visitor = Visitor(proxy)
    visitor.enter()
    page = visitor.ask(f"/message/{key_of(visitor, 'large')}")
    (path,) = re.findall(r'href="(/message/\S+/part/\d+)"', page.text)
    answer = visitor.ask(path)
    assert answer.fields["content-disposition"] == 'attachment; filename="large.bin"'
    assert len(answer.body) == LARGE
    assert answer.body == octets


def test_browser_reads_behind_a_proxy(proxy: WebProxy, place: Path) -> None:
    """A login by hand, a mail that comes by itself, a key that flags; and no complaint."""
    address = f"https://127.0.0.1:{proxy.port}"
    with browsing() as (browser, _):
        driver = browser.driver
        browser.open(address)
        driver.find_element(By.ID, "password").send_keys(PASSWORD + "\n")
        browser.until(lambda: browser.has("#rows"), "the list")
        assert [each["secure"] for each in driver.get_cookies()] == [True]
        subject = f"by {time.monotonic()}"
        come = put(place / "Maildir", 10**8 + int(time.time()), f"Subject: {subject}\n\nHello.\n")
        browser.until(lambda: subject in browser.text("#rows"), "it appears")
        browser.press("g", "F")
        flagged = f"Maildir/cur/{come.name}:2,F*"
        browser.until(lambda: list(place.glob(flagged)), "the flag")
        browser.press("L")
        browser.until(lambda: driver.current_url == f"{address}/live", "the live page")
        told = browser.complaints()
        assert [each for each in told if "/login - [DOM]" not in each] == []  # advice on forms
        assert browser.beyond(address) == []


@pytest.mark.parametrize("kind", ["nginx", "caddy"])
def test_w3_careless_proxy_shows_no_mail(folder: Path, kind: str) -> None:
    """Without a password; Caddy says what it is by itself, and nginx speaks as no browser does."""
    put(make_maildir(folder / "Maildir"), 1, "Subject: first\n\nHello.\n")
    with Inbox(folder) as inbox:
        assert "first" in inbox.ask("/").text
        proxy = WebProxy(kind, folder / kind, f"127.0.0.1:{inbox.port}", bare=True)
        try:
            visitor = Visitor(proxy)
            visitor.host = "localhost"
            answer = visitor.ask("/")
            assert answer.status == 403
            assert "first" not in answer.text
        finally:
            proxy.stop()


@pytest.mark.needs_root
def test_proxy_comes_by_a_unix_socket(folder: Path) -> None:
    """As the page has it: the workers of nginx may enter by their group, and nobody else."""
    needs_user("www-data")
    put(make_maildir(folder / "Maildir"), 1, "Subject: first\n\nHello.\n")
    set_password(folder / "password", PASSWORD)
    (text,) = [each.text for each in blocks(DOCS / "inbox.md") if "mode=660" in each.text]
    text = text.replace("/var/lib/gomail-inbox", f"{folder}/s").replace("sudo ", "")
    install, start = text.replace("-o you", "-o root").splitlines()
    run(install.split())
    _, _, _, listen, *options = start.split()
    secret = ("--password-file", str(folder / "password"))
    with Inbox(folder, *secret, *options, listen=listen) as inbox:
        status = (folder / "s/socket").stat()
        assert (status.st_mode & 0o777, status.st_gid) == (0o660, getgrnam("www-data").gr_gid)
        for kind, place in (
            ("nginx", f"unix:{folder}/s/socket"),
            ("caddy", f"unix/{folder}/s/socket"),
        ):
            proxy = WebProxy(kind, folder / kind, place)
            try:
                visitor = Visitor(proxy)
                assert "; Secure" in visitor.enter()
                assert "first" in visitor.ask("/").text
                assert "not the password" in visitor.say("wrong").text
            finally:
                proxy.stop()
        inbox.server.logged("a wrong password from 127.0.0.2\n")
        assert "from a unix socket" not in inbox.server.output
