"""What others make of the sequences that might end content: the same as docs/smuggling.md says."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from tests.interop.receivers import Receiver, ReceivingExim, ReceivingGomail, ReceivingPostfix
from tests.smuggling.page import MEASURED
from tests.smuggling.sequences import CLOSEST, SEQUENCES, TRUE_ENDS, Sequence
from tests.smuggling.survey import BEGUN_WITH_LF, ENDED, IN_PIECES, ONE, PATIENTLY, TWO, survey

T = TypeVar("T", bound=Receiver)
SOME = (*CLOSEST, *TRUE_ENDS)
END = Sequence("CRLF", ".", "CRLF")


def ask(server: Receiver, at_once: tuple[Sequence, ...]) -> dict[str, dict[str, str]]:
    """Ask a server in both ways: whole messages, and the closest ones in pieces."""
    ways = {"at once": survey(server, at_once), "in pieces": survey(server, SOME, IN_PIECES)}
    sure = survey(server, [END], PATIENTLY)
    assert sure == {END.name: TWO}, "a second message is seen where there is one"
    return ways


def check_page(server: Receiver) -> None:
    """See that the page tells the truth, if it tells of this version."""
    ways = ask(server, SEQUENCES)
    told = json.loads(MEASURED.read_text())[server.name]
    if server.version != told["version"]:
        return
    for way, outcomes in ways.items():
        for name, outcome in outcomes.items():
            page = told[way].get(name, ONE)
            # In pieces it may be a matter of time what comes of the commands, on a busy machine.
            assert outcome == page or {outcome, page} == {TWO, ENDED}, (way, name)


@contextmanager
def started(server: T) -> Iterator[T]:
    """Stop a server in the end."""
    try:
        yield server
    finally:
        server.stop()


@pytest.mark.interop
@pytest.mark.needs_root
def test_postfix_does_as_the_page_says(folder: Path) -> None:
    """Debian's Postfix, with Debian's settings."""
    with started(ReceivingPostfix(folder)) as postfix:
        check_page(postfix)


@pytest.mark.interop
@pytest.mark.needs_root
def test_exim_does_as_the_page_says(folder: Path) -> None:
    """Debian's Exim, with its own settings where Debian has none."""
    with started(ReceivingExim(folder)) as exim:
        check_page(exim)
        begun = survey(exim, CLOSEST, BEGUN_WITH_LF).values()
        if exim.version == "4.96":
            ended = sum(1 for outcome in begun if outcome != ONE)
            assert ended == 30, "behind a first line that ends in LF alone"


@pytest.mark.system
def test_f1_none_makes_a_second_message_of_a_real_server(folder: Path) -> None:
    """Ourselves, by the same means: a client that is trusted, real sockets and a real Maildir."""
    with started(ReceivingGomail(folder)) as gomail:
        for outcomes in ask(gomail, SOME).values():
            assert [each.name for each in CLOSEST if outcomes[each.name] != ONE] == []
            assert all(outcomes[each.name] in {TWO, ENDED} for each in TRUE_ENDS)
        begun = survey(gomail, CLOSEST, BEGUN_WITH_LF)
        assert set(begun.values()) == {ONE}
