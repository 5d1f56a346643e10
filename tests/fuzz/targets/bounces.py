"""
Bounces as they were pasted, and logs in which a session is looked for: a stranger's text, both.

Quoting a bounce once more changes nothing of what it says; of a log each line counts that a plain
reader gives to the session; and whatever is told of either does nothing to a terminal.
"""

import json
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator
from pathlib import Path

from gomail.cli.explained import bounce_lines, story_lines
from gomail.explaining.bounce import MOST, read_bounce, text_of
from gomail.explaining.lines import MOST as MOST_LINES
from gomail.explaining.lines import lines_of
from tests.fuzz.target import Case, Target, read_case

SESSION = "0f51c472e6"
SOFT_BREAK = re.compile(rb"=\r?\n")
KINDS = {"refused", "checked", "junk", "stored", "dropped", "session"}


def check(octets: bytes) -> None:
    """Read the octets as the one or the other."""
    case = read_case(octets)
    if case.way(0):
        check_log(case.octets)
    else:
        check_bounce(case.octets)


def check_bounce(octets: bytes) -> None:
    """What is found is there, is little, and is found in a quotation, too."""
    found = read_bounce(octets)
    assert len(found.ours) <= MOST
    squeezed = "".join(text_of(octets).split()).lower()
    for each in found.ours:
        assert each.session is None or f"[{each.session}]" in squeezed
        assert each.certain or each.code is None or each.code in squeezed
    for line in bounce_lines(found, None):
        assert line.isprintable(), line
    # Nobody quotes what is encoded: a soft break would have the mark of quotation in a word.
    encoded = octets.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) or SOFT_BREAK.search(octets)
    if not encoded:
        quoted = b"> " + octets.replace(b"\n", b"\n> ")
        assert read_bounce(quoted).ours == found.ours


def check_log(octets: bytes) -> None:
    """Each line is the session's that a plain reader says is, and nothing else."""
    log = [f"{line}\n" for line in octets.decode("utf-8", "replace").split("\n")]
    found = tuple(lines_of(log, SESSION))
    assert [each.kind for each in found] == list(kinds(log))[:MOST_LINES]
    for line in story_lines(SESSION, found, None):
        assert line.isprintable(), line
    for each in found:
        assert json.dumps(each._asdict()).isprintable()


def kinds(log: list[str]) -> Iterator[str]:
    """Give the kinds of the session's lines, read word by word."""
    for line in log:
        text = line.rstrip("\n")
        kind = kind_of_object(text) if text.startswith("{") else kind_of_words(text)
        if kind is not None:
            yield kind


def kind_of_object(text: str) -> str | None:
    """Give the kind of a line in JSON."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return None
    whose = str(values.get("id", values.get("session", ""))).split(".")[0]
    kind = str(values.get("event", ""))
    return kind if whose == SESSION and kind in KINDS else None


def kind_of_words(text: str) -> str | None:
    """Give the kind of a line in words: a time and a worker may stand before it."""
    if is_time(text[:20]) and text[20:21] == " ":
        text = text[21:]
    if text.startswith("worker "):
        number, colon, rest = text[7:].partition(": ")
        text = rest if colon and number.isdecimal() else text
    kind, _, rest = text.partition(" ")
    if kind not in KINDS or not rest.startswith(SESSION):
        return None
    rest = rest[len(SESSION) :]
    if rest.startswith("."):
        digits = len(rest[1:]) - len(rest[1:].lstrip(DIGITS))
        rest = rest[1 + digits :] if digits else ""
    return kind if rest[:1] in {" ", ":"} and "\n" not in rest else None


DIGITS = "".join(sign for sign in map(chr, range(0x110000)) if sign.isdecimal())


def is_time(text: str) -> bool:
    """Tell whether a text has the form of a time."""
    form = "dddd-dd-ddTdd:dd:ddZ"
    return len(text) == len(form) and all(
        sign.isdecimal() if wanted == "d" else sign == wanted
        for sign, wanted in zip(text, form, strict=True)
    )


BOUNCES = Path(__file__).parents[2] / "data" / "bounces"
REFUSAL = f"550 5.1.1 No such mailbox here [{SESSION}]"
LOG = (
    f"2026-11-28T12:00:00Z refused {SESSION} of 192.0.2.1:4 ('a.example') after "
    f"'RCPT TO:<b@c.example>': {REFUSAL}\n"
    f"worker 2: stored {SESSION}.1 from <a> to <b>\nsession {SESSION} of 192.0.2.1:4: ehlo=1\n"
    f'{{"event": "checked", "id": "{SESSION}.1", "rule": "spf-fail", "action": "junk"}}\n'
    f'{{"event": "refused", "session": "{SESSION}", "said": "", "code": 550, "status": "5.1.1"}}\n'
)
TARGET = Target(
    check,
    words=tuple(
        word.encode()
        for word in (
            REFUSAL, "No such mailbox here", f"[{SESSION}]", f" {SESSION}", "550 5.1.1 ", "550-",
            "#5.1.1", "\n> ", "\n| ", "=\n", "=3D", "&#53;", "&lt;", "\\n", '\\"', "\u202e",
            "\x1b[2J", "\r", "\u2028", "\xa0", "Remote-MTA: dns; mx.a.example", "İ", "refused ",
            "stored ",
            "session ", "worker 1: ", "2026-11-28T12:00:00Z ", '{"event": "stored", "id": "',
            f'"session": "{SESSION}"', "}", "[" * 50, ".1 ", ": ", "none by spf-fail", "'", "\\x",
        )
    ),
    seeds=(
        *(Case(0, b"", (BOUNCES / name).read_bytes()[:3000]).written() for name in (
            "gmail.eml", "exchange.txt", "ses.json", "cut.txt", "outlook.txt",
        )),
        Case(0, b"", REFUSAL.encode("utf-16")).written(),
        Case(1, b"", LOG.encode()).written(),
        Case(1, b"", LOG.replace("c.example", "c\x1b[2J\u202e").encode()).written(),
    ),
)  # fmt: skip
