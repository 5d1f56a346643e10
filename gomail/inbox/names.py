"""
What names in a Maildir mean: folders in modified UTF-7 (RFC 3501 §5.1.3), keys of messages.

A folder is shown by its decoded name if that leads back to the name on the disk, and as it is
written there otherwise, so that no two folders ever have one name.
"""

from __future__ import annotations

import os
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable
from hashlib import blake2b

_SHIFTED = re.compile(r"&([A-Za-z0-9+,]*)-")
_TO_SHIFT = re.compile(r"&|[^\x20-\x7e]+")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_KEY = re.compile(r"[0-9a-f]{24}\Z", re.ASCII)
_SIZE = re.compile(r",S=(\d{1,15})(?![^,:])", re.ASCII)


def folder_names(written: Iterable[str]) -> dict[str, str]:
    """Give the folders' names as they are shown, each with that on the disk, in their order."""
    on_disk = sorted(written)
    taken = set(on_disk)
    shown: dict[str, str] = {}
    for each in on_disk:
        decoded = decode_name(each)
        is_meant = encode_name(decoded) == each and not _CONTROLS.search(decoded)
        name = decoded if is_meant and decoded not in taken else each
        # A name that is no UTF-8 can't be shown as it is.
        shown[name.encode("utf-8", "backslashreplace").decode()] = each
    return shown


def decode_name(written: str) -> str:
    """Decode modified UTF-7, as far as it is some."""
    return _SHIFTED.sub(_unshift, written)


def _unshift(match: re.Match[str]) -> str:
    letters = match[1]
    if not letters:
        return "&"
    padded = letters.replace(",", "/") + "=" * (-len(letters) % 4)
    try:
        return b64decode(padded, validate=True).decode("utf-16-be")
    except ValueError:  # UnicodeDecodeError is one, as is what base64 raises
        return match[0]


def encode_name(name: str) -> str:
    """Encode as modified UTF-7."""
    return _TO_SHIFT.sub(_shift, name)


def _shift(match: re.Match[str]) -> str:
    if match[0] == "&":
        return "&-"
    octets = match[0].encode("utf-16-be", "surrogatepass")
    return f"&{b64encode(octets).decode().rstrip('=').replace('/', ',')}-"


def key_of(unique: str) -> str:
    """Give the key of the message of that unique name: of 24 hexadecimal digits."""
    return blake2b(os.fsencode(unique), digest_size=12).hexdigest()


def is_key(text: str) -> bool:
    """Tell whether that could be a key."""
    return bool(_KEY.match(text))


def size_of(filename: str) -> int | None:
    """Give the size that a file name tells (``,S=…``), as those of gomail's messages do."""
    size = _SIZE.search(filename)
    return int(size[1]) if size else None
