"""Whether the program would start that is there now: another version, another configuration."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessDone, ProcessExitedAlready
from twisted.internet.interfaces import IProcessTransport
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

from gomail.program import how_it_ended
from gomail.server.reactor import Reactor

TRIAL_TIME = 120.0  # seconds; it reads the mailboxes
_LAST_WORDS = 2000  # characters


def attempt(
    reactor: Reactor,
    command: Sequence[str],
    variables: Mapping[str, str],
    folder: str | None,
    descriptors: Iterable[int],
) -> Deferred[str | None]:
    """
    Run a command that ends with 0 where all is well, in a folder if that is not ours.

    Returns:
        A Deferred that fires with None then; else with the last line that it has said.
    """
    trial = _Trial()
    files: dict[int, int | str] = {1: "r", 2: "r", **{each: each for each in descriptors}}
    try:
        reactor.spawnProcess(trial, command[0], command, variables, folder, childFDs=files)
    except OSError as error:
        trial.outcome.callback(str(error))
        return trial.outcome
    limit = reactor.callLater(TRIAL_TIME, trial.give_up)
    stop = reactor.addSystemEventTrigger("before", "shutdown", trial.end)

    def over(problem: str | None) -> str | None:
        if limit.active():
            limit.cancel()
        if not trial.ended:
            reactor.removeSystemEventTrigger(stop)
        return problem

    return trial.outcome.addCallback(over)


class _Trial(ProcessProtocol):
    """The process of a trial."""

    transport: IProcessTransport

    def __init__(self) -> None:
        self.outcome: Deferred[str | None] = Deferred()
        self.ended = False  # since we stop
        self._said = {1: "", 2: ""}  # by its standard output, and by the one for complaints

    def childDataReceived(self, childFD: int, data: bytes) -> None:
        """Hear what it says to people."""
        said = self._said[childFD] + data.decode("utf-8", "backslashreplace")
        self._said[childFD] = said[-_LAST_WORDS:]

    def give_up(self) -> None:
        """End what does not end by itself, and wait no longer, whenever the kernel lets it die."""
        self._kill()
        self._tell(f"it did not end within {TRIAL_TIME:.0f} s")

    def end(self) -> None:
        """End it: who tries it stops, and it would have the ports a while longer."""
        self.ended = True
        self._kill()

    def _kill(self) -> None:
        """Kill the process, if there still is one; one of its own may have its pipes for ever."""
        with suppress(ProcessExitedAlready):
            self.transport.signalProcess("KILL")
        self.transport.loseConnection()

    def processEnded(self, reason: Failure) -> None:
        """Hear how it ended, and what it said last."""
        lines = (self._said[1] + "\n" + self._said[2]).strip().splitlines()
        problem = lines[-1] if lines else how_it_ended(reason.value)
        self._tell(None if reason.check(ProcessDone) else problem)

    def _tell(self, problem: str | None) -> None:
        """Tell the outcome, once."""
        if not self.outcome.called:
            self.outcome.callback(problem)
