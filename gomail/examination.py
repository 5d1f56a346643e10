"""
Whether it is found out who sends, by whom DNS is asked for that, and the examiner who does it.

The libraries that checks are made of are an extra. They are imported where an examiner is made: so
nobody else needs them, and they are read while we still have the rights to.
"""

import time
from collections.abc import Sequence
from functools import partial
from importlib.util import find_spec

from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger

from gomail.checks.found import found_checks
from gomail.checks.own import ICheck
from gomail.config import Configuration
from gomail.events import Listeners
from gomail.message.examining import Examiner
from gomail.server.reactor import Reactor
from gomail.server.start import StartError

EXTRA = "pip install 'gomail[checks]'"
_LIBRARIES = ("dns", "spftrace")
_log = Logger()


def wanted(configuration: Configuration) -> bool:
    """
    Tell whether messages are to be examined.

    Raises:
        StartError: they are, and a library is missing.
    """
    enabled = configuration.checks.enabled
    missing = [name for name in _LIBRARIES if find_spec(name) is None]
    if enabled and missing:
        msg = f"checks.enabled: there is no library {missing[0]} here; {EXTRA} brings it"
        raise StartError(msg)
    return enabled is not False and not missing


def describe(configuration: Configuration) -> str:
    """
    Say for people who will be asked about whom.

    Raises:
        StartError: as from `wanted`.
    """
    if not wanted(configuration):
        off = configuration.checks.enabled is False
        return "nothing: checks are off" if off else f"nothing; {EXTRA} brings SPF, DKIM and DMARC"
    from gomail.checks.dns.resolver import system_servers  # noqa: PLC0415 -- an extra

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


def find_examiner(
    configuration: Configuration,
    reactor: Reactor,
    listeners: Listeners,
    own: Sequence[ICheck] = (),
) -> Examiner | None:
    """
    Make the examiner of a configuration; None where nothing is checked.

    Args:
        configuration: whom to ask, and what follows.
        reactor: on which DNS is asked.
        listeners: who is told.
        own: checks beside ours.

    Raises:
        StartError: as from `wanted`, or the libraries can't be read, or one of the *own* can't be a
            check.
    """
    if not wanted(configuration):
        return None
    try:
        from gomail.checks.dns.resolver import StubResolver  # noqa: PLC0415 -- an extra
        from gomail.checks.examiner import Examiner as Ours  # noqa: PLC0415
        from gomail.checks.panel import Panel  # noqa: PLC0415
        from gomail.checks.policy import Policy  # noqa: PLC0415
    except (ImportError, OSError) as error:  # where Python's folders are another user's
        msg = f"checks: the libraries can't be read now: {error}"
        raise StartError(msg) from error
    checks, rules = configuration.checks, configuration.policy
    in_thread = partial(deferToThreadPool, reactor, reactor.getThreadPool())
    resolver = StubResolver(reactor, checks.resolvers)
    try:
        panel = Panel(
            resolver,
            reactor,
            configuration.hostname,
            in_thread,
            time.time,
            sealers=checks.arc_sealers,
            own=own,
        )
    except ValueError as error:
        raise StartError(f"checks: {error}") from error
    policy = Policy(rules.actions, rules.shadow, rules.own)
    name = checks.authserv_id or configuration.hostname
    return Ours(panel, policy, name, listeners)
