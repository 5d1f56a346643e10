"""
The page of refusals, docs/refusals.md, out of the lists that gomail itself goes by.

It is written by ``python -m tests.catalogue.refusals``; a test sees that it is.
"""

from collections.abc import Iterator

from gomail import reply
from gomail.checks.policy import RULES, Action, Rule
from gomail.explaining.catalogue import by_name
from gomail.reply import Reply
from tests.catalogue.pages import ROOT

PAGE = ROOT / "docs/refusals.md"

_HEAD = """\
# Refusals

*This page is made of gomail's own lists (`python -m tests.catalogue.refusals`).*

Each refusal ends with the id of the session, in brackets. By it the log tells the rest: lines that
begin with `refused` have what the client said, what it heard, and why. 4xx means that the sender
keeps the mail and tries again; 5xx that its author is told.

`gomail explain` tells all of this of a code, a rule, a session or a bounce, with how the settings
are now and what both sides can do ([What it would answer](trying.md)):

```sh
gomail explain 550 5.1.1
gomail explain dmarc-reject
gomail explain 0f51c472e6
gomail explain bounce.eml
```

## What the policy decides

Each rule has a name, which stands in the reply, in the log and in the table `[policy]` of the
configuration. There it is told what follows where the rule holds:

* `none`: nothing; the result is not even told
* `mark`: it is told in Authentication-Results, on top of the message
* `junk`: the message goes into the folder `.Junk` of each mailbox
* `defer`: 451; the sender tries again
* `refuse`: 550; not for what could not be found out, since that may be our fault

The strictest of all rules that hold counts. Rules in `shadow` are judged, and only the log says
what they would have done. `NAME-fail` is the rule of a check of your own that is called NAME.
"""
_DIALOGUE = """\
## What the dialogue refuses

By meaning; `gomail/reply.py` has the names. With none of them is anything stored.
"""


def page() -> str:
    """Write the page."""
    return "\n".join([_HEAD, *_rules(), "", _DIALOGUE, *_replies(), ""])


def _rules() -> Iterator[str]:
    """Write the rules of the policy."""
    yield "| rule | it holds when | by default | if it refuses (or defers) |"
    yield "|---|---|---|---|"
    for rule in RULES:
        yield f"| `{rule.name}` | {rule.meaning} | `{rule.action.value}` | {_refusal(rule)} |"


def _refusal(rule: Rule) -> str:
    """Write what a sender is told."""
    deferred = f"451 4.{rule.detail}"
    if rule.strictest is Action.DEFER:
        return f"`{deferred} {rule.text} ({rule.name})`"
    return f"`550 5.{rule.detail} {rule.text} ({rule.name})` (or `{deferred}`)"


def _replies() -> Iterator[str]:
    """Write the other replies, by their codes."""
    named = [(name, each) for name, each in vars(reply).items() if isinstance(each, Reply)]
    yield "| name | reply | why | settings |"
    yield "|---|---|---|---|"
    for name, each in sorted(named, key=lambda pair: (pair[1].code, pair[1].detail, pair[0])):
        if not each.positive:
            words = name.lower().replace("_", " ")
            meaning = by_name(words)
            assert meaning is not None
            keys = ", ".join(f"`{key}`" for key in meaning.settings)
            yield f"| {words} | `{meaning.line}` | {meaning.what} | {keys} |"


if __name__ == "__main__":
    PAGE.write_text(page())
