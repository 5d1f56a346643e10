"""A server with its log, as twistd runs it: heeds signals, and is configured anew."""

import os
import signal
from collections.abc import Callable, Sequence

from twisted.application.service import IService, MultiService
from twisted.internet.defer import Deferred, DeferredLock, succeed
from twisted.logger import Logger
from twisted.python.components import Componentized

from gomail.compose import Server
from gomail.config import Configuration, ConfigurationError
from gomail.events import Trouble, tell
from gomail.parent import Workers
from gomail.server.aside import Overdue, aside
from gomail.server.listening import DRAIN_TIME
from gomail.server.notice import Notice
from gomail.server.reactor import Reactor
from gomail.server.signals import Signals
from gomail.server.telling import Telling
from gomail.server.twistd import Twistd

_log = Logger()


Served = Server | Workers


class Application(MultiService):
    """
    A server with its log, as twistd runs it: told by signals, and configured anew on SIGHUP.

    Args:
        reactor: the one that runs.
        twistd: what that was told.
        telling: writes the log.
        served: what runs.
        notice: tells the service manager.
        read: gives the configuration, anew; None where somebody else reads it.
        beside: what else runs: the control socket, and the page of metrics.
    """

    def __init__(  # noqa: PLR0913 -- the parts of an application
        self,
        reactor: Reactor,
        twistd: Twistd,
        telling: Telling,
        served: Served,
        *,
        notice: Notice,
        read: Callable[[], Configuration] | None = None,
        beside: Sequence[IService] = (),
    ) -> None:
        super().__init__()
        self._reactor = reactor
        self._twistd = twistd
        self._telling = telling
        self._served = served
        self._notice = notice
        self._read = read
        self._reloading = DeferredLock()
        self._stopping = False
        work: dict[signal.Signals, Callable[[], object]] = {
            signal.SIGHUP: self.reload,
            signal.SIGUSR1: telling.rotate,
            signal.SIGUSR2: self.give_way,
            signal.SIGTERM: self.stop,
            signal.SIGINT: self._interrupt,
        }
        # In this order: who tells that the server is ready comes last.
        for each in (telling, served, *beside, Signals(reactor, work), notice):
            self.addService(each)

    def setServiceParent(self, parent: Componentized | MultiService) -> None:
        """Join the application, and write its log."""
        super().setServiceParent(parent)
        if isinstance(parent, Componentized) and not self._twistd.syslog:
            self._telling.take_log(parent)

    def privilegedStartService(self) -> None:
        """Begin to listen; in the foreground, what goes wrong even now is told in one line."""
        with self._twistd.listening():
            super().privilegedStartService()

    def stop(self) -> None:
        """
        Stop, once, with exit code 0: Twisted would exit with the signal's when all is well.

        Content that is under way has its time.
        """
        if self._stopping:
            return
        self._stopping = True
        if self._served.sessions:
            _log.info(
                "stopping: {count} sessions may end what is under way, in {seconds:.0f} s at most;"
                " Ctrl-C ends them now",
                count=self._served.sessions,
                seconds=DRAIN_TIME,
            )
        self._reactor.stop()

    def _interrupt(self) -> None:
        """Stop; whoever says so twice doesn't want to wait for content."""
        if self._stopping:
            self._served.abort()
        self.stop()

    def reload(self) -> Deferred[str | None]:
        """Read the configuration again: all of it is in force afterwards, or nothing changes."""
        if self._read is None:
            return succeed(None)
        return self.change(self._read)

    def change(self, read: Callable[[], Configuration]) -> Deferred[str | None]:
        """Have what *read* gives be in force; give why it is not, where that is so."""
        return self._reloading.run(lambda: Deferred.fromCoroutine(self._change(read)))

    def give_way(self) -> Deferred[None]:
        """
        Have the program that is there now take the place of a parent; have a worker leave it.

        A parent comes to the end of a reload before; a worker may hang in one, and leaves.
        """
        if self._read is None:
            return Deferred.fromCoroutine(self._retire())
        return self._reloading.run(lambda: Deferred.fromCoroutine(self._give_way()))

    async def _give_way(self) -> None:
        """Do so, or say why not."""
        if isinstance(self._served, Workers):
            self._notice.reloading()
            _log.info("handover: the program that is there now is tried, and then takes our place")
            try:
                problem = await self._served.give_way(self._say_goodbye)
            except Exception as error:  # noqa: BLE001 -- it is logged, and the mail goes on
                problem = repr(error)
                _log.failure("handover")
            tell(
                self._telling.listeners, Trouble(f"handover: no program takes our place: {problem}")
            )
            self._notice.ready()
        else:
            _log.warn("SIGUSR2: only the parent of workers gives way to another; see workers")

    def _say_goodbye(self) -> None:
        """Leave what waits, and be thought alive for as long as can be: the next one begins."""
        if self._reloading.waiting:  # the next one has that done: held back, it outlives execve
            os.kill(os.getpid(), signal.SIGHUP)
        self._notice.beat()
        self._telling.flush()

    async def _retire(self) -> None:
        """Leave in peace: other workers take what comes."""
        if isinstance(self._served, Server) and not self._stopping:
            await self._served.retire()
            self.stop()

    async def _change(self, read: Callable[[], Configuration]) -> str | None:
        """Do so, off the reactor: a large one takes its time."""
        self._notice.reloading()
        problem = None
        try:
            configuration = await aside(self._reactor, read)
            waiting = await self._served.change(configuration)
        except (ConfigurationError, Overdue) as error:
            problem = str(error)
            what = f"the configuration stays as it was: {error}"
            tell(self._telling.listeners, Trouble(what))
        except Exception as error:  # noqa: BLE001 -- it is logged, and the mail goes on
            problem = repr(error)
            _log.failure("the configuration stays as it was")
        else:
            if self._read is not None:
                but = f", but for what needs a restart: {', '.join(waiting)}" if waiting else ""
                _log.info("the configuration was read again and is in force{but}", but=but)
        self._notice.ready()
        return problem
