"""
A bounce, however it was pasted: the refusals in it, and whether they are this server's words.

Who refuses a message writes one line, and the sender's server wraps it into whatever it likes: a
report (RFC 3464), prose, HTML, JSON; folded, quoted, cut. So all blanks are left out of the text
before our words are looked for in it, and what is told of them has controls escaped. The text is a
stranger's: it is bounded, and nothing here takes more than a few passes over it.
"""

import html
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from gomail.explaining.catalogue import MEANINGS
from gomail.explaining.meaning import Meaning
from gomail.explaining.rules import OWN_TEXT, own_meaning

LONGEST = 256 * 1024  # octets of a bounce that are looked at
MOST = 20  # refusals that are told
_EXCERPT = 200  # signs

_QUOTED = re.compile(r"^[ \t]*(?:[>|][ \t]?)+", re.MULTILINE)
_BLANKS = re.compile(r"\s+")
_SOFT_BREAK = re.compile(r"=\r?\n")
# Of HTML, and not what stands in angle brackets otherwise: addresses, URLs, names of hosts.
_TAG = re.compile(
    r"</?(?:a|abbr|b|big|blockquote|body|br|center|code|div|em|font|h[1-6]|head|hr|html|i|li|mark|nobr"
    r"|ol|p|pre|q|s|samp|small|span|strong|sub|sup|table|tbody|td|th|thead|tr|tt|u|ul|wbr)"
    r"(?:[ \t\r\n][^<>]{0,1000})?/?>",
    re.IGNORECASE,
)
_TYPOGRAPHY = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "\u00a0": " "})  # noqa: RUF001 -- those of mail programs
_ID = re.compile(r"\[([0-9a-f]{10})\]")
# In front of the words: 550 5.1.1, 550-5.1.1, 550: 5.1.1, #5.1.1, or nothing.
_BEFORE = re.compile(r"(?:([245][0-9]{2})[-:,]?)?[#(]?([245]\.[0-9]{1,3}\.[0-9]{1,3})?[)]?[-:]?\Z")
_REFUSAL = re.compile(
    r"(?<![\w.])(?:[45][0-9]{2}[ :-]{1,3}#?[45]\.[0-9]{1,3}\.[0-9]{1,3}"
    r"|#?[45]\.[0-9]{1,3}\.[0-9]{1,3}"
    r"|[45][0-9]{2}(?=[ -][A-Za-z<\"']))(?![\w.])"
)
_NAME = (
    r"(?<![\w.-])([\w.-]{1,253})"  # it begins where nothing of a name stands before: in one pass
)
_SPEAKERS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"Remote-MTA: ?dns; ?{_NAME}",
        rf"\bhost {_NAME} ?\[[0-9a-f.:]{{2,45}}\] ?(?:said|SMTP)",
        rf"\bby {_NAME} \[[0-9a-f.:]{{2,45}}\]",
        rf"{_NAME} (?:gave this error|rejected your message)",
        rf"{_NAME} #<",
        rf"{_NAME} (?:does not like recipient|failed after I sent)",
    )
)


class Refused(NamedTuple):
    """
    A refusal that stands in a bounce.

    Attributes:
        meaning: what it means.
        code: the reply code that stands in front, if one does.
        session: the session's id, if it is there.
        certain: whether it can be nobody else's: there is an id, or the code that belongs there.
    """

    meaning: Meaning
    code: str | None
    session: str | None
    certain: bool

    @property
    def temporary(self) -> bool:
        """Whether the sender was to try again: what the policy refuses it may defer, too."""
        return self.meaning.temporary if self.code is None else self.code < "500"


class Bounce(NamedTuple):
    """
    What a bounce says.

    Attributes:
        ours: refusals in gomail's words, in their order.
        others: where there are none, what else looks like a refusal, as printable text.
        speaker: the host whose words are reported; None if none is named.
        cut: whether there was more than is looked at.
    """

    ours: tuple[Refused, ...]
    others: tuple[str, ...]
    speaker: str | None
    cut: bool


