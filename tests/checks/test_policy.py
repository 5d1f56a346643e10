"""The policy: which rule holds, what the strictest does, and what is only said."""

import pytest

from gomail.checks.opinion import Opinion
from gomail.checks.policy import RULES, Action, Policy, Rule, refusal
from gomail.finding import Finding, Property

HELO = (Property("smtp", "helo", "mx.example.org"),)
MAIL = (Property("smtp", "mailfrom", "example.org"),)
DMARC = Finding("dmarc", "fail")
SPF = Finding("spf", "fail", MAIL)
DKIM = Finding("dkim", "fail")


@pytest.mark.parametrize(
    ("finding", "asked", "rule"),
    [
        (DMARC, "reject", "dmarc-reject"),
        (DMARC, "quarantine", "dmarc-quarantine"),
        (DMARC, "none", "dmarc-fail"),
        (Finding("dmarc", "permerror"), "none", "dmarc-permerror"),
        (Finding("dmarc", "temperror"), "none", "dmarc-temperror"),
        (SPF, "none", "spf-fail"),
        (Finding("spf", "softfail", MAIL), "none", "spf-softfail"),
        (Finding("spf", "permerror", MAIL), "none", "spf-permerror"),
        (Finding("spf", "temperror", MAIL), "none", "spf-temperror"),
        (Finding("spf", "fail", HELO), "none", "helo-fail"),
        (DKIM, "none", "dkim-fail"),
        (Finding("dkim", "policy"), "none", "dkim-fail"),
        (Finding("dkim", "temperror"), "none", "dkim-temperror"),
        (Finding("iprev", "fail"), "none", "iprev-fail"),
        (Finding("iprev", "permerror"), "none", "iprev-fail"),
    ],
)
def test_each_rule_holds_of_its_findings(finding: Finding, asked: str, rule: str) -> None:
    """And refuses by its name, if it is to; what can't be found out now is 4xx at most."""
    for one in RULES:
        policy = Policy({one.name: one.strictest})
        decision = policy.decide(Opinion((finding,), asked))
        assert (decision.action is one.strictest) == (one.name == rule), one.name
        if one.name == rule:
            assert decision.reply is not None
            later = finding.result == "temperror"
            assert decision.reply.octets.startswith(b"451 4.7." if later else b"550 5.7.")
            assert decision.reply.text.endswith(f" ({rule})")


@pytest.mark.parametrize(
    ("asked", "action", "rule"),
    [("reject", "junk", "dmarc-reject"), ("quarantine", "junk", "dmarc-quarantine")],
)
def test_p3_second_author_is_no_way_round_the_policy_of_the_first(
    asked: str, action: str, rule: str
) -> None:
    """DMARC is permerror then; what the strictest of the domains asks for is done all the same."""
    decision = Policy().decide(Opinion((Finding("dmarc", "permerror"),), asked))
    assert (decision.action, decision.rule) == (Action(action), rule)


def test_usual_policy_loses_no_mail() -> None:
    """Whatever was found, a message is stored; what DMARC would have rejected goes to Junk."""
    found = [DMARC, SPF, DKIM, Finding("iprev", "fail"), Finding("spf", "temperror", MAIL)]
    for asked, action in (("none", "mark"), ("quarantine", "junk"), ("reject", "junk")):
        decision = Policy().decide(Opinion(tuple(found), asked))
        assert decision.action is Action(action)
        assert decision.told == tuple(found)
        assert refusal(decision) is None


def test_pass_is_marked_by_no_rule() -> None:
    """And is told to readers."""
    passed = tuple(Finding(method, "pass") for method in ("iprev", "spf", "dkim", "dmarc"))
    decision = Policy().decide(Opinion(passed, "none"))
    assert (decision.action, decision.rule, decision.told) == (Action.MARK, "", passed)


