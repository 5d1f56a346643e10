"""
Inputs that are kept: those of the repository, and how few of many take all branches.

The repository's are small and few, so that a test can replay them all in seconds. What fuzzing
finds beyond them lies in a scratch folder, until `minimised` has chosen.
"""

import hashlib
import sys
from collections.abc import Iterable
from pathlib import Path
from types import FrameType
from typing import Any

import gomail
from tests.fuzz.target import Target

CORPUS = Path(__file__).parent / "corpus"
MOST = 300  # files of a target
_OURS = str(Path(gomail.__file__).parent)

Branch = tuple[str, int, int]


def kept(name: str) -> list[bytes]:
    """Read a target's inputs in the repository, in the order of their names."""
    return [path.read_bytes() for path in sorted((CORPUS / name).glob("*"))]


def keep(inputs: Iterable[bytes], folder: Path) -> None:
    """Make these the inputs of a folder, each named by its digest."""
    wanted = {hashlib.sha256(octets).hexdigest()[:16]: octets for octets in inputs}
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*"):
        if path.name not in wanted:
            path.unlink()
    for name, octets in wanted.items():
        (folder / name).write_bytes(octets)


def minimised(target: Target, inputs: Iterable[bytes]) -> list[bytes]:
    """Choose the inputs that take a branch in gomail which no shorter one takes."""
    seen: set[Branch] = set()
    chosen: list[bytes] = []
    for octets in sorted(set(inputs), key=lambda each: (len(each), each)):
        if len(octets) <= target.longest and not (taken := branches(target, octets)) <= seen:
            seen |= taken
            chosen.append(octets)
    return chosen[:MOST]


def branches(target: Target, octets: bytes) -> set[Branch]:
    """Check one input, and give the branches that it takes: from which line to which."""
    taken: set[Branch] = set()

    def enter(frame: FrameType, _event: str, _argument: object) -> Any:  # noqa: ANN401 -- as settrace has it
        name = frame.f_code.co_filename
        if not name.startswith(_OURS):
            return None
        before = -frame.f_lineno

        def go_on(frame: FrameType, event: str, _argument: object) -> Any:  # noqa: ANN401 -- likewise
            nonlocal before
            if event == "line":
                taken.add((name, before, frame.f_lineno))
                before = frame.f_lineno
            return go_on

        return go_on

    tracing = sys.gettrace()
    sys.settrace(enter)
    try:
        target.check(octets)
    finally:
        sys.settrace(tracing)
    return taken
