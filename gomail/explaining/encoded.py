"""
A bounce whose text is encoded, as the source of a mail has it: base64 hides our words.

It is a stranger's message, so it is read where all of them are: in a bounded process of its own.
"""

import re
from tempfile import TemporaryFile

from gomail.reading.message import Message, Part

_ENCODED = re.compile(rb"^content-transfer-encoding:[ \t]*base64", re.IGNORECASE | re.MULTILINE)


def decoded(octets: bytes) -> bytes:
    """Give a bounce with what is encoded in it behind it, as text; or as it is."""
    if not _ENCODED.search(octets):
        return octets
    from gomail.reading.reader import read_message_now  # noqa: PLC0415 -- brings Twisted

    with TemporaryFile() as file:
        file.write(octets)
        file.seek(0)
        message = read_message_now(file.fileno())
    if not isinstance(message, Message):
        return octets
    return octets + b"\n" + "\n".join(_texts(message.root)).encode("utf-8", "replace")


def _texts(part: Part) -> list[str]:
    """Give all texts of a part and those in it."""
    own = [] if part.text is None else [part.text]
    return own + [text for child in part.children for text in _texts(child)]
