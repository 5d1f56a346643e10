"""Everything together: a server, its inbox, a browser, swaks that sends, and mutt that reads."""

import os
import pwd
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By

from tests.inbox.maildir import make_maildir
from tests.inbox.web.browsing import Inbox
from tests.inbox.web.chromium import Browser, browsing
from tests.interop.software import needs, run
from tests.interop.terminal import Terminal
from tests.system.running import ANY_PORT, Server

pytestmark = pytest.mark.interop


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder for all of them."""
    return tmp_path_factory.mktemp("together")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    """Give a server with a control socket."""
    settings = folder / "gomail.toml"
    settings.write_text(
        f'control = "{folder}/control"\n[domains."example.org"]\nmailboxes = ["you"]\n'
    )
    served = Server(folder, *ANY_PORT, "--config", str(settings)).started()
    yield served
    served.kill()


@pytest.fixture(scope="module")
def inbox(folder: Path, server: Server) -> Iterator[Inbox]:  # noqa: ARG001 -- it is asked
    """Give an inbox that asks the server."""
    place = folder / "inbox"
    place.mkdir()
    (place / "Maildir").symlink_to(folder / "Maildir")
    with Inbox(place, "--control", str(folder / "control")) as started:
        yield started


@pytest.fixture(scope="module")
def started() -> Iterator[Browser]:
    """Give a browser for all tests of this file."""
    with browsing() as (browser, _):
        yield browser


@pytest.fixture
def browser(started: Browser) -> Browser:
    """Give the browser, which has forgotten what it complained of before."""
    started.complaints()
    return started


def send(server: Server, subject: str, to: str = "you@example.org") -> None:
    """Send a mail by swaks; it may be refused."""
    options = f"--server 127.0.0.1:{server.port} --from ann@a.example --to {to} --helo a.example"
    refused = ["||", "true"] if to != "you@example.org" else []
    command = [needs("swaks"), *options.split(), "--header", f"Subject:{subject}"]
    if refused:
        run(["sh", "-c", '"$@" || true', "sh", *command])
    else:
        run(command)


def test_mail_appears_is_opened_and_flagged_and_mutt_sees_it(
    server: Server, inbox: Inbox, browser: Browser, folder: Path
) -> None:
    """Nothing is loaded again: the row comes by itself."""
    driver = browser.driver
    send(server, "the first")
    browser.open(inbox.address)
    driver.execute_script("window.same = true")
    assert browser.here == "the first"
    unread = int(browser.text("#folders b"))
    send(server, "the second")
    browser.until(lambda: "the second" in browser.text("#rows"), "it appears")
    assert driver.execute_script("return window.same")
    browser.until(lambda: browser.text("#folders b") == str(unread + 1), "it is counted")
    browser.press("g", "\n")
    browser.until(lambda: browser.has("pre"), "it is opened")
    browser.press("F")
    browser.until(lambda: list((folder / "Maildir/cur").glob("*:2,FS")), "it is flagged")
    browser.until(lambda: browser.text("#state") == "flagged", "the page says so")
    (folder / "muttrc").write_text(
        f'set folder={folder}/Maildir quit=yes move=no sleep_time=0 index_format="<%Z> %s"\n'
    )
    user = pwd.getpwuid(os.geteuid())
    command = [needs("mutt"), "-n", "-F", f"{folder}/muttrc", "-f", f"{folder}/Maildir"]
    with Terminal(command, user, {"HOME": str(folder), "USER": user.pw_name}) as terminal:
        seen = terminal.wait_for("the first", "the second")
        terminal.type("q")
    [flagged] = [line for line in seen.splitlines() if "the second" in line]
    [other] = [line for line in seen.splitlines() if "the first" in line]
    assert "!" in flagged.partition("> the second")[0][-4:]
    assert "!" not in other.partition("> the first")[0][-4:]


def test_dialogue_is_seen_as_it_happens(server: Server, inbox: Inbox, browser: Browser) -> None:
    """Sessions, each line, refusals with their reasons, numbers; and nothing of the content."""
    driver = browser.driver
    browser.open(f"{inbox.address}/live")
    browser.until(lambda: browser.text("#health") == "ok", "it is asked")
    client = server.connect()
    client.say("EHLO here.example")
    browser.until(lambda: "here.example" in browser.text("#open"), "who is there")
    send(server, "secret words")
    send(server, "x", to="nobody@example.org")
    dialogue = driver.find_element(By.ID, "dialogue")

    def told(text: str) -> Callable[[], bool]:
        return lambda: text in dialogue.text

    for text in ("EHLO here.example", "MAIL FROM:<ann@a.example>", "stored for", "✗", "✓"):
        browser.until(told(text), text)
    browser.until(lambda: "550 5.1.1" in browser.text("#refused"), "the refusal")
    assert "nobody@example.org" in browser.text("#refused")
    assert "secret words" not in browser.text("body")
    browser.until(lambda: "ms" in browser.text("#latency"), "latency")
    assert browser.has("#rates rect")
    client.quit()
    browser.until(lambda: "nobody just now" in browser.text("#open"), "nobody is left")
    assert browser.complaints() == []


def test_server_may_come_and_go(tmp_path: Path, browser: Browser) -> None:
    """The page says that it can't be asked, and comes back by itself."""
    driver = browser.driver
    make_maildir(tmp_path / "Maildir")
    settings = tmp_path / "gomail.toml"
    settings.write_text(f'control = "{tmp_path}/control"\nmaildir = "{tmp_path}/Mail"\n')
    options = (*ANY_PORT, "--config", str(settings))
    with Inbox(tmp_path, "--control", str(tmp_path / "control")) as inbox:
        browser.open(f"{inbox.address}/live")
        why = driver.find_element(By.ID, "why")
        browser.until(lambda: "no server listens on" in why.text, "nobody is there")
        (tmp_path / "served").mkdir()
        server = Server(tmp_path / "served", *options).started()
        try:
            browser.until(lambda: browser.text("#health") == "ok", "it is there")
            later = driver.find_element(By.ID, "later")
            browser.until(lambda: not later.is_displayed(), "nothing is said any more")
        finally:
            server.stopped()
        browser.until(lambda: "can't be asked" in browser.text("#health"), "it has gone")
        browser.open("about:blank")


def test_killing_the_inbox_touches_no_session(server: Server, folder: Path) -> None:
    """W6: it is another process, and the server waits for none of its followers."""
    place = folder / "killed"
    place.mkdir()
    (place / "Maildir").symlink_to(folder / "Maildir")
    client = server.connect()
    client.say("EHLO here.example")
    client.say("MAIL FROM:<a@a.example>")
    with Inbox(place, "--control", str(folder / "control")) as inbox, inbox.connect() as follower:
        follower.sendall(b"GET /live/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        heard = b""
        while b'"status"' not in heard:
            heard += follower.recv(65536)
        inbox.server.tell(signal.SIGSTOP)  # it takes nothing any more, and then it is gone
        began = time.monotonic()
        assert client.say("RCPT TO:<you@example.org>").startswith("250")
        assert client.say("DATA").startswith("354")
        inbox.server.tell(signal.SIGKILL)
        inbox.server.ended()
        assert client.say("Subject: alive\r\n\r\nx\r\n.").startswith("250")
        assert time.monotonic() - began < 30
    client.quit()
    assert server.process.poll() is None
