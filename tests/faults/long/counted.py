"""Campaigns of which all that can be said is how long they are, and where."""

import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.faults.campaign import Campaign, say

Told = Iterator[tuple[str, list[str]]]


def counted(
    name: str,
    purpose: str,
    act: Callable[[Path, int], Told],
    times: int,
    missing: Callable[[], str] = str,
) -> Campaign:
    """
    Make a campaign that works in a folder of its own.

    Args:
        name: of the campaign.
        purpose: what it shows.
        act: does it: is given folder and number, and gives lines, each with what is wrong.
        times: the number, if no other is asked for.
        missing: says why it cannot run here.
    """

    def options(parser: ArgumentParser) -> None:
        parser.add_argument("--times", type=int, default=times, help=f"default: {times}")
        parser.add_argument("--folder", help="on the disk that is tried; default: for such files")

    def run(given: Namespace) -> bool:
        began, held = time.monotonic(), True
        try:
            with TemporaryDirectory(dir=given.folder) as folder:
                for line, wrong in act(Path(folder), given.times):
                    say(f"{time.monotonic() - began:.0f} s: {line}")
                    for problem in wrong:
                        say(f"WRONG: {problem}")
                        held = False
        except AssertionError as error:
            say(f"WRONG: {error}")
            held = False
        return held

    return Campaign(name, purpose, options, run, missing)
