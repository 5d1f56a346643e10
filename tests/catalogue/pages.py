"""
The pages of attacks and faults: below each, the tests that bear its id are listed.

A test bears the ids with which its name begins, and a dialogue those in its title. The lists are
written by ``python -m tests.catalogue.pages``, all else by hand.
"""

import re
import textwrap
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
PAGES = (ROOT / "docs/SECURITY.md", ROOT / "docs/reliability.md")
WIDTH = 190
_TEST = re.compile(r"^\s*(?:async )?def (test_([a-z]\d+)_(?:to_([a-z]\d+)_)?\w+)\(", re.MULTILINE)
_TITLE = re.compile(r"^# .*\(([A-Z]\d+(?:, [A-Z]\d+)*)\)$", re.MULTILINE)
_ENTRY = re.compile(r"^\*\*([A-Z]\d+)\. (?:.+\n)+(?:\nTests: (?:.+\n)+)?", re.MULTILINE)
_LIST = re.compile(r"\nTests: (?:.+\n)+")

Evidence = Mapping[str, set[str]]


def evidence(folder: Path = TESTS) -> Evidence:
    """Find what bears an id: names of tests, and files of dialogues."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in folder.rglob("test_*.py"):
        for name, first, last in _TEST.findall(path.read_text()):
            for each in _ids(first.upper(), (last or first).upper()):
                found[each].add(name)
    for path in folder.rglob("dialogues/**/*.txt"):
        for ids in _TITLE.findall(path.read_text()):
            for each in ids.split(", "):
                found[each].add(path.relative_to(folder).as_posix())
    return found


def _ids(first: str, last: str) -> Iterator[str]:
    """Give all ids from one to another, as in r4_to_r8."""
    for number in range(int(first[1:]), int(last[1:]) + 1):
        yield f"{first[0]}{number}"


def page(text: str, found: Evidence) -> str:
    """Give a page with its lists as they ought to be."""

    def entry(match: re.Match[str]) -> str:
        head = _LIST.sub("", match[0])
        names = ", ".join(f"`{name}`" for name in sorted(found.get(match[1], ())))
        return f"{head}\n{filled(f'Tests: {names}')}\n" if names else head

    return _ENTRY.sub(entry, text)


def filled(text: str) -> str:
    """Break a text into lines, never within a name."""
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def entries(text: str) -> dict[str, str]:
    """Give the entries of a page: id, and what is said."""
    return {match[1]: match[0] for match in _ENTRY.finditer(text)}


def main() -> None:
    """Write the lists anew."""
    found = evidence()
    for path in PAGES:
        path.write_text(page(path.read_text(), found))


if __name__ == "__main__":
    main()
