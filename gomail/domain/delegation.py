"""What is wrong with the servers of a domain's zone."""

from collections.abc import Iterator, Mapping

from gomail.domain.answers import Answer, Outcome, Question, Server, View
from gomail.domain.finding import Finding, Severity, record


def undelegated(view: View) -> Iterator[Finding]:
    """Find that the domain is not there."""
    if view.missing is None:
        return
    above = view.zone.name or "the root"
    yield Finding(
        "domain-missing",
        Severity.ERROR,
        f"{view.missing} does not exist: the servers of {above} know no such name",
        tuple(f"{each}: no such name" for each in view.zone.servers[:3]),
        f"register it, or have its registrar name its servers in {above}; one that was "
        "registered a moment ago may take an hour",
    )


def unheard(view: View) -> Iterator[Finding]:
    """Find servers that are silent, know nothing of the zone, or have no address."""
    soa = view.answers.get(Question(view.zone.name, "SOA"), {})
    alive = any(each.told for each in soa.values())
    severity = Severity.WARNING if alive else Severity.ERROR
    for outcome, code, does in (
        (Outcome.LAME, "server-lame", "knows nothing of the zone"),
        (Outcome.SILENT, "server-silent", "does not answer"),
    ):
        for name, evidence in _by_name(soa, outcome).items():
            yield Finding(
                code,
                severity,
                f"{name}, a server of {view.zone.name}, {does}",
                evidence,
                f"have it serve {view.zone.name}, or have the registrar take it out of the "
                "delegation, and remove from the zone:",
                (record(view.zone.name, "NS", f"{name}."),),
            )
    for name in view.zone.lost:
        yield Finding(
            "server-unknown",
            severity,
            f"{name}, a server of {view.zone.name}, has no address",
            (f"the servers of {view.zone.above or 'the root'} name it",),
            "give it one, or have the registrar take it out of the delegation",
            (record(name, "A", "THE-ADDRESS-OF-THAT-SERVER"),),
        )


def _by_name(soa: Mapping[Server, Answer], outcome: Outcome) -> dict[str, tuple[str, ...]]:
    """Give the servers of which that came, each with what its addresses said."""
    found: dict[str, tuple[str, ...]] = {}
    for server, said in sorted(soa.items()):
        if said.outcome is outcome:
            found[server.name] = (*found.get(server.name, ()), f"{server}: {said.detail}")
    return found


def differing(view: View) -> Iterator[Finding]:
    """Find that zone and delegation name other servers."""
    own = view.records(view.zone.name, "NS")
    told = {each.records for each in view.delegations.values() if each.told}
    delegated = set(view.zone.delegated).union(*told)
    soa = view.answers.get(Question(view.zone.name, "SOA"), {})
    bad = {server.name for server, said in soa.items() if not said.told} | set(view.zone.lost)
    differ = (delegated ^ set(own)) - bad
    if own and differ:
        yield Finding(
            "delegation-differs",
            Severity.WARNING,
            f"{view.zone.name} names other servers than {view.zone.above or 'the root'} does for "
            "it, so what senders see depends on whom they ask",
            (
                f"{view.zone.above or 'the root'}: {', '.join(sorted(delegated))}",
                f"{view.zone.name}: {', '.join(own)}",
            ),
            "name the same ones at the registrar and in the zone:",
            tuple(record(view.zone.name, "NS", f"{each}.") for each in sorted(delegated)),
        )


def disagreeing(view: View) -> Iterator[Finding]:
    """Find that the servers say different things of the domain and of its own hosts."""
    for question in sorted(view.answers):
        own = view.zones.get(question.name) == view.zone
        if question.kind not in {"MX", "A", "AAAA"} or not own or not view.told(*question):
            continue
        if view.agreed(*question):
            continue
        said = view.answers[question]
        right = view.told(*question)[0]
        yield Finding(
            "servers-disagree",
            Severity.WARNING,
            f"the servers of {view.zone.name} disagree about {question.kind} of {question.name}: "
            "what senders see depends on which of them they ask",
            tuple(f"{server}: {said[server]}" for server in sorted(said) if said[server].told),
            "wait until all have the same zone; if they still disagree in an hour, see whether "
            "transfers reach those with the lower serial, for it should be everywhere:",
            tuple(_written(question, each) for each in right.records),
        )


def _written(question: Question, value: str) -> str:
    """Write a record as it should be."""
    return record(question.name, question.kind, value + ("." if question.kind == "MX" else ""))
