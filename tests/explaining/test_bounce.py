"""Bounces as providers write them, and as nobody should."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gomail.explaining.bounce import LONGEST, MOST, read_bounce, text_of
from gomail.explaining.catalogue import MEANINGS
from gomail.explaining.encoded import decoded

BOUNCES = Path(__file__).parents[1] / "data/bounces"
OURS = {  # the reply's name, its code, the session's id, who is said to have spoken
    "cut.txt": ("no such mailbox", "550", None, "mx.here.example"),
    "delayed.eml": ("disk full", "452", "c0c1c2c3c4", "mx.here.example"),
    "exchange.txt": ("too big", "552", "1122334455", "mx.here.example"),
    "exim.txt": ("loop", "554", "00ff00ff00", "mx.here.example"),
    "gmail-forwarded.txt": ("dmarc-reject", "550", "7c00d1e9ab", None),
    "gmail.eml": ("no such mailbox", "550", "0f51c472e6", "mx.here.example"),
    "outlook-base64.eml": ("bad forward path", "501", "abcdef0123", "mx.here.example"),
    "outlook.txt": ("no such mailbox", None, "91ab3c00de", "mx.here.example"),
    "postfix.eml": ("relaying denied", "550", "5e1f0a9b8c", "mx.here.example"),
    "qmail.txt": ("no such mailbox", "550", "6a6b6c6d6e", "192.0.2.25"),
    "sendgrid.json": ("encrypt first", "530", "b0b1b2b3b4", None),
    "ses.json": ("no such mailbox", "550", "a0a1a2a3a4", None),
    "yahoo.txt": ("spf-fail", "550", "3f3e3d3c3b", None),
}
OTHERS = {
    "other-gmail.txt": "550-5.7.26 This mail has been blocked",
    "other-provider.txt": "554 5.7.1 Daily sending quota exceeded",
}
FOLDS = st.sampled_from(["\n", "\r\n", "\n> ", "\n>> ", "\n\t", "\n    ", " ", "\u00a0\n"])


def test_every_bounce_is_expected_to_be_something() -> None:
    """No file is left out."""
    assert {each.name for each in BOUNCES.iterdir()} == {*OURS, *OTHERS}


@pytest.mark.parametrize("name", OURS)
def test_our_words_are_found_in_what_providers_make_of_them(name: str) -> None:
    """Folded, quoted, as HTML, in base64, as JSON, in prose: once, with the session's id."""
    bounce = read_bounce(decoded((BOUNCES / name).read_bytes()))
    [refused] = bounce.ours
    assert (refused.meaning.name, refused.code, refused.session, bounce.speaker) == OURS[name]
    assert refused.certain == (refused.session is not None)
    assert bounce.others == ()


@pytest.mark.parametrize("name", OTHERS)
def test_words_of_others_are_not_taken_for_ours(name: str) -> None:
    """Their refusal is quoted, and nothing is said to be gomail's."""
    bounce = read_bounce((BOUNCES / name).read_bytes())
    assert bounce.ours == ()
    assert bounce.others[0].startswith(OTHERS[name])


@given(st.sampled_from(MEANINGS), st.data())
def test_every_reply_is_found_however_it_is_folded(meaning: object, data: st.DataObject) -> None:
    """Each blank of it may be a fold of any kind, in any quotation."""
    reply = next(each for each in MEANINGS if each is meaning)
    words = [*reply.line.split(" "), "[0123456789]"]
    folded = "".join(f"{word}{data.draw(FOLDS)}" for word in words)
    bounce = read_bounce(f"> Remote host said: {folded}".encode())
    assert [(each.meaning, each.session) for each in bounce.ours] == [(reply, "0123456789")]


@pytest.mark.parametrize("meaning", MEANINGS, ids=lambda each: each.name)
def test_mere_words_prove_nothing(meaning: object) -> None:
    """Without a code that belongs to them, and without an id, anybody may have said them."""
    reply = next(each for each in MEANINGS if each is meaning)
    assert read_bounce(f"He said: {reply.reply.text}!".encode()).ours == ()
    assert read_bounce(f"599 9.9.9 {reply.reply.text}!".encode()).ours == ()


def test_rule_that_only_defers_here_is_found_with_451() -> None:
    """What the policy may refuse it may defer."""
    text = b"451 4.7.23 The sender's domain does not let you send for it, by SPF (spf-fail)"
    [refused] = read_bounce(text).ours
    assert (refused.meaning.name, refused.code, refused.certain) == ("spf-fail", "451", False)


