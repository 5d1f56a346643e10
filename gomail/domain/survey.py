"""
What is asked to see a domain as a sender does, and in which order.

The servers of its zones first, each directly. Resolvers are asked afterwards, and only for what is
there: a question for a record that is still missing would have them remember that it is (RFC 2308),
and keep mail away for longer.
"""

import asyncio
from collections.abc import Iterable
from functools import partial

from gomail.domain.answers import (
    Answer,
    Outcome,
    Question,
    Server,
    View,
    Zone,
    exchangers,
)
from gomail.domain.walk import NoSuchName, Unfound, Walk, ask_all
from gomail.domain.wire import SECONDS, Asker

_MOST_HOSTS = 10  # in MX records, that are looked at


async def survey(
    domain: str,
    host: str | None,
    roots: Iterable[Server],
    resolvers: Iterable[Server],
    seconds: float = SECONDS,
) -> View:
    """
    Look at a domain.

    Args:
        domain: what mail is for, as A-labels.
        host: the name of the server that the mail is for, if it is known.
        roots: servers of the root; all others are asked at the same port.
        resolvers: those whose caches are looked into.
        seconds: for which an answer is waited.

    Raises:
        Unfound: DNS can't be asked.
    """
    asker = Asker(seconds)
    walk = Walk(asker, roots)
    await walk.begin()
    try:
        zone = await walk.zone(domain)
    except NoSuchName as missing:
        return View(domain, missing.zone, missing.name)
    found = _Survey(asker, walk, domain, host)
    return await found.look(zone, tuple(resolvers))


class _Survey:
    """One look at a domain."""

    def __init__(self, asker: Asker, walk: Walk, domain: str, host: str | None) -> None:
        self._asker, self._walk = asker, walk
        self._domain, self._host = domain, host
        self._answers: dict[Question, dict[Server, Answer]] = {}
        self._zones: dict[str, Zone] = {}

    async def look(self, zone: Zone, resolvers: tuple[Server, ...]) -> View:
        """Look at all that there is."""
        domain = self._domain
        self._zones[domain] = self._zones[zone.name] = zone
        above = await self._walk.delegations(zone)
        await self._ask(zone, Question(zone.name, "SOA"))
        kinds = ("MX", "A", "AAAA", "TXT")
        questions = [Question(domain, kind) for kind in kinds]
        questions += [Question(zone.name, "NS"), Question(zone.name, "DNSKEY")]
        questions += [Question(f"_dmarc.{domain}", "TXT")]
        self._zones[f"_dmarc.{domain}"] = zone
        await self._ask(zone, *questions)
        await self._ask_for_signers(zone)
        view = View(domain, zone, None, above, self._answers, {}, self._zones)
        await asyncio.gather(*map(self._ask_about_host, self._hosts(view)))
        cached = await self._look_into(view, resolvers)
        unasked = tuple(sorted(self._walk.unasked))
        return View(domain, zone, None, above, self._answers, cached, self._zones, unasked)

    def _hosts(self, view: View) -> list[str]:
        """Give the hosts that mail goes to, or should go to; an address is none."""
        named = [host for _, host in exchangers(view.records(self._domain, "MX"))]
        hosts = dict.fromkeys([*named[:_MOST_HOSTS], *filter(None, [self._host])])
        return [each for each in hosts if each != "." and not each.rpartition(".")[2].isdecimal()]

    async def _ask_about_host(self, host: str) -> None:
        """Ask for a host's addresses, and for what is said of its certificate."""
        try:
            zone = self._zones[host] = await self._walk.zone(host)
        except NoSuchName as missing:
            said = dict.fromkeys(missing.zone.servers[:1], Answer(Outcome.MISSING))
            self._answers |= {Question(host, kind): said for kind in ("A", "AAAA")}
            return
        except Unfound:
            return
        tlsa = f"_25._tcp.{host}"
        self._zones[tlsa] = zone
        await self._ask(zone, Question(zone.name, "SOA"))
        await self._ask(zone, *(Question(host, kind) for kind in ("A", "AAAA")))
        await self._ask(zone, Question(tlsa, "TLSA"))
        await self._ask_for_signers(zone)

    async def _ask(self, zone: Zone, *questions: Question) -> None:
        """Ask each server of a zone, unless it said before that it does not know."""
        soa = self._answers.get(Question(zone.name, "SOA"), {})
        servers = [each for each in zone.servers if each not in soa or soa[each].told]
        new = [question for question in questions if question not in self._answers]
        for question in new:  # so that nobody else asks it, too
            self._answers[question] = {}
        answers = await asyncio.gather(*(self._of_each(servers, each) for each in new))
        self._answers.update(zip(new, answers, strict=True))

    async def _of_each(self, servers: Iterable[Server], question: Question) -> dict[Server, Answer]:
        """Ask each of some servers."""
        return await ask_all(servers, partial(self._asker.authority, question=question))

    async def _ask_for_signers(self, zone: Zone) -> None:
        """Ask above a zone for the keys that it is signed by (RFC 4034 §5)."""
        question = Question(zone.name, "DS")
        if question not in self._answers:
            self._answers[question] = {}
            self._answers[question] = await self._of_each(zone.above_servers, question)

    async def _look_into(
        self, view: View, resolvers: tuple[Server, ...]
    ) -> dict[Question, dict[Server, Answer]]:
        """Ask resolvers for what is there; where one differs, ask the zone's servers again."""
        wanted = [each for each in self._worth_asking(view) if self._there(view, each)]
        cached = {}
        for question in wanted:
            ask = partial(self._asker.resolver, question=question)
            cached[question] = await ask_all(resolvers, ask)
            known = {each.records for each in view.told(*question)}
            if any(each.told and each.records not in known for each in cached[question].values()):
                await self._ask_again(view, question)
        return cached

    def _worth_asking(self, view: View) -> list[Question]:
        """Give what is asked for if it is there; what changes with each answer is none of it."""
        own = [each for each in self._hosts(view) if self._zones.get(each) == view.zone]
        questions = [Question(view.zone.name, "NS"), Question(self._domain, "MX")]
        return questions + [Question(host, kind) for host in own for kind in ("A", "AAAA")]

    @staticmethod
    def _there(view: View, question: Question) -> bool:
        """Tell whether all servers have such records, and the same."""
        answer = view.answer(*question)
        return answer is not None and bool(answer.records) and view.agreed(*question)

    async def _ask_again(self, view: View, question: Question) -> None:
        """Take what the servers say now: a record may have changed just after they were asked."""
        now = await self._of_each(self._answers[question], question)
        self._answers[question].update({each: said for each, said in now.items() if said.told})
