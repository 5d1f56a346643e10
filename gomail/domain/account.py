"""What was looked at, so that nobody takes silence for health; and what could not be."""

from collections.abc import Iterable, Iterator

from gomail.domain.answers import Outcome, Question, Server, View


def account(view: View) -> Iterator[str]:
    """Tell what was asked, and whom, a line each."""
    zone = view.zone
    above = zone.above or "the root"
    if view.missing is not None:
        yield f"the servers of {zone.name or 'the root'} about {view.missing}"
        return
    heard = [each for each in view.delegations.values() if each.told]
    yield (
        f"the delegation of {zone.name}, by {len(heard)} of {len(view.delegations)} servers of "
        f"{above}: {', '.join(zone.delegated)}"
    )
    soa = view.answers.get(Question(zone.name, "SOA"), {})
    for server in sorted(soa):
        said = soa[server]
        serial = f"it has serial {said.records[0]}" if said.records else said.detail
        yield f"directly {server}: {serial}"
    asked = [each for each in view.answers if view.told(*each)]
    if asked:
        yield f"of each: {'; '.join(_grouped(asked))}"
    unknown = [each for each in view.answers if not view.told(*each) and each.kind in {"A", "AAAA"}]
    for name in sorted({each.name for each in unknown}):
        yield f"not to be found out: the addresses of {name}, whose servers don't answer"
    yield from _resolvers(view)
    if view.unasked:
        yield f"not asked, for lack of a way from here: {', '.join(view.unasked)}"


def _grouped(questions: Iterable[Question]) -> Iterator[str]:
    """Write the kinds of record that each name was asked for."""
    kinds: dict[str, list[str]] = {}
    for name, kind in sorted(questions):
        kinds.setdefault(name, []).append(kind)
    for name, each in kinds.items():
        yield f"{', '.join(each)} of {name or 'the root'}"


def _resolvers(view: View) -> Iterator[str]:
    """Tell what was asked of caches."""
    servers: dict[Server, list[Outcome]] = {}
    for answers in view.cached.values():
        for server, said in answers.items():
            servers.setdefault(server, []).append(said.outcome)
    if not servers:
        yield "no cache: what is not in the zone, or not everywhere, is not asked for there"
    for server, outcomes in servers.items():
        silent = all(each is Outcome.SILENT for each in outcomes)
        told = "it does not answer" if silent else f"{len(outcomes)} questions"
        yield f"the cache of {server}: {told}"
