"""The page of metrics as a service: it listens while the server runs, and while that stops."""

from collections.abc import Mapping

from twisted.application.service import Service

from gomail.server.accepting import AcceptingPort
from gomail.server.listening import take_from
from gomail.server.metrics.answer import Give
from gomail.server.metrics.page import Visitors
from gomail.server.ports import Port
from gomail.server.reactor import Reactor


class Page(Service):
    """
    Serves it.

    Args:
        reactor: the one that runs.
        port: what it is served on, bound.
        answers: what is answered, by path.

    Attributes:
        stopping: whether the server is about to end.
    """

    def __init__(self, reactor: Reactor, port: Port, answers: Mapping[bytes, Give]) -> None:
        self._reactor = reactor
        self._port = port
        self._visitors = Visitors(reactor, answers, loopback=port.loopback)
        self._listening: AcceptingPort | None = None
        self.stopping = False

    def startService(self) -> None:
        """Take connections from now on, as few a turn as where others want some, too."""
        super().startService()
        self._listening = take_from(self._port, self._reactor, self._visitors, shared=True)
        if self._listening is not None:
            self._listening.startListening()

    def stopService(self) -> None:
        """Tell, for as long as it takes, that the server stops."""
        super().stopService()
        self.stopping = True
        self._reactor.addSystemEventTrigger("after", "shutdown", self.close)

    def close(self) -> None:
        """Take no connections any more, and end those that there are."""
        if self._listening is not None:
            self._listening.stopListening()
        self._visitors.end()
