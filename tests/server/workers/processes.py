"""A crew of two, whose processes are the test's."""

from collections.abc import Mapping
from typing import Any, cast

from twisted.internet.error import ProcessExitedAlready, ProcessTerminated
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from gomail.frames import Frames, framed
from gomail.limits import Limits
from gomail.server.workers import words
from gomail.server.workers.crew import Crew
from gomail.server.workers.worker import Worker


class Process:
    """A worker's process, as Twisted would show it to its parent."""

    def __init__(self, worker: Worker, pid: int) -> None:
        self.worker = worker
        self.pid: int | None = pid
        self.signals: list[str] = []
        self.pipes: dict[int, Any] = {}
        self._frames = Frames()
        self._heard: list[Any] = []

    def writeToChild(self, number: int, octets: bytes) -> None:
        """Hear the parent."""
        assert number == words.ORDERS
        self._heard += self._frames.feed(octets)

    def signalProcess(self, name: str) -> None:
        """Note a signal."""
        if self.pid is None:
            raise ProcessExitedAlready
        self.signals.append(name)

    def heard(self) -> list[Any]:
        """Give what was said since the last time."""
        heard, self._heard = self._heard, []
        return heard

    def say(self, *said: object) -> None:
        """Say something, an octet at a time."""
        for octet in framed(said):
            self.worker.childDataReceived(words.ANSWERS, bytes([octet]))

    def log(self, octets: bytes) -> None:
        """Write to the log."""
        self.worker.childDataReceived(words.LOG, octets)

    def end(self, last_words: bytes = b"") -> None:
        """End."""
        self.worker.childDataReceived(words.LAST_WORDS, last_words)
        self.pid = None
        self.worker.processExited(Failure(ProcessTerminated(1)))
        self.worker.processEnded(Failure(ProcessTerminated(1)))


class Reactor(Clock):
    """Starts such processes."""

    def __init__(self) -> None:
        super().__init__()
        self.started: list[Process] = []
        self.fails = False

    def callWhenRunning(self, work: Any) -> None:  # noqa: ANN401 -- as Twisted has it
        """It runs."""
        work()

    def spawnProcess(self, worker: Worker, *how: object, childFDs: Mapping[int, object]) -> None:
        """Start one."""
        if self.fails:
            raise FileNotFoundError(2, "No such file or directory")
        path, command, variables = cast("tuple[str, list[str], dict[str, str]]", how)
        assert (path, command) == ("python", ["python", "worker"])
        assert variables[words.VARIABLE] == "0"
        assert set(childFDs) == {0, 1, 2, 3}
        process = Process(worker, 100 + len(self.started))
        self.started.append(process)
        worker.makeConnection(process)


class House:
    """A crew of two."""

    def __init__(self) -> None:
        self.reactor = Reactor()
        self.lines: list[str] = []
        self.crew = Crew(
            cast("Any", self.reactor),
            ["python", "worker"],
            [],
            log=self.lines.append,
            limits=Limits(sessions_per_address=1),
        )
        self.crew.employ(2, "settings", (1, 2))
        self.crew.startService()

    @property
    def processes(self) -> list[Process]:
        """All that were ever started."""
        return self.reactor.started

    def serving(self) -> list[Process]:
        """Have both serve."""
        for process in self.processes:
            process.heard()
            process.say(words.READY)
        return self.processes[:2]
