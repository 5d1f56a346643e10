"""Directories built of settings."""

import gc

import pytest

from gomail.address import Address
from gomail.recipients.directory import Directory
from gomail.recipients.domain import Domain
from gomail.recipients.mailbox import Destination
from gomail.recipients.names import Listed
from gomail.recipients.register import build
from tests.recipients.aliases import MAILDIR, aliased


def found(directory: Directory, text: str) -> list[str]:
    """Say which mailboxes an address leads to."""
    local_part, _, domain = text.rpartition("@")
    destinations = directory.find(Address(local_part, domain))
    assert isinstance(destinations, tuple)
    return [each.mailbox.name for each in destinations]


def one(directory: Directory, text: str) -> Destination:
    """Give the only destination of an address."""
    local_part, _, domain = text.rpartition("@")
    destinations = directory.find(Address(local_part, domain))
    assert isinstance(destinations, tuple)
    assert len(destinations) == 1
    return destinations[0]


def test_an_alias_stands_for_several_mailboxes() -> None:
    """Each gets a copy, in the order in which they are written."""
    directory = build({"a.example": aliased({"team": ("bob", "alice@A.example")})}, MAILDIR)
    assert found(directory, "Team@a.example") == ["bob@a.example", "alice@a.example"]


def test_aliases_of_aliases_are_followed() -> None:
    """A chain ends at mailboxes, each of them once."""
    aliases = {"all": ("team", "alice"), "team": ("chief", "bob"), "chief": ("alice",)}
    directory = build({"a.example": aliased(aliases)}, MAILDIR)
    assert found(directory, "all@a.example") == ["alice@a.example", "bob@a.example"]
    assert directory.aliases == 3


def test_an_alias_may_lead_to_another_domain_of_ours() -> None:
    """Nothing leaves the house: the other domain is ours, too."""
    domains = {
        "a.example": aliased({"carol": ("carol@b.example",)}),
        "b.example": Domain(("carol",)),
    }
    directory = build(domains, MAILDIR)
    destination = one(directory, "carol@a.example")
    assert destination.mailbox.maildir == "/srv/mail/b.example/carol"
    assert (destination.address, destination.aliased) == ("carol@b.example", True)


def test_a_target_may_be_a_sub_address() -> None:
    """The folder is that of the target; a detail of the alias itself is dropped."""
    directory = build({"a.example": aliased({"lists": ("alice+news",)})}, MAILDIR)
    for text in ["lists@a.example", "lists+more@a.example"]:
        destination = one(directory, text)
        assert (destination.address, destination.folder) == ("alice+news@a.example", "news")
        assert destination.aliased


def test_the_same_mailbox_twice_is_one_copy_a_folder() -> None:
    """For alice and alice+news there are two, for alice and Alice there is one."""
    aliases = {"x": ("alice", "Alice", "alice+news", "alice@a.example")}
    directory = build({"a.example": aliased(aliases)}, MAILDIR)
    destinations = directory.find(Address("x", "a.example"))
    assert isinstance(destinations, tuple)
    assert [each.folder for each in destinations] == ["", "news"]


def test_an_alias_in_a_domain_that_takes_anything_comes_first() -> None:
    """The one mailbox of a domain without a list can be an alias' target, too."""
    domains = {"a.example": Domain(aliases={"bob": ("carol@b.example",)}), "b.example": Domain()}
    directory = build(domains, "/srv/mail/{domain}")
    assert one(directory, "bob@a.example").mailbox.maildir == "/srv/mail/b.example"
    assert one(directory, "bob@a.example").address == "carol@b.example"
    assert one(directory, "else@a.example").mailbox.maildir == "/srv/mail/a.example"


def test_postmaster_and_abuse_go_to_the_first_mailbox() -> None:
    """RFC 5321 §4.5.1 and RFC 2142 §4: somebody reads them, and the owner is told who."""
    directory = build({"a.example": aliased({}), "b.example": Domain(("carol",))}, MAILDIR)
    for role in ["postmaster", "Abuse"]:
        assert found(directory, f"{role}@a.example") == ["alice@a.example"]
        assert found(directory, f"{role}@b.example") == ["carol@b.example"]
    assert one(directory, "postmaster@a.example").aliased
    assert directory.notes == (
        "mail for postmaster@a.example and abuse@a.example goes to alice@a.example",
        "mail for postmaster@b.example and abuse@b.example goes to carol@b.example",
    )