def read_bounce(octets: bytes) -> Bounce:
    """Read a bounce: any octets, of which the first `LONGEST` count."""
    text = text_of(octets[:LONGEST])
    squeezed = _BLANKS.sub("", text)
    ours = tuple(islice(_ours(squeezed), MOST))
    plain = " ".join(text.split())
    others = () if ours else tuple(islice(_others(plain), 3))
    return Bounce(ours, others, _speaker(plain), len(octets) > LONGEST)


def text_of(octets: bytes) -> str:
    """Give the text of a bounce: decoded, without quotation marks, tags, entities, soft breaks."""
    wide = octets.startswith((BOM_UTF16_LE, BOM_UTF16_BE))  # as some editors save what was pasted
    text = octets.decode("utf-16" if wide else "utf-8", "replace")
    if "=\n" in text or "=\r\n" in text:  # quoted-printable, as it stands in the source of a mail
        text = _SOFT_BREAK.sub("", text).replace("=3D", "=")
    if "\\n" in text or '\\"' in text:  # a notification in JSON
        text = text.replace("\\r", "").replace("\\n", "\n").replace('\\"', '"')
    text = _QUOTED.sub("", text)
    text = _TAG.sub(" ", text)
    if "&" in text:
        text = html.unescape(text)
    return text.translate(_TYPOGRAPHY)


def _words() -> Iterator[tuple[str, Meaning]]:
    """Give the words of all refusals as they are looked for, the longest first."""
    for each in sorted(MEANINGS, key=lambda meaning: -len(meaning.reply.text)):
        yield _BLANKS.sub("", each.reply.text).lower(), each


_WORDS = tuple(_words())
_OWN = re.compile(
    re.escape(_BLANKS.sub("", OWN_TEXT)) + r"\(([a-z0-9-]{1,60}-fail)\)", re.IGNORECASE
)
_ANY = re.compile("|".join(re.escape(words) for words, _ in _WORDS))
_BY_WORDS = dict(reversed(_WORDS))


def _ours(squeezed: str) -> Iterator[Refused]:
    """Find our words in a text without blanks; the same words of the same session once."""
    lowered = squeezed.lower()
    if len(lowered) != len(squeezed):  # letters whose small form is longer: none of them is ours
        lowered = squeezed = squeezed.encode("ascii", "replace").decode().lower()
    found = [(match.start(), match.end(), _BY_WORDS[match[0]]) for match in _ANY.finditer(lowered)]
    found += [(each.start(), each.end(), own_meaning(each[1])) for each in _OWN.finditer(lowered)]
    seen: set[tuple[str, str | None]] = set()
    for start, end, meaning in sorted(found, key=lambda each: each[0]):
        refused = _refused(lowered, start, end, meaning)
        if refused is not None and (meaning.name, refused.session) not in seen:
            seen.add((meaning.name, refused.session))
            yield refused


def _refused(text: str, start: int, end: int, meaning: Meaning) -> Refused | None:
    """Judge words that are ours by what stands round them; None for mere words."""
    before = _BEFORE.search(text, max(0, start - 16), start)
    code, status = (before[1], before[2]) if before else (None, None)
    signature = _ID.match(text, end)
    detail = f".{meaning.reply.detail}"
    coded = status is not None and status.endswith(detail) and code in {None, *_codes(meaning)}
    if signature is None and not coded:
        return None
    return Refused(meaning, code, signature and signature[1], certain=signature is not None)


def _codes(meaning: Meaning) -> tuple[str, ...]:
    """Give the codes with which the words may stand: what the policy refuses it may defer, too."""
    code = str(meaning.reply.code)
    return ("451", code) if meaning.settings[:1] == (f"policy.{meaning.name}",) else (code,)


def _others(plain: str) -> Iterator[str]:
    """Give what looks like refusals in the words of others."""
    end = 0
    for match in _REFUSAL.finditer(plain):
        if match.start() >= end:
            end = match.start() + _EXCERPT
            yield printable(plain[match.start() : end])


def _speaker(plain: str) -> str | None:
    """Give the host whose words are reported."""
    for pattern in _SPEAKERS:
        match = pattern.search(plain)
        if match is not None:
            return match[1].rstrip(".").lower()
    return None


def printable(text: str) -> str:
    """Give a stranger's text so that it does nothing to a terminal, nor to the order of signs."""
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)
