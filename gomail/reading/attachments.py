"""
The child process that takes the attachments out of one stranger's message; bounded, as child.py.

It is given the message as its standard input, and writes each attachment to its standard output: a
line of JSON with ``number``, ``name`` and ``size``, and so many octets. Its argument may be the
number of the only one that is wanted, or NAMES for the lines without the octets. A last line says
that all is told, or why it isn't: ``{"end": ""}``. It writes no file and starts no process.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from typing import BinaryIO

from gomail.reading import bounds
from gomail.reading.bounds import MIB, OutOfTime
from gomail.reading.fields import decode_field, name_file
from gomail.reading.tree import PARTS, Node, parse_tree

#: Octets of a message whose attachments are taken out; ten times less than the memory it takes.
MESSAGE_OCTETS = 64 * MIB

#: What may be asked for, beside one number.
ALL, NAMES = "", "names"

LIMITS = bounds.LIMITS | {"RLIMIT_AS": (768 * MIB, 768 * MIB), "RLIMIT_CPU": (10, 12)}


def main(arguments: list[str]) -> None:
    """Answer for the message at standard input; what is wanted of it is the argument."""
    signal.signal(signal.SIGXCPU, _run_out_of_time)
    bounds.limit_resources(LIMITS)
    with os.fdopen(0, "rb", closefd=False) as message, os.fdopen(1, "wb", closefd=False) as output:
        write_line(output, {"end": give(message.read(MESSAGE_OCTETS + 1), output, *arguments)})


def _run_out_of_time(_number: int, _frame: object) -> None:
    raise OutOfTime


def give(octets: bytes, output: BinaryIO, wanted: str = ALL) -> str:
    """Write the attachments that are wanted; return why it can't be done, or nothing."""
    if len(octets) > MESSAGE_OCTETS:
        return f"the message is larger than {MESSAGE_OCTETS // MIB} MiB"
    try:
        root, complete = parse_tree(octets)
        for number, name, leaf in attachments(root, ""):
            if wanted in {ALL, NAMES, number}:
                content = leaf.octets()
                write_line(output, {"number": number, "name": name, "size": len(content)})
                output.write(content if wanted != NAMES else b"")
    except OutOfTime:
        return "it took too much time"
    except MemoryError:
        return "it took too much memory"
    except Exception as failure:  # noqa: BLE001 - the email package raises anything at all
        return f"the structure could not be read ({type(failure).__name__})"
    return "" if complete else f"only the first {PARTS} parts were read"


def write_line(output: BinaryIO, value: dict[str, object]) -> None:
    """Write a line of JSON."""
    output.write(json.dumps(value).encode() + b"\n")


def attachments(node: Node, number: str) -> Iterator[tuple[str, str, Node]]:
    """Yield number, file name and node of each part that is a file rather than text to read."""
    children = node.nested_parts()
    for position, child in enumerate(children, start=1):
        yield from attachments(child, f"{number}.{position}" if number else str(position))
    if children:
        return
    filename = node.get_filename()
    kind = node.own_content_type
    is_text = kind.startswith(("text/", "message/")) and filename is None
    if is_text and node.get_content_disposition() != "attachment":
        return
    name = name_file(decode_field(filename) if filename else f"part-{number or 1}")
    yield number or "1", name, node
