"""What monitoring is told, alone and over workers; no process, and no time."""

import socket
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gomail import reply
from gomail.checks.policy import RULES, Action
from gomail.config import Configuration, ConfigurationError, Listener
from gomail.events import Refusal
from gomail.explaining.catalogue import by_name
from gomail.health import WELL
from gomail.metrics import _Crewed, known_replies, make_tally, notes_on_metrics
from gomail.reply import Reply
from gomail.server.control.tally import MOST_NAMES, Tally, together
from gomail.server.metrics.ledger import Ledger
from gomail.server.ports import Port
from gomail.server.workers import words
from gomail.settings import notes
from gomail.settings.notes import see_library
from gomail.settings.values import Metrics, Rules
from tests.server.events import CLIENT, STORED
from tests.server.workers.crews import Crew, Worker

MEASURED = Configuration(metrics=Metrics("tcp:9025:interface=127.0.0.1"))


def test_nothing_more_is_counted_where_nobody_wants_it() -> None:
    """So it costs nothing."""
    assert type(make_tally(Configuration())) is Tally
    assert type(make_tally(MEASURED)) is Ledger


def test_each_reply_that_refuses_has_a_name() -> None:
    """That of docs/refusals.md, or of its rule; those of checks of one's own, too."""
    own = Configuration(policy=Rules(own={"greylist": Action.DEFER}))
    found = known_replies(own)
    names = {each.reason for each in found.values()}
    refusing = [each for each in vars(reply).values() if isinstance(each, Reply)]
    assert len(found) >= sum(not each.positive for each in refusing) + len(RULES)
    assert {"no-such-mailbox", "dmarc-reject", "greylist-fail"} <= names
    assert [name for name in names if by_name(name) is None] == []
    kinds = {each.kind for each in found.values() if each.reason == "spf-temperror"}
    assert kinds == {"temporary"}


def test_replies_of_ours_are_counted_apart_however_many_others_there_are() -> None:
    """A milter that never says the same twice hides none of them; with workers neither."""
    parts = []
    for worker in range(2):
        tally = make_tally(MEASURED)
        for number in range(MOST_NAMES):
            tally(Refusal(CLIENT, b"", Reply(550, "7.1", f"{worker} {number}")))
        tally(Refusal(CLIENT, b"", reply.NO_SUCH_MAILBOX))
        tally(Refusal(CLIENT, b"", Reply(550, "7.1", "one more")))
        parts.append(tally.plain())
        assert parts[-1]["refusals"]["550 5.1.1 No such mailbox here"] == 1
        assert parts[-1]["refusals"]["others"] == 1
    found = together(parts, known_replies(MEASURED))["refusals"]
    assert found["550 5.1.1 No such mailbox here"] == 2
    assert sum(found.values()) == 2 * (MOST_NAMES + 2)
    assert len(found) <= MOST_NAMES + 3


@pytest.mark.parametrize(
    ("family", "address", "told"),
    [
        (socket.AF_INET, "127.0.0.1", False),
        (socket.AF_INET, "127.1.2.3", False),
        (socket.AF_INET, "0.0.0.0", True),
        (socket.AF_INET6, "::1", False),
        (socket.AF_INET6, "::ffff:127.0.0.1", False),
        (socket.AF_INET6, "::", True),
    ],
)
def test_who_can_see_the_page_is_told(family: int, address: str, *, told: bool) -> None:
    """Where that is anybody but this machine's own programs."""
    with socket.socket(family) as bound:
        bound.bind((address, 0))
        found = notes_on_metrics(Port("tcp:0", socket=bound))
    assert [note.startswith("metrics: whoever can connect to ") for note in found] == [True] * told


def test_unix_socket_is_no_address_that_others_reach(tmp_path: Path) -> None:
    """Its mode and folder say who does."""
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(tmp_path / "page"))
        assert notes_on_metrics(Port("unix:x", socket=bound)) == []
    assert notes_on_metrics(None) == []


def test_missing_library_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what brings it; and only to who wants the page."""
    see_library(MEASURED.metrics)
    monkeypatch.setattr(notes, "_LIBRARY", "no_such_library")
    see_library(Configuration().metrics)
    with pytest.raises(ConfigurationError) as caught:
        see_library(MEASURED.metrics)
    assert str(caught.value) == (
        "metrics.listen: there is no library no_such_library here; "
        "pip install 'gomail[metrics]' brings it"
    )


def report(ledger: Ledger) -> Any:  # noqa: ANN401 -- as much as a worker tells
    """Give what a worker tells."""
    gauges = {"lag": 0.0, "free": 1, "reserve": 1, "descriptors": (5, 10)}
    gauges |= {"open": {"tcp:25": 1}, "certificates": []}
    figures = {**ledger.figures(), "connections": {("tcp:25",): 4}}
    return {**ledger.plain(), "figures": figures, "gauges": gauges}


class Wellbeing:
    """How they fare."""

    health, serving, wanted, open, alive = WELL, 2, 2, True, True


def test_counts_of_a_worker_outlive_it() -> None:
    """No counter falls when one ends, and another takes its place."""
    crew = Crew()
    crew.wellbeing, crew.sessions = Wellbeing(), 3  # type: ignore[attr-defined]  # more of one
    configuration = Configuration(listeners=(Listener("tcp:25"),))
    workers: Any = SimpleNamespace(crew=crew, configuration=configuration)
    crewed = _Crewed(workers, crew.overview, 0.0)
    assert crewed.look().counts["messages"] == 0
    ledger = Ledger()
    ledger(STORED)
    for worker in crew.workers:
        crew.overhears(worker, words.PULSE, 1, [], report(ledger))
    seen = crewed.look()
    assert (seen.counts["messages"], seen.ended, len(seen.gauges)) == (2, 0, 2)
    assert seen.counts["figures"]["connections"] == {("tcp:25",): 8}
    crew.end(crew.workers[0])
    seen = crewed.look()
    assert (seen.counts["messages"], seen.ended, len(seen.gauges)) == (2, 1, 1)
    assert sum(seen.counts["figures"]["stored"]) == 2 + 2 * STORED.seconds
    successor = Worker(1)
    crew.workers.append(successor)
    crew.overhears(successor, words.PULSE, 1, [], report(ledger))
    seen = crewed.look()
    assert seen.counts["messages"] == 3
    assert seen.counts["figures"]["connections"] == {("tcp:25",): 12}
