"""The blocks of code in the pages, as the site's parser finds them, and the commands in them."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = (ROOT / "README.md", *sorted(DOCS.rglob("*.md")))
ELSEWHERE = "elsewhere"
WHICH = "$(which gomail)"
_ENDS = frozenset({"&&", "||", ";", "|", "&"})
_parser = MarkdownIt("commonmark").enable("table")


@dataclass(frozen=True, slots=True)
class Block:
    """
    One block of code.

    Attributes:
        page: its path below the checkout.
        line: where it begins, from 1.
        language: the first word behind the fence; empty where there is none.
        words: the others: ``elsewhere`` where no test can run it.
        text: what stands in it.
    """

    page: str
    line: int
    language: str
    words: tuple[str, ...]
    text: str

    def __str__(self) -> str:
        """Name it, for who reads the outcome of a test."""
        return f"{self.page}:{self.line}"


def blocks(page: Path) -> list[Block]:
    """Give the blocks of a page, in order; directives of the site are none."""
    name = page.relative_to(ROOT).as_posix()
    found = []
    for token in _parser.parse(page.read_text()):
        if token.type in {"fence", "code_block"} and not token.info.startswith("{"):
            language, *words = token.info.split() or [""]
            line = token.map[0] + 1 if token.map else 0
            found.append(Block(name, line, language, tuple(words), token.content))
    return found


def all_blocks() -> list[Block]:
    """Give the blocks of all pages."""
    return [block for page in PAGES for block in blocks(page)]


def commands(text: str) -> Iterator[list[str]]:
    """
    Give the words of each command in lines of a shell, without comments.

    What is quoted is one word: a script that another shell is given is not looked into.
    """
    bare = re.sub(r"(^|\s)#.*$", "", text.replace("\\\n", " "), flags=re.MULTILINE)
    reader = shlex.shlex(bare, posix=True, punctuation_chars=True)
    reader.commenters = ""
    reader.whitespace = " \t\r"
    reader.wordchars += "$:@%+,"
    command: list[str] = []
    for word in reader:
        if word in _ENDS or word == "\n":
            if command:
                yield command
            command = []
        else:
            command.append(word)
    if command:
        yield command


def of_gomail(command: list[str]) -> list[str] | None:
    """Give what stands behind ``gomail`` in a command, whoever runs it; None in any other."""
    program, *words = command[1:] if command[0] == "sudo" else command
    return words if program.rpartition("/")[2] == "gomail" or program == WHICH else None
