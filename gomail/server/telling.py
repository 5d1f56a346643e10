"""
Who is told of events in a server of its own: the log, and who follows dialogues or messages.

twistd's own log file grows for ever; ours takes its place.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TextIO

from twisted.application.service import Service
from twisted.logger import ILogObserver, LogEvent
from twisted.python.components import Componentized

from gomail.events import Event, Listener, Listeners, MessageStored, Trouble, tell
from gomail.health import Log
from gomail.reading.printer import Printer
from gomail.server.dialogue import Dialogue
from gomail.server.log import (
    EventLog,
    JsonEventLog,
    JsonTwistedLog,
    LogWriter,
    TwistedLog,
    as_objects,
)
from gomail.server.ration import Ration
from gomail.server.reactor import Reactor

# Twisted's list of its plugins lies beside them: where root owns what runs, others can't write it.
_UNKEPT = "Unable to write to plugin cache"


class Telling(Service):
    """
    Writes the log of a server: in batches while that runs, at once when it stops.

    Args:
        file: where lines go.
        reactor: for batches, and for the process that reads messages.
        log_format: ``text`` or ``json``.
        dialogue: whether every line of every session is written.
        show_messages: whether every stored message is.
        worker: the number of the one of several workers that this is, if it is one.
    """

    def __init__(  # noqa: PLR0913 -- what can be wanted of a log
        self,
        file: TextIO,
        reactor: Reactor,
        *,
        log_format: str = "text",
        dialogue: bool = False,
        show_messages: bool = False,
        worker: int | None = None,
    ) -> None:
        self._writer = LogWriter(file, reactor, self._trouble)
        write = self._writer.write
        as_json = log_format == "json"
        self._observer = JsonTwistedLog(write, worker) if as_json else TwistedLog(write, worker)
        self._kind = partial(JsonEventLog if as_json else EventLog, worker=worker)
        log: Listener = self._kind(write)
        self._ration = Ration(log, reactor)
        listeners: list[Listener] = [self._ration]
        if dialogue:
            listeners.append(Dialogue(as_objects(write, "dialogue") if as_json else write))
        if show_messages:
            show = as_objects(write, "message") if as_json else write
            listeners.append(MessagePrinter(Printer(reactor, _lines(show))))
        self.listeners: Listeners = tuple(listeners)

    def write(self, lines: str) -> None:
        """Write lines that somebody else has made."""
        self._writer.write(lines)

    def flush(self) -> None:
        """Write what waits, now."""
        self._writer.flush()

    def fileno(self) -> int | None:
        """Give the number of the file that is written to by now; None where there is none."""
        return self._writer.fileno()

    def take_log(self, application: Componentized) -> None:
        """Have Twisted's own events written to the same log."""
        application.setComponent(ILogObserver, self._hear)

    def _hear(self, event: LogEvent) -> None:
        """Write one of them; nobody has to know what only has the next start take a moment more."""
        if not str(event.get("format", "")).startswith(_UNKEPT):
            self._observer(event)

    def look(self) -> Log:
        """Tell how the log fares."""
        return self._writer.look()

    def rotate(self) -> None:
        """Begin a new file, where the log is one that is rotated; or say why there is none."""
        self._writer.rotate()
        stuck = self.look().stuck
        if stuck:
            tell(self.listeners, Trouble(f"no new log can be begun, the old one goes on: {stuck}"))

    def _trouble(self, what: str) -> str:
        """Give the line of what is wrong with the log itself."""
        lines: list[str] = []
        self._kind(lines.append)(Trouble(what))
        return lines[0]

    def startService(self) -> None:
        """Write in batches from now on."""
        super().startService()
        self._writer.write_in_batches(running=True)

    def stopService(self) -> None:
        """Write what waits, and what is still to come at once."""
        super().stopService()
        self._ration.tell()
        self._writer.write_in_batches(running=False)


class MessagePrinter:
    """A listener that has each stored message read and shown, never on the way to its 250."""

    def __init__(self, printer: Printer) -> None:
        """Show messages by *printer*."""
        self._printer = printer

    def __call__(self, event: Event) -> None:
        """Show the first copy of a stored message."""
        if isinstance(event, MessageStored):
            self._printer.print_message(Path(event.copies[0].path))


def _lines(write: Callable[[str], None]) -> Callable[[str], None]:
    """Adapt what writes lines to what ends them itself."""
    return lambda text: write(text.rstrip("\n"))
