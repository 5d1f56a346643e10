"""
The parent of workers, as a server: the ports are its own, the mail is theirs.

It reads the configuration, and the workers have it from there: what is in a file that was changed
since, and not read again, holds for none of them, also not for one that is started later.
"""

import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from twisted.application.service import MultiService
from twisted.internet.task import deferLater

from gomail import config, program
from gomail.config import Configuration, ConfigurationError
from gomail.delivery.places import identity_of
from gomail.examination import wanted
from gomail.preflight import build_directory
from gomail.server.aside import aside, let_go
from gomail.server.ports import Port
from gomail.server.reactor import Reactor
from gomail.server.start import StartError
from gomail.server.workers.crew import Crew
from gomail.server.workers.legacy import ENDS, Legacy
from gomail.server.workers.trial import attempt
from gomail.settings.changes import without_restart

# What would end a program that does not heed it yet; ignored, it stays so until it is heeded.
_NOT_MEANWHILE = (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
_WE_STOP = "this one stops"


class Workers(MultiService):
    """
    Has as many workers as the configuration says.

    Args:
        reactor: the one that runs.
        configuration: what they are.
        root: the folder of the Maildirs.
        ports: bound, one for each listener of the configuration; workers can share them.
        log: writes lines of theirs.
        options: of twistd, for workers.
        state: the folder of what gomail keeps for itself, as it was found for who runs it.
        again: the command of a parent in our place.
        leaving: process and log of each worker of the parent whose place we have taken.
        pidfile: the path of our pid file, if there is one.
        beside: further sockets that a program in our place goes on with.
    """

    def __init__(  # noqa: PLR0913 -- the parts of a parent
        self,
        reactor: Reactor,
        configuration: Configuration,
        root: str,
        ports: Sequence[Port],
        *,
        log: Callable[[str], None],
        options: Sequence[str],
        state: str | None,
        again: Sequence[str],
        leaving: Sequence[tuple[int, int]] = (),
        pidfile: str | None = None,
        beside: Sequence[Port] = (),
    ) -> None:
        super().__init__()
        self.setName("gomail")
        self._reactor = reactor
        self.configuration = configuration
        command = program.command("gomail", "twistd", *options)
        self._state = state
        self._folder = str(Path.cwd())  # twistd may change it
        self._ports = ports
        self._again = again
        self._pidfile = pidfile
        self._beside = beside
        self.crew = Crew(
            reactor,
            command,
            self._ports,
            log=log,
            limits=configuration.limits,
            leaving=leaving,
        )
        self.crew.employ(configuration.workers, self._settings(configuration), identity_of(root))
        self.addService(self.crew)

    def _settings(self, configuration: Configuration) -> str:
        """Write what the workers are told."""
        return config.render(replace(configuration, state=self._state))

    @property
    def sessions(self) -> int:
        """How many sessions are open."""
        return self.crew.sessions

    def abort(self) -> None:
        """Drop all connections; messages past their final dot are still stored."""
        self.crew.abort()

    async def change(self, configuration: Configuration) -> list[str]:
        """
        Let another configuration be in force, in all workers; or in none, where it can't be.

        Returns:
            The keys of what needs a restart, and stays as it was.

        Raises:
            ConfigurationError: a domain, mailbox or alias can't be, or checks can't be made.
        """
        configuration, waiting = without_restart(self.configuration, configuration)
        try:
            wanted(configuration)
        except StartError as error:
            raise ConfigurationError(str(error)) from None
        directory = await aside(self._reactor, build_directory, configuration, self._reactor)
        before: list[object] = [directory]
        del directory
        await let_go(self._reactor, before)
        settings = await aside(self._reactor, self._settings, configuration)
        self.configuration = configuration
        await self.crew.change(settings)
        return waiting

    async def give_way(self, at_last: Callable[[], None]) -> str:
        """
        Have the program that is there now take our place, and keep all connections.

        It is tried first. Where it does, this does not return.

        Args:
            at_last: called when nothing can be logged any more.

        Returns:
            Why it does not.
        """
        if not self.running:
            return _WE_STOP
        ports = [*self._ports, *self._beside]
        trial = Legacy(list(ports), trial=True)
        variables = {**program.environment(), **trial.variables()}
        problem = await attempt(
            self._reactor, self._again, variables, self._elsewhere(), trial.descriptors
        )
        if not self.running:
            return _WE_STOP
        if problem is not None:
            return problem
        legacy = replace(await self.crew.bequeath(), ports=ports, pidfile=self._pidfile)
        signal.pthread_sigmask(signal.SIG_BLOCK, ENDS)  # one that comes now, our heir will hear
        try:
            await deferLater(self._reactor, 0)  # one that came before has its turn
            return self._become(legacy, at_last) if self.running else _WE_STOP
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDS)

    def _become(self, legacy: Legacy, at_last: Callable[[], None]) -> str:
        """Start the heir in our place; or go on, and give the reason."""
        at_last()
        heeded = {number: signal.signal(number, signal.SIG_IGN) for number in _NOT_MEANWHILE}
        try:
            for number in legacy.descriptors:
                os.set_inheritable(number, True)
            folder = self._elsewhere()
            if folder is not None:
                os.chdir(folder)
            path = program.environment()["PYTHONPATH"]
            variables = {**os.environ, "PYTHONPATH": path, **legacy.variables()}
            os.execve(self._again[0], list(self._again), variables)  # noqa: S606 -- it is ourselves
        except OSError as error:
            for number, work in heeded.items():
                signal.signal(number, work)
            self.crew.resume()
            return str(error)

    def _elsewhere(self) -> str | None:
        """
        Give the folder that we were started in, for those who go by paths from there.

        None where we are there still: it may be one that only root may go to.
        """
        return None if self._folder == str(Path.cwd()) else self._folder
