"""All meanings, and the ones that a code, a rule's name, or words of a reply have."""

import re

from gomail.explaining.meaning import Meaning
from gomail.explaining.replies import REPLIES
from gomail.explaining.rules import OWN_TEXT, RULE_MEANINGS, own_meaning

MEANINGS: tuple[Meaning, ...] = (*RULE_MEANINGS, *REPLIES)
_CODE = re.compile(r"(?:([2-5][0-9]{2})(?:[ -]+|\Z))?(?:([245]\.[0-9]{1,3}\.[0-9]{1,3}))?\Z")
_OWN_RULE = re.compile(r"[a-z0-9-]{1,60}-fail\Z")
_OWN_WORDS = re.compile(re.escape(OWN_TEXT) + r" \(([a-z0-9-]{1,60}-fail)\)")


def is_code(text: str) -> bool:
    """Tell whether a text is a reply code, an enhanced one, or both, and nothing else."""
    return bool(text.strip()) and _CODE.match(text.strip()) is not None


def by_code(text: str) -> tuple[Meaning, ...]:
    """
    Give all meanings of a code such as ``550 5.1.1``, ``5.1.1`` or ``421``.

    A rule that refuses with 550 may be set to defer with 451: it is among those of both.
    """
    match = _CODE.match(text.strip())
    if match is None or not any(match.groups()):
        return ()
    code, status = match[1], match[2]
    return tuple(each for each in MEANINGS if _has_code(each, code, status))


def _has_code(meaning: Meaning, code: str | None, status: str | None) -> bool:
    """Tell whether a reply may have a code."""
    forms = {(str(meaning.reply.code), meaning.status)}
    if meaning in RULE_MEANINGS:
        forms.add(("451", f"4.{meaning.reply.detail}"))
    return any(code in {None, each} and status in {None, other} for each, other in forms)


def by_name(text: str) -> Meaning | None:
    """Give the meaning of a rule, or of a reply by its name in docs/refusals.md."""
    name = text.strip().lower()
    for each in MEANINGS:
        if name in {each.name, each.name.replace(" ", "-"), each.name.replace(" ", "_")}:
            return each
    return own_meaning(name) if _OWN_RULE.match(name) else None


def by_words(text: str) -> Meaning | None:
    """Give the meaning of words of a reply, with which a text begins; the longest words count."""
    own = _OWN_WORDS.match(text)
    if own is not None:
        return own_meaning(own[1])
    found = [each for each in MEANINGS if text.startswith(each.reply.text)]
    return max(found, key=lambda each: len(each.reply.text), default=None)
