"""
The child process that makes one stranger's message a Sheet; bounded, as child.py.

It is given the message as its standard input, and the folder in which nh3 lies as argument. Where
it dies of the HTML, the parent asks for the text alone (opened.py).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

from gomail.reading.bounds import limit_resources
from gomail.reading.charset import decode
from gomail.reading.child import READ_OCTETS
from gomail.reading.markup import IMAGES, Image, clean_markup
from gomail.reading.mime import TEXTS_OCTETS, read_tree
from gomail.reading.sheet import SHEET_OCTETS, Markup, Sheet, write_sheet
from gomail.reading.tree import Node
from gomail.reading.verified import read_results

_HTML = frozenset({"text/html", "application/xhtml+xml"})


def main(_arguments: list[str]) -> None:
    """Answer for the message at standard input."""
    limit_resources()
    with os.fdopen(0, "rb", closefd=False) as stored, os.fdopen(1, "wb", closefd=False) as output:
        octets = stored.read(READ_OCTETS)
        size = max(os.fstat(0).st_size, len(octets))
        answer = write_sheet(read_sheet(octets, size))
        if len(answer) > SHEET_OCTETS:
            sys.exit(1)
        output.write(answer)


def read_sheet(octets: bytes, size: int) -> Sheet:
    """Read a stored message from its first *octets*; *size* is that of its file."""
    message, root = read_tree(octets, size)
    if root is None:
        return Sheet(message)
    fields = [(str(name), str(body)) for name, body in root.raw_items()]
    return Sheet(message, _markup(root), read_results(fields))


def _markup(root: Node) -> Markup | None:
    """Make the HTML of a message harmless: all of it that is to be read, in its order."""
    leaves = list(_leaves(root))
    texts, left = [], TEXTS_OCTETS
    for leaf in leaves:
        if leaf.own_content_type in _HTML and leaf.get_content_disposition() != "attachment":
            octets = leaf.octets()[:left]
            texts.append(decode(octets, leaf.get_content_charset())[0])
            left -= len(octets)
    if not texts:
        return None
    images = {
        str(leaf["content-id"]).strip().strip("<>"): Image(leaf.own_content_type, leaf.octets)
        for leaf in leaves
        if leaf.own_content_type in IMAGES and leaf["content-id"]
    }
    return clean_markup(texts, images)


def _leaves(node: Node) -> Iterator[Node]:
    """Yield the parts that hold no others, but for those of messages inside the message."""
    children = [] if node.own_content_type.startswith("message/") else node.nested_parts()
    for child in children:
        yield from _leaves(child)
    if not node.is_multipart():
        yield node