def test_rule_of_a_check_of_ones_own_is_found() -> None:
    """Its name stands in the reply."""
    text = b"550 5.7.1 A check of this server does not let\n the message pass (dnsbl-fail)"
    [refused] = read_bounce(text + b" [0123456789]").ours
    assert (refused.meaning.name, refused.meaning.settings[0]) == ("dnsbl-fail", "policy.own.dnsbl")


def test_typographic_quotes_and_entities_are_read() -> None:
    """Mail programs make our apostrophe round, and HTML our angle brackets words."""
    text = "454 4.7.0 TLS can\u2019t be had now [0123456789]; 501 5.1.3 Not a forward-path: "
    text += "RCPT TO:&lt;local-part@domain&gt; [0123456789]"
    names = [each.meaning.name for each in read_bounce(text.encode()).ours]
    assert names == ["no tls now", "bad forward path"]


@pytest.mark.parametrize("octets", ["utf-16", "utf-16-be", "utf-8-sig"])
def test_what_an_editor_has_saved_is_read(octets: str) -> None:
    """In two octets a letter, or with a mark in front."""
    text = "550 5.1.1 No such mailbox here [0123456789]"
    mark = "\ufeff" if octets == "utf-16-be" else ""
    assert [each.session for each in read_bounce(f"{mark}{text}".encode(octets)).ours] == [
        "0123456789"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "<p>550 5.1.1 No such<br>mailbox <b>here</b> [<b>0f51c472e6</b>]</p>",
        "550 5.1.1 No such <br />\nmail<wbr>box here [<span class='id' title=x>0f51c472e6</span>]",
        "<TT>550 5.1.1 No such mailbox</TT> <A HREF='mailto:a@b.example'>here</A> [0f51c472e6]",
    ],
)
def test_tags_of_html_are_left_out(text: str) -> None:
    """Wherever they stand: in the words, and in the brackets."""
    [found] = read_bounce(text.encode()).ours
    assert (found.meaning.status, found.session, found.certain) == ("5.1.1", "0f51c472e6", True)


def test_what_is_in_angle_brackets_stays() -> None:
    """Hosts, addresses and URLs, which other servers quote so."""
    text = "#<mx.example.org #4.4.1> <b@c.example> <a:x> <i.example> 550 5.2.2 <bob>: no"
    assert text_of(text.encode()) == text


def test_only_the_beginning_counts() -> None:
    """A bounce of any length costs as much as its first 256 KiB; that is said."""
    text = b"550 5.1.1 No such mailbox here [0123456789]"
    assert read_bounce(b"x" * LONGEST + text) == ((), (), None, True)
    assert not read_bounce(text).cut


def test_thousands_of_refusals_are_a_few() -> None:
    """As many are told as somebody reads."""
    text = "".join(f"550 5.1.1 No such mailbox here [{number:010x}]\n" for number in range(5000))
    assert len(read_bounce(text.encode()).ours) == MOST


@pytest.mark.parametrize(
    "hostile", [b"\x1b]0;owned\x07", "\u202egpj".encode(), b"\x9b31m", b"\xff"]
)
def test_words_of_others_do_nothing_to_a_terminal(hostile: bytes) -> None:
    """Controls, and signs that turn the text round, are written as escapes."""
    [other] = read_bounce(b"554 5.7.1 go away " + hostile + b" now").others
    assert other.isprintable()


@given(st.binary(max_size=400) | st.text(max_size=200).map(str.encode))
def test_any_octets_are_read(octets: bytes) -> None:
    """Nothing is raised, whatever was pasted, and what is told can be printed."""
    bounce = read_bounce(octets)
    assert all(each.isprintable() for each in bounce.others)
    assert all(re.fullmatch("[0-9a-f]{10}", each.session or "0" * 10) for each in bounce.ours)


@pytest.mark.parametrize(
    "piece",
    [
        b"4.",
        b"550 5.1.1 ",
        b"=\n",
        b"&",
        b"> ",
        b"host a[",
        b"a.",
        b"1.1.1.1 ",
        b"[0123456789]",
        b"no",
    ],
)
def test_hostile_repetition_is_read(piece: bytes) -> None:
    """As much as is looked at of what might have a pattern try again and again."""
    read_bounce(piece * (LONGEST // len(piece)))


def test_what_is_encoded_and_broken_is_left_as_it_is() -> None:
    """The text round it is still looked at."""
    octets = b"Content-Transfer-Encoding: base64\n\n550 5.1.1 No such mailbox here [0123456789]"
    assert [each.session for each in read_bounce(decoded(octets)).ours] == ["0123456789"]
    assert decoded(b"plain") == b"plain"
