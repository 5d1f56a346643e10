"""
Whether it is found out who sends, by whom DNS is asked for that, and the examiner who does it.

The libraries that checks are made of are an extra. They are imported where an examiner is made: so
nobody else needs them, and they are read while we still have the rights to.
"""

import time
from functools import partial
from importlib.util import find_spec

from twisted.internet.threads import deferToThreadPool

from gomail.config import Configuration
from gomail.events import Listeners
from gomail.message.examining import Examiner
from gomail.server.reactor import Reactor
from gomail.server.start import StartError

EXTRA = "pip install 'gomail[checks]'"
_LIBRARIES = ("dns", "spftrace")


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


def find_examiner(
    configuration: Configuration, reactor: Reactor, listeners: Listeners
) -> Examiner | None:
    """
    Make the examiner of a configuration; None where nothing is checked.

    Raises:
        StartError: as from `wanted`, or the libraries can't be read.
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
    panel = Panel(
        resolver,
        reactor,
        configuration.hostname,
        in_thread,
        time.time,
        sealers=checks.arc_sealers,
    )
    policy = Policy(rules.actions, rules.shadow, rules.own)
    name = checks.authserv_id or configuration.hostname
    return Ours(panel, policy, name, listeners)
