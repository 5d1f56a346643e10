"""Arguments of commands: what is read is what RFC 5321 §4.1.2 says, and all else is refused."""

import re
from collections.abc import Callable
from functools import partial

from gomail.address import NULL_PATH, Address, Path
from gomail.envelope import MailParameters
from gomail.reply import Refused
from gomail.smtp import grammar
from tests.fuzz.target import Target
from tests.smtp.paths import reference

BLANKS = b" \t"
CODES = {501, 553, 555}


def check(octets: bytes) -> None:
    """Read the octets as each kind of argument."""
    check_greeting(octets)
    check_text(octets)
    check_chunk(octets)
    check_rcpt(octets)
    check_mail(octets)


def read(reader: Callable[[], object]) -> object:
    """Give what is read, or the code of the refusal."""
    try:
        return reader()
    except Refused as refused:
        code = refused.reply.code
    assert code in CODES, code
    return code


def check_greeting(octets: bytes) -> None:
    """EHLO: the first word, of 1 to 255 visible octets."""
    word = re.split(rb"[ \t]", octets.lstrip(BLANKS))[0]
    good = 0 < len(word) <= 255 and all(octet > 0x20 and octet != 0x7F for octet in word)
    found = read(lambda: grammar.read_greeting(octets))
    assert found == (word.decode("utf-8", "backslashreplace") if good else 501), found


def check_text(octets: bytes) -> None:
    """VRFY has an argument, and RSET has none."""
    text = octets.strip(BLANKS)
    expected = text.decode("utf-8", "backslashreplace") if text else 501
    assert read(lambda: grammar.read_string(octets)) == expected
    assert read(lambda: grammar.read_nothing(octets)) == (501 if text else None)


def check_chunk(octets: bytes) -> None:
    """BDAT: digits, and perhaps LAST."""
    assert read(lambda: grammar.read_bdat(octets)) == (chunk(octets) or 501)


def chunk(octets: bytes) -> tuple[int, bool] | None:
    """Read the argument of BDAT word by word (RFC 3030 §2)."""
    digits, *last = [word for word in re.split(rb"[ \t]", octets) if word] or [b""]
    numbers = 0 < len(digits) <= 20 and all(octet in b"0123456789" for octet in digits)
    if (
        not numbers
        or octets[:1] in BLANKS
        or [word.upper() for word in last] not in ([], [b"LAST"])
    ):
        return None
    return int(digits), bool(last)


def check_rcpt(octets: bytes) -> None:
    """RCPT: a forward-path, and nothing behind it."""
    for argument in (octets, b"TO:" + octets):
        path, words = argument_of(b"TO:", argument)
        for utf8 in (True, False):
            found = read(partial(grammar.read_rcpt, argument, utf8=utf8))
            if not isinstance(found, Path):
                refusable = path is None or path == NULL_PATH or words
                assert refusable or (found == 553 and not utf8 and not is_ascii(path)), found
                continue
            assert (found, words) == (path, [])
            assert utf8 or is_ascii(found)
            check_written(found)


def check_mail(octets: bytes) -> None:
    """MAIL: a reverse-path, and parameters."""
    for argument in (octets, b"FROM:" + octets, b"FROM:<> " + octets, b"FROM:<a@b> " + octets):
        path, words = argument_of(b"FROM:", argument)
        parameters = parameters_of(words)
        found = read(partial(grammar.read_mail, argument))
        if isinstance(found, grammar.Mail):
            assert found == (path, parameters)
            assert found.parameters.utf8 or is_ascii(found.reverse_path)
            continue
        refusable = path is None or parameters is None or is_postmaster(path)
        utf8 = parameters is not None and parameters.utf8
        assert refusable or (found == 553 and not utf8 and not is_ascii(path)), found


def is_ascii(path: Path | None) -> bool:
    """Tell whether a path needs no SMTPUTF8."""
    return path is None or str(path).isascii()


def is_postmaster(path: Path) -> bool:
    """Tell whether a path lacks its domain."""
    return path.address is not None and not path.address.domain


def check_written(path: Path) -> None:
    """See that a path reads back as it is written in the Return-Path field."""
    assert read(lambda: grammar.read_rcpt(b"TO:" + str(path).encode(), utf8=True)) == path


def argument_of(keyword: bytes, argument: bytes) -> tuple[Path | None, list[bytes]]:
    """Read keyword, path and words: the path is the shortest that is one, with a blank behind."""
    if argument[: len(keyword)].upper() != keyword:
        return None, []
    rest = argument[len(keyword) :].lstrip(BLANKS)
    for end in range(len(rest) + 1):
        if end == len(rest) or rest[end] in BLANKS:
            path = path_of(rest[:end])
            if path is not None:
                return path, [word for word in re.split(rb"[ \t]", rest[end:]) if word]
    return None, []


def path_of(octets: bytes) -> Path | None:
    """Read a path by the reference; angle brackets may be missing (but not from ``<>``)."""
    if octets == b"<>":
        return NULL_PATH
    if not octets or octets[-1] in BLANKS:
        return None
    bare = octets[:1] not in {b"<", b"@"}
    pair = reference(b"<" + octets + b">" if bare else octets)
    return None if pair is None else Path(Address(*pair))


def parameters_of(words: list[bytes]) -> MailParameters | None:
    """Read the parameters of MAIL one by one; None if one can't be, or is there twice."""
    size, body, utf8 = None, None, False
    names = [word.partition(b"=")[0].upper() for word in words]
    if len(set(names)) < len(names):
        return None
    for word, name in zip(words, names, strict=True):
        value = word.partition(b"=")[2] if b"=" in word else None
        if name == b"SIZE" and value and len(value) <= 20 and value.isdigit():
            size = int(value)
        elif name == b"BODY" and value and value.upper() in {b"7BIT", b"8BITMIME"}:
            body = value.upper().decode()
        elif name == b"SMTPUTF8" and value is None:
            utf8 = True
        elif not (name == b"AUTH" and value and is_mailbox(value)):
            return None
    return MailParameters(size, body, utf8)


def is_mailbox(value: bytes) -> bool:
    """Tell whether a value is xtext, or ``<>`` (RFC 4954 §5)."""
    if value == b"<>":
        return True
    plain = re.sub(rb"\+[0-9A-F][0-9A-F]", b"", value)
    return all(0x20 < octet < 0x7F and octet not in b"+=" for octet in plain)


TARGET = Target(
    check,
    words=(
        b"TO:", b"FROM:", b"<", b">", b"@", b'"', b"\\", b".", b"-", b":", b",", b" ", b"\t",
        b"[192.0.2.1]", b"[IPv6:2001:db8::1]", b"[IPv6:::1%0]", b"postmaster", b"<>", b"@a.b,@c:",
        b"SIZE=", b"BODY=8BITMIME", b"BODY=BINARYMIME", b"SMTPUTF8", b"AUTH=<>", b"AUTH=a+3D",
        b"LAST", b"1024", b"00000000000000000001", b"\xc3\xa9", b"\xc2\x85", b"\xff", b"\x7f",
        b"a@b", b"here.example", b"a" * 64, b"b" * 255,
    ),
    seeds=(
        b"client.example", b"1024 LAST", b"<a@here.example>", b"<\xc3\xa9@here.example> SMTPUTF8",
        b'<"a b"@[192.0.2.1]> SIZE=1024 BODY=8BITMIME', b"<@a.b,@c:d@e>", b"<postmaster>",
        b"FROM:<a@b> AUTH=<>", b"TO: a@b", b"FROM:<a@b> AUTH=+", b"<a@[x]>", b'<"\\"\\\\ "@b>',
    ),
)  # fmt: skip
