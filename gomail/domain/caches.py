"""What resolvers still have in their caches: no fault of anybody's, but a reason to wait."""

from collections.abc import Iterator, Mapping

from gomail.domain.answers import Answer, Outcome, Question, Server, View
from gomail.domain.finding import Finding, Severity
from gomail.domain.networks import is_private


def old_records(view: View) -> Iterator[Finding]:
    """Find records that a cache has, and no server of the zone any more."""
    for question in sorted(view.cached):
        if not view.agreed(*question):
            continue  # a cache may have what any of them says
        old = {
            server: said
            for server, said in view.cached[question].items()
            if said.told and said.seconds > 0 and not _is_right(view, question, said)
        }
        if old:
            yield _told(question, old, view.records(*question))


def _is_right(view: View, question: Question, said: Answer) -> bool:
    """
    Tell whether a cache has what the zone or, of its servers, the one above says.

    A private address is no old record but a network's own view of itself, such as a router's.
    """
    if question.kind in {"A", "AAAA"} and any(map(is_private, said.records)):
        return True
    right = [view.records(*question)]
    if question.kind == "NS":
        right += [view.zone.delegated]
        right += [each.records for each in view.delegations.values() if each.told]
    return said.records in right


def _told(question: Question, old: Mapping[Server, Answer], right: tuple[str, ...]) -> Finding:
    """Say who has it, and for how long."""
    name, kind = question
    longest = max(said.seconds for said in old.values())
    return Finding(
        "cached-old",
        Severity.WARNING,
        f"wait: some senders, such as Gmail, may see the old {kind} of {name} for {time(longest)}",
        tuple(f"{server}: {said}, for {time(said.seconds)} more" for server, said in old.items()),
        f"nothing to do: the zone has {kind} {', '.join(right)}, and caches forget by themselves",
    )


def untrusted(view: View) -> Iterator[Finding]:
    """Find that the zone's signatures don't hold (RFC 4035 §5.5)."""
    bogus = {
        server: (question, said)
        for question, answers in view.cached.items()
        for server, said in answers.items()
        if said.outcome is Outcome.BOGUS
    }
    signers = view.records(view.zone.name, "DS")
    keys = view.records(view.zone.name, "DNSKEY")
    keyless = bool(signers) and view.answer(view.zone.name, "DNSKEY") is not None and not keys
    if not bogus and not keyless:
        return
    above = view.zone.above or "the root"
    yield Finding(
        "dnssec-bogus",
        Severity.ERROR,
        f"the signatures of {view.zone.name} don't hold, so senders that check them (Gmail, "
        "Comcast, many in Europe) see no MX at all",
        (
            *(
                f"{server}: {q.kind} of {q.name}: {said.detail}"
                for server, (q, said) in bogus.items()
            ),
            *(f"{above} says: {view.zone.name} DS {each}" for each in signers),
            *(f"{view.zone.name} has DNSKEY {each[:60]}…" for each in keys),
            *([f"{view.zone.name} has no DNSKEY"] if keyless else []),
        ),
        "sign the zone again with the key that DS names, or have the registrar remove from "
        f"{above}:",
        tuple(f"{view.zone.name}. IN DS {each}" for each in signers),
    )


def time(seconds: int) -> str:
    """Write how long somebody has to wait."""
    if seconds < 120:
        return f"{seconds} s"
    if seconds < 2 * 3600:
        return f"{round(seconds / 60)} min"
    return f"{round(seconds / 3600)} h"
