"""All that can be found out of a domain's records, in the order in which it should be mended."""

from collections.abc import Iterator

from gomail.domain.addresses import addresses
from gomail.domain.answers import View
from gomail.domain.caches import old_records, untrusted
from gomail.domain.delegation import differing, disagreeing, undelegated, unheard
from gomail.domain.finding import NOTHING_KNOWN, Finding, Known, Severity
from gomail.domain.hosts import mail_hosts
from gomail.domain.policies import associations, senders

_RANKS = list(Severity)


def examine(view: View, known: Known = NOTHING_KNOWN) -> tuple[Finding, ...]:
    """Give what is wrong, what keeps most mail away first."""
    return tuple(sorted(_found(view, known), key=lambda each: _RANKS.index(each.severity)))


def _found(view: View, known: Known) -> Iterator[Finding]:
    """Find what is wrong."""
    if view.missing is not None:
        yield from undelegated(view)
        return
    yield from unheard(view)
    yield from differing(view)
    yield from disagreeing(view)
    yield from mail_hosts(view, known)
    yield from addresses(view, known)
    yield from associations(view, known)
    yield from senders(view)
    yield from old_records(view)
    yield from untrusted(view)
