"""Tag lists: ``tag=value; tag=value``, of signatures and of key records (RFC 6376 §3.2)."""

import re

LONGEST = 8192  # octets of a signature, or of all records at the name of a key
MOST_TAGS = 50  # of either; the RFCs know fifteen

_TAG = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_FOLD = " \t\n"


class Unusable(Exception):
    """
    A signature or a key of which no more can be said.

    Attributes:
        result: what the finding will be.
        reason: why, in words of ours.
    """

    def __init__(self, result: str, reason: str) -> None:
        """Keep both."""
        super().__init__(reason)
        self.result = result
        self.reason = reason


def read_tags(octets: bytes) -> dict[str, str]:
    """
    Read a tag list; it may be folded.

    Raises:
        ValueError: it is none, is too long, has too many tags, or one of them twice.
    """
    if len(octets) > LONGEST:
        raise ValueError("is too long")
    text = octets.decode("utf-8").rstrip(_FOLD).removesuffix(";")
    if _CONTROL.search(text):
        raise ValueError("has control characters")
    specs = text.split(";")
    if len(specs) > MOST_TAGS:
        raise ValueError("has too many tags")
    tags: dict[str, str] = {}
    for spec in specs:
        tag, equals, value = spec.partition("=")
        tag = tag.strip(_FOLD)
        if not equals or not _TAG.match(tag) or tag in tags:
            raise ValueError("is no tag list")
        tags[tag] = value.strip(_FOLD)
    return tags


def without_folds(value: str) -> str:
    """Take the white space out of a value in which it means nothing (base64, above all)."""
    return "".join(value.split())
