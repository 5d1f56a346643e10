"""A domain with aliases, for tests."""

from collections.abc import Mapping

from gomail.recipients.domain import Domain

MAILDIR = "/srv/mail/{domain}/{mailbox}"


def aliased(aliases: Mapping[str, tuple[str, ...]], catch_all: str | None = None) -> Domain:
    """Make a domain with alice, bob and these aliases."""
    return Domain(("alice", "bob"), aliases=aliases, catch_all=catch_all)
