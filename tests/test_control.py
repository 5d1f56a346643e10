"""What a worker tells its parent for those who ask and follow; no process, and no time."""

from types import SimpleNamespace
from typing import Any

from gomail.config import Configuration, Listener
from gomail.control import MOST_CLIENTS, Account, clients_of
from gomail.events import Event
from gomail.health import WELL
from gomail.server.workers import words
from tests.server.events import CLIENT, ENDED, STORED


class Line:
    """A worker's line to its parent."""

    def __init__(self) -> None:
        self.others: dict[str, Any] = {}
        self.said: list[tuple[Any, ...]] = []
        self.producers: list[Any] = []
        self.report: Any = None

    def say(self, *said: object) -> None:
        """Hear something."""
        self.said.append(said)

    def produce(self, producer: object) -> None:
        """Know a producer."""
        self.producers.append(producer)

    def release(self) -> None:
        """Know none any more."""
        self.producers.clear()


def server(clients: int = 1) -> Any:  # noqa: ANN401 -- as much of one as is asked for
    """Give a server with so many sessions."""
    factory = SimpleNamespace(clients=[CLIENT] * clients)
    return SimpleNamespace(
        sessions=clients, watch=SimpleNamespace(health=WELL), factories=[factory]
    )


def tell(account: Account, event: Event) -> None:
    """Tell all listeners."""
    for listener in account.listeners:
        listener(event)


def test_worker_reports_what_it_has_counted() -> None:
    """With each sign of life, and when it is asked, with who is there."""
    account, line = Account(Configuration()), Line()
    account.worker(line, server())  # type: ignore[arg-type]  # short ones
    tell(account, STORED)
    sessions, health, counts = line.report()
    assert (sessions, health, counts["messages"]) == (1, [], 1)
    line.others[words.STATUS]()
    [(word, counts, clients)] = line.said
    assert (word, counts["messages"]) == (words.STATUS, 1)
    assert [client["peer"] for client in clients] == ["192.0.2.1:40695"]


def test_worker_passes_events_on_while_its_parent_wants_them() -> None:
    """Nothing is left, the next time, of a line that was full the last time."""
    always: list[Event] = []
    account, line = Account(Configuration(), [always.append]), Line()
    account.worker(line, server())  # type: ignore[arg-type]  # short ones
    tell(account, STORED)
    assert line.said == []
    line.others[words.FOLLOW](True)
    tell(account, STORED)
    assert [(word, told["event"]) for word, told in line.said] == [(words.EVENT, "stored")]
    assert len(account.audience.lines) == 2
    line.producers[0].pauseProducing()
    tell(account, ENDED)
    line.others[words.FOLLOW](False)
    assert (line.producers, len(account.audience.lines)) == ([], 1)
    line.others[words.FOLLOW](False)
    line.others[words.FOLLOW](True)
    tell(account, ENDED)
    assert [told["event"] for _, told in line.said] == ["stored", "session"]


def test_proxies_of_the_listeners_are_known() -> None:
    """A session of a proxy itself is none from outside."""
    listener = Listener("tcp:25", proxy=("192.0.2.0/24", "unix"))
    account = Account(Configuration(listeners=(listener,)))
    assert [str(each) for each in account.tally._proxies] == ["192.0.2.0/24"]


def test_few_clients_are_listed() -> None:
    """A busy server has thousands."""
    assert len(clients_of(server(MOST_CLIENTS + 1))) == MOST_CLIENTS
