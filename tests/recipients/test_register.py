"""Directories built of settings, and the settings that can't be."""

import gc
from collections.abc import Mapping

import pytest

from gomail.address import Address
from gomail.recipients.directory import Directory
from gomail.recipients.domain import Domain
from gomail.recipients.mailbox import Destination
from gomail.recipients.mistake import Mistake
from gomail.recipients.names import Listed
from gomail.recipients.register import build

MAILDIR = "/srv/mail/{domain}/{mailbox}"


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


def aliased(aliases: Mapping[str, tuple[str, ...]], catch_all: str | None = None) -> Domain:
    """Make a domain with alice, bob and these aliases."""
    return Domain(("alice", "bob"), aliases=aliases, catch_all=catch_all)


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


MISTAKES = [
    ({}, "domains: at least one domain was expected"),
    ({"a b": Domain()}, "domains.\"a b\": a domain such as example.org was expected, not 'a b'"),
    (
        {"[127.0.0.1]": Domain()},
        "domains.\"[127.0.0.1]\": a domain such as example.org was expected, not '[127.0.0.1]'",
    ),
    (
        {"a.example": Domain(()), "A.example.": Domain(())},
        'domains."A.example.": the domain a.example is there twice',
    ),
    (
        {"localhost": Domain()},
        "domains.localhost: mailboxes were expected, since maildir has {mailbox} in it",
    ),
    (
        {"a.example": Domain(("alice",), catch_all="bob")},
        'domains."a.example".catch-all: there is no mailbox or alias bob@a.example',
    ),
    (
        {"a.example": Domain(("alice",), subaddress_separator="++")},
        (
            "domains.\"a.example\".subaddress-separator: one of + - = _ . # ~ or '' was expected, "
            "not '++'"
        ),
    ),
    (
        {"a.example": Domain(("alice", "-x"))},
        (
            "domains.\"a.example\".mailboxes: '-x' can't name a mailbox: letters, digits, and "
            "between them '.', '_' or '-' were expected; an alias may be called so"
        ),
    ),
    (
        {"a.example": Domain("/nowhere/names")},
        'domains."a.example".mailboxes: /nowhere/names: No such file or directory',
    ),
    (
        {"a.example": Domain("sqlite:/nowhere/names.db")},
        'domains."a.example".mailboxes: /nowhere/names.db: unable to open database file',
    ),
    (
        {"a.example": aliased({"a b": ("alice",)})},
        (
            'domains."a.example".aliases."a b": the part of an address before \'@\' was expected, '
            "not 'a b'"
        ),
    ),
    (
        {"a.example": aliased({"team": ("alice",), "Team": ("bob",)})},
        "domains.\"a.example\".aliases.Team: the alias 'team' is there twice",
    ),
    (
        {"a.example": aliased({"alice": ("bob",)})},
        'domains."a.example".aliases.alice: a mailbox is called so, too',
    ),
    (
        {"a.example": aliased({"team": ()})},
        'domains."a.example".aliases.team: at least one address was expected',
    ),
    (
        {"a.example": aliased({"team": ("carol",)})},
        'domains."a.example".aliases.team: there is no mailbox or alias carol@a.example',
    ),
    (
        {"a.example": aliased({"all": ("team",), "team": ("carol",)})},
        'domains."a.example".aliases.team: there is no mailbox or alias carol@a.example',
    ),
    (
        {"a.example": aliased({"team": ("carol@b.example",)})},
        'domains."a.example".aliases.team: b.example is no domain of ours, and nothing is relayed',
    ),
    (
        {"a.example": aliased({"team": ("a b",)})},
        (
            "domains.\"a.example\".aliases.team: the part of an address before '@' was expected, "
            "not 'a b'"
        ),
    ),
    (
        {"a.example": aliased({"a": ("b",), "b": ("c+x",), "c": ("a",)})},
        (
            'domains."a.example".aliases.a: it leads back to itself: '
            "a@a.example → b@a.example → c@a.example → a@a.example"
        ),
    ),
    (
        {"a.example": aliased({"x": ("x",)})},
        'domains."a.example".aliases.x: it leads back to itself: x@a.example → x@a.example',
    ),
    (
        {"a.example": aliased({f"n{i}": (f"n{i + 1}",) for i in range(60)} | {"n60": ("bob",)})},
        'domains."a.example".aliases.n50: a chain of at most 50 aliases was expected',
    ),
]


@pytest.mark.parametrize(("domains", "problem"), MISTAKES, ids=range(len(MISTAKES)))
def test_a_setting_that_cannot_be_is_named(domains: Mapping[str, Domain], problem: str) -> None:
    """The owner reads which setting is wrong, what was expected, and what was found."""
    with pytest.raises(Mistake) as caught:
        build(domains, MAILDIR)
    assert str(caught.value) == problem


def test_a_maildir_that_cannot_be_is_named() -> None:
    """The path of the Maildirs is checked before any domain."""
    with pytest.raises(Mistake) as caught:
        build({"localhost": Domain()}, "Maildir")
    assert str(caught.value) == "maildir: an absolute path was expected, not 'Maildir'"


def test_nothing_is_left_to_catch_where_anything_is_taken() -> None:
    """A catch-all beside no mailboxes is a misunderstanding."""
    with pytest.raises(Mistake) as caught:
        build({"a.example": Domain(catch_all="alice")}, "/srv/Maildir")
    assert str(caught.value) == (
        'domains."a.example".catch-all: without mailboxes a domain takes any local-part, '
        "so nothing is left to catch"
    )


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
