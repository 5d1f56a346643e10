"""
Who is asked about messages: an examiner, who asks DNS who sent them, and milters.

The libraries that checks are made of are an extra. They are imported where an examiner is made: so
nobody else needs them, and they are read while we still have the rights to.
"""

import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger

from gomail.checks.found import found_checks
from gomail.checks.own import ICheck
from gomail.checks.policy import Policy
from gomail.config import Configuration
from gomail.events import Listeners, Trouble, tell
from gomail.message.examining import Examiner
from gomail.milters.milter import MilterSettings
from gomail.milters.milters import Milters
from gomail.milters.place import read_place
from gomail.reception.consulting import Consulting, junk_field
from gomail.server.reactor import Reactor
from gomail.server.start import StartError
from gomail.settings.values import Milter

if TYPE_CHECKING:
    from gomail.checks.panel import Aside, Panel
    from gomail.checks.records import Resolver

EXTRA = "pip install 'gomail[checks]'"
_LIBRARIES = ("dns", "spftrace")
_log = Logger()


def missing() -> str | None:
    """Name a library that checks need and that is not here; None where all are."""
    return next((name for name in _LIBRARIES if find_spec(name) is None), None)


def wanted(configuration: Configuration) -> bool:
    """
    Tell whether messages are to be examined.

    Raises:
        StartError: they are, and a library is missing.
    """
    enabled, library = configuration.checks.enabled, missing()
    if enabled and library:
        msg = f"checks.enabled: there is no library {library} here; {EXTRA} brings it"
        raise StartError(msg)
    return enabled is not False and library is None


def describe(configuration: Configuration) -> str:
    """
    Say for people who will be asked about whom.

    Raises:
        StartError: as from `wanted`.
    """
    if not wanted(configuration):
        off = configuration.checks.enabled is False
        return "nothing: checks are off" if off else f"nothing; {EXTRA} brings SPF, DKIM and DMARC"
    from gomail.checks.dns.system import system_servers  # noqa: PLC0415 -- an extra

    asked = configuration.checks.resolvers or tuple(system_servers())
    return f"SPF, DKIM, ARC, DMARC and iprev, by the DNS of {' and '.join(asked)}"


def find_checks(configuration: Configuration) -> tuple[ICheck, ...]:
    """
    Find the checks that are installed as plugins; none where nothing is checked.

    That reads files, which may be unreadable once we are somebody else. What is wrong with a plugin
    is logged, and it is left out.
    """
    if not wanted(configuration):
        return ()
    found = found_checks()
    for note in found.notes:
        _log.warn("{note}", note=note)
    return found.checks


def find_policy(configuration: Configuration) -> Policy:
    """Make the judge of what becomes of messages."""
    rules = configuration.policy
    return Policy(rules.actions, rules.shadow, rules.own)


def find_panel(  # noqa: PLR0913 -- all that it has to do with
    configuration: Configuration,
    reactor: Any,  # noqa: ANN401 -- zope has no type for several interfaces
    aside: "Aside",
    now: Callable[[], float],
    *,
    own: Sequence[ICheck] = (),
    resolver: "Resolver | None" = None,
) -> "Panel":
    """
    Make the panel of a configuration.

    Args:
        configuration: whom to ask, and whom to believe.
        reactor: on which DNS is asked.
        aside: runs what takes a moment.
        now: tells the time, in seconds since the epoch.
        own: checks beside ours.
        resolver: asks DNS; by default those that are configured do.

    Raises:
        ImportError, OSError: the libraries are not here, or can't be read.
        ValueError: one of the *own* can't be a check.
    """
    from gomail.checks.dns.resolver import StubResolver  # noqa: PLC0415 -- an extra
    from gomail.checks.panel import Panel  # noqa: PLC0415 -- an extra

    checks = configuration.checks
    resolver_of: Callable[[str], Resolver]
    if resolver is None:
        resolver_of = StubResolver(reactor, checks.resolvers).share
    else:
        resolver_of = partial(_given, resolver)
    name, sealers = configuration.hostname, checks.arc_sealers
    return Panel(resolver_of, reactor, name, aside, now, sealers=sealers, own=own)


def _given(resolver: "Resolver", _client: str) -> "Resolver":
    """Give the same resolver to all clients."""
    return resolver


def find_examiner(  # noqa: PLR0913 -- all that it has to do with
    configuration: Configuration,
    reactor: Reactor,
    listeners: Listeners,
    own: Sequence[ICheck] = (),
    *,
    resolver: "Resolver | None" = None,
    now: Callable[[], float] = time.time,
) -> Examiner | None:
    """
    Make the examiner of a configuration; None where nothing is checked.

    Args:
        configuration: whom to ask, and what follows.
        reactor: on which DNS is asked.
        listeners: who is told.
        own: checks beside ours.
        resolver: asks DNS; by default those that are configured do.
        now: tells the time, in seconds since the epoch.

    Raises:
        StartError: as from `wanted`, or the libraries can't be read, or one of the *own* can't be a
            check.
    """
    if not wanted(configuration):
        return None
    in_thread = partial(deferToThreadPool, reactor, reactor.getThreadPool())
    try:
        from gomail.checks.examiner import Examiner as Ours  # noqa: PLC0415 -- an extra

        panel = find_panel(configuration, reactor, in_thread, now, own=own, resolver=resolver)
    except (ImportError, OSError) as error:  # where Python's folders are another user's
        msg = f"checks: the libraries can't be read now: {error}"
        raise StartError(msg) from error
    except ValueError as error:
        raise StartError(f"checks: {error}") from error
    return Ours(panel, find_policy(configuration), configuration.authserv_id, listeners)


def find_consulting(
    configuration: Configuration, reactor: Reactor, listeners: Listeners
) -> Consulting | None:
    """Make what asks the milters of a configuration; None where there are none."""
    if not configuration.milters:
        return None
    settings = [_milter(each) for each in configuration.milters]
    milters = Milters(
        settings, reactor, configuration.hostname, lambda what: tell(listeners, Trouble(what))
    )
    fields = (each.junk_field for each in configuration.milters)
    return Consulting(milters, [junk_field(field) for field in fields if field is not None])


def _milter(milter: Milter) -> MilterSettings:
    """Give what is set of one, as its room has it."""
    return MilterSettings(
        read_place(milter.endpoint),
        milter.connect_time,
        milter.command_time,
        milter.content_time,
        "defer" if milter.on_failure == "defer" else "accept",
    )
