"""What a campaign is: a long run of one kind of fault, with options and a verdict."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Campaign:
    """
    A long run of one kind of fault.

    Attributes:
        name: what it is called on the command line.
        purpose: what it shows, as a sentence for ``--help``.
        options: adds what can be set to a parser of its own.
        run: does it, says (`say`) what it sees as it goes, and tells whether all that
            gomail promises has held.
        missing: says why it cannot run here; nothing if it can.
    """

    name: str
    purpose: str
    options: Callable[[ArgumentParser], None]
    run: Callable[[Namespace], bool]
    missing: Callable[[], str] = str


def say(line: str) -> None:
    """Tell whoever watches a campaign, at once: some take hours."""
    print(line, flush=True)  # noqa: T201 - the one place where campaigns print
