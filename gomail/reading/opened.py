"""
A stored message as a browser shows it, its source, and its attachments; each by a bounded child.

Blocks. A stranger's message is never parsed in this process, and whatever goes wrong with it
becomes an `Unreadable`.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from gomail.reading.charset import decode
from gomail.reading.reader import Unreadable, ask_child, child_command, read_message_now
from gomail.reading.sheet import SHEET_OCTETS, Results, Sheet, rebuild_sheet

#: Octets of a message's source that are shown.
SOURCE_OCTETS = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Source:
    """A message as it is stored, read as UTF-8 or windows-1252; *cut* if there is more of it."""

    text: str
    cut: bool


def read_sheet(stored: int, host: str = "") -> Sheet | Unreadable:
    """
    Read a message from an open file, which stays open.

    *host* is the name by which our server calls itself (authserv-id); results of others are none.
    Without it, they are believed that bear the name in the first Received.
    """
    os.lseek(stored, 0, os.SEEK_SET)
    answer = ask_child(
        child_command("gomail.reading.browser", library=_library()), stored, SHEET_OCTETS
    )
    if not isinstance(answer, Unreadable):
        try:
            sheet = rebuild_sheet(json.loads(answer.decode("utf-8", "surrogatepass")))
        except (AttributeError, KeyError, RecursionError, TypeError, ValueError):
            pass
        else:
            return replace(sheet, results=_ours(sheet.results, host))
    # The HTML may have been the child's death: the text is still to be read.
    os.lseek(stored, 0, os.SEEK_SET)
    message = read_message_now(stored)
    if isinstance(message, Unreadable):
        return message
    return Sheet(replace(message, problems=(*message.problems, "its HTML cannot be shown")))


def read_source(stored: int) -> Source:
    """Read a message as it is stored from an open file, which stays open, no more than is shown."""
    octets = os.pread(stored, SOURCE_OCTETS + 1, 0)
    return Source(decode(octets[:SOURCE_OCTETS], None)[0], cut=len(octets) > SOURCE_OCTETS)


@cache
def _library() -> str:
    """Give the folder in which nh3 lies, which only the child imports."""
    spec = find_spec("nh3")
    return "" if spec is None or spec.origin is None else str(Path(spec.origin).parents[1])


def _ours(results: Results | None, host: str) -> Results | None:
    """Give results if they are our own server's."""
    if results is None or _plain(results.authserv_id) != _plain(host or results.received_by):
        return None
    return results


def _plain(name: str) -> str:
    return name.casefold().removesuffix(".")
