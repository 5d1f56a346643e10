"""
The order checker: did a server do what the promise says before it said 250?

It reads what strace wrote down: written, the file synced, linked into ``new/``, the folder synced,
and only then sent. A call counts from its end, the send from its beginning: luck has no part in it.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

# What strace must be told to write: -y names the file behind each descriptor, -s shows the reply.
STRACE = (
    "strace",
    "-f",
    "-y",
    "-s",
    "200",
    "--seccomp-bpf",
    "-e",
    "trace=write,writev,pwrite64,copy_file_range,fsync,fdatasync,syncfs,link,linkat,sendto,sendmsg",
)

_CALL = re.compile(r"(\d+) +(\w+)\((.*)\) += (-?\d+)")
_BEGUN = re.compile(r"(\d+) +(\w+)\((.*?) *<unfinished \.\.\.>")
_ENDED = re.compile(r"(\d+) +<\.\.\. (\w+) resumed>(.*)\) += (-?\d+)")
_FILE = re.compile(r"\d+<([^>]*)>")
_LINK = re.compile(r'\d+<([^>]*)>, "([^"]*)"')
_GIVEN_A_NAME = re.compile(r'"/proc/self/fd/(\d+)", \d+<([^>]*)>, "([^"]*)"')
_WRITES = frozenset({"write", "writev", "pwrite64", "copy_file_range"})
_STORED = re.compile(r"250 2\.0\.0 stored as (\S+?)\\r\\n")


@dataclass(frozen=True, slots=True)
class Call:
    """A system call that succeeded, with the lines of the trace in which it began and ended."""

    name: str
    arguments: str
    began: int
    ended: int

    @property
    def path(self) -> str:
        """The file that was written to, or synced."""
        files = _FILE.findall(self.arguments)
        return files[-1] if self.name == "copy_file_range" and files else (files or [""])[0]


def read_calls(trace: Iterable[str]) -> Iterator[Call]:
    """Read the calls of a trace: threads are mixed, and some calls are told in two lines."""
    begun: dict[tuple[str, str], tuple[str, int]] = {}
    for number, line in enumerate(trace):
        if found := _CALL.match(line):
            _, name, arguments, result = found.groups()
            began = number
        elif found := _BEGUN.match(line):
            begun[found[1], found[2]] = found[3], number
            continue
        elif found := _ENDED.match(line):
            pid, name, rest, result = found.groups()
            first, began = begun.pop((pid, name))
            arguments = first + rest
        else:
            continue
        if int(result) >= 0:
            yield Call(name, arguments, began, number)


@dataclass(frozen=True, slots=True)
class Copy:
    """One link into a Maildir: the file in ``tmp/``, the folder, and the name there."""

    staged: str
    folder: str
    name: str
    link: Call


def _copies(calls: Sequence[Call]) -> Iterator[Copy]:
    """
    Find the deliveries in a trace.

    A file that had no name when it was written goes by what strace calls it even when it has one.
    """
    nameless: dict[str, str] = {}
    for call in calls:
        if call.name not in {"link", "linkat"}:
            continue
        if given := _GIVEN_A_NAME.search(call.arguments):
            number, tmp, name = given.groups()
            nameless[f"{tmp}/{name}"] = _last_name(number, calls, call)
        else:
            (tmp, staged), (new, name) = _LINK.findall(call.arguments)
            path = f"{tmp}/{staged}"
            yield Copy(nameless.get(path, path), new, name, call)


def _last_name(number: str, calls: Iterable[Call], before: Call) -> str:
    """Tell what nameless file a descriptor was in the last call that had it, before another one."""
    pattern = re.compile(rf"\b{number}<([^>]*/#[^>]*)>")
    named = [(call.ended, pattern.findall(call.arguments)) for call in calls]
    return max((ended, found) for ended, found in named if found and ended < before.began)[1][0]


def check(trace: Iterable[str]) -> tuple[int, list[str]]:
    """
    Check a trace.

    Returns:
        How many 250 were checked, and what was wrong with them, as sentences.
    """
    calls = list(read_calls(trace))
    copies = list(_copies(calls))
    sends = [
        (name, call)
        for call in calls
        if call.name in {"sendto", "sendmsg", "write"} and "<socket:" in call.arguments
        for name in _STORED.findall(call.arguments)
    ]
    wrong = [
        f"{name}: {problem}"
        for name, send in sends
        for problem in _problems(name, send, calls, copies)
    ]
    return len(sends), wrong


def _problems(name: str, send: Call, calls: list[Call], copies: list[Copy]) -> Iterator[str]:
    """Say what was done too late, or never, before a 250 was sent."""
    message = [copy for copy in copies if copy.name == name]
    if not message:
        yield "no such file was linked"
    for copy in message:
        written = [
            call.ended for call in calls if call.name in _WRITES and call.path == copy.staged
        ]
        synced = _syncs(copy, calls, max(written))
        if len(synced) != 1 or synced[0].began < max(written):
            yield "the file was not synced once, after it was written"
        elif copy.link.began < synced[0].ended:
            yield "the file was linked before it was synced"
        if copy.link.ended > send.began:
            yield "the reply was sent before the link"
        if not any(
            copy.link.ended < call.began and call.ended < send.began
            for call in calls
            if call.name == "syncfs" or (call.name == "fsync" and call.path == copy.folder)
        ):
            yield "the folder was not synced between the link and the reply"


def _syncs(copy: Copy, calls: Iterable[Call], written: int) -> list[Call]:
    """Find what made a file durable: its own sync, or else the first of the whole file system."""
    own = [call for call in calls if call.name == "fsync" and call.path == copy.staged]
    whole = [call for call in calls if call.name == "syncfs" and call.began > written]
    return own or whole[:1]
