"""The inbox in a real browser: what people see and type, and what hostile mail can't do there."""

import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.inbox.hostile import hostile
from tests.inbox.web.browsing import Inbox, make_maildir, put
from tests.inbox.web.chromium import Browser, Elsewhere, browsing
from tests.patience import PATIENCE

pytestmark = pytest.mark.interop
RAN = "console.log(4711)"
ROWS = "return document.querySelectorAll('#rows .row').length"
PARTS = 6  # of the hostile messages, side by side
CONTROL = """\
<!doctype html><meta charset="utf-8"><title>control</title>
<script>{script}</script>
<iframe sandbox="allow-scripts" srcdoc="<img src='{remote}/in-frame.png'>"></iframe>
<img src="{remote}/seen.png">
"""


@pytest.fixture(scope="module")
def world() -> Iterator[tuple[Browser, Elsewhere]]:
    """Give a browser for all tests of this file: to start one takes long."""
    with browsing() as both:
        yield both


@pytest.fixture
def browser(world: tuple[Browser, Elsewhere]) -> Browser:
    """Give the browser, which has forgotten what it complained of before."""
    world[0].complaints()
    return world[0]


def test_w1_w2_control_page_is_seen_to_load(
    world: tuple[Browser, Elsewhere], tmp_path: Path
) -> None:
    """The log has what a page and a frame in it ask for, and what a script says."""
    browser, elsewhere = world
    remote = f"http://remote.example:{elsewhere.port}"
    page = tmp_path / "control.html"
    page.write_text(CONTROL.format(remote=remote, script=RAN))
    browser.requested()
    browser.open(page.as_uri())
    browser.until(lambda: len(elsewhere.asked) >= 2, "both pictures")
    assert {f"{remote}/seen.png", f"{remote}/in-frame.png"} <= set(browser.requested())
    assert any("4711" in each for each in browser.complaints())
    elsewhere.asked.clear()


@pytest.mark.parametrize("part", range(PARTS))
def test_w1_w2_w5_hostile_mail_neither_runs_nor_loads(
    world: tuple[Browser, Elsewhere], tmp_path: Path, part: int
) -> None:
    """Each of 270 messages is opened, its HTML included: not one request leaves, no script runs."""
    browser, elsewhere = world
    folder = tmp_path
    maildir = make_maildir(folder / "Maildir")
    remote = f"http://remote.example:{elsewhere.port}"
    messages = list(hostile(remote, RAN))[part::PARTS]
    for number, (_, octets) in enumerate(messages):
        put(maildir, number, octets, "cur", ":2,S")  # read: no mark is to be set
    browser.requested()
    browser.complaints()
    with Inbox(folder) as inbox:
        keys = []
        path = "/"
        while path:
            browser.open(inbox.address + path)
            rows = browser.driver.find_elements(By.CSS_SELECTOR, "#rows .row")
            keys += [row.get_attribute("data-key") for row in rows]
            older = browser.driver.find_elements(By.ID, "older")
            path = str(older[0].get_attribute("href")).removeprefix(inbox.address) if older else ""
        assert len(keys) == len(messages)
        framed = 0
        for key in keys:
            browser.open(f"{inbox.address}/message/{key}?view=html")
            framed += len(browser.driver.find_elements(By.TAG_NAME, "iframe"))
            assert browser.has("#marking"), key
        asked = browser.requested()
    assert framed > 180 // PARTS
    assert sum(each.endswith("/html") for each in asked) == framed
    assert [each for each in asked if not each.startswith((inbox.address, "data:"))] == []
    assert browser.complaints() == []  # nothing was even refused: what could act was gone before
    assert elsewhere.asked == []


def test_keys_are_those_of_mutt(browser: Browser, inbox: Inbox, maildir: Path) -> None:
    """Down, up, last, first; open and back; flag, delete, undelete; search; help."""
    driver = browser.driver
    folder = make_maildir(maildir / ".Keys")
    for number in range(5):
        put(folder, number, f"From: a@a.example\nSubject: number {number}\n\ntext {number}\n")
    browser.open(f"{inbox.address}/?folder=Keys")
    assert browser.here == "number 4"
    browser.press("j", "j")
    assert browser.here == "number 2"
    browser.press("k")
    assert browser.here == "number 3"
    browser.press("G")
    assert browser.here == "number 0"
    browser.press("g", Keys.ENTER)
    browser.until(lambda: browser.text("pre") == "text 4", "the message")
    browser.until(lambda: list(folder.glob("cur/*:2,S")), "it is marked as read, as it was opened")
    browser.press("j")
    browser.until(lambda: "text 3" in driver.page_source, "the next one")
    browser.press("q")
    browser.until(lambda: browser.here == "number 3", "the list")
    browser.press("F")
    browser.until(lambda: list(folder.glob("cur/*:2,FS")), "it is flagged")
    browser.until(lambda: browser.here == "number 2", "keys go on to the next, as in mutt")
    browser.press("d")
    browser.until(lambda: list(folder.glob("cur/*:2,T")), "it is marked as deleted")
    browser.press("k", "u")
    browser.until(lambda: not list(folder.glob("cur/*T")), "it is not any more")
    browser.press("?")
    assert driver.find_element(By.ID, "help").is_displayed()
    browser.press(Keys.ESCAPE)
    assert not driver.find_element(By.ID, "help").is_displayed()
    browser.press("/")
    browser.press("number 0", Keys.ENTER)
    browser.until(lambda: driver.execute_script(ROWS) == 1, "what was found")
    assert browser.complaints() == []


