"""Samples sent, and found again whatever a reader did to the names of their files."""

import smtplib
from pathlib import Path

from tests.interop.samples import number_of, on_the_wire, sample
from tests.interop.server import Gomail
from tests.patience import PATIENCE

SENDER, RECIPIENT = "samuel@sender.example", "alfred@example.org"


def send(gomail: Gomail, *numbers: int) -> None:
    """Send samples with these numbers."""
    with smtplib.SMTP("127.0.0.1", gomail.port, "client.example", timeout=PATIENCE) as client:
        for number in numbers:
            message = on_the_wire(sample(number))
            client.sendmail(SENDER, [RECIPIENT], message, ["BODY=8BITMIME"])


def on_disk(maildir: Path) -> dict[int, str]:
    """Tell where each message is, and its flags: ``new``, ``cur:S``."""
    return {
        number_of(path.read_bytes()): place + path.name.partition(":2,")[2].join((":", ""))
        for place in ("new", "cur")
        for path in (maildir / place).iterdir()
    }


def contents(maildir: Path) -> dict[int, bytes]:
    """Read every message, whatever became of its name."""
    paths = [path for place in ("new", "cur") for path in (maildir / place).iterdir()]
    return {number_of(path.read_bytes()): path.read_bytes() for path in paths}
