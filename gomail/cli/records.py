"""What DNS says of the domains of a configuration, in the doctor's terms."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from gomail.cli.dns import NotFound, look, usual_resolvers
from gomail.cli.known import known_of
from gomail.config import Configuration, ConfigurationError
from gomail.doctor.finding import Finding, Told
from gomail.domain.account import account
from gomail.domain.answers import View
from gomail.domain.examination import examine
from gomail.domain.finding import Finding as Wrong
from gomail.domain.finding import Known
from gomail.settings.values import TLS

_SECONDS = 5.0  # for an answer


def records_of(
    configuration: Configuration,
    domains: Sequence[str],
    roots: Sequence[tuple[str, int]],
    resolvers: Sequence[tuple[str, int]],
) -> Told:
    """Ask about domains as senders do; where DNS can't be asked, that is told as unseen."""
    known = _known(configuration)
    caches = resolvers or usual_resolvers()
    told = Told()
    for domain in domains:
        try:
            [view] = asyncio.run(look([domain], known.host, roots, caches, _SECONDS))
        except NotFound as error:
            told += Told(unseen=(f"DNS of {domain} ({error.message}): gomail dns {domain}",))
        else:
            told += _told(view, known)
    return told


def _known(configuration: Configuration) -> Known:
    """Give what is known of the server; a certificate that can't be read is told elsewhere."""
    try:
        return known_of(configuration)
    except ConfigurationError:
        return known_of(replace(configuration, tls=TLS()))


def _told(view: View, known: Known) -> Told:
    """Put what was found of one domain into the doctor's terms."""
    findings = tuple(_finding(view.domain, each) for each in examine(view, known))
    asked = tuple(f"DNS of {view.domain}: {line}" for line in account(view))
    return Told(findings, asked)


def _finding(domain: str, wrong: Wrong) -> Finding:
    """Put one finding into them."""
    return Finding(
        wrong.code,
        wrong.severity,
        f"DNS leads those who send mail to {domain} here",
        (wrong.sentence, *wrong.evidence),
        wrong.remedy,
        wrong.records,
    )
