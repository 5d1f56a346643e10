"""A terminal, pipe or device as a log."""

import os
from pathlib import Path

import pytest

from gomail.server.stream import Stream


def test_any_sign_can_be_written(tmp_path: Path) -> None:
    """Each line reaches the file when it is flushed, and no letter is a fault."""
    with (tmp_path / "out").open("wb") as out:
        stream = Stream(out.fileno())
        stream.write("Zürich \udcff\n")
        stream.flush()
        assert not stream.waiting
        assert (tmp_path / "out").read_bytes() == b"Z\xc3\xbcrich \\udcff\n"


def test_reader_that_has_gone_is_a_fault() -> None:
    """What waited for it is dropped."""
    reading, writing = os.pipe()
    os.close(reading)
    stream = Stream(writing)
    stream.write("x\n")
    with pytest.raises(BrokenPipeError):
        stream.flush()
    assert not stream.waiting
    os.close(writing)
