"""What is wrong with a setting, by its key; whoever read the settings knows the file and line."""

import json
import re
from typing import TypeAlias

Key: TypeAlias = tuple[str | int, ...]

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+\Z")


class Mistake(ValueError):
    """
    A setting that can't be.

    Attributes:
        key: where it stands in the configuration, from the top: ``("domains", "example.org")``.
        problem: what was expected and what was found, as the end of a sentence.
    """

    def __init__(self, key: Key, problem: str) -> None:
        """Remember where and what."""
        super().__init__(f"{dotted(key)}: {problem}")
        self.key = key
        self.problem = problem


def dotted(key: Key) -> str:
    """Write *key* as TOML does: ``domains."example.org".aliases``; list elements count from 1."""
    written = ""
    for part in key:
        if isinstance(part, int):
            written += f"[{part + 1}]"
        else:
            name = part if _BARE_KEY.match(part) else json.dumps(part, ensure_ascii=False)
            written += f".{name}" if written else name
    return written
