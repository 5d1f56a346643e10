"""Forward-paths, as they come over the wire, and whose they are."""

import pytest

from gomail.address import Address
from gomail.recipients import directory as module
from gomail.recipients.directory import Directory
from gomail.recipients.domain import Domain
from gomail.recipients.mailbox import Destination, Mailbox
from gomail.recipients.register import build
from gomail.reply import NO_SUCH_MAILBOX, Refused
from tests.recipients.house import LISTED, SMALL, US, find, refused


def test_a_mailbox_is_found() -> None:
    """The path of its Maildir is made of the configured names."""
    assert find(LISTED, "<Alice@HERE.example.>") == (
        Destination(
            Mailbox("alice@here.example", "/srv/mail/here.example/alice"),
            "alice@here.example",
            aliased=False,
        ),
    )


def test_nobody_is_refused_and_the_log_told() -> None:
    """550 5.1.1, and the owner reads what was looked for."""
    assert refused(LISTED, "<carol@here.example>") == (
        NO_SUCH_MAILBOX,
        "there is no mailbox or alias 'carol' in here.example",
    )


def test_a_sub_address_names_a_folder() -> None:
    """RFC 5233: the detail is kept for the folder, and in Delivered-To."""
    (destination,) = find(LISTED, "<Alice+Lists/x@here.example>")
    assert destination.mailbox.maildir == "/srv/mail/here.example/alice"
    assert destination.address == "alice+Lists/x@here.example"
    assert (destination.folder, destination.aliased) == ("Lists/x", False)


def test_the_longest_name_comes_first() -> None:
    """With "-" as separator mary-jane-lists is mary-jane's, and mary-ann mary's."""
    (destination,) = find(LISTED, "<mary-jane-lists@dash.example>")
    assert (destination.mailbox.name, destination.folder) == ("mary-jane@dash.example", "lists")
    (destination,) = find(LISTED, "<mary-ann-x@dash.example>")
    assert (destination.mailbox.name, destination.folder) == ("mary@dash.example", "ann-x")
    (destination,) = find(LISTED, "<mary-jane@dash.example>")
    assert destination.folder == ""


def test_an_alias_with_a_separator_comes_before_the_sub_address() -> None:
    """alice+spam is configured, and so it is not a folder of alice."""
    (destination,) = find(LISTED, "<alice+spam@here.example>")
    assert (destination.address, destination.aliased) == ("bob@here.example", True)


def test_a_sub_address_of_an_alias_is_the_alias() -> None:
    """Mailing lists write to team+bounce."""
    assert len(find(LISTED, "<team+bounce@here.example>")) == 2


def test_without_a_separator_there_are_no_sub_addresses() -> None:
    """The owner has turned them off for this domain."""
    assert refused(LISTED, "<alice+x@b\u00fccher.example>")[0] == NO_SUCH_MAILBOX
    directory = build({US: Domain(subaddress_separator="")}, "/srv/Maildir")
    assert find(directory, "<alice+x@here.example>")[0].folder == ""


def test_an_empty_detail_is_the_mailbox() -> None:
    """alice+ is alice, and +alice is nobody."""
    (destination,) = find(LISTED, "<alice+@here.example>")
    assert (destination.mailbox.name, destination.folder) == ("alice@here.example", "")
    assert refused(LISTED, "<+alice@here.example>")[0] == NO_SUCH_MAILBOX


def test_a_catch_all_gets_the_rest() -> None:
    """What is for nobody else is marked as addressed otherwise."""
    (destination,) = find(LISTED, "<anybody@dash.example>")
    assert (destination.address, destination.aliased) == ("mary@dash.example", True)


def test_a_domain_without_mailboxes_takes_any_local_part() -> None:
    """The small case: one Maildir, whoever it is for; a sub-address still names a folder."""
    (destination,) = find(SMALL, "<Any.Body+lists+x@here.example>")
    assert destination == Destination(
        Mailbox("*@here.example", "/home/alice/Maildir"),
        "Any.Body+lists+x@here.example",
        aliased=False,
        folder="lists+x",
    )


def test_internationalised_domains_are_compared_as_a_labels() -> None:
    """RFC 5891 §4: U-label and A-label are one domain."""
    for domain in ["b\u00fccher.example", "xn--bcher-kva.example", "B\u00fccher.Example"]:
        (destination,) = find(LISTED, f"<alice@{domain}>")
        assert destination.mailbox.name == "alice@xn--bcher-kva.example"


@pytest.mark.parametrize(
    "forward_path", ["<postmaster>", "<PostMaster>", "<@a,@b:alice@here.example>"]
)
def test_n3_postmaster_without_a_domain_is_that_of_the_first(forward_path: str) -> None:
    """RFC 5321 §4.5.1; and a source route is dropped."""
    (destination,) = find(LISTED, forward_path)
    assert destination.mailbox.name == "alice@here.example"
    assert find(SMALL, "<postmaster>")[0].address == "postmaster@here.example"


@pytest.mark.parametrize(
    "local_part", ["alice", ";for i in 0 1 2 3;do read r;done;sh;exit 0;", "", "abuse", "\n"]
)
@pytest.mark.parametrize("directory", [SMALL, LISTED], ids=["small", "listed"])
def test_n3_others_without_a_domain_are_nobody(directory: Directory, local_part: str) -> None:
    """CVE-2020-7247 began with an address without a domain; the grammar has refused it before."""
    with pytest.raises(Refused) as caught:
        directory.find(Address(local_part, ""))
    assert caught.value.reply == NO_SUCH_MAILBOX


def test_address_that_comes_again_is_not_looked_up_again() -> None:
    """The owner of a domain gets mail for the same few addresses all day."""
    assert find(LISTED, "<alice+x@here.example>") is find(LISTED, "<alice+x@here.example>")
    assert find(LISTED, "<alice+X@here.example>") != find(LISTED, "<alice+x@here.example>")


def test_directory_in_the_place_of_another_knows_nothing_of_it() -> None:
    """Who gets what is what the configuration says that was read last."""
    before = build({US: Domain(("alice", "bob"), catch_all="alice")}, "/srv/mail/{mailbox}")
    now = build({US: Domain(("alice", "bob"), catch_all="bob")}, "/srv/mail/{mailbox}")
    for directory, mailbox in ((before, "alice"), (now, "bob"), (before, "alice")):
        assert find(directory, "<x@here.example>")[0].mailbox.name == f"{mailbox}@here.example"


def test_memory_of_addresses_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients think of as many addresses as they like, and write a long alias in many ways."""
    monkeypatch.setattr(module, "MOST_KEPT", 10)
    many = tuple(f"mailbox{number}" for number in range(50))
    directory = build({US: Domain(many, aliases={"all": many})}, "/srv/mail/{mailbox}")
    for number in range(50):
        for _ in range(2):
            assert find(directory, f"<mailbox{number}@here.example>")
        assert 1 <= len(directory._kept) <= 10
    for written in ("all", "All", "aLL"):
        assert len(find(directory, f"<{written}@here.example>")) == 50
    assert all(len(found) == 1 for found in directory._kept.values())
