"""
The directory built: settings in, a `Directory` out, or a `Mistake` that names the setting.

Nothing here knows of a reactor. Files and databases are read, so a server that runs builds in a
thread.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property

from gomail.recipients.aliases import Expansion, alias_key, as_aliased
from gomail.recipients.directory import ROLES, Directory, Entry, OffReactor, fallback, first_of
from gomail.recipients.domain import Domain, read_domain, read_local_part, read_separator
from gomail.recipients.hosted import Destinations, Hosted
from gomail.recipients.mailbox import Template
from gomail.recipients.mistake import Mistake
from gomail.recipients.names import Names, read_file, read_list
from gomail.recipients.sqlite import Database, Stored
from gomail.reply import Refused

SQLITE = "sqlite:"


def build(
    domains: Mapping[str, Domain],
    maildir: str,
    *,
    option: str = "--domain {}",
    off_reactor: OffReactor | None = None,
) -> Directory:
    """
    Build the directory; this reads files, and blocks.

    Args:
        domains: ours, by name; the first is that of ``<postmaster>``.
        maildir: the path of the Maildirs, ``{domain}`` and ``{mailbox}`` in it.
        option: how a domain would be added, with ``{}`` for its name.
        off_reactor: runs what blocks when a database is asked, for example
            ``lambda work: deferToThreadPool(reactor, pool, work)``; None to run it on the spot.

    Raises:
        Mistake: a setting can't be.
    """
    databases: dict[str, Database] = {}
    try:
        hosted = dict(_host(domains, maildir, databases))
        made = _Register(domains, hosted).directory(_template(maildir), option, off_reactor)
        return replace(made, databases=tuple(databases.values()))
    except Refused as refused:  # a database that was opened and is in trouble now
        raise Mistake(("domains",), refused.reason) from None
    finally:
        # A server may fork after this, and SQLite forbids to use a connection of before.
        for database in databases.values():
            database.close()


class _Register:
    """What is worked out once all domains are known: aliases, catch-alls, postmasters."""

    def __init__(self, domains: Mapping[str, Domain], hosted: Mapping[str, Hosted]) -> None:
        self._domains = dict(zip(hosted, domains.values(), strict=True))
        self._hosted = hosted
        self._expansion = Expansion(hosted)
        self._notes: list[str] = []

    def directory(
        self, template: Template, option: str, off_reactor: OffReactor | None
    ) -> Directory:
        """Make the directory."""
        entries = {name: self._entry(hosted) for name, hosted in self._hosted.items()}
        made = Directory(entries, template.root, option, tuple(self._notes), off_reactor)
        if template.names_mailboxes or all(each.names is None for each in self._hosted.values()):
            return made
        if made.mailboxes > 1:
            note = "all mailboxes share one Maildir; {mailbox} in maildir gives each its own"
            made = replace(made, notes=(*made.notes, note))
        return made

    def _entry(self, hosted: Hosted) -> Entry:
        """Make the entry of one domain."""
        aliases = {name: self._expansion.followed(hosted, name) for name in hosted.configured}
        catch_all = self._domains[hosted.name].catch_all
        if catch_all is None:
            roles = self._roles(hosted)
            return Entry(replace(hosted, blocking=self._is_looked_up(hosted)), aliases, roles, ())
        key = ("domains", hosted.name, "catch-all")
        if hosted.names is None:
            problem = "without mailboxes a domain takes any local-part, so nothing is left to catch"
            raise Mistake(key, problem)
        rest = as_aliased(self._expansion.follow(hosted, catch_all, key))
        return Entry(hosted, aliases, {}, rest)

    def _roles(self, hosted: Hosted) -> dict[str, Destinations]:
        """Find somebody for postmaster and abuse where nobody is called so, and note who it is."""
        missing = [role for role in ROLES if not hosted.find(role, self._expansion.expand)]
        if not missing:
            return {}
        addresses = " and ".join(f"{role}@{hosted.name}" for role in missing)
        found = fallback(hosted, self._expansion.expand, lambda: self._first)
        if not found:
            self._notes.append(f"there is no mailbox for {addresses} (RFC 5321 §4.5.1)")
            return {}
        self._notes.append(f"mail for {addresses} goes to {found[0].mailbox.name}")
        return {} if self._is_looked_up(hosted) else dict.fromkeys(missing, found)

    def _is_looked_up(self, hosted: Hosted) -> bool:
        """Tell whether somebody of a domain is in a database, where rows come and go."""
        return hosted.blocking or (self._has_rows and not hosted.first())

    @cached_property
    def _has_rows(self) -> bool:
        """Whether any mailboxes are rows of a database."""
        return any(each.blocking for each in self._hosted.values())

    @cached_property
    def _first(self) -> Destinations:
        """The first mailbox of all, looked for once."""
        return first_of(self._hosted.values())


def _host(
    domains: Mapping[str, Domain], maildir: str, databases: dict[str, Database]
) -> Iterator[tuple[str, Hosted]]:
    """Read each domain's settings as far as they concern no other domain."""
    template = _template(maildir)
    seen: set[str] = set()
    for text, domain in domains.items():
        try:
            name = read_domain(text)
        except ValueError as error:
            raise Mistake(("domains", text), str(error)) from None
        if name in seen:
            raise Mistake(("domains", text), f"the domain {name} is there twice")
        seen.add(name)
        yield name, _hosted(name, domain, template, databases)
    if not seen:
        raise Mistake(("domains",), "at least one domain was expected")


def _template(maildir: str) -> Template:
    """Read the path of the Maildirs."""
    try:
        return Template(maildir)
    except ValueError as error:
        raise Mistake(("maildir",), str(error)) from None


def _hosted(
    name: str, domain: Domain, template: Template, databases: dict[str, Database]
) -> Hosted:
    """Read one domain."""
    names = _names(name, domain.mailboxes, databases)
    if names is None and template.names_mailboxes:
        problem = "mailboxes were expected, since maildir has {mailbox} in it"
        raise Mistake(("domains", name), problem)
    try:
        separator = read_separator(domain.subaddress_separator)
    except ValueError as error:
        raise Mistake(("domains", name, "subaddress-separator"), str(error)) from None
    aliases = dict(_aliases(name, domain, names))
    blocking = names is not None and names.blocking
    return Hosted(name, names, aliases, separator, template.pieces(name), blocking)


def _names(
    name: str, mailboxes: tuple[str, ...] | str | None, databases: dict[str, Database]
) -> Names | None:
    """Read the mailboxes of a domain, wherever they are named."""
    if mailboxes is None:
        return None
    try:
        if not isinstance(mailboxes, str):
            return read_list(mailboxes)
        if not mailboxes.startswith(SQLITE):
            return read_file(mailboxes)
        path = mailboxes.removeprefix(SQLITE)
        if path not in databases:
            databases[path] = Database(path)
        return Stored(databases[path], name)
    except ValueError as error:
        raise Mistake(("domains", name, "mailboxes"), str(error)) from None


def _aliases(
    domain: str, settings: Domain, names: Names | None
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Read the names of a domain's aliases; what they stand for is read when they are followed."""
    seen: set[str] = set()
    for text, targets in settings.aliases.items():
        key = alias_key(domain, text)
        try:
            name = read_local_part(text)
        except ValueError as error:
            raise Mistake(key, str(error)) from None
        if name in seen:
            raise Mistake(key, f"the alias {name!r} is there twice")
        seen.add(name)
        if names is not None and name in names:
            raise Mistake(key, "a mailbox is called so, too")
        if not targets:
            raise Mistake(key, "at least one address was expected")
        yield name, targets
