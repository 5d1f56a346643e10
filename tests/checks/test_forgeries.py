"""
Forgers, and what their messages end as: never as a pass for a domain that neither signed nor sent.

What begins with ``a`` and a number is a trick of "Composition Kills: A Case Study of Email Sender
Authentication" (Chen, Paxson and Jiang, USENIX Security 2020), as its authors' tool espoofer sends
it to servers; ``client`` are those that it sends by way of a service where one has an account.
The forger has a domain of his own, evil.example, which does everything right.
"""

import base64
import io
from typing import NamedTuple

import pytest
from twisted.internet.defer import Deferred

from gomail.address import Path
from gomail.checks.dns.zone import Zone
from gomail.checks.results import authentication_results
from gomail.checks.trial import Found, Sender, examine, pieces
from gomail.finding import Finding
from gomail.limits import Limits
from gomail.reply import Refused
from gomail.smtp.grammar import read_mail
from tests.checks.panels import House
from tests.checks.reading import read_results
from tests.checks.signing import ed25519, record, rsa, signed

BANK, EVIL = "192.0.2.1", "198.51.100.7"  # whose clients these are
ZONE = Zone(f"""
$ORIGIN bank.example.
@                TXT "v=spf1 ip4:{BANK} -all"
_dmarc           TXT "v=DMARC1; p=reject"
sel._domainkey   TXT "{record(ed25519())}"
mail             TXT "v=spf1 ip4:{BANK} -all"
$ORIGIN evil.example.
@                TXT "v=spf1 ip4:{EVIL} -all"
*                TXT "v=spf1 ip4:{EVIL} -all"
_dmarc           TXT "v=DMARC1; p=none"
sel._domainkey   TXT "{record(rsa())}"
*._domainkey     TXT "{record(rsa())}"
sel._domainkey.bank.example.evil.example.  TXT "{record(rsa())}"
sel._domainkey.notbank.example.            TXT "{record(rsa())}"
sel._domainkey.example.                    TXT "{record(rsa())}"
_dmarc.example.                            TXT "v=DMARC1; p=none; psd=y"
""")
BODY = b"Trust me.\n"
CEO = b"From: <ceo@bank.example>\n"
JOE = b"From: <joe@evil.example>\n"
REST = b"To: <ann@here.example>\nSubject: Money\n"
ANYBODY = "<any@evil.example>"
WORD = b"=?utf-8?B?" + base64.b64encode(b"<ceo@bank.example>") + b"?="


class Forgery(NamedTuple):
    """
    A message that ought to pass for the bank's.

    Attributes:
        block: its header block.
        ends: what DMARC says of it, and of which domains.
        path: what is said in MAIL FROM; where that *ends* as refused, there is no message.
        helo: in EHLO.
        tags: of a signature of the forger's, if it has one.
        ip: from where it comes.
    """

    block: bytes
    ends: str
    path: str = ANYBODY
    helo: str = "evil.example"
    tags: dict[str, str] | None = None
    ip: str = EVIL


FAILS = "fail bank.example"  # the bank has not vouched for it
NOBODYS = "permerror"  # readers might see different authors, so there is none
SEVERAL = "permerror evil.example bank.example"  # and the stricter policy of the two is asked for
HIS_OWN = "pass evil.example"  # he says that it is he, and so it is told
NO_PATH = "refused"  # MAIL is, since that is no address

FORGERIES = {
    # SPF none for a name that there is not, beside a HELO that passes: HELO counts for nothing.
    "a1-no-such-subdomain": Forgery(CEO, FAILS, "<any@mail.no.bank.example>"),
    # No reverse-path to some, and HELO in its place: half an address is none here.
    "a2-empty-mail-from": Forgery(CEO, NO_PATH, "<(any@bank.example>"),
    # DNS stops at NUL, and asks the forger for the key of the bank's d: NUL is in no name.
    "a3-nul-in-selector": Forgery(
        CEO, FAILS, tags={"d": "bank.example", "s": "sel._domainkey.evil.example.\0.any"}
    ),
    # The name ends at the quote for who reads the results: no domain name has a quote in it.
    "a4-quote-in-d": Forgery(CEO, FAILS, tags={"d": "bank.example'a.evil.example"}),
    # … or at the parenthesis, which begins a comment there.
    "a5-comment-in-mail-from": Forgery(CEO, NO_PATH, "<any@bank.example(a.evil.example>"),
    # … or in a local-part, which is not repeated there.
    "a6-quote-in-mail-from": Forgery(CEO, NO_PATH, "<any@bank.example'@any.evil.example>"),
    # A source route's first name is not the sender's: it is dropped (RFC 5321 §4.1.1.3).
    "a7-route-in-mail-from": Forgery(
        CEO, FAILS, "<@bank.example,@any.example:'any@evil.example>"
    ),
    "a8-two-from": Forgery(JOE + CEO, NOBODYS),
    # The first would be a fold to those who see it below other fields, and is a field to others.
    "a9-space-before-from": Forgery(b" " + JOE + CEO, NOBODYS),
    "a10-space-behind-from": Forgery(JOE + CEO.replace(b":", b" :"), NOBODYS),
    "a11-folded-name": Forgery(JOE.replace(b":", b"\n :") + CEO, NOBODYS),
    # Sender and Resent-From make nobody an author, whatever a reader shows of them.
    "a12-sender": Forgery(JOE + b"Sender: <ceo@bank.example>\n", HIS_OWN),
    "a13-resent-from": Forgery(JOE + b"Resent-From: <ceo@bank.example>\n", HIS_OWN),
    "a14-two-addresses": Forgery(b"From: <joe@evil.example>, <ceo@bank.example>\n", SEVERAL),
    "a15-encoded-address": Forgery(b"From:" + WORD + b",<joe@evil.example>\n", NOBODYS),
    "a16-route": Forgery(b"From: <@evil.example,@any.example:ceo@bank.example>\n", NOBODYS),
    "a17-quoted-pair": Forgery(b"From: <ceo@bank.example>\\,<joe@evil.example>\n", NOBODYS),
    "a18-precedence": Forgery(
        b"From: ceo@bank.example,<joe@evil.example>\n", "permerror bank.example evil.example"
    ),
    "a19-name-behind-address": Forgery(b"From: <joe@evil.example>ceo@bank.example\n", NOBODYS),
    # The service signs what its customer wrote, for itself.
    "client-a1-two-from": Forgery(JOE + CEO, NOBODYS, tags={"d": "evil.example"}),
    "client-a2-two-addresses": Forgery(
        b"From: <joe@evil.example>, <ceo@bank.example>\n", SEVERAL, tags={"d": "evil.example"}
    ),
    "client-a3-other-from": Forgery(CEO, FAILS, tags={"d": "evil.example"}),
    # What else From may look like.
    "missing": Forgery(b"", NOBODYS),
    "empty": Forgery(b"From:\n", NOBODYS),
    "blank": Forgery(b"From: \n \n", NOBODYS),
    "space-behind-the-only-from": Forgery(CEO.replace(b":", b" :"), FAILS),
    "folded-name-of-the-only-from": Forgery(CEO.replace(b":", b"\n :"), FAILS),
    "no-break-space-in-name": Forgery(JOE + b"From\xc2\xa0: <ceo@bank.example>\n", NOBODYS),
    "nul-in-name": Forgery(JOE + b"Fr\0om: <ceo@bank.example>\n", NOBODYS),
    "other-case": Forgery(JOE + b"FROM: <ceo@bank.example>\n", NOBODYS),
    "group": Forgery(b"From: We: ceo@bank.example;\n", FAILS),
    "empty-group": Forgery(b"From: ceo@bank.example: ;\n", NOBODYS),
    "group-of-two": Forgery(b"From: We: joe@evil.example, ceo@bank.example;\n", SEVERAL),
    "nul": Forgery(b"From: ceo@bank.example\0@evil.example\n", NOBODYS),
    "bare-cr": Forgery(b"From: joe@evil.example\rFrom: ceo@bank.example\n", NOBODYS),
    "two-at-signs": Forgery(b"From: ceo@bank.example@evil.example\n", NOBODYS),
    "comment": Forgery(b"From: ceo@bank.example (joe@evil.example)\n", FAILS),
    "comment-in-domain": Forgery(b"From: ceo@bank.example(.evil.example)\n", FAILS),
    "comment-without-end": Forgery(b"From: ceo@bank.example(.evil.example\n", NOBODYS),
    "encoded-in-brackets": Forgery(b"From: " + WORD + b" <joe@evil.example>\n", HIS_OWN),
    "encoded-address-alone": Forgery(b"From: " + WORD + b"\n", NOBODYS),
    "encoded-local-part": Forgery(
        b"From: =?utf-8?Q?ceo=40bank.example=00?=@evil.example\n", NOBODYS
    ),
    "address-as-name": Forgery(
        b"From: ceo@bank.example <joe@evil.example>\n", "permerror bank.example evil.example"
    ),
    "quoted-address-as-name": Forgery(b'From: "ceo@bank.example" <joe@evil.example>\n', HIS_OWN),
    "two-in-brackets": Forgery(b"From: <ceo@bank.example><joe@evil.example>\n", NOBODYS),
    "dot-behind": Forgery(b"From: ceo@bank.example.\n", NOBODYS),
    "literal": Forgery(b"From: ceo@[192.0.2.1]\n", NOBODYS),
    "full-width": Forgery("From: ceo@bank。example\n".encode(), FAILS),
    "below-a-thousand-fields": Forgery(JOE + b"A: b\n" * 999 + CEO, NOBODYS),
    "behind-the-header": Forgery(JOE + b"\n" + CEO, HIS_OWN),
    # Names that look like the bank's to a comparison that is careless.
    "suffix": Forgery(CEO, FAILS, tags={"d": "notbank.example"}),
    "bank-as-subdomain": Forgery(CEO, FAILS, tags={"d": "bank.example.evil.example"}),
    "identity-of-another": Forgery(
        CEO, FAILS, tags={"d": "evil.example", "i": "ceo@bank.example"}
    ),
    "signed-by-the-suffix": Forgery(CEO, FAILS, tags={"d": "example"}),
    "key-of-another": Forgery(CEO, FAILS, tags={"d": "bank.example"}),
    "no-such-subdomain-as-author": Forgery(
        b"From: ceo@no.bank.example\n", "fail no.bank.example"
    ),
    # What is asked about the sender, and is not the author's word.
    "helo": Forgery(CEO, FAILS, helo="bank.example"),
    "helo-of-a-bounce": Forgery(CEO, FAILS, "<>"),
    "helo-of-the-bank-in-a-bounce": Forgery(CEO, FAILS, "<>", helo="mail.bank.example"),
    "results-in-local-part": Forgery(
        CEO, FAILS, '<"x; dmarc=pass header.from=bank.example"@evil.example>'
    ),
    "results-in-helo": Forgery(CEO, FAILS, helo="x;dmarc=pass"),
    "results-of-ours": Forgery(
        b"Authentication-Results: mx.here.example; dmarc=pass header.from=bank.example\n" + CEO,
        FAILS,
    ),
}  # fmt: skip


