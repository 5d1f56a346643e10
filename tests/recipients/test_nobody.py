"""Whoever is none of ours, however much they look like it: relays, look-alikes, paths."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gomail.address import Address, fold
from gomail.recipients.directory import Directory
from gomail.recipients.domain import Domain
from gomail.recipients.register import build
from gomail.reply import NO_SUCH_MAILBOX, RELAYING_DENIED, Refused
from tests.recipients.house import LISTED, SMALL, US, find, refused

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
