"""The meaning of what the policy refuses: one for each rule, by what the rule itself says."""

from gomail.checks.policy import RULES, Action, Rule
from gomail.explaining.meaning import Meaning
from gomail.reply import Reply

OWN_TEXT = "A check of this server does not let the message pass"
_AGAIN = "Nothing: a mail server tries again by itself, for days."
_SENDERS = {
    "dmarc": "Send by a server that the author's domain vouches for; what came by a "
    "list or a forwarder fails for what happened to it there.",
    "spf": "Send by a server that the SPF record of the sender's domain names, or add it there.",
    "helo": "Have the server call itself by a name whose SPF record allows its address.",
    "dkim": "Look for what changes the message behind the server that signs it, and at the key.",
    "iprev": "Have the provider give the address a name, and give the name the address.",
}
_NO_AUTHOR = "Name one author's address in From."
_RECORD = "Mend the record in DNS: a checker of it says what is wrong."


def _meaning(rule: Rule) -> Meaning:
    """Make the meaning of a rule, as it refuses, or defers where it can't refuse."""
    code = 451 if rule.strictest is Action.DEFER else 550
    what = f"{rule.meaning[0].upper()}{rule.meaning[1:]}."
    setting = f"policy.{rule.name}"
    milder = "junk, mark or none" if code == 550 else "mark or none"
    return Meaning(
        rule.name,
        Reply(code, rule.detail, f"{rule.text} ({rule.name})"),
        what,
        (setting, "policy.shadow"),
        _sender(rule),
        f"The log has what was found, behind 'checked'. Say {milder} for {setting}, or put the "
        "rule into the shadow, if such mail is wanted.",
    )


def _sender(rule: Rule) -> str:
    """Say what who sends can do."""
    method, _, result = rule.name.partition("-")
    if result == "temperror":
        return f"{_AGAIN} If it lasts, the DNS of the domain does not answer."
    if result == "permerror":
        return _NO_AUTHOR if method == "dmarc" else _RECORD
    return _SENDERS[method]


def own_meaning(name: str) -> Meaning:
    """Give the meaning of the rule of a check of one's own; *name* is the rule's."""
    setting = f"policy.own.{name.removesuffix('-fail')}"
    return Meaning(
        name,
        Reply(550, "7.1", f"{OWN_TEXT} ({name})"),
        "A check of this server's own says that the message is not to pass.",
        (setting, "policy.shadow"),
        "Ask the recipient by another way.",
        f"The log has what was found, behind 'checked'. {setting} says what follows from it.",
    )


RULE_MEANINGS = tuple(map(_meaning, RULES))
