"""
The log of a disk, and the disk as it was at any moment of it.

dm-log-writes tells in which order writes became durable: what a drive has in its cache comes into
the log when that is flushed, and not before. So each beginning of the log is what a power cut may
leave of a drive that loses its whole cache, whatever the kernel had written to it by then.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# Documentation/admin-guide/device-mapper/log-writes.rst, drivers/md/dm-log-writes.c
_MAGIC = 0x6A736677736872
_SUPER = struct.Struct("<3QI")  # magic, version, number of entries, octets of a sector
_ENTRY = struct.Struct("<4Q")  # sector, number of sectors, flags, octets of a mark
_DISCARD, _MARK = 1 << 2, 1 << 3


@dataclass(frozen=True, slots=True)
class Write:
    """Octets that became durable, and where on the disk; none where a cache was only flushed."""

    offset: int
    octets: bytes


@dataclass(frozen=True, slots=True)
class Mark:
    """What happened when all before it in the log was durable, and nothing behind it."""

    text: str


def read_log(path: Path) -> Iterator[Write | Mark]:
    """
    Read a log.

    Raises:
        ValueError: it is none.
    """
    with path.open("rb") as file:
        magic, _, entries, sector_size = _SUPER.unpack(file.read(_SUPER.size))
        if magic != _MAGIC:
            msg = f"{path} is no log of writes"
            raise ValueError(msg)
        file.seek(sector_size)
        for _ in range(entries):
            header = file.read(sector_size)
            sector, sectors, flags, length = _ENTRY.unpack_from(header)
            if flags & _MARK:
                yield Mark(header[_ENTRY.size : _ENTRY.size + length].decode())
            elif not flags & _DISCARD:  # of which nobody can tell what it leaves
                yield Write(sector * sector_size, file.read(sectors * sector_size))


def replay(image: Path, log: Path) -> Iterator[Write | Mark]:
    """Write to *image*, as it was when the log began, entry after entry; give each behind it."""
    with image.open("r+b") as file:
        for entry in read_log(log):
            if isinstance(entry, Write):
                file.seek(entry.offset)
                file.write(entry.octets)
                file.flush()
            yield entry
