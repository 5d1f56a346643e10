"""What is wrong with the hosts that a domain's mail goes to."""

from collections.abc import Iterator
from ipaddress import ip_address

from gomail.domain.answers import Outcome, View, exchangers
from gomail.domain.finding import (
    Finding,
    Known,
    Severity,
    address_records,
    exchanger,
    record,
)
from gomail.domain.networks import provider


def mail_hosts(view: View, known: Known) -> Iterator[Finding]:
    """Find what is wrong with MX, from there being none to some of it being somebody else's."""
    answer = view.answer(view.domain, "MX")
    if answer is None:
        return
    found = exchangers(answer.records)
    if answer.alias is not None:
        yield _alias_of_domain(view, known, answer.alias)
    elif not found:
        yield _no_exchanger(view, known)
    elif any(host == "." for _, host in found):
        yield Finding(
            "mx-null",
            Severity.ERROR,
            f"{view.domain} says that it takes no mail (null MX, RFC 7505)",
            tuple(f"MX {each}" for each in answer.records),
            "remove the MX record with the host “.”, and add:",
            (exchanger(view.domain, known),),
        )
    else:
        bad = [each for each in (_unsound(view, host, known) for _, host in found) if each]
        yield from bad
        yield from _foreign(view, known, found, severe=not bad)


def _alias_of_domain(view: View, known: Known, alias: str) -> Finding:
    """Say that the domain is no name of its own."""
    return Finding(
        "domain-alias",
        Severity.ERROR,
        f"{view.domain} is an alias of {alias}, whose MX records senders take instead",
        (f"{view.domain} CNAME {alias}",),
        f"replace the CNAME of {view.domain} by address records for its web site, and add:",
        (exchanger(view.domain, known),),
    )


def _no_exchanger(view: View, known: Known) -> Finding:
    """Say that there is no MX, and what senders do then (RFC 5321 §5.1)."""
    addresses = (*view.records(view.domain, "A"), *view.records(view.domain, "AAAA"))
    if addresses:
        return Finding(
            "mx-implicit",
            Severity.WARNING,
            f"{view.domain} has no MX; senders try its address instead, which is the web site's "
            "with most domains (RFC 5321 §5.1)",
            tuple(f"{view.domain} has the address {each}" for each in addresses),
            "add:",
            (exchanger(view.domain, known),),
        )
    return Finding(
        "mx-missing",
        Severity.ERROR,
        f"{view.domain} has neither an MX nor an address: nobody knows where to send its mail",
        (f"{view.domain} MX: {view.answer(view.domain, 'MX')}",),
        "add:",
        (exchanger(view.domain, known),),
    )


def _unsound(view: View, host: str, known: Known) -> Finding | None:
    """Find why no mail can come to a host."""
    evidence = (f"{view.domain} MX {host}",)
    if _is_address(host):
        return Finding(
            "mx-address",
            Severity.ERROR,
            f"MX of {view.domain} is the address {host}, where a host name was expected "
            "(RFC 5321 §5.1); most senders give up",
            evidence,
            "give the address a name, and the name to MX:",
            (
                exchanger(view.domain, known),
                *address_records(known.host or f"mx.{view.domain}", known),
            ),
        )
    said = [view.answer(host, kind) for kind in ("A", "AAAA")]
    alias = next((each.alias for each in said if each is not None and each.alias), None)
    if alias is not None:
        return Finding(
            "mx-alias",
            Severity.WARNING,
            f"{host}, the MX of {view.domain}, is an alias, which some senders refuse "
            "(RFC 2181 §10.3)",
            (*evidence, f"{host} CNAME {alias}"),
            "name the host itself:",
            (record(view.domain, "MX", f"10 {alias}."),),
        )
    if all(each is not None and not each.records for each in said):
        missing = any(each is not None and each.outcome is Outcome.MISSING for each in said)
        return Finding(
            "mx-without-address",
            Severity.ERROR,
            f"{host}, the MX of {view.domain}, has no address",
            (*evidence, f"{host}: {'no such name' if missing else 'neither A nor AAAA'}"),
            "add:",
            address_records(host, known),
        )
    return None


def _is_address(host: str) -> bool:
    """Tell whether somebody wrote an address for a name."""
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def _foreign(
    view: View, known: Known, found: tuple[tuple[int, str], ...], *, severe: bool
) -> Iterator[Finding]:
    """Find MX records that name somebody else's host, beside ours or instead of it."""
    own = own_hosts(view, known)
    others = [(preference, host) for preference, host in found if host not in own]
    others = [each for each in others if _unsound(view, each[1], known) is None]
    if own:
        others = [each for each in others if each[1] not in known.backups]
    if known.host is None:  # then only those count of which everybody knows whose they are
        others = [each for each in others if provider(each[1])] if own else []
    if not others or not (own or severe):
        return
    evidence = tuple(f"{view.domain} MX {preference} {_whose(host)}" for preference, host in others)
    if not own:
        yield Finding(
            "mx-elsewhere",
            Severity.ERROR,
            f"mail for {view.domain} goes elsewhere, not to {known.host}",
            evidence,
            "replace these MX records by:",
            (exchanger(view.domain, known),),
        )
        return
    first = min(preference for preference, host in found if host in own)
    loses = any(preference <= first for preference, _ in others)
    yield Finding(
        "mx-leftover",
        Severity.ERROR if loses else Severity.WARNING,
        f"some of the mail for {view.domain} goes elsewhere"
        + ("" if loses else " whenever this server can't be reached"),
        evidence,
        "remove these MX records; this one is enough:",
        (record(view.domain, "MX", f"{first} {next(h for p, h in found if h in own)}."),),
    )


def _whose(host: str) -> str:
    """Write a host, and whose it is."""
    name = provider(host)
    return f"{host} ({name})" if name else host


def own_hosts(view: View, known: Known) -> tuple[str, ...]:
    """
    Give the hosts in MX that are this server.

    With its name known these are it, and what has the same addresses; else whatever is in the
    domain itself.
    """
    hosts = [host for _, host in exchangers(view.records(view.domain, "MX"))]
    if known.host is None:
        return tuple(h for h in hosts if h == view.domain or h.endswith(f".{view.domain}"))
    ours = _addresses(view, known.host)
    return tuple(h for h in hosts if h == known.host or (ours and _addresses(view, h) == ours))


def _addresses(view: View, host: str) -> frozenset[str]:
    """Give the addresses of a host."""
    return frozenset((*view.records(host, "A"), *view.records(host, "AAAA")))
