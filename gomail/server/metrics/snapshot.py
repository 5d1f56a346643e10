"""What is known of a server at the moment of a scrape, as values; of its processes, by /proc."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gomail.health import Health, Share

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_USER_TIME, _SYSTEM_TIME = 11, 12  # in /proc/PID/stat, behind the name of the program


@dataclass(frozen=True, slots=True)
class RefusalName:
    """
    A reply with which something is refused, as metrics name it.

    Attributes:
        reason: its name in docs/refusals.md, or that of a rule.
        kind: whether the sender is to try again: ``temporary`` or ``permanent``.
    """

    reason: str
    kind: str


@dataclass(frozen=True, slots=True)
class Process:
    """
    A process of ours.

    Attributes:
        role: ``server``, ``parent``, ``worker`` or ``agent``: the latter are all that one of the
            others has started beside workers.
        worker: the number of the worker that it is, or belongs to; empty where there are none.
        resident: octets of memory that are its own just now.
        seconds: of a processor, that it has used.
        descriptors: files that it has open, and may have; None where nobody knows.
    """

    role: str
    worker: str
    resident: int
    seconds: float
    descriptors: Share | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """
    All that is told of a server.

    Attributes:
        counts: of all processes together, as `Ledger` has them, with its figures.
        gauges: of each process that serves: what it has measured of itself.
        health: how all fare together.
        sessions: that are open, and may be.
        workers: that serve, and that there are to be.
        ended: workers that have ended, and were followed by others.
        processes: all of them.
        started: when the first process began, in seconds since 1970.
        refusals: replies, as they are written, that are counted apart.
        listeners: endpoints, as they are configured.
    """

    counts: Mapping[str, Any]
    gauges: Sequence[Mapping[str, Any]]
    health: Health
    sessions: Share
    workers: Share
    ended: int
    processes: Sequence[Process]
    started: float
    refusals: Mapping[str, RefusalName]
    listeners: Sequence[str]


def processes(
    role: str, worker: str, pid: int, descriptors: Share | None, without: Sequence[int] = ()
) -> Iterator[Process]:
    """Look at a process, and at what it has started but for *without*; nothing where it is gone."""
    with suppress(OSError, ValueError, IndexError):
        yield Process(role, worker, *_used(pid), descriptors)
    used = []
    for child in _children(pid):
        if child not in without:
            with suppress(OSError, ValueError, IndexError):
                used.append(_used(child))
    if used:
        resident, seconds = zip(*used, strict=True)
        yield Process("agent", worker, sum(resident), sum(seconds))


def _used(pid: int) -> tuple[int, float]:
    """Read how much memory a process has, and how long it has run."""
    resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return resident, (int(fields[_USER_TIME]) + int(fields[_SYSTEM_TIME])) / _TICKS


def _children(pid: int) -> list[int]:
    """Give the processes that one has started, where the kernel tells."""
    with suppress(OSError, ValueError):
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []
