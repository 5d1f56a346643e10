"""What a domain wants done with mail in its name, and whether the mail is its own (RFC 9989)."""

from typing import Any

import pytest

from gomail.checks.dmarc.evaluation import Evaluation, evaluate
from gomail.finding import Finding, Property
from tests.checks.dmarc.cases import cases, dkim_pass, evaluated, spf_pass
from tests.checks.waiting import Counting, now

REJECT = '_dmarc.example.com. TXT "v=DMARC1; p=reject"\n'


@pytest.mark.parametrize("case", cases("cases.json"), ids=lambda case: case["why"])
def test_rfc(case: dict[str, Any]) -> None:
    """What the RFC's appendix and its sections say."""
    found = evaluated(case)
    assert (found.finding.result, found.asked) == (case["result"], case["asked"])


@pytest.mark.parametrize("case", cases("mailauth.json"))
def test_another_implementation_agrees(case: dict[str, Any]) -> None:
    """What mailauth makes of odd records is what we make of them."""
    found = evaluated(case)
    assert (found.finding.result, found.asked) == (case["result"], case["asked"])


def test_evidence() -> None:
    """The domain in From, and what is asked for, in the terms of RFC 8601 and RFC 9989 §9."""
    author = Property("header", "from", "example.com")
    assert now(evaluate(["Example.COM"], [spf_pass("example.com")], [], Counting(REJECT))) == (
        Evaluation(Finding("dmarc", "pass", (author,)), "none")
    )
    assert now(evaluate(["example.com"], [], [], Counting(REJECT))) == Evaluation(
        Finding(
            "dmarc",
            "fail",
            (author, Property("policy", "dmarc", "reject")),
            "neither SPF nor DKIM passes for the domain in From",
        ),
        "reject",
    )


@pytest.mark.parametrize("result", ["fail", "softfail", "neutral", "none", "permerror", "policy"])
def test_only_a_pass_counts(result: str) -> None:
    """A signature that does not verify, or SPF that does not pass, is nothing."""
    spf, dkim = [spf_pass("example.com", result)], [dkim_pass("example.com", result)]
    found = now(evaluate(["example.com"], spf, dkim, Counting(REJECT)))
    assert (found.finding.result, found.asked) == ("fail", "reject")


def test_helo_does_not_count() -> None:
    """Only MAIL FROM is an author's (RFC 9989 §4.4.2); without one it is HELO's postmaster."""
    helo = Finding("spf", "pass", (Property("smtp", "helo", "example.com"),))
    assert now(evaluate(["example.com"], [helo], [], Counting(REJECT))).finding.result == "fail"


def test_mail_from_may_be_an_address() -> None:
    """The domain is behind the last at sign."""
    spf = [spf_pass('"a@other.example"@example.com')]
    assert now(evaluate(["example.com"], spf, [], Counting(REJECT))).finding.result == "pass"


@pytest.mark.parametrize("domain", ["example.com", "mail.example.com"])
def test_signature_that_could_not_be_verified_is_temporary(domain: str) -> None:
    """Where its key was not to be had, a policy is not held against the message."""
    dkim = [dkim_pass(domain, "temperror"), dkim_pass("other.example", "fail")]
    found = now(evaluate(["example.com"], [], dkim, Counting(REJECT)))
    assert (found.finding.result, found.asked) == ("temperror", "none")
    spf = [spf_pass(domain, "temperror")]
    assert now(evaluate(["example.com"], spf, [], Counting(REJECT))).finding.result == "temperror"


def test_temporary_error_of_others_does_not_matter() -> None:
    """A forger's own DNS that fails is no way round a policy."""
    dkim = [dkim_pass("evil.com", "temperror"), dkim_pass("evil.example", "temperror")]
    found = now(evaluate(["example.com"], [], dkim, Counting(REJECT)))
    assert (found.finding.result, found.asked) == ("fail", "reject")


# -- several domains in From -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("signed", "asked"),
    [
        ([], "reject"),
        (["mild.example"], "reject"),
        (["example.com"], "quarantine"),
        (["example.com", "mild.example"], "none"),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_several_authors_never_pass(signed: list[str], asked: str, *, turned: bool) -> None:
    """Whoever signs for one domain does not speak for the other."""
    zone = REJECT + '_dmarc.mild.example. TXT "v=DMARC1; p=quarantine"\n'
    authors = ["example.com", "mild.example"][:: -1 if turned else 1]
    dkim = [dkim_pass(domain) for domain in signed]
    found = now(evaluate(authors, [], dkim, Counting(zone)))
    assert (found.finding.result, found.asked) == ("permerror", asked)
    names = [each.value for each in found.finding.properties if each.name == "from"]
    assert names == authors


def test_same_domain_twice_is_one() -> None:
    """Two authors of one domain are no trouble."""
    authors = ["example.com", "EXAMPLE.com.", "example.com"]
    found = now(evaluate(authors, [], [dkim_pass("example.com")], Counting(REJECT)))
    assert found.finding.result == "pass"


def test_a_thousand_authors_are_a_few_questions() -> None:
    """Whoever writes many domains into From does not have us ask for all."""
    resolver = Counting("")
    authors = [f"a{number}.example" for number in range(1000)]
    found = now(evaluate(authors, [], [], resolver))
    assert found.finding.result == "permerror"
    assert len(resolver.asked) <= 5 * 2


@pytest.mark.parametrize("authors", [[], [""], ["."], ["xn--\u00fc.example"], ["example.com", ""]])
def test_from_without_a_domain(authors: list[str]) -> None:
    """It can't be evaluated, and says so; nobody is asked."""
    resolver = Counting(REJECT)
    found = now(evaluate(authors, [], [dkim_pass("example.com")], resolver))
    assert (found.finding.result, found.asked) == ("permerror", "none")
    assert resolver.asked == []


# -- few questions ---------------------------------------------------------------------------------


def test_walk_is_eight_questions_at_most() -> None:
    """However long a name is (RFC 9989 §4.10)."""
    resolver = Counting("")
    author = ".".join("abcdefghijklmnopqrstuvwxyz") + ".example.com"
    assert now(evaluate([author], [], [], resolver)).finding.result == "none"
    assert len(resolver.asked) == 8


def test_no_name_is_asked_twice() -> None:
    """Walks of one message share what they have found."""
    resolver = Counting(REJECT)
    dkim = [dkim_pass(f"{name}.example.com", "temperror") for name in "abcdefgh"]
    spf = [spf_pass("bounces.mail.example.com")]
    now(evaluate(["a.mail.example.com"], spf, dkim, resolver))
    assert len(resolver.asked) == len(set(resolver.asked))


def test_strangers_signatures_are_not_walked() -> None:
    """A signature that could not be the author's asks nobody for anything."""
    resolver = Counting(REJECT)
    dkim = [dkim_pass(f"{name}.evil.com") for name in "abcdefgh"] + [dkim_pass("evil.example")]
    now(evaluate(["example.com"], [], dkim, resolver))
    assert {name for name, _ in resolver.asked} == {"_dmarc.example.com", "_dmarc.com"}


def test_alias_is_there_even_if_its_target_is_not() -> None:
    """So np is not for it (RFC 6604 §3)."""
    zone = (
        '_dmarc.example.com. TXT "v=DMARC1; p=none; sp=quarantine; np=reject"\n'
        "alias.example.com. CNAME nowhere.example.org.\n"
    )
    found = now(evaluate(["alias.example.com"], [], [], Counting(zone)))
    assert found.asked == "quarantine"


@pytest.mark.parametrize("name", ["a.b.example.com", "b.example.com", "example.com", "com"])
def test_failure_anywhere_in_the_walk_is_temporary(name: str) -> None:
    """Who does not hear what a domain asks for does not guess; nor is it a pass for anybody."""
    zone = f"$FAIL _dmarc.{name}\n"
    dkim = [dkim_pass("example.com")]
    found = now(evaluate(["a.b.example.com"], [], dkim, Counting(zone)))
    assert (found.finding.result, found.asked) == ("temperror", "none")
