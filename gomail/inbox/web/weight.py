"""
Whether a browser could draw a message's HTML at all.

Eighty thousand tables in each other are harmless, and hang the browser for minutes all the same.
The longest newsletters have a few thousand elements, some sixty deep.
"""

import re
from dataclasses import replace

from gomail.reading.opened import read_sheet
from gomail.reading.reader import Unreadable
from gomail.reading.sheet import Sheet

ELEMENTS = 20_000
DEPTH = 200

_TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)")
_ALONE = frozenset({"area", "br", "col", "hr", "img", "wbr"})


def read_light(stored: int, host: str) -> Sheet | Unreadable:
    """Read a message from an open file; HTML that no browser could draw is left out, and said."""
    sheet = read_sheet(stored, host)
    if isinstance(sheet, Unreadable) or sheet.markup is None or is_light(sheet.markup.html):
        return sheet
    problems = (*sheet.message.problems, "the HTML has too much in it to be drawn by a browser")
    return replace(sheet, markup=None, message=replace(sheet.message, problems=problems))


def is_light(html: str) -> bool:
    """Tell whether elements are few enough, and nested little enough; each has its end tag."""
    depth = elements = 0
    for end, name in _TAG.findall(html):
        if end:
            depth -= 1
            continue
        elements += 1
        depth += name not in _ALONE
        if depth > DEPTH or elements > ELEMENTS:
            return False
    return True