def examined(forgery: Forgery) -> Found:
    """Examine a forgery, as the server would; raise Refused where there is no such reverse-path."""
    path: Path = read_mail(b"FROM:" + forgery.path.encode()).reverse_path
    block = forgery.block + REST
    message = block + b"\n" + BODY
    if forgery.tags is not None:
        message = signed(block, BODY, key=rsa(), h="from:to:subject", **forgery.tags)
    return examine_now(message, Sender(forgery.ip, forgery.helo, path))


def examine_now(message: bytes, sender: Sender) -> Found:
    """Examine a message."""
    found: list[Found] = []
    panel = House(ZONE).panel
    work = examine(panel, sender, pieces(io.BytesIO(message)), "mx.here.example", Limits())
    Deferred.fromCoroutine(work).addCallback(found.append)
    assert len(found) == 1
    return found[0]


def told(finding: Finding) -> str:
    """Give what DMARC says, and of which domains."""
    domains = [each.value for each in finding.properties if each.name == "from"]
    return " ".join([finding.result, *domains])


def dmarc(found: Found) -> str:
    """Give DMARC's of all findings, which is the only one of its kind."""
    [finding] = [each for each in found.opinion.findings if each.method == "dmarc"]
    return told(finding)


@pytest.mark.parametrize("name", FORGERIES)
def test_p3_no_forgery_is_a_pass(name: str) -> None:
    """It ends as it ought to, and nobody reads anything else out of the results."""
    forgery = FORGERIES[name]
    if forgery.ends == NO_PATH:
        with pytest.raises(Refused) as refused:
            examined(forgery)
        assert refused.value.reply.code == 501
        return
    found = examined(forgery)
    assert dmarc(found) == forgery.ends
    assert "bank.example" not in dmarc(found) or not dmarc(found).startswith("pass")
    field = authentication_results("mx.here.example", found.opinion.findings)
    assert read_results(field) == ("mx.here.example", list(found.opinion.findings))
    assert found.forged == (name == "results-of-ours")


