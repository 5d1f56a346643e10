"""Sessions tried: what checks and the policy make of them."""

from pathlib import Path

import pytest
import pytest_twisted

from tests.rehearsal.visits import (
    ALICE,
    DOMAIN,
    OTHERS,
    Grumpy,
    configured,
    rehearsed,
    replies,
    told,
    visit,
)


@pytest.mark.parametrize(
    ("action", "outcome", "reply"),
    [
        ("refuse", "refuse", "550 5.7.26"),
        ("defer", "defer", "451 4.7.26"),
        ("junk", "junk", "250 2.0.0"),
        ("mark", "accept", "250 2.0.0"),
        ("none", "accept", "250 2.0.0"),
    ],
)
@pytest_twisted.ensureDeferred
async def test_policy_decides(tmp_path: Path, action: str, outcome: str, reply: str) -> None:
    """With what was found, the rule, and the setting of the rule."""
    configuration = configured(tmp_path, f'{DOMAIN}[policy]\ndmarc-reject = "{action}"\n')
    tried = await rehearsed(configuration, visit(ALICE, ip=OTHERS))
    assert (tried.action, replies(tried)[-1]) == (outcome, reply)
    reasons = told(tried, "(")
    assert "spf=fail smtp.mailfrom=example.org" in reasons
    rule = [each for each in reasons if each.startswith("dmarc-reject: DMARC fails")]
    assert len(rule) == (action in {"refuse", "defer", "junk"})
    assert all(each.endswith("['policy.dmarc-reject']") for each in rule)
    if action == "junk":
        assert tried.copies[0].path.endswith("/alice/.Junk/new/NOT-STORED")


@pytest_twisted.ensureDeferred
async def test_rule_in_the_shadow_is_told(tmp_path: Path) -> None:
    """What it would have done."""
    policy = '[policy]\ndmarc-reject = "refuse"\nshadow = ["dmarc-reject"]\n'
    outcome = await rehearsed(configured(tmp_path, DOMAIN + policy), visit(ALICE, ip=OTHERS))
    shadow = "in the shadow: dmarc-reject: else it is refused ['policy.shadow']"
    assert shadow in told(outcome, "(")
    assert outcome.action == "accept"


@pytest_twisted.ensureDeferred
async def test_check_of_ones_own_decides(tmp_path: Path) -> None:
    """Its rule has a setting below policy.own."""
    configuration = configured(tmp_path, f'{DOMAIN}[policy.own]\ngrumpy = "refuse"\n')
    outcome = await rehearsed(configuration, visit(ALICE), own=(Grumpy(),))
    [reason] = [each for each in told(outcome, "(") if each.startswith("grumpy-fail")]
    assert reason.endswith("it is refused ['policy.own.grumpy']")


@pytest_twisted.ensureDeferred
async def test_trusted_client_is_not_examined(tmp_path: Path) -> None:
    """It is said why: the network that it is in."""
    outcome = await rehearsed(configured(tmp_path), visit(ALICE, ip="127.0.0.1"))
    assert "127.0.0.1 is in 127.0.0.0/8: no limits" in told(outcome, "")[1]
    assert "nobody finds out who sent it: its client is trusted ['trusted']" in told(outcome, "(")


@pytest_twisted.ensureDeferred
async def test_checks_that_are_off_are_told(tmp_path: Path) -> None:
    """By their setting; IPv6 is as good as IPv4."""
    configuration = configured(tmp_path, f"{DOMAIN}[checks]\nenabled = false\n")
    outcome = await rehearsed(configuration, visit(ALICE, ip="2001:db8::1"))
    assert "2001:db8::1 is in no trusted network" in told(outcome, "")[1]
    assert "nobody finds out who sent it: checks are off ['checks.enabled']" in told(outcome, "(")


@pytest_twisted.ensureDeferred
async def test_milters_are_left_out_and_that_is_told(tmp_path: Path) -> None:
    """Nobody listens there, and no mail is deferred for that."""
    milter = '[[milter]]\nendpoint = "tcp:127.0.0.1:1"\non-failure = "defer"\n'
    outcome = await rehearsed(configured(tmp_path, DOMAIN + milter), visit(ALICE))
    [reason] = [each for each in told(outcome, "MAIL") if "is not asked" in each]
    assert reason.startswith("the milter at tcp:127.0.0.1:1 is not asked")
    assert outcome.action == "accept"


@pytest_twisted.ensureDeferred
async def test_junk_folder_that_can_not_be_is_told(tmp_path: Path) -> None:
    """The message goes to the inbox, as it would."""
    for name in ("tmp", "new", "cur"):
        (tmp_path / "mail/here.example/alice" / name).mkdir(parents=True)
    (tmp_path / "mail/here.example/alice/.Junk").mkdir()
    (tmp_path / "mail/here.example/alice/.Junk/new").mkdir()
    outcome = await rehearsed(configured(tmp_path), visit(ALICE, ip=OTHERS))
    assert outcome.copies[0].path.endswith("/alice/new/NOT-STORED")
    assert any(
        each.startswith("junk for alice@here.example is stored") for each in told(outcome, "(")
    )
