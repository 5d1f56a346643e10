"""
The inbox's live page and its list, open for a while under load: what of memory they take.

    python -m bench.page [--minutes 10] [--rate 5] [--keep 1000]

A server, its inbox and a headless Chromium with two windows; mail by SMTP, a tenth of it refused.
The oldest messages are removed as others come, since an inbox takes more with each that lies there.
Each half minute a line: messages so far, the inbox's RSS, the JavaScript heap of both pages after
garbage collection, and how many nodes they have.
"""

import argparse
import smtplib
import tempfile
import threading
import time
from pathlib import Path

import psutil

from tests.inbox.web.browsing import Inbox, make_maildir
from tests.inbox.web.chromium import Browser, browsing
from tests.system.running import ANY_PORT, Server

SETTINGS = 'control = "{0}/control"\n[domains."example.org"]\nmailboxes = ["you"]\n'
SAMPLE = 30.0  # seconds


class Load:
    """Sends mail at a rate and removes the oldest of it, until it is told to stop."""

    def __init__(self, port: int, rate: float, new: Path, keep: int) -> None:
        self.sent = 0
        self._port, self._pause, self._stop = port, 1 / rate, threading.Event()
        self._new, self._keep = new, keep
        threading.Thread(target=self._run, daemon=True).start()

    def stop(self) -> None:
        """Send no more."""
        self._stop.set()

    def _run(self) -> None:
        while not self._stop.wait(self._pause):
            to = "nobody@example.org" if self.sent % 10 == 9 else "you@example.org"
            with smtplib.SMTP("127.0.0.1", self._port, local_hostname="load.example") as session:
                self.sent += 1
                try:
                    session.sendmail("a@load.example", [to], f"Subject: {self.sent}\n\nx\n")
                except smtplib.SMTPRecipientsRefused:
                    self._tidy()

    def _tidy(self) -> None:
        """Remove the oldest, whose names come first; nobody has opened them."""
        names = sorted(path.name for path in self._new.iterdir())
        for name in names[: -self._keep]:
            (self._new / name).unlink()


def heap(browser: Browser, window: str) -> tuple[float, int]:
    """Give the JavaScript heap of a window in MiB, and its nodes."""
    browser.driver.switch_to.window(window)
    browser.driver.execute_cdp_cmd("HeapProfiler.collectGarbage", {})
    browser.driver.execute_cdp_cmd("Performance.enable", {})
    found = browser.driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
    values = {each["name"]: each["value"] for each in found}
    return values["JSHeapUsedSize"] / 2**20, int(values["Nodes"])


def measure(folder: Path, minutes: float, rate: float, keep: int) -> None:
    """Measure, and print."""
    place = folder / "inbox"
    place.mkdir()
    make_maildir(folder / "Maildir")
    (place / "Maildir").symlink_to(folder / "Maildir")
    (folder / "gomail.toml").write_text(SETTINGS.format(folder))
    server = Server(folder, *ANY_PORT, "--config", str(folder / "gomail.toml")).started()
    control = ("--control", str(folder / "control"))
    with browsing() as (browser, _), Inbox(place, *control) as inbox:
        browser.open(f"{inbox.address}/live")
        browser.driver.switch_to.new_window("window")
        browser.open(inbox.address)
        live, listed = browser.driver.window_handles
        process = psutil.Process(inbox.server.process.pid)
        load = Load(server.port, rate, folder / "Maildir/new", keep)
        began = time.monotonic()
        while time.monotonic() - began < minutes * 60:
            time.sleep(SAMPLE)
            of_live, of_list = heap(browser, live), heap(browser, listed)
            browser.requested()
            print(
                f"{time.monotonic() - began:6.0f} s {load.sent:6} sent, "
                f"inbox {process.memory_info().rss / 2**20:6.1f} MiB; "
                f"live {of_live[0]:5.2f} MiB, {of_live[1]} nodes; "
                f"list {of_list[0]:5.2f} MiB, {of_list[1]} nodes",
                flush=True,
            )
        load.stop()
    server.kill()


def main() -> None:
    """Read the options, and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--rate", type=float, default=5, help="messages a second")
    parser.add_argument("--keep", type=int, default=1000, help="messages that lie there at most")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gomail-") as folder:
        measure(Path(folder), options.minutes, options.rate, options.keep)


if __name__ == "__main__":
    main()
