"""A page told from its first block to its last: a test takes each, and none is passed over."""

import re
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.docs.blocks import ELSEWHERE, ROOT, Block, blocks

# Languages of what is looked at wherever it stands; a story may pass these over.
_LOOKED_AT = {"toml", "python", "text", "zone", "json"}
_TOLD = re.compile(r'\bStory\("([\w/.-]+)"\)')


class Story:
    """
    The blocks of one page, which are taken in their order.

    Left without an error, all must have been taken but those that are looked at everywhere, and
    those that can't run here.

    Args:
        page: its path below the checkout.
    """

    def __init__(self, page: str) -> None:
        self._left = blocks(ROOT / page)

    def __enter__(self) -> Self:
        """Begin to tell."""
        return self

    def take(self, language: str, *words: str) -> str:
        """Give the next block, which must be in this *language* and have all *words* in it."""
        while ELSEWHERE in self._left[0].words or (
            self._left[0].language != language and self._may_be_passed_over(self._left[0])
        ):
            self._left.pop(0)
        block = self._left.pop(0)
        assert block.language == language, f"{block} is in {block.language}, not in {language}"
        assert all(word in block.text for word in words), f"{block}: {words}?\n{block.text}"
        return block.text

    @staticmethod
    def _may_be_passed_over(block: Block) -> bool:
        """Tell whether a block is looked at elsewhere, or nowhere."""
        return block.language in _LOOKED_AT or ELSEWHERE in block.words

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """See that nothing is left."""
        if error is None:
            left = [str(block) for block in self._left if not self._may_be_passed_over(block)]
            assert left == [], "nobody takes these"


def told() -> set[str]:
    """Give the pages that have a story, by the tests that begin one."""
    sources = Path(__file__).parent.glob("test_*.py")
    return {page for path in sources for page in _TOLD.findall(path.read_text())}
