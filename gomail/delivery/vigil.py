"""
The watch over those who store: the thread, the agent, and the disk behind both.

Looked at once a second. A batch that does not end counts by how long it has been seen; what became
of batches is in their record. A disk that has failed is asked again from time to time, since on a
quiet server nobody else would find out that it is well.
"""

from twisted.internet.interfaces import IReactorFromThreads

from gomail.delivery.committer import Committer
from gomail.delivery.probe import Answer, Probe
from gomail.delivery.process import DeliveryProcess
from gomail.delivery.silence import AgentWatch, Silence
from gomail.health import Storing

REMEMBERED = 60.0  # seconds for which a fault counts, though things are stored again
TRIED_EVERY = 15.0  # seconds until a disk that has failed is tried again, while nothing is stored


class Vigil:
    """
    Watches over a committer and its agent.

    Args:
        reactor: where the disk's answers are told.
        committer: the one.
        agent: its agent, if it has one.
    """

    def __init__(
        self, reactor: IReactorFromThreads, committer: Committer, agent: DeliveryProcess | None
    ) -> None:
        self._committer = committer
        self._record = record = committer.record
        self._silence = Silence()
        self._agent = None if agent is None else AgentWatch(agent, Probe(reactor), record)
        self._probe = Probe(reactor)
        self._faults = 0  # that were seen
        self._age = 0.0  # of the last one, in seconds

    def look(self, seconds: float) -> Storing:
        """See how they do, *seconds* after the last look."""
        record, agent = self._record, self._agent
        self._look_back(seconds)
        seen = Storing(
            alive=self._committer.alive,
            silence=self._silence.look(self._committer.batch, seconds),
            latency=record.take_slowest(),
            fault=record.fault,
            stored=record.stored,
        )
        if agent is None:
            return seen
        agent.look(seconds)
        return seen._replace(
            silence=max(seen.silence, agent.waiting),
            latency=max(seen.latency, agent.slow),
            agent_missing=agent.missing,
            agent_silence=agent.hanging,
        )

    def _look_back(self, seconds: float) -> None:
        """See what is to be made of the last fault."""
        record = self._record
        if not record.fault:
            return
        self._age += seconds
        if record.faults != self._faults:
            self._faults, self._age = record.faults, 0.0
        elif not record.stored:
            if self._age % TRIED_EVERY < seconds:
                self._probe.ask([record.at], self._hear)
        elif self._age >= REMEMBERED:
            record.fault = ""

    def _hear(self, answer: Answer) -> None:
        """Take a disk for sound that has kept something, if no other fault has come meanwhile."""
        if not isinstance(answer, OSError) and self._record.faults == self._faults:
            self._record.stored = True
