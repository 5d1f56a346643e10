"""The pipes to one agent: real processes, in which a shell plays the agent."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from select import select
from typing import Any, cast

import pytest
import pytest_twisted
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock, deferLater

from gomail.delivery.line import END_TIME, START_TIME, Line
from gomail.delivery.orders import READY, Order, Outcome
from gomail.frames import framed
from tests.delivery.hiring import the_reactor, until
from tests.patience import PATIENCE

pytestmark = pytest.mark.usefixtures("nothing_raises")

OUTCOMES = [Outcome(1, ("name",), None, ""), Outcome(2, (), (28, "No space left on device"), "/m")]
BATCH = framed([tuple(outcome) for outcome in OUTCOMES])


class Owner:
    """Writes down what comes of a line."""

    def __init__(self) -> None:
        self.begun = 0
        self.parted: list[Line] = []
        self.outcomes: list[Outcome] = []
        self.ends: list[str] = []

    def begin(self) -> None:
        """Hear the first word."""
        self.begun += 1

    def part(self, line: Line) -> None:
        """See a pipe closed."""
        self.parted.append(line)

    def heard(self, outcomes: Iterable[Outcome]) -> None:
        """Hear outcomes."""
        self.outcomes += outcomes

    def lost(self, why: str) -> None:
        """See it end."""
        self.ends.append(why)


class Agent:
    """A shell that plays the agent, at the end of a line whose clock stands."""

    def __init__(self, script: str, folder: Path) -> None:
        (folder / "ready").write_bytes(framed(READY))
        (folder / "batch").write_bytes(BATCH)
        self.owner, self.clock = Owner(), Clock()
        self.line = Line(self.owner, cast("IReactorTime", self.clock))
        words = ("/bin/sh", "-c", f"cd {folder}\n{script}")
        self.transport = cast(
            "Any",
            the_reactor().spawnProcess(
                self.line, words[0], words, dict(os.environ), childFDs={0: "w", 1: "r", 2: "r"}
            ),
        )

    async def ended(self) -> str:
        """Wait until its end is told, and tell what it is."""
        await until(lambda: self.owner.ends)
        (why,) = self.owner.ends
        return why

    async def buried(self) -> None:
        """Wait until nothing is left of it, and nobody waits for anything; it is told once."""
        await until(lambda: self.transport.pid is None and not self.transport.pipes)
        assert len(self.owner.ends) == 1
        assert not self.line.open
        assert self.clock.getDelayedCalls() == []


Start = Callable[[str], Agent]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start agents; none is left over."""
    agents: list[Agent] = []

    def start(script: str) -> Agent:
        agents.append(Agent(script, tmp_path))
        return agents[-1]

    yield start
    for agent in agents:
        agent.line.kill()


@pytest_twisted.ensureDeferred
async def test_outcomes_are_heard_behind_the_first_word(start: Start) -> None:
    """However they are cut into pieces."""
    agent = start("cat ready; head -c 7 batch; sleep 0.05; tail -c +8 batch; cat ready; exec cat")
    assert agent.line.open
    assert len(agent.clock.getDelayedCalls()) == 1
    await until(lambda: agent.owner.begun == 2)
    assert agent.owner.outcomes == OUTCOMES
    assert agent.clock.getDelayedCalls() == []
    assert agent.owner.parted == []
    agent.transport.closeStdin()
    assert await agent.ended() == "exit status 0"
    await agent.buried()


@pytest_twisted.ensureDeferred
async def test_orders_go_in_as_they_are(start: Start, tmp_path: Path) -> None:
    """One frame each."""
    agent = start("exec cat >orders")
    orders = [
        Order(number, 5.0, "mx.here.example", None, (("/m", b"Trace: yes\n"),), b"A: b\n\n")
        for number in (1, 2)
    ]
    for order in orders:
        agent.line.order(order)
    agent.transport.closeStdin()
    await agent.ended()
    assert (tmp_path / "orders").read_bytes() == b"".join(framed(tuple(each)) for each in orders)


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("exit 3", "exit status 3"),
        ("kill -TERM $$", "ended by signal 15"),
        ("cat ready; exit 4", "exit status 4"),
        ("echo ' ' >&2; exit 5", "exit status 5"),
        ("echo one >&2; echo two >&2; echo >&2", "two"),
        ("printf 'no ' >&2; sleep 0.05; printf agent >&2", "no agent"),
        ("printf '\\377 no agent' >&2", "\ufffd no agent"),
        ("printf 'a%01000d' 7 >&2", f"{7:01000}"),
        ("exec >&-; cat >&2; echo bye >&2; exit 6", "bye"),
    ],
)
async def test_end_is_told_with_its_last_words(start: Start, script: str, why: str) -> None:
    """The last line that it said to people, or how it ended; without a time to wait for."""
    agent = start(script)
    assert await agent.ended() == why
    await agent.buried()


@pytest_twisted.ensureDeferred
async def test_what_says_no_word_is_ended(start: Start) -> None:
    """In half a minute."""
    agent = start("exec sleep 1000")
    agent.clock.advance(START_TIME - 0.1)
    assert agent.line.open
    agent.clock.advance(0.1)
    assert not agent.line.open
    assert await agent.ended() == "no word of it in 30 s"
    await agent.buried()


@pytest_twisted.ensureDeferred
async def test_what_is_said_behind_the_end_is_not_heard(start: Start) -> None:
    """Neither outcomes nor words to people: it is told why it was ended."""
    agent = start("cat ready; read it; cat batch; echo words >&2; exec sleep 1000")
    await until(lambda: agent.owner.begun)
    pipes = agent.transport.pipes
    os.write(pipes[0].fileno(), b"\n")
    assert select([pipes[2]], [], [], PATIENCE)[0]
    agent.line.end("it hung")
    assert not agent.line.open
    assert await agent.ended() == "it hung"
    await agent.buried()
    assert agent.owner.outcomes == []
    agent.line.end("once more")
    agent.line.kill()
    assert agent.owner.ends == ["it hung"]


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("pipe", ["0<&-", "2>&-"])
async def test_agent_that_lets_go_of_a_pipe_is_given_nothing_more(
    start: Start, tmp_path: Path, pipe: str
) -> None:
    """What it says goes on to be heard: it may have stored something."""
    agent = start(f"cat ready; exec {pipe}; until test -e go; do sleep 0.01; done; cat batch")
    await until(lambda: agent.owner.parted)
    assert not agent.line.open
    assert agent.owner.parted == [agent.line]
    assert agent.owner.ends == []
    assert agent.clock.getDelayedCalls() == []
    (tmp_path / "go").touch()
    await agent.ended()
    assert agent.owner.outcomes == OUTCOMES
    assert agent.owner.parted == [agent.line] * 3
    await agent.buried()


@pytest_twisted.ensureDeferred
async def test_what_lets_go_of_its_outcomes_and_stays_is_left(start: Start, tmp_path: Path) -> None:
    """In a second, with all its pipes, though others of its kind keep them."""
    agent = start("cat ready; exec >&-; sleep 1000 & echo $! >other; exec sleep 1000")
    await until(lambda: agent.owner.parted)
    await until(lambda: (tmp_path / "other").exists() and (tmp_path / "other").read_text())
    other = int((tmp_path / "other").read_text())
    try:
        agent.clock.advance(END_TIME - 0.1)
        await deferLater(the_reactor(), 0.05)
        assert agent.owner.ends == []
        assert agent.transport.pid is not None
        agent.clock.advance(0.1)
        assert agent.owner.ends == ["it let go of its pipes"]
        await agent.buried()
    finally:
        with suppress(ProcessLookupError):
            os.kill(other, 9)
