"""
The directory: forward-path → mailboxes, or nobody.

A directory never changes; a server that reads its configuration again makes a new one and puts it
in the old one's place. `gomail.recipients.register` reads files and checks every alias, so it may
take seconds for a large site, and is called off the reactor there. Looking up a name that lies in
memory takes microseconds and answers at once; one that lies in a database is asked for off the
reactor.

Only the exact domains of the configuration are ours (RFC 5321 §3.6.2: anything else would be
relaying). The ``%`` and ``!`` of old relays mean nothing: they are signs of a local-part.
Postmaster and abuse are always there (RFC 5321 §4.5.1, RFC 2142 §4).
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias

from gomail.address import Address, comparable_domain, fold
from gomail.answers import Answer
from gomail.recipients.aliases import Expansion, Followed, as_aliased, as_destinations
from gomail.recipients.domain import read_domain
from gomail.recipients.hosted import Destinations, Expand, Hosted
from gomail.recipients.mistake import Mistake
from gomail.recipients.sqlite import Database
from gomail.reply import LOCAL_ERROR, NO_SUCH_MAILBOX, RELAYING_DENIED, Refused

OffReactor: TypeAlias = Callable[[Callable[[], Destinations]], Awaitable[Destinations]]

POSTMASTER = "postmaster"
ROLES = (POSTMASTER, "abuse")  # RFC 5321 §4.5.1, RFC 2142 §4
MOST_KEPT = 1000  # addresses whose mailboxes are remembered
_FEW = 10  # mailboxes; an alias of more is followed each time, however many ways it is written
_SHOWN = 100  # signs of the peer's that the log is told


@dataclass(frozen=True, slots=True)
class Entry:
    """
    What the directory has on one domain.

    Attributes:
        hosted: the domain.
        aliases: those of the configuration, followed to their mailboxes.
        roles: the mailboxes of postmaster and abuse, where they are not configured; those of a
            domain in a database are looked for each time.
        rest: who gets what is for nobody else; may be empty.
    """

    hosted: Hosted
    aliases: Mapping[str, Followed]
    roles: Mapping[str, Destinations]
    rest: Destinations


@dataclass(frozen=True, slots=True)
class Directory:
    """
    Knows all domains, mailboxes and aliases; made by `gomail.recipients.register.build`.

    Attributes:
        entries: by domain, in the form in which domains are compared; the first is that of
            ``<postmaster>``.
        root: the folder above all Maildirs, or the only Maildir itself.
        option: how a domain would be added, with ``{}`` for its name; told where relaying is
            denied.
        notes: what should be said at start, as sentences.
        off_reactor: runs what blocks; None to run it on the spot.
        databases: those in which mailboxes are.
        hosted: the domains alone, for those who follow aliases.
    """

    entries: Mapping[str, Entry]
    root: str
    option: str = "--domain {}"
    notes: tuple[str, ...] = ()
    off_reactor: OffReactor | None = field(default=None, compare=False)
    databases: tuple[Database, ...] = field(default=(), compare=False)
    hosted: Mapping[str, Hosted] = field(init=False, repr=False, compare=False)
    _kept: dict[Address, Destinations] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        """Gather the domains once: a site may have many, and each look-up needs them."""
        hosted = {domain: entry.hosted for domain, entry in self.entries.items()}
        object.__setattr__(self, "hosted", hosted)

    def find(self, address: Address) -> Answer[Destinations]:
        """
        Give the mailboxes that *address* means.

        Raises:
            Refused: 550 5.1.1 for nobody, 550 5.7.1 for a domain that is not ours, 451 4.3.0 where
                a database is in trouble.
        """
        kept = self._kept.get(address)
        if kept is not None:
            return kept
        entry = self.entries.get(address.domain) or self._entry(address)
        if not entry.hosted.blocking:
            return self._keep(address, self._find(entry, address.local_part))
        look_up = partial(self._look_up, entry, address.local_part)
        return look_up() if self.off_reactor is None else self.off_reactor(look_up)

    @property
    def maildirs(self) -> tuple[str, ...]:
        """The static parts of the Maildirs' paths, for checks at start."""
        return (self.root,)

    @property
    def mailboxes(self) -> int:
        """How many mailboxes there are, for a human being to compare with what was meant."""
        names = (entry.hosted.names for entry in self.entries.values())
        return sum(1 if each is None else len(each) for each in names)

    @property
    def aliases(self) -> int:
        """How many aliases the configuration has."""
        return sum(len(entry.aliases) for entry in self.entries.values())

    def _entry(self, address: Address) -> Entry:
        """Find the domain where it is not written as it is compared."""
        if not address.domain:
            # The grammar lets no other address without a domain through; nor do we.
            if fold(address.local_part) != POSTMASTER:
                raise Refused(NO_SUCH_MAILBOX, "an address without a domain is nobody's")
            return next(iter(self.entries.values()))
        try:
            return self.entries[comparable_domain(address.domain)]
        except (KeyError, ValueError):
            raise Refused(RELAYING_DENIED, self._advice(address.domain)) from None

    def _advice(self, text: str) -> str:
        """Say why a domain is refused, and how it would be added if it should be."""
        try:
            domain = read_domain(text)
        except ValueError:
            return f"{_shown(text)} is no domain of ours"
        option = self.option.replace("{}", domain)
        return f"{domain} is not a domain of ours; to accept its mail: {option}"

    def _keep(self, address: Address, found: Destinations) -> Destinations:
        """Remember what is found each time: a directory never changes."""
        if len(self._kept) >= MOST_KEPT:  # whatever a client thinks of may be an address of ours
            self._kept.clear()
        if len(found) <= _FEW:
            self._kept[address] = found
        return found

    def _find(self, entry: Entry, local_part: str) -> Destinations:
        """Look a local-part up in memory."""
        return entry.hosted.find(local_part, self._expand) or _rest(entry, local_part)

    def _look_up(self, entry: Entry, local_part: str) -> Destinations:
        """Look a local-part up where this may block."""
        found = entry.hosted.find(local_part, self._expand_stored)
        if not found and not entry.rest and fold(local_part) in ROLES:
            first = partial(first_of, self.hosted.values())
            found = fallback(entry.hosted, self._expand_stored, first)
        return found or _rest(entry, local_part)

    def _expand(self, hosted: Hosted, name: str) -> Destinations:
        """Give the mailboxes of an alias of the configuration."""
        return as_destinations(self.entries[hosted.name].aliases.get(name, ()), self.hosted)

    def _expand_stored(self, hosted: Hosted, name: str) -> Destinations:
        """Give the mailboxes of an alias of the configuration or of a database."""
        found = self._expand(hosted, name)
        if found:
            return found
        try:
            return Expansion(self.hosted).expand(hosted, name)
        except Mistake as mistake:
            # Somebody's slip in a table costs no mail: the sender keeps it until the row is mended.
            raise Refused(LOCAL_ERROR, f"in the database: {mistake}") from None


def fallback(hosted: Hosted, expand: Expand, first: Callable[[], Destinations]) -> Destinations:
    """
    Give who gets mail for postmaster or abuse where nobody is called so; () where nobody can.

    That is whoever is postmaster, else the first mailbox; *first* gives that of all domains.
    """
    return as_aliased(hosted.find(POSTMASTER, expand) or hosted.first() or first())


def first_of(domains: Iterable[Hosted]) -> Destinations:
    """Give the first mailbox of the first domain that has one; () if there is none."""
    return next(filter(None, (each.first() for each in domains)), ())


def _rest(entry: Entry, local_part: str) -> Destinations:
    """Give who gets what is for no mailbox and no alias."""
    found = entry.roles.get(fold(local_part), entry.rest)
    if not found:
        reason = f"there is no mailbox or alias {_shown(local_part)} in {entry.hosted.name}"
        raise Refused(NO_SUCH_MAILBOX, reason)
    return found


def _shown(text: str) -> str:
    """Write signs of the peer's for the log: ASCII, and no more than fit in a line."""
    return ascii(text)[:_SHOWN]
