"""
The policy: the only judge of what becomes of a message. Checks have seen; here it is decided.

Each rule has a name, which log, reply and documentation share, and an action, which whoever runs
the server may change. Rules in the shadow are judged as well, and told of, and do nothing.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from typing import NamedTuple

from gomail.checks.opinion import Opinion
from gomail.finding import FAIL, NEUTRAL, NONE, PERMERROR, SOFTFAIL, TEMPERROR, Finding
from gomail.finding import POLICY as BY_POLICY
from gomail.reply import Refused, Reply


class Action(Enum):
    """What becomes of a message, the mildest first."""

    NONE = "none"  # the result is not even told
    MARK = "mark"  # it is told in Authentication-Results, and nothing else
    JUNK = "junk"  # the message goes into the folder .Junk
    DEFER = "defer"  # 451: the sender tries again
    REFUSE = "refuse"  # 550


_MILDEST_FIRST = list(Action)


class Rule(NamedTuple):
    """
    A rule.

    Attributes:
        name: stable.
        action: what is done unless the configuration says otherwise.
        detail: of the enhanced code, if it refuses (RFC 7372, RFC 3463).
        meaning: when it holds, for people.
        text: what a sender is told whom it refuses.
        holds: tells of a finding whether it is one of those; what the author's domain asks for is
            known as well.
    """

    name: str
    action: Action
    detail: str
    meaning: str
    text: str
    holds: Callable[[Finding, str], bool]

    @property
    def strictest(self) -> Action:
        """What may be done at most: no mail is lost for what could not be found out now."""
        return Action.DEFER if self.name.endswith(TEMPERROR) else Action.REFUSE


def _has(method: str, *results: str, by: str = "") -> Callable[[Finding, str], bool]:
    """Hold of findings with one of the results; *by* names a property that they must have."""
    return lambda finding, _: (
        finding.method == method
        and finding.result in results
        and (not by or any(each.name == by for each in finding.properties))
    )


def _fails_dmarc(asked: str) -> Callable[[Finding, str], bool]:
    """
    Hold of a failure of DMARC where the author's domain asks for that.

    Where From has several domains, which is permerror, what one asks for counts as well: else who
    adds one of his own would be better off than who forges the other alone.
    """
    return lambda finding, wanted: (
        finding.method == "dmarc"
        and wanted == asked
        and (finding.result == FAIL or (finding.result == PERMERROR and asked != NONE))
    )


_DMARC = "The author's domain does not vouch for this message, by DMARC"
_NO_AUTHOR = "From must name one author's domain"
_SPF = "The sender's domain does not let you send for it, by SPF"
_SPF_ERROR = "The sender's SPF policy can not be evaluated"
_DKIM = "A signature of this message does not hold"
_IPREV = "Your address has no name that leads back to it"

RULES = (
    Rule(
        "dmarc-reject", Action.JUNK, "7.26",
        "DMARC fails, and the author's domain asks for such mail to be rejected",
        _DMARC, _fails_dmarc("reject"),
    ),
    Rule(
        "dmarc-quarantine", Action.JUNK, "7.26",
        "DMARC fails, and the author's domain asks for such mail to be quarantined",
        _DMARC, _fails_dmarc("quarantine"),
    ),
    Rule(
        "dmarc-fail", Action.MARK, "7.26",
        "DMARC fails, and the author's domain asks for nothing",
        _DMARC, _fails_dmarc("none"),
    ),
    Rule(
        "dmarc-permerror", Action.JUNK, "7.1",
        "From names no author, or several, or the domain's policy is nonsense",
        _NO_AUTHOR, _has("dmarc", PERMERROR),
    ),
    Rule(
        "dmarc-temperror", Action.MARK, "7.24",
        "DNS does not tell the policy of the author's domain now",
        "The author's policy is not known now", _has("dmarc", TEMPERROR),
    ),
    Rule(
        "spf-fail", Action.MARK, "7.23",
        "the sender's domain says that the client may not send for it",
        _SPF, _has("spf", FAIL, by="mailfrom"),
    ),
    Rule(
        "spf-softfail", Action.MARK, "7.23",
        "the sender's domain says that the client is not likely to send for it",
        _SPF, _has("spf", SOFTFAIL, by="mailfrom"),
    ),
    Rule(
        "spf-permerror", Action.MARK, "7.24",
        "the policy of the sender's domain is nonsense",
        _SPF_ERROR, _has("spf", PERMERROR, by="mailfrom"),
    ),
    Rule(
        "spf-temperror", Action.MARK, "7.24",
        "DNS does not tell the policy of the sender's domain now",
        _SPF_ERROR, _has("spf", TEMPERROR, by="mailfrom"),
    ),
    Rule(
        "helo-fail", Action.MARK, "7.23",
        "the domain by which the client calls itself says that it is not one of its",
        "The domain that you name is not yours, by SPF", _has("spf", FAIL, by="helo"),
    ),
    Rule(
        "dkim-fail", Action.MARK, "7.20",
        "a signature does not hold",
        _DKIM, _has("dkim", FAIL, PERMERROR, NEUTRAL, BY_POLICY),
    ),
    Rule(
        "dkim-temperror", Action.MARK, "7.20",
        "DNS does not tell the key of a signature now",
        "The key of a signature is not known now", _has("dkim", TEMPERROR),
    ),
    Rule(
        "iprev-fail", Action.MARK, "7.25",
        "the client's address has no name that leads back to it",
        _IPREV, _has("iprev", FAIL, PERMERROR),
    ),
)  # fmt: skip


class Decision(NamedTuple):
    """
    What was decided of a message.

    Attributes:
        action: what becomes of it.
        rule: the name of the rule that says so; empty where none does.
        shadows: the action and the name of each rule in the shadow that would have been stricter.
        told: the findings that readers are told.
        reply: the refusal, if it is deferred or refused.
    """

    action: Action
    rule: str
    shadows: tuple[tuple[Action, str], ...]
    told: tuple[Finding, ...]
    reply: Reply | None


class Policy:
    """
    Decides.

    Args:
        actions: of rules by their names, where they are not the usual ones.
        shadow: names of rules that do nothing but say what they would have done.
        own: what becomes of messages for which a check of one's own says ``fail``, by the name of
            its method; the rule is called after it, with ``-fail``.

    Raises:
        ValueError: there is no rule of such a name, or it may not be as strict as that.
    """

    def __init__(
        self,
        actions: Mapping[str, Action] = {},
        shadow: Collection[str] = (),
        own: Mapping[str, Action] = {},
    ) -> None:
        self._rules = (*RULES, *map(_own_rule, own, own.values()))
        known = {rule.name: rule.action for rule in self._rules}
        for name in (*actions, *shadow):
            if name not in known:
                msg = f"there is no rule {name!r}; there are {', '.join(sorted(known))}"
                raise ValueError(msg)
        self._actions = {**known, **actions}
        for rule in self._rules:
            if _is_stricter(self._actions[rule.name], rule.strictest):
                msg = f"{rule.name}: {rule.strictest.value!r} at most was expected"
                raise ValueError(msg)
        self._shadow = frozenset(shadow)

    def meaning(self, name: str) -> str:
        """Tell when a rule holds, for people."""
        return next(rule.meaning for rule in self._rules if rule.name == name)

    def decide(self, opinion: Opinion) -> Decision:
        """Decide what becomes of a message: what the strictest of the rules that hold says."""
        action, by = Action.MARK, None
        shadows = []
        hidden = set()
        for rule, finding in _holding(self._rules, opinion):
            wanted = self._actions[rule.name]
            if wanted is Action.NONE and rule.name not in self._shadow:
                hidden.add(finding)
            elif not _is_stricter(wanted, action):
                continue
            elif rule.name in self._shadow:
                shadows.append((wanted, rule.name))
            else:
                action, by = wanted, rule
        return Decision(
            action,
            by.name if by else "",
            tuple(dict.fromkeys(each for each in shadows if _is_stricter(each[0], action))),
            tuple(finding for finding in opinion.findings if finding not in hidden),
            _reply(action, by),
        )


def _own_rule(method: str, action: Action) -> Rule:
    """Make the rule of a check of one's own."""
    meaning = f"the check {method} says so"
    text = "A check of this server does not let the message pass"
    return Rule(f"{method}-fail", action, "7.1", meaning, text, _has(method, FAIL))


