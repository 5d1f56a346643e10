"""Postfix's smtp-source: a load that nobody of ours has written."""

import shutil
from pathlib import Path

_PATH = "/usr/sbin:/usr/lib/postfix/sbin:/usr/libexec/postfix"


def find() -> str | None:
    """Give its path, or None where it is not installed."""
    return shutil.which("smtp-source") or shutil.which("smtp-source", path=_PATH)


def command(  # noqa: PLR0913 -- what can be said of a load
    program: str,
    port: int,
    path: Path,
    *,
    sessions: int,
    messages: int,
    recipients: int = 1,
    kept: bool = False,
) -> list[str]:
    """
    Give the command that sends a letter.

    Args:
        program: smtp-source's path.
        port: of 127.0.0.1.
        path: the letter's file.
        sessions: at once.
        messages: of all sessions together.
        recipients: of each message; a number is put before the address.
        kept: whether a session brings many messages, and not one.
    """
    options = ["-4", "-C", "20", "-M", "client.example", "-f", "load@client.example"]
    options += ["-t", "inbox@bench.example", "-F", str(path)]
    options += ["-s", str(min(sessions, messages)), "-m", str(messages)]
    options += ["-r", str(recipients)] if recipients > 1 else []
    options += ["-d"] if kept else []
    return [program, *options, f"127.0.0.1:{port}"]
