"""The tables of a configuration file that say who is asked about senders, and what follows."""

import re
from collections.abc import Mapping

from gomail.checks.policy import RULES, Action
from gomail.checks.servers import read_server
from gomail.milters.changes import is_name
from gomail.milters.place import read_place
from gomail.recipients.mistake import Mistake
from gomail.settings.units import unexpected
from gomail.settings.values import Rules
from gomail.settings.words import read_items, read_text, read_word, suggestion

SHADOW, OWN = "shadow", "own"
_METHOD = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}[A-Za-z0-9])?\Z")  # RFC 8601 §2.2
_RULES = {rule.name: rule for rule in RULES}


def read_resolvers(value: object) -> tuple[str, ...]:
    """Read the addresses of resolvers, of which there is at least one."""
    expected = 'a list of addresses such as "127.0.0.1"'
    resolvers = tuple(read_items(value, _read_resolver, expected))
    if not resolvers:
        raise unexpected("at least one address, or no such key", value)
    return resolvers


def _read_resolver(value: object) -> str:
    """Read one, with its port."""
    ip, port = read_server(read_text(value))
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"


def read_policy(value: object) -> Rules:
    """Read actions by the names of rules, and which rules are in the shadow."""
    if not isinstance(value, dict):
        raise unexpected("a table", value)
    rules = Rules()
    actions = {}
    for name, each in value.items():
        if name in {SHADOW, OWN}:
            continue
        if name not in _RULES:
            raise Mistake((name,), f"there is no such rule{suggestion(name, _RULES)}")
        actions[name] = _read_action(name, each, _RULES[name].strictest)
    own = _read_own(value.get(OWN, {}))
    shadow = _read_shadow(value.get(SHADOW, []), own)
    return Rules({**rules.actions, **actions}, shadow, own)


def _read_shadow(value: object, own: Mapping[str, Action]) -> tuple[str, ...]:
    """Read the names of rules."""
    known = (*_RULES, *(f"{name}-fail" for name in own))
    try:
        names = tuple(read_items(value, read_text, "a list of names of rules"))
    except ValueError as error:
        raise Mistake((SHADOW,), str(error)) from None
    for name in names:
        if name not in known:
            raise Mistake((SHADOW,), f"there is no rule {name}{suggestion(name, known)}")
    return names


def _read_own(value: object) -> dict[str, Action]:
    """Read what follows where checks of one's own fail."""
    if not isinstance(value, dict):
        raise Mistake((OWN,), str(unexpected("a table", value)))
    own = {}
    for name, each in value.items():
        try:
            _see_method(name)
            own[name] = _read_action(name, each)
        except Mistake as mistake:
            raise Mistake((OWN, *mistake.key), mistake.problem) from None
    return own


def _see_method(name: str) -> None:
    """See that a check may be called so: its rule is no other's, and its name breaks no line."""
    if not _METHOD.match(name):
        raise Mistake((name,), "a name of letters, digits and hyphens was expected")
    if f"{name}-fail" in _RULES:
        raise Mistake((name,), f"{name}-fail is a rule of gomail's, outside of this table")


def _read_action(name: str, value: object, strictest: Action = Action.REFUSE) -> Action:
    """Read an action."""
    actions = list(Action)
    allowed = {action.value: action for action in actions[: actions.index(strictest) + 1]}
    try:
        return allowed[read_word(value, allowed)]
    except ValueError as error:
        raise Mistake((name,), str(error)) from None


def read_milter(value: object) -> str:
    """Read where a milter listens."""
    text = read_text(value)
    read_place(text)
    return text


def read_junk_field(value: object) -> str:
    """Read a header field, such as ``X-Spam: Yes``."""
    text = read_text(value)
    name, colon, _ = text.partition(":")
    if not colon or not is_name(name.encode()) or not text.isascii() or not text.isprintable():
        raise unexpected('a header field such as "X-Spam: Yes"', value)
    return text