def test_mark_that_can_not_be_set_is_told(browser: Browser, inbox: Inbox, maildir: Path) -> None:
    """The page is none too old where it is the Maildir that can't be used."""
    browser.open(inbox.address)
    maildir.rename(maildir.with_name("away"))
    try:
        browser.press("F")
        browser.until(lambda: browser.text("#said"), "something is said")
        assert "can't be set now" in browser.text("#said")
    finally:
        maildir.with_name("away").rename(maildir)
    assert any("503" in each for each in browser.complaints())


def test_more_tabs_than_connections_work(browser: Browser, inbox: Inbox, maildir: Path) -> None:
    """A browser has six for all tabs; what comes is there in each that is seen."""
    driver = browser.driver
    first = driver.current_window_handle
    folder = make_maildir(maildir / ".Tabs")
    driver.set_page_load_timeout(PATIENCE)
    browser.open(f"{inbox.address}/?folder=Tabs")
    for path in ("/?folder=Tabs", "/live") * 4:
        driver.switch_to.new_window("tab")
        browser.open(inbox.address + path)
    put(folder, 1, "From: a@a.example\nSubject: to all tabs\n\ntext\n")
    for each in driver.window_handles:
        driver.switch_to.window(each)
        if driver.current_url.endswith("Tabs"):
            browser.until(lambda: "to all tabs" in driver.page_source, "what has come")
        if each != first:
            driver.close()
    driver.switch_to.window(first)


def test_folder_that_can_not_be_read_is_marked(
    browser: Browser, inbox: Inbox, maildir: Path
) -> None:
    """In the list of folders, as that happens; and counted again when it can."""
    driver = browser.driver
    folder = make_maildir(maildir / ".Going")
    put(folder, 1, "Subject: there\n\n")

    def count() -> str:
        link = driver.find_element(By.CSS_SELECTOR, '#folders a[data-folder="Going"]')
        return str(link.find_element(By.CLASS_NAME, "count").get_attribute("textContent"))

    browser.open(inbox.address)
    assert count() == "1 unread of /1"
    (folder / "cur").rename(folder / "away")
    browser.until(lambda: count() == "? can't be read", "it is marked")
    browser.open(inbox.address)
    assert count() == "? can't be read"
    (folder / "away").rename(folder / "cur")
    browser.until(lambda: count() == "1 unread of /1", "it is counted")
    assert "can't be read" not in inbox.ask("/").text


PAGES = ("/", "/?folder=Wide", "/?folder=None", "/?q=nothing+that+is+there", "/live", "/nothing")


def wide(maildir: Path) -> None:
    """Put messages with words that have no end into a folder."""
    if not (maildir / ".Wide").exists():
        folder = make_maildir(maildir / ".Wide")
        word = "x" * 300
        put(folder, 1, f'From: "{word}" <{word}@a.example>\nSubject: {word}\n\n{word}\n> {word}\n')


def test_phone_needs_no_sideways_scrolling(inbox: Inbox, maildir: Path) -> None:
    """At 360 pixels; whatever words have no end."""
    wide(maildir)
    with browsing(360) as (browser, _):
        [key] = inbox.ask("/?folder=Wide").keys
        both = inbox.find("both")
        for path in (*PAGES, f"/message/{key}?folder=Wide", f"/message/{both}?view=html"):
            browser.open(inbox.address + path)
            width = "return document.documentElement.scrollWidth"
            assert browser.driver.execute_script(width) <= 360, path


def test_without_javascript_mail_is_read_and_marked(inbox: Inbox, maildir: Path) -> None:
    """Links and forms are all that is needed."""
    put(maildir, 900, "From: a@a.example\nSubject: no script\n\nplain\n")
    inbox.find("no script")
    with browsing(scripts=False) as (browser, _):
        driver = browser.driver
        browser.open(f"{inbox.address}/?q=no+script")
        browser.click("#rows .row a")
        browser.until(lambda: browser.text("pre") == "plain", "the message")
        assert not driver.find_element(By.ID, "help-button").is_displayed()
        browser.click("button[value=flagged]")
        browser.until(lambda: browser.text("#state") == "unread, flagged", "the flag")
        assert list(maildir.glob("cur/*:2,F"))
        browser.open(f"{inbox.address}/live")
        assert "can't be asked" in browser.text("#health")


def test_password_is_said_once(browser: Browser, guarded: Inbox) -> None:
    """A password manager knows what it is for, and the browser has no advice to give."""
    browser.open(guarded.address)
    browser.press("wrong", Keys.ENTER)
    browser.until(lambda: browser.has("#why"), "it is told that it was wrong")
    assert [each for each in browser.complaints() if "403" not in each] == []
    browser.press("correct horse", Keys.ENTER)
    browser.until(lambda: browser.has("#rows"), "the list")
    browser.open(f"{guarded.address}/live")
    assert browser.has("#health")
    assert browser.complaints() == []


def test_axe_finds_nothing(browser: Browser, inbox: Inbox, guarded: Inbox, maildir: Path) -> None:
    """Accessibility, light and dark: contrast, names, roles, order."""
    wide(maildir)
    axe = files("axe_core_python").joinpath("axe.min.js").read_text("utf-8")
    both = inbox.find("both")
    driver = browser.driver
    for scheme in ("light", "dark"):
        media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        paths = (*PAGES, f"/message/{both}", f"/message/{both}?view=html")
        for path in (*(inbox.address + each for each in paths), f"{guarded.address}/login"):
            browser.open(path)
            driver.execute_script(axe)
            found = driver.execute_async_script(
                "const done = arguments[0]; axe.run({iframes: false}).then(done)"
            )
            told = [
                (each["id"], [node["html"] for node in each["nodes"]])
                for each in found["violations"]
            ]
            assert told == [], f"{path} ({scheme}): {json.dumps(told, indent=1)}"
