"""What the last look has found, kept in a file, so that the next one tells what differs."""

import json
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gomail.doctor.finding import Finding

NAME = "doctor.json"


@dataclass(frozen=True, slots=True)
class Changes:
    """
    What differs from the last time.

    Attributes:
        first: whether there was none.
        new: codes of findings that were not there.
        gone: codes of those that are not there any more.
        verdict: how reachability was called before, if it is called otherwise now.
    """

    first: bool = False
    new: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    verdict: str | None = None

    def __bool__(self) -> bool:
        """Tell whether anything differs."""
        return bool(self.new or self.gone or self.verdict)

    def plain(self) -> dict[str, object]:
        """Give it as JSON has it."""
        return {
            "first": self.first,
            "new": list(self.new),
            "gone": list(self.gone),
            "verdict": self.verdict,
        }


def compare(before: Mapping[str, Any] | None, findings: Sequence[Finding], verdict: str) -> Changes:
    """Tell what differs from what was found before."""
    now = list(dict.fromkeys(each.code for each in findings))
    if before is None:
        return Changes(first=True, new=tuple(now))
    then = [str(each) for each in before["findings"]]
    was = str(before["verdict"])
    return Changes(
        new=tuple(code for code in now if code not in then),
        gone=tuple(code for code in then if code not in now),
        verdict=None if was == verdict else was,
    )


def recall(path: Path, key: str) -> Mapping[str, Any] | None:
    """Give what was found for a configuration; a file that is none of ours says nothing."""
    try:
        found = json.loads(path.read_text("utf-8")).get(key)
        return {"findings": list(found["findings"]), "verdict": str(found["verdict"])}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def keep(path: Path, key: str, findings: Sequence[Finding], verdict: str) -> None:
    """
    Write what was found, for its owner alone, as a whole or not at all; others' stays.

    Raises:
        OSError: it can't be kept.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        whole = dict(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        whole = {}
    codes = list(dict.fromkeys(each.code for each in findings))
    whole[key] = {"findings": codes, "verdict": verdict}
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            json.dump(whole, file, indent=2)
            file.flush()
            os.fsync(fd)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