def test_a_configured_postmaster_is_used_for_abuse() -> None:
    """Who answers for the domain answers for its abuse."""
    directory = build({"a.example": aliased({"postmaster": ("bob",)})}, MAILDIR)
    assert found(directory, "abuse@a.example") == ["bob@a.example"]
    assert directory.notes == ("mail for abuse@a.example goes to bob@a.example",)


def test_configured_roles_need_no_note() -> None:
    """Nothing is said where everything is set."""
    domain = Domain(("alice", "postmaster"), aliases={"abuse": ("alice",)})
    directory = build({"a.example": domain}, MAILDIR)
    assert found(directory, "postmaster@a.example") == ["postmaster@a.example"]
    assert not one(directory, "postmaster@a.example").aliased
    assert directory.notes == ()


def test_a_catch_all_catches_postmaster_too() -> None:
    """The owner has said who gets what is for nobody else."""
    directory = build({"a.example": aliased({}, catch_all="bob")}, MAILDIR)
    assert found(directory, "postmaster@a.example") == ["bob@a.example"]
    assert directory.notes == ()


def test_a_domain_without_mailboxes_borrows_a_postmaster() -> None:
    """A domain of aliases alone has its mail for postmaster read in the first domain that can."""
    domains = {"a.example": Domain(()), "b.example": Domain(("carol",))}
    assert found(build(domains, MAILDIR), "postmaster@a.example") == ["carol@b.example"]
    domains = {"a.example": Domain(()), "b.example": Domain()}
    destination = one(build(domains, "/srv/Maildir"), "abuse@a.example")
    assert destination.address == "postmaster@b.example"


def test_a_house_without_any_mailbox_is_told() -> None:
    """An empty table is no reason not to start, but should not go unnoticed."""
    directory = build({"a.example": Domain(())}, MAILDIR)
    assert directory.notes == (
        "there is no mailbox for postmaster@a.example and abuse@a.example (RFC 5321 §4.5.1)",
    )


def test_what_there_is_can_be_counted() -> None:
    """The owner compares the numbers with what was meant."""
    domains = {"a.example": aliased({"x": ("bob",)}), "b.example": Domain()}
    directory = build(domains, "/srv/Maildir")
    assert (directory.mailboxes, directory.aliases) == (3, 1)
    assert directory.maildirs == ("/srv/Maildir",)


def test_mailboxes_that_share_a_maildir_are_told() -> None:
    """It may be meant; who forgot {mailbox} learns of it."""
    note = "all mailboxes share one Maildir; {mailbox} in maildir gives each its own"
    several, one = Domain(("alice", "bob")), Domain(("alice",))
    assert note in build({"here.example": several}, "/srv/mail").notes
    assert note in build({"here.example": one, "there.example": one}, "/srv/mail").notes
    assert note not in build({"here.example": one}, "/srv/mail").notes
    assert note not in build({"here.example": Domain(), "b.example": Domain()}, "/srv").notes
    assert note not in build({"here.example": several}, "/srv/{domain}/{mailbox}").notes


def test_aliases_cost_the_garbage_collector_nothing() -> None:
    """It looks at what can hold others; a hundred thousand such would stop the server for long."""
    aliases = {f"alias{number}": ("alice", "bob+x", "team") for number in range(1000)}
    directory = build({"a.example": aliased(aliases | {"team": ("bob",)})}, MAILDIR)
    gc.collect()
    kept = directory.entries["a.example"].aliases
    assert len(kept) == 1001
    assert not any(map(gc.is_tracked, kept.values()))
    assert len(found(directory, "alias7@a.example")) == 3


def test_first_mailbox_is_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice as many domains without a postmaster cost twice as much, not four times."""
    asked: list[Listed] = []
    first = Listed.first

    def counted(names: Listed) -> str | None:
        asked.append(names)
        return first(names)

    monkeypatch.setattr(Listed, "first", counted)
    domains = {f"d{number}.example": Domain(()) for number in range(300)}
    directory = build(domains | {"last.example": Domain(("alice",))}, MAILDIR)
    assert len(asked) <= 3 * len(domains)
    assert found(directory, "abuse@d7.example") == ["alice@last.example"]
