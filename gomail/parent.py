"""
The parent of workers, as a server: the ports are its own, the mail is theirs.

It reads the configuration, and the workers have it from there: what is in a file that was changed
since, and not read again, holds for none of them, also not for one that is started later.
"""

import json
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

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
from gomail.server.workers import interim
from gomail.server.workers.crew import Crew
from gomail.server.workers.legacy import HELD, Legacy
from gomail.server.workers.trial import attempt
from gomail.server.workers.tried import left_something
from gomail.settings.changes import without_restart

_INTERIM = Path(interim.__file__).read_bytes()  # of this program, which is known to run
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
        again: what twistd is told of a parent in our place.
        written: gives the number of the file that the log is written to; None for syslog.
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
        written: Callable[[], int | None],
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
        self._written = written
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
        with _memory("gomail-tried") as tried:
            problem = await self._try(Legacy(list(ports), trial=True), tried)
            if not self.running:
                return _WE_STOP
            if problem is not None:
                return problem
            legacy = replace(await self.crew.bequeath(), ports=ports, pidfile=self._pidfile)
            signal.pthread_sigmask(signal.SIG_BLOCK, HELD)  # what comes now, our heir will hear
            try:
                await deferLater(self._reactor, 0)  # what came before has its turn
                return self._become(legacy, tried, at_last) if self.running else _WE_STOP
            finally:
                signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD)

    async def _try(self, trial: Legacy, tried: int | None) -> str | None:
        """Run a trial, which leaves what it has gone by; give why it fails."""
        command = program.command("gomail", *self._again)
        variables = {**program.environment(), **trial.variables()}
        descriptors = [*trial.descriptors]
        if tried is not None:
            variables[interim.TRIED] = str(tried)
            descriptors.append(tried)
        return await attempt(self._reactor, command, variables, self._elsewhere(), descriptors)

    def _become(self, legacy: Legacy, tried: int | None, at_last: Callable[[], None]) -> str:
        """Start the heir in our place; or go on, and give the reason."""
        at_last()
        heeded = signal.signal(signal.SIGUSR2, signal.SIG_IGN)  # it would end one that begins
        here, folder = str(Path.cwd()), self._elsewhere()
        try:
            with _memory("gomail-interim") as text:
                if text is not None:
                    os.write(text, _INTERIM)
                if folder is not None:
                    os.chdir(folder)
                self._start_heir(legacy, tried, text)
        except Exception as error:
            if folder is not None:
                os.chdir(here)
            signal.signal(signal.SIGUSR2, heeded)
            self.crew.resume()
            if not isinstance(error, OSError):
                raise
            return str(error)

    def _start_heir(self, legacy: Legacy, tried: int | None, text: int | None) -> NoReturn:
        """
        Become another program, what holds its place in need first.

        One of before interim was thought of left nothing at its trial, and begins by itself; so
        does one for which there was nothing to leave it in.
        """
        path = program.environment()["PYTHONPATH"]
        variables = {**os.environ, "PYTHONPATH": path, **legacy.variables()}
        command, descriptors = program.command("gomail", *self._again), [*legacy.descriptors]
        if tried is not None and text is not None and left_something(tried):
            log = self._written()
            said = [text, log, self.configuration.log_format == "json", 0]
            variables |= {interim.TRIED: str(tried), interim.VARIABLE: json.dumps(said)}
            descriptors += [text, tried, *([] if log is None else [log])]
            run = f"import os; exec(os.pread({text}, {len(_INTERIM)}, 0))"
            command = [*command[:2], "-c", run, *self._again]
        for number in descriptors:
            os.set_inheritable(number, True)
        os.execve(command[0], command, variables)  # noqa: S606 -- it is ourselves

    def _elsewhere(self) -> str | None:
        """
        Give the folder that we were started in, for those who go by paths from there.

        None where we are there still: it may be one that only root may go to.
        """
        return None if self._folder == str(Path.cwd()) else self._folder


@contextmanager
def _memory(name: str) -> Iterator[int | None]:
    """
    Make a file that lies in memory alone, and that nobody else can open; give its number.

    None where Python was built for a C library without such files: keys are written to no disk.
    """
    if not hasattr(os, "memfd_create"):
        yield None
        return
    number = os.memfd_create(name)
    try:
        yield number
    finally:
        os.close(number)
