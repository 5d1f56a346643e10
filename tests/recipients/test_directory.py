"""Forward-paths, as they come over the wire, and whose they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gomail.address import Address, fold
from gomail.recipients import directory as module
from gomail.recipients.directory import Directory
from gomail.recipients.domain import Domain
from gomail.recipients.mailbox import Destination, Mailbox
from gomail.recipients.register import build
from gomail.reply import NO_SUCH_MAILBOX, RELAYING_DENIED, Refused, Reply
from gomail.smtp.grammar import read_rcpt

US = "here.example"
SMALL = build({US: Domain(), "localhost": Domain()}, "/home/alice/Maildir")
LISTED = build(
    {
        US: Domain(
            ("alice", "bob", "mary-jane", "jos\u00e9"),
            aliases={"team": ("alice", "bob"), "alice+spam": ("bob",), "postmaster": ("alice",)},
        ),
        "b\u00fccher.example": Domain(("alice",), subaddress_separator=""),
        "dash.example": Domain(("mary", "mary-jane"), catch_all="mary", subaddress_separator="-"),
    },
    "/srv/mail/{domain}/{mailbox}",
)


def find(directory: Directory, forward_path: str) -> tuple[Destination, ...]:
    """Look up what a client wrote behind TO: with SMTPUTF8."""
    address = read_rcpt(b"TO:" + forward_path.encode(), utf8=True).address
    assert address is not None
    found = directory.find(address)
    assert isinstance(found, tuple)
    return found


def refused(directory: Directory, forward_path: str) -> tuple[Reply, str]:
    """Give the reply and the reason with which a forward-path is refused."""
    with pytest.raises(Refused) as caught:
        find(directory, forward_path)
    return caught.value.reply, caught.value.reason


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


P1_RELAYS = [
    "<a@elsewhere.example>",
    "<a@sub.here.example>",
    "<a@example>",
    "<a@here.example.elsewhere.example>",
    "<a@elsewherehere.example>",
    "<a@[127.0.0.1]>",
    "<a@[IPv6:::1]>",
    "<@here.example:a@elsewhere.example>",
    "<@here.example,@localhost:a@elsewhere.example>",
    "<a@here.example@elsewhere.example>",
    '<"a@here.example"@elsewhere.example>',
    "<a%here.example@elsewhere.example>",
    "<a!here.example@elsewhere.example>",
    "<postmaster@elsewhere.example>",
]


@pytest.mark.parametrize("forward_path", P1_RELAYS)
@pytest.mark.parametrize("directory", [SMALL, LISTED], ids=["small", "listed"])
def test_p1_nothing_is_relayed(directory: Directory, forward_path: str) -> None:
    """A domain that is not exactly ours is refused, whatever our own takes."""
    with pytest.raises(Refused) as caught:
        find(directory, forward_path)
    assert caught.value.reply.code in {501, 550}


P1_HACKS = ["a%elsewhere.example", "elsewhere.example!a", "%", "alice%here.example"]
P1_HACKS += ['"a@elsewhere.example"', '"@elsewhere.example:a"', "alice!here.example"]


@pytest.mark.parametrize("local_part", P1_HACKS)
def test_p1_percent_hack_is_unknown(local_part: str) -> None:
    """The routes of old are signs of a local-part that nobody has."""
    assert refused(LISTED, f"<{local_part}@here.example>")[0] == NO_SUCH_MAILBOX


@pytest.mark.parametrize("local_part", P1_HACKS)
def test_p1_percent_hack_stays_in_the_house(local_part: str) -> None:
    """Where any local-part is taken such mail lies in our own Maildir, and goes nowhere."""
    (destination,) = find(SMALL, f"<{local_part}@here.example>")
    assert destination.mailbox.maildir == "/home/alice/Maildir"


def test_relaying_is_refused_with_advice() -> None:
    """550 5.7.1, and the owner reads how the domain would be added."""
    assert refused(SMALL, "<a@Example.ORG>") == (
        RELAYING_DENIED,
        "example.org is not a domain of ours; to accept its mail: --domain example.org",
    )
    directory = build({US: Domain()}, "/srv/Maildir", option='[domains."{}"]')
    assert refused(directory, "<a@b\u00fccher.example>")[1] == (
        "xn--bcher-kva.example is not a domain of ours; "
        'to accept its mail: [domains."xn--bcher-kva.example"]'
    )


@pytest.mark.parametrize(
    ("domain", "shown"),
    [("[127.0.0.1]", "'[127.0.0.1]'"), ("\u2488.example", r"'\u2488.example'"), ("a..b", "'a..b'")],
)
def test_no_advice_is_given_for_what_is_no_domain(domain: str, shown: str) -> None:
    """The log shows what came, in ASCII."""
    with pytest.raises(Refused) as caught:
        SMALL.find(Address("a", domain))
    assert caught.value.reply == RELAYING_DENIED
    assert caught.value.reason == f"{shown} is no domain of ours"


N2_PAIRS = [
    "\uff41lice",
    "al\u0131ce",
    "al\u0130ce",
    "\u24d0lice",
    "jos\uff45\u0301",
    "jose\u0301",
    "jose",
    "JOS\u00c9",
]


@pytest.mark.parametrize("local_part", N2_PAIRS)
def test_n2_look_alikes_are_nobody(local_part: str) -> None:
    """Only ASCII letters are folded: what some normalisation would turn into alice is not alice."""
    assert refused(LISTED, f"<{local_part}@here.example>")[0] == NO_SUCH_MAILBOX


def test_n2_kelvin_is_no_k() -> None:
    """The Kelvin sign, lowered as Unicode lowers it, would be a k."""
    directory = build({"k.example": Domain(("k",))}, "/srv/{mailbox}")
    assert find(directory, "<K@K.example>")
    assert refused(directory, "<\u212a@k.example>")[0] == NO_SUCH_MAILBOX
    assert refused(directory, "<k@\u212a.example>")[0] == RELAYING_DENIED


N3_DETAILS = ["../../x", '"../.. x"', '"\\""', '"a b"', "/", "..", '"\\\\"', "%2e%2e%2f"]


@pytest.mark.parametrize("detail", N3_DETAILS)
@pytest.mark.parametrize("directory", [SMALL, LISTED], ids=["small", "listed"])
def test_n3_a_detail_is_never_in_a_path(directory: Directory, detail: str) -> None:
    """Whatever follows the separator, the Maildir is the configured one."""
    text = f'"alice+{detail[1:]}' if detail.startswith('"') else f"alice+{detail}"
    (destination,) = find(directory, f"<{text}@here.example>")
    assert destination.mailbox.maildir in {"/home/alice/Maildir", "/srv/mail/here.example/alice"}
    assert destination.folder


def test_n3_quotes_are_part_of_no_address() -> None:
    """RFC 5321 §4.1.2: "alice" in quotes is alice; in Delivered-To quotes stand where they must."""
    (destination,) = find(LISTED, '<"alice"@here.example>')
    assert destination.address == "alice@here.example"
    (destination,) = find(LISTED, '<"alice+a \\"b"@here.example>')
    assert destination.address == '"alice+a \\"b"@here.example'
    (destination,) = find(SMALL, '<"a b"@here.example>')
    assert destination.address == '"a b"@here.example'


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


signs = st.text(
    "aAkK\u212a\u00e9\u00c9e\u0301\u00df\u1e9es\ufb01fi\u0130\u0131\uff41.-_+/%\0\\", max_size=6
)
local_parts = st.one_of(signs, st.text(max_size=8))
TINY = build(
    {"k.example": Domain(("a", "k", "s", "fi", "\u00e9", "\u00df", "ss"), subaddress_separator="")},
    "/srv/{domain}/{mailbox}",
)


@given(local_parts, local_parts)
def test_n2_two_different_addresses_never_hit_one_mailbox(one: str, other: str) -> None:
    """Mail for one person never ends with another, for any two local-parts."""
    try:
        found = [TINY.find(Address(each, "k.example")) for each in (one, other)]
    except Refused:
        return
    same = fold(one) == fold(other)
    roles = {"postmaster", "abuse"} & {fold(one), fold(other)}
    assert (found[0] == found[1]) == same or roles


@given(local_parts, st.sampled_from([SMALL, LISTED, TINY]), st.text(max_size=8))
def test_n1_every_path_is_made_of_configured_names(
    local_part: str, directory: Directory, other: str
) -> None:
    """For no address at all does anything of the wire come into a path."""
    configured = {"/home/alice/Maildir"}
    for domain, entry in directory.entries.items():
        if entry.hosted.names is not None:
            names = [
                "alice",
                "bob",
                "mary",
                "mary-jane",
                "jos\u00e9",
                "a",
                "k",
                "s",
                "fi",
                "\u00e9",
                "\u00df",
                "ss",
            ]
            configured |= {name.join(entry.hosted.pieces) for name in names}
        for text in [local_part, f"alice+{local_part}", f"{local_part}+{other}"]:
            try:
                found = directory.find(Address(text, domain))
            except Refused:
                continue
            assert isinstance(found, tuple)
            assert {each.mailbox.maildir for each in found} <= configured


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
