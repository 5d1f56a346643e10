"""Other settings, which each worker is told of: what it answers, or that it does not."""

from collections.abc import Sequence

from twisted.internet.defer import Deferred
from twisted.internet.defer import TimeoutError as TooLate
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from gomail.server.workers import words
from gomail.server.workers.worker import Worker

CHANGE_TIME = 120.0  # seconds for a worker to have them: it reads as much as one that begins
_log = Logger()


class Changing:
    """
    Has workers be otherwise.

    Answers come in the order of the questions, and each has its place, also one that is too late:
    it is not taken for that to the next.

    Args:
        clock: keeps the time.
        workers: those that there are.
    """

    def __init__(self, clock: IReactorTime, workers: Sequence[Worker]) -> None:
        self._clock = clock
        self._workers = workers
        self._awaited: dict[Worker, list[Deferred[str | None]]] = {}

    async def change(self, worker: Worker, first: tuple[object, ...]) -> None:
        """
        Have one worker be as *first* says from now on; its settings come first in that.

        One that can't leaves: who follows it begins so. One that does not answer leaves as well,
        unless nobody else serves: mail is worth more than settings.
        """
        if worker not in self._workers or not worker.serves:
            return
        worker.first = first
        try:
            error = await self._ask(worker, first[0])
        except TooLate:
            error = f"no answer within {CHANGE_TIME:.0f} s"
            if not any(each.serves for each in self._workers if each is not worker):
                _log.warn(
                    "worker {number} goes on with its old settings: {why}, and nobody else serves",
                    number=worker.number,
                    why=error,
                )
                return
        if error is not None:
            why = f"it could not have other settings: {error}"
            worker.dismiss(self._clock.seconds(), why)

    def _ask(self, worker: Worker, settings: object) -> Deferred[str | None]:
        """Tell it; the Deferred gives None, or why it is not so, or fails when that takes long."""
        answer: Deferred[str | None] = Deferred()
        self._awaited.setdefault(worker, []).append(answer)
        worker.say(words.CHANGE, settings)
        return answer.addTimeout(CHANGE_TIME, self._clock)

    def hear(self, worker: Worker, error: str | None) -> None:
        """Hear an answer."""
        self._awaited[worker].pop(0).callback(error)

    def lose(self, worker: Worker) -> None:
        """See a worker end: nobody has to be otherwise any more."""
        for answer in self._awaited.pop(worker, ()):
            answer.callback(None)