def test_strictest_rule_decides() -> None:
    """Of two as strict, the first that was found."""
    policy = Policy(
        {"spf-fail": Action.DEFER, "dkim-fail": Action.REFUSE, "iprev-fail": Action.JUNK}
    )
    decision = policy.decide(Opinion((Finding("iprev", "fail"), SPF, DKIM, DMARC), "reject"))
    assert (decision.action, decision.rule) == (Action.REFUSE, "dkim-fail")
    refused = refusal(decision)
    assert refused is not None
    assert refused.reason == "dkim-fail (refuse)"
    assert refused.reply.code == 550


def test_deferred_sender_tries_again() -> None:
    """By a 4xx, with the same detail."""
    decision = Policy({"spf-temperror": Action.DEFER}).decide(
        Opinion((Finding("spf", "temperror", MAIL),), "none")
    )
    assert decision.reply is not None
    assert decision.reply.octets.startswith(b"451 4.7.24 ")


def test_rule_in_the_shadow_says_what_it_would_have_done() -> None:
    """Once, and nothing of it is done; unless something as strict is done anyway."""
    refuse = {"spf-fail": Action.REFUSE}
    shadowed = Policy(refuse, ["spf-fail"]).decide(Opinion((SPF, SPF), "none"))
    assert (shadowed.action, shadowed.reply) == (Action.MARK, None)
    assert shadowed.shadows == ((Action.REFUSE, "spf-fail"),)
    both = Policy({**refuse, "dkim-fail": Action.REFUSE}, ["spf-fail"])
    assert both.decide(Opinion((SPF, DKIM), "none")).shadows == ()


def test_result_that_nobody_wants_is_not_told() -> None:
    """Others are."""
    decision = Policy({"iprev-fail": Action.NONE}).decide(
        Opinion((Finding("iprev", "fail"), SPF), "none")
    )
    assert decision.told == (SPF,)


@pytest.mark.parametrize("how", ["actions", "shadow"])
def test_rule_that_does_not_exist_is_named(how: str) -> None:
    """With those that do."""
    with pytest.raises(ValueError, match=r"no rule 'spf-fial'; there are .*spf-fail"):
        Policy(**{how: {"spf-fial": Action.MARK}})


def test_names_are_stable_and_meanings_read_on() -> None:
    """Whoever is refused finds the rule by its name, and reads when it holds."""
    names = [rule.name for rule in RULES]
    assert len(set(names)) == len(names)
    assert all(name.replace("-", "").isalpha() and name.islower() for name in names)
    for rule in RULES:
        assert Policy().meaning(rule.name) == rule.meaning
        assert rule.meaning[0].islower() or rule.meaning.startswith(("DMARC", "DNS", "From"))


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.name.endswith("temperror")])
def test_what_can_not_be_found_out_refuses_nobody(rule: Rule) -> None:
    """It may be our fault, and then no mail may be lost by it."""
    with pytest.raises(ValueError, match=f"{rule.name}: 'defer' at most was expected"):
        Policy({rule.name: Action.REFUSE})


def test_check_of_ones_own_has_a_rule() -> None:
    """It is called after the check, and holds where that says ``fail``; else it only marks."""
    opinion = Opinion((Finding("greylist", "fail"),), "none")
    assert Policy().decide(opinion).action is Action.MARK
    decision = Policy(own={"greylist": Action.DEFER}).decide(opinion)
    assert (decision.action, decision.rule) == (Action.DEFER, "greylist-fail")
    assert refusal(decision) is not None
    shadowed = Policy(shadow=["greylist-fail"], own={"greylist": Action.DEFER}).decide(opinion)
    assert shadowed.shadows == ((Action.DEFER, "greylist-fail"),)
    passed = Opinion((Finding("greylist", "pass"),), "none")
    assert Policy(own={"greylist": Action.DEFER}).decide(passed).action is Action.MARK


def test_rule_in_the_shadow_hides_nothing() -> None:
    """It only says what it would do, and that would be nothing that anybody hears of."""
    opinion = Opinion((SPF,), "none")
    assert Policy({"spf-fail": Action.NONE}).decide(opinion).told == ()
    shadowed = Policy({"spf-fail": Action.NONE}, ["spf-fail"]).decide(opinion)
    assert (shadowed.told, shadowed.shadows) == ((SPF,), ())