SIGNED = signed(CEO + REST, BODY, a="ed25519-sha256", d="bank.example", h="from:to:subject")
BOUGHT = {
    # The bank's own letter, which the forger has received, and sends on changed.
    "as-it-was": (SIGNED, "pass bank.example"),
    "from-above": (b"From: <joe@evil.example>\n" + SIGNED, "permerror"),
    "from-below": (SIGNED.replace(b"\n\n", b"\nFrom: <joe@evil.example>\n\n", 1), "permerror"),
    "another-of-the-banks-above": (b"From: <boss@bank.example>\n" + SIGNED, "permerror"),
    "from-changed": (SIGNED.replace(b"ceo@", b"boss@"), "fail bank.example"),
    "subject-changed": (SIGNED.replace(b"Money", b"More"), "fail bank.example"),
    "body-longer": (SIGNED + b"Send it to me.\n", "fail bank.example"),
    "body-before": (SIGNED.replace(b"\n\n", b"\n\nSend it to me.\n\n", 1), "fail bank.example"),
}


@pytest.mark.parametrize("name", BOUGHT)
def test_p3_letter_of_the_banks_is_its_own_unchanged(name: str) -> None:
    """It passes from wherever it comes, and no other that was made of it does."""
    message, ends = BOUGHT[name]
    sender = Sender(EVIL, "evil.example", read_mail(b"FROM:<any@evil.example>").reverse_path)
    assert dmarc(examine_now(message, sender)) == ends


def test_p3_length_is_no_letter_of_the_banks() -> None:
    """What was signed with l= may have been appended to, and counts for nobody (RFC 6376 §8.2)."""
    begun = signed(
        CEO + REST, BODY, a="ed25519-sha256", d="bank.example", h="from:to:subject", l="5"
    )
    sender = Sender(EVIL, "evil.example", read_mail(b"FROM:<any@evil.example>").reverse_path)
    assert dmarc(examine_now(begun, sender)) == "fail bank.example"
    assert dmarc(examine_now(begun + b"More.\n", sender)) == "fail bank.example"


def test_p3_bank_itself_passes() -> None:
    """By SPF alone, from where it sends: or the tests above would show nothing."""
    found = examined(Forgery(CEO, "", "<ceo@bank.example>", "mail.bank.example", None, BANK))
    assert dmarc(found) == "pass bank.example"
    assert found.opinion.asked == "none"


def test_p3_strictest_policy_is_asked_for_where_several_are() -> None:
    """So that a second author is no way out of the first one's policy."""
    assert examined(FORGERIES["a14-two-addresses"]).opinion.asked == "reject"
