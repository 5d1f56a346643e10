"""The examples of docs/developers.md, as they run in tests."""

import os
import signal
import smtplib
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.patience import PATIENCE
from tests.system.running import until
from tests.waiting import heard_out

Importer = Callable[[str], Any]
ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"
TWISTD = "from twisted.scripts.twistd import run; run()"
LETTER = b"Subject: hello\r\n\r\nHello.\r\n"


def copy_examples(folder: Path, **ports: int) -> None:
    """Copy the examples, with other ports: nobody knows who listens on 2525 here."""
    for path in EXAMPLES.iterdir():
        if path.is_file():
            text = path.read_text()
            for old, new in ports.items():
                text = text.replace(f"tcp:{old.removeprefix('p')}:", f"tcp:{new}:")
            (folder / path.name).write_text(text)


@contextmanager
def running(folder: Path, *command: str, port: int) -> Iterator[subprocess.Popen[str]]:
    """Run a server that listens on *port*, and stop it."""
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        until(lambda: process.poll() is not None or answers(port), f"{command} does not answer")
        yield process
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE)
    finally:
        process.kill()
        output, _ = heard_out(process)
        print(output)  # noqa: T201 -- shown where the test fails


def answers(port: int) -> bool:
    """Tell whether somebody listens."""
    try:
        socket.create_connection(("127.0.0.1", port), PATIENCE).close()
    except ConnectionRefusedError:
        return False
    return True


def send(port: int, forward_path: str) -> None:
    """Send the letter."""
    with smtplib.SMTP("127.0.0.1", port, timeout=PATIENCE) as client:
        client.sendmail("a@client.example", [forward_path], LETTER)
