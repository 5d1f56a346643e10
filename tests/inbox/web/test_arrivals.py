"""What a page is told of what has come, whoever leaves meanwhile."""

from pathlib import Path
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock

from gomail.inbox.mailbox import Listed, Look
from gomail.inbox.web.answers import Streamed
from gomail.inbox.web.arrivals import Arrivals
from gomail.inbox.web.site import Visit
from tests.inbox.web.browsing import Inbox, put


class Asked:
    """A postbox whose looks end when the test says so; and a browser that asks for what comes."""

    path = ("arrivals",)

    def __init__(self) -> None:
        self.since = ""
        self.looks: list[Deferred[Look]] = []
        self.arrivals = Arrivals(self, Clock())  # type: ignore[arg-type]

    async def ask(self, _: object) -> Look:
        """Look."""
        self.looks.append(Deferred())
        return await self.looks[-1]

    def query(self, _: str) -> str:
        """Give what the page knows."""
        return self.since

    def listen(self, since: str = "") -> Deferred[Streamed]:
        """Ask for what comes."""
        self.since = since
        return Deferred.fromCoroutine(self.arrivals.listen(Visit(self, "", closed=False)))  # type: ignore[arg-type]

    def find(self, *subjects: str, changes: int = 1) -> None:
        """End a look."""
        come = tuple(
            Listed(f"{each:x>24}", "", each, "", "", 1.0, None, 1, "", recent=True)
            for each in subjects
        )
        self.looks[-1].callback(Look(come, (), (), changes))


def joined(streamed: Any) -> list[dict[str, Any]]:  # noqa: ANN401 -- of a Deferred
    """Begin a stream, and give what it is told."""
    told: list[dict[str, Any]] = []
    streamed.result.join(told.append)
    return told


def subjects(told: dict[str, Any]) -> list[str]:
    """Give the subjects of the rows that are told."""
    return [each["subject"] for each in told["rows"]]


def test_who_leaves_during_a_look_takes_nothing_away() -> None:
    """What was found belongs to the others; the next who asks is told, too."""
    asked = Asked()
    listening = asked.listen()
    asked.find()
    told = joined(listening)
    leaving = asked.listen()
    ends: list[Any] = []
    leaving.addErrback(ends.append)
    leaving.cancel()
    assert ends[0].check(CancelledError)
    asked.find("new", changes=2)
    assert subjects(told[-1]) == ["new"]


def test_many_that_ask_at_once_need_one_look_more() -> None:
    """A thousand tabs: one look is under way, and another begins behind it for all of them."""
    asked = Asked()
    tabs = [asked.listen() for _ in range(1000)]
    assert len(asked.looks) == 1
    asked.find()
    assert len(asked.looks) == 2
    asked.find()
    assert all(isinstance(each.result, Streamed) for each in tabs)
    assert len(asked.looks) == 2


def test_page_is_told_what_has_come_since_it_was_read() -> None:
    """Before it listened; what it shows already is not told again."""
    asked = Asked()
    first = asked.listen("0")
    asked.find("one", changes=1)
    assert subjects(joined(first)[0]) == ["one"]
    second = asked.listen("1")
    asked.find("two", "three", changes=4)
    assert subjects(joined(second)[0]) == ["two", "three"]
    for since in ("4", "", "x", "-1", "9" * 20):
        nothing = asked.listen(since)
        asked.find(changes=4)
        assert subjects(joined(nothing)[0]) == []


def test_page_is_told_what_it_had_without_a_subject() -> None:
    """It was looked into between the page and its stream; who has the row puts it right."""
    asked = Asked()
    first = asked.listen()
    asked.find(changes=1)
    told = joined(first)
    second = asked.listen("1")
    done = Listed("k", "", "at last", "", "", 1.0, None, 1, "", recent=True)
    asked.looks[-1].callback(Look((), (done,), (), 2))
    assert [each["subject"] for each in told[-1]["completed"]] == ["at last"]
    [begin] = joined(second)
    assert [each["subject"] for each in begin["completed"]] == ["at last"]
    assert begin["rows"] == []


def test_page_says_what_it_knows(inbox: Inbox, maildir: Path) -> None:
    """And what has come between it and its stream is in the first event."""
    page = inbox.ask("/").text
    since = page.partition('data-changes="')[2].partition('"')[0]
    put(maildir, 71, "Subject: between the two\n\n")
    with inbox.connect() as listening:
        listening.sendall(
            f"GET /arrivals?since={since} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
        )
        heard = b""
        while b'"begin"' not in heard or b"\n\n" not in heard.partition(b'"begin"')[2]:
            heard += listening.recv(65536)
    assert heard.partition(b'"rows"')[2].count(b'"key"') == 1
