"""
A headless Chromium as Debian packages it, and what its own network log says.

It resolves no name: whatever it looks for beyond this inbox it finds at a server that only counts.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from selenium import webdriver
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver import ActionChains
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from tests.interop.software import needs
from tests.patience import PATIENCE
from tests.waiting import within

_QUIET = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-default-apps", "--disable-extensions", "--hide-scrollbars", "--mute-audio",
    # Else the frames of HTML are other processes, of which the log has nothing.
    "--disable-features=IsolateSandboxedIframes",
)  # fmt: skip


class Elsewhere:
    """All of the internet: a server that notes what is asked of it, by name and path."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        asked = self.asked

        class Counting(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(f"{self.headers['Host']}{self.path}")
                self.send_response(200)
                self.end_headers()

            do_POST = do_HEAD = do_OPTIONS = do_GET

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Counting)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Ask no more."""
        within(self._server.shutdown, "the end of all of the internet")
        self._server.server_close()


class Browser:
    """A browser; *elsewhere* is where all names lead."""

    def __init__(self, elsewhere: Elsewhere, width: int = 1280, *, scripts: bool = True) -> None:
        options = webdriver.ChromeOptions()
        options.binary_location = needs("chromium")
        options.accept_insecure_certs = True  # nobody knows who signs ours
        for each in (*_QUIET, f"--window-size={width},900"):
            options.add_argument(each)
        # What it asks its maker for finds nothing; all else finds the server that counts.
        makers = ", ".join(f"MAP *.{each} ~NOTFOUND" for each in ("google.com", "googleapis.com"))
        rules = f"{makers}, MAP * 127.0.0.1:{elsewhere.port}, EXCLUDE 127.0.0.1"
        options.add_argument(f"--host-resolver-rules={rules}")
        if not scripts:
            options.add_experimental_option(
                "prefs", {"profile.managed_default_content_settings.javascript": 2}
            )
        options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(needs("chromedriver")))
        self.driver.set_page_load_timeout(60)
        if width < 600:
            screen = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": True}
            self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)

    def open(self, address: str) -> None:
        """Open a page, with all that belongs to it."""
        self.driver.get(address)

    def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            ActionChains(self.driver).send_keys(key).perform()

    def has(self, selector: str) -> bool:
        """Tell whether something is on the page."""
        return bool(self.driver.find_elements(By.CSS_SELECTOR, selector))

    def text(self, selector: str) -> str:
        """Give the text of what is on the page."""
        return self.driver.find_element(By.CSS_SELECTOR, selector).text

    def click(self, selector: str) -> None:
        """Click on what is on the page; the one that it leads to may be there later."""
        self.driver.find_element(By.CSS_SELECTOR, selector).click()

    @property
    def here(self) -> str:
        """Give the subject of the row that keys are about."""
        return self.text(".row.here .subject")

    def until(self, true: Callable[[], object], what: str) -> None:
        """Wait until a page shows something, which may be the page after this one."""
        going = (NoSuchElementException, StaleElementReferenceException)
        wait = WebDriverWait(self.driver, PATIENCE, 0.05, going)
        wait.until(lambda _: true(), f"in vain: {what}")

    def requested(self) -> list[str]:
        """Give the addresses that were asked for since the last time; by all pages and frames."""
        found = []
        for entry in self.driver.get_log("performance"):
            message: dict[str, Any] = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                found.append(message["params"]["request"]["url"])
        return found

    def beyond(self, origin: str) -> list[str]:
        """Give those of them that are not of an origin."""
        own = urlsplit(origin).netloc
        return [
            each
            for each in self.requested()
            if urlsplit(each).scheme not in {"data", "blob", "about", "chrome"}
            and urlsplit(each).netloc != own
        ]

    def complaints(self) -> list[str]:
        """Give what was written to the console since the last time."""
        return [str(entry["message"]) for entry in self.driver.get_log("browser")]

    def close(self) -> None:
        """End it."""
        self.driver.quit()


@contextmanager
def browsing(width: int = 1280, *, scripts: bool = True) -> Iterator[tuple[Browser, Elsewhere]]:
    """Give a browser, and the rest of the world."""
    needs("chromium")
    needs("chromedriver")
    elsewhere = Elsewhere()
    try:
        browser = Browser(elsewhere, width, scripts=scripts)
        try:
            yield browser, elsewhere
        finally:
            browser.close()
    finally:
        elsewhere.close()
