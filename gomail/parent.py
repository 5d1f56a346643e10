"""
The parent of workers, as a server: the ports are its own, the mail is theirs.

It reads the configuration, and the workers have it from there: what is in a file that was changed
since, and not read again, holds for none of them, also not for one that is started later.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from twisted.application.service import MultiService

from gomail import config, program
from gomail.config import Configuration
from gomail.delivery.places import identity_of
from gomail.preflight import build_directory
from gomail.server.aside import aside, let_go
from gomail.server.ports import Port, shared_ports
from gomail.server.reactor import Reactor
from gomail.server.workers.crew import Crew
from gomail.settings.changes import without_restart
from gomail.settings.values import ConfigurationError


class Workers(MultiService):
    """
    Has as many workers as the configuration says.

    Args:
        reactor: the one that runs.
        configuration: what they are.
        root: the folder of the Maildirs.
        ports: bound, one for each listener of the configuration.
        log: writes lines of theirs.
        options: of ``gomail worker``.
        state: the folder of what gomail keeps for itself, as it was found for who runs it.

    Raises:
        PortError: they can't share one of the ports.
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
    ) -> None:
        super().__init__()
        self.setName("gomail")
        self._reactor = reactor
        self.configuration = configuration
        command = program.command("gomail", "worker", *options)
        limits = configuration.limits
        self._state = state
        # Where we are before twistd changes the folder.
        self.crew = Crew(
            reactor, command, str(Path.cwd()), shared_ports(ports), log=log, limits=limits
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
        Let another configuration be in force, in all workers or in none.

        Returns:
            The keys of what needs a restart, and stays as it was.

        Raises:
            ConfigurationError: a domain, mailbox or alias can't be.
        """
        configuration, waiting = without_restart(self.configuration, configuration)
        directory = await aside(self._reactor, build_directory, configuration, self._reactor)
        before: list[object] = [directory]
        del directory
        await let_go(self._reactor, before)
        settings = await aside(self._reactor, self._settings, configuration)
        self.configuration = configuration
        errors = await self.crew.change(settings)
        if errors:
            raise ConfigurationError("; ".join(errors))
        return waiting
