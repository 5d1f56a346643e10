"""Fixtures for a keeper of certificates."""

from pathlib import Path

import pytest

from gomail.certificates.pair import Pair
from gomail.certificates.wanted import Files, Wanted
from tests.certificates.keeping import House
from tests.certificates.pairs import MX, pair, written


@pytest.fixture
def old() -> Pair:
    """Give the pair that is there at first."""
    return pair()


@pytest.fixture
def files(tmp_path: Path, old: Pair) -> Files:
    """Give the files in which it lies."""
    return written(tmp_path, old)


@pytest.fixture
def house(files: Files) -> House:
    """Give a keeper that has it."""
    return House(Wanted(MX, files=(files,)))