def _holding(rules: Sequence[Rule], opinion: Opinion) -> Iterator[tuple[Rule, Finding]]:
    """Give the rules that hold, each with the finding of which it does."""
    for finding in opinion.findings:
        for rule in rules:
            if rule.holds(finding, opinion.asked):
                yield rule, finding


def replies(own: Iterable[str] = ()) -> Iterator[tuple[str, Reply]]:
    """Give all replies with which rules defer or refuse, those of *own* checks included."""
    for rule in (*RULES, *(_own_rule(each, Action.REFUSE) for each in own)):
        for action in (Action.DEFER, Action.REFUSE):
            reply = None if _is_stricter(action, rule.strictest) else _reply(action, rule)
            if reply is not None:
                yield rule.name, reply


def _is_stricter(one: Action, other: Action) -> bool:
    """Tell whether an action is stricter than another."""
    return _MILDEST_FIRST.index(one) > _MILDEST_FIRST.index(other)


def _reply(action: Action, rule: Rule | None) -> Reply | None:
    """Give what the sender is told, if the message is not taken."""
    code = {Action.DEFER: 451, Action.REFUSE: 550}.get(action)
    if code is None or rule is None:
        return None
    return Reply(code, rule.detail, f"{rule.text} ({rule.name})")


def refusal(decision: Decision) -> Refused | None:
    """Give what is to be raised, if a message is not taken."""
    if decision.reply is None:
        return None
    return Refused(decision.reply, f"{decision.rule} ({decision.action.value})")
