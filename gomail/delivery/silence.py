"""
For how long somebody says nothing, and whose fault that is: the disk's, or the agent's alone.

Time is what is watched of it: a reactor that was not there, with the whole machine or for itself,
has not listened, and nobody is blamed for that.
"""

from collections.abc import Callable

from gomail.delivery.probe import Answer, Probe
from gomail.delivery.process import DeliveryProcess
from gomail.delivery.record import Record

ASKED_AFTER = 3.0  # seconds of an agent's silence until its disk is asked …
ASKED_EVERY = 10.0  # … until it is asked again: what it has said may not be so any more …
TOLD_AFTER = 5.0  # … until the agent is told to hang, and given nothing, where that answers …
ENDED_AFTER = 60.0  # … and until the agent is ended
PATIENCE = 2.0  # times as long as the disk takes for one copy, for each copy that the agent has


class Silence:
    """For how long the same batch has been worked on."""

    __slots__ = ("_batch", "seconds")

    def __init__(self) -> None:
        """Begin with none."""
        self._batch: int | None = None
        self.seconds = 0.0

    def look(self, batch: int | None, seconds: float) -> float:
        """See which batch it is, *seconds* after the last look, and give how long it has been."""
        same = batch is not None and batch == self._batch
        self._batch = batch
        self.seconds = self.seconds + seconds if same else 0.0
        return self.seconds


class AgentWatch:
    """
    Watches over the delivery agent, and ends one that hangs though the disk does not.

    Args:
        agent: the one.
        probe: asks the disk.
        record: where a disk that is broken is written down.

    Attributes:
        missing: seconds for which there has been none.
        waiting: seconds for which neither it nor the disk has said anything.
        slow: seconds for which it has had work that a slow disk explains.
        hanging: seconds for which it has said nothing, and the disk does not explain it.
    """

    def __init__(self, agent: DeliveryProcess, probe: Probe, record: Record) -> None:
        self.missing = self.waiting = self.slow = self.hanging = 0.0
        self._agent = agent
        self._probe = probe
        self._record = record
        self._silence = Silence()
        self._batch: int | None = None  # while whose silence the disk was asked …
        self._took: float | None = None  # … how long it took, when it answered last …
        self._asked: float | None = None  # … at which silence it was asked and has not answered …
        self._again = ASKED_AFTER  # … and from which silence on it is asked again

    def look(self, seconds: float) -> None:
        """See how it does, *seconds* after the last look."""
        agent = self._agent
        self.missing = 0.0 if agent.ready or agent.doubted else self.missing + seconds
        batch = agent.batch
        silence = self._silence.look(batch, seconds)
        self.waiting, self.slow, self.hanging = silence, 0.0, 0.0
        if batch != self._batch:
            self._batch, self._took, self._asked, self._again = batch, None, None, ASKED_AFTER
        if silence >= self._again:
            self._again = silence + ASKED_EVERY
            self._ask(batch, silence)
        if self._took is not None:
            self._judge(silence, self._took)

    def _ask(self, batch: int | None, silence: float) -> None:
        """Ask the disk; one that takes longer than before may have come to hang meanwhile."""
        if self._asked is None:
            self._asked = silence
        elif self._took is not None and silence - self._asked > self._took * PATIENCE:
            self._took = None
        self._probe.ask(self._agent.places, self._told(batch))

    def _told(self, batch: int | None) -> Callable[[Answer], None]:
        """Give what hears the disk's answer: it counts for one silence."""

        def told(answer: Answer) -> None:
            if batch == self._batch:
                self._asked = None
                self._took = None if isinstance(answer, OSError) else answer
            if isinstance(answer, OSError):
                self._record.fail(answer, answer.filename)

        return told

    def _judge(self, silence: float, took: float) -> None:
        """Say whose fault the silence is: the disk has answered."""
        self.waiting = 0.0
        if silence < took * PATIENCE * self._agent.copies:
            self.slow = silence
            return
        if silence >= TOLD_AFTER:
            self.hanging = silence
            self._agent.doubt()
        if silence >= ENDED_AFTER:
            why = f"it said nothing for {silence:.0f} s, though the disk answers"
            self._agent.end(why)
