"""
Aliases followed to the mailboxes that they stand for.

A target is a mailbox, another alias, or a sub-address of either, in any domain of ours. One outside
them would be relaying, one that is nobody's would lose mail, and a loop would never end: each is a
mistake. The aliases of the configuration are followed once, when the directory is built; those of a
database when mail for them comes.
"""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from gomail.recipients.domain import read_target
from gomail.recipients.hosted import Destinations, Hosted
from gomail.recipients.mailbox import Destination, Mailbox
from gomail.recipients.mistake import Key, Mistake

# Name, address and folder of one mailbox after the other: text alone, which the garbage collector
# passes over. A hundred thousand aliases as values would cost it 50 ms each time.
Followed: TypeAlias = tuple[str, ...]

LONGEST_CHAIN = 50  # aliases of aliases; a longer chain is hardly meant


class Expansion:
    """Follows aliases, each at most once, among the domains *hosted*."""

    def __init__(self, hosted: Mapping[str, Hosted]) -> None:
        """Begin with nothing followed."""
        self._hosted = hosted
        self._done: dict[tuple[str, str], Followed] = {}
        self._trail: list[tuple[str, str]] = []

    def expand(self, domain: Hosted, name: str) -> Destinations:
        """
        Give the mailboxes of the alias *name* in *domain*; () if there is no such alias.

        Raises:
            Mistake: as from `followed`.
        """
        return as_destinations(self.followed(domain, name), self._hosted)

    def followed(self, domain: Hosted, name: str) -> Followed:
        """
        Give the same to be kept.

        Raises:
            Mistake: a target of it, or of an alias behind it, is none.
        """
        targets = domain.targets(name)
        if not targets:
            return ()
        step = (domain.name, name)
        if step not in self._done:
            self._check_trail(step)
            self._trail.append(step)
            found = [each for target in targets for each in self._follow(domain, name, target)]
            self._trail.pop()
            self._done[step] = _kept(as_aliased(found))
        return self._done[step]

    def follow(self, domain: Hosted, text: str, key: Key) -> Destinations:
        """
        Give the mailboxes of a target written in *domain*.

        Args:
            domain: where a target without a domain is.
            text: the target.
            key: where it is written.

        Raises:
            Mistake: it is none, or an alias behind it has a target that is none.
        """
        try:
            target = read_target(text, domain.name)
        except ValueError as error:
            raise Mistake(key, str(error)) from None
        hosted = self._hosted.get(target.domain)
        if hosted is None:
            problem = f"{target.domain} is no domain of ours, and nothing is relayed"
            raise Mistake(key, problem)
        found = hosted.find(target.local_part, self.expand)
        if not found:
            raise Mistake(key, f"there is no mailbox or alias {target}")
        return found

    def _follow(self, domain: Hosted, name: str, target: str) -> Destinations:
        """Follow one target of an alias."""
        return self.follow(domain, target, alias_key(domain.name, name))

    def _check_trail(self, step: tuple[str, str]) -> None:
        """See that the aliases under way lead somewhere."""
        domain, name = step
        if step in self._trail:
            loop = (*self._trail[self._trail.index(step) :], step)
            way = " → ".join(f"{name}@{domain}" for domain, name in loop)
            raise Mistake(alias_key(domain, name), f"it leads back to itself: {way}")
        if len(self._trail) == LONGEST_CHAIN:
            problem = f"a chain of at most {LONGEST_CHAIN} aliases was expected"
            raise Mistake(alias_key(domain, name), problem)


def alias_key(domain: str, name: str) -> Key:
    """Say where an alias stands in the configuration."""
    return ("domains", domain, "aliases", name)


def as_destinations(followed: Followed, hosted: Mapping[str, Hosted]) -> Destinations:
    """Give the mailboxes of an alias that was followed among the domains *hosted*."""
    each = iter(followed)
    return tuple(
        Destination(_mailbox(name, hosted), address, aliased=True, folder=folder)
        for name, address, folder in zip(each, each, each, strict=True)
    )


def _mailbox(text: str, hosted: Mapping[str, Hosted]) -> Mailbox:
    """Give the mailbox of that name, which was found before."""
    name, _, domain = text.rpartition("@")
    return Mailbox(text, hosted[domain].maildir(name))


def _kept(found: Destinations) -> Followed:
    """Write mailboxes down as `Followed`."""
    return tuple(text for each in found for text in (each.mailbox.name, each.address, each.folder))


def as_aliased(found: Iterable[Destination]) -> Destinations:
    """Mark destinations as reached by another address; each folder of a mailbox counts once."""
    distinct: dict[tuple[str, str], Destination] = {}
    for each in found:
        aliased = Destination(each.mailbox, each.address, aliased=True, folder=each.folder)
        distinct.setdefault((each.mailbox.name, each.folder), aliased)
    return tuple(distinct.values())
