"""
The grammar of commands: octets in, frozen values out (RFC 5321 §4.1.2, ABNF above each pattern).

Nothing here knows of sessions or sequence. What can't be read raises `Refused` with the reply that
the peer gets. Every pattern is linear: its alternatives exclude each other and nothing is tried
twice (`++`, `*+`).
"""

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

from gomail.address import NULL_PATH, Address, Path
from gomail.envelope import NO_PARAMETERS, MailParameters
from gomail.reply import (
    BAD_ARGUMENT,
    BAD_FORWARD_PATH,
    BAD_REVERSE_PATH,
    NO_ARGUMENT_TAKEN,
    UNKNOWN_PARAMETER,
    UTF8_NEEDED,
    Refused,
    Reply,
)

LONGEST_DOMAIN = 255  # RFC 5321 §4.5.3.1.2
LONGEST_LOCAL_PART = 255  # RFC 5321 §4.5.3.1.1 says 64; bounce addresses of real senders are longer

# Dot-string = Atom *("." Atom); atext and UTF8-non-ascii (RFC 6531 §3.3).
# Dots may stand anywhere: mail from "a..b@docomo.ne.jp" is real.
_DOT_STRING = rb"[\w!#$%&'*+/=?^`{|}~.\x80-\xff-]++"
# Quoted-string = DQUOTE *QcontentSMTP DQUOTE; QcontentSMTP = qtextSMTP / quoted-pairSMTP
_QUOTED_STRING = rb'"(?:[\x20\x21\x23-\x5b\x5d-\x7e\x80-\xff]++|\\[\x20-\x7e])*+"'
# Domain = sub-domain *("." sub-domain); sub-domain = Let-dig [Ldh-str] / U-label (RFC 6531 §3.3).
# Underscores and a last dot are no letters of the law, but are sent.
_SUB_DOMAIN = rb"(?!-)[\w\x80-\xff-]++(?<!-)"
_DOMAIN = _SUB_DOMAIN + rb"(?:\." + _SUB_DOMAIN + rb")*\.?"
# address-literal = "[" ( IPv4-address-literal / IPv6-address-literal / General-address-literal )
# "]"
_ADDRESS_LITERAL = rb"\[[\x21-\x5a\x5e-\x7e]+\]"
# A-d-l = At-domain *( "," At-domain ): read and dropped (RFC 5321 §4.1.1.3, appendix C)
_SOURCE_ROUTE = rb"(?:@" + _DOMAIN + rb"(?:,@" + _DOMAIN + rb")*:)?"
# Path = "<" [ A-d-l ":" ] Mailbox ">"; Mailbox = Local-part "@" ( Domain / address-literal )
_MAILBOX = (
    rb"(?P<local>"
    + _DOT_STRING
    + rb"|"
    + _QUOTED_STRING
    + rb")@(?P<domain>"
    + _DOMAIN
    + rb"|"
    + _ADDRESS_LITERAL
    + rb")"
)
_POSTMASTER = rb"(?P<postmaster>[Pp][Oo][Ss][Tt][Mm][Aa][Ss][Tt][Ee][Rr])"
_PATH = re.compile(rb"<(?:" + _SOURCE_ROUTE + _MAILBOX + rb"|" + _POSTMASTER + rb"|)>")
# Disk controllers and people with telnet leave the angle brackets out; nothing else can be meant.
_BARE_PATH = re.compile(_MAILBOX + rb"|" + _POSTMASTER)
# "FROM:" Reverse-path and "TO:" Forward-path. White space behind the colon is forbidden (RFC 5321
# §3.3) and sent all the same, by scanners and printers above all.
_FROM = re.compile(rb"[Ff][Rr][Oo][Mm]:[ \t]*")
_TO = re.compile(rb"[Tt][Oo]:[ \t]*")
# Mail-parameters = esmtp-param *(SP esmtp-param)
# esmtp-param = esmtp-keyword ["=" esmtp-value]; esmtp-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT /
# "-") esmtp-value = 1*(%d33-60 / %d62-126), and "=" as it comes in AUTH=
_PARAMETER = re.compile(rb"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([\x21-\x7e]+))?\Z")
# xchar of RFC 3461 §4 without "+" and "=", or hexchar
_XTEXT = re.compile(rb"(?:[\x21-\x2a\x2c-\x3c\x3e-\x7e]|\+[0-9A-F]{2})+\Z")
_SIZE = re.compile(rb"[0-9]{1,20}\Z")  # RFC 1870 §5
# bdat-cmd = "BDAT" SP chunk-size [ SP end-marker ]; chunk-size = 1*DIGIT; end-marker = "LAST"
# (RFC 3030 §2). More digits than a size has name no chunk that anybody takes.
_BDAT = re.compile(rb"([0-9]{1,20})(?:[ \t]+([Ll][Aa][Ss][Tt]))?[ \t]*\Z")
# RFC 2821 §4.1.1.1 allowed more behind the name, and programs put their version there.
_GREETING = re.compile(rb"[ \t]*+([\x21-\x7e\x80-\xff]{1,255}+)(?:[ \t]|\Z)")
_BLANKS = b" \t"


class Mail(NamedTuple):
    """``MAIL FROM:<reverse-path> parameters``."""

    reverse_path: Path
    parameters: MailParameters


def read_greeting(argument: bytes) -> str:
    """
    Read the argument of HELO or EHLO.

    Any visible word will do: a client must not be refused for the name that it gives itself
    (RFC 5321 §4.1.4), and real ones send underscores and worse. What follows it is dropped.

    Raises:
        Refused: 501 5.5.4 for none.
    """
    found = _GREETING.match(argument)
    if found is None:
        raise Refused(BAD_ARGUMENT)
    return found[1].decode("utf-8", "backslashreplace")


def read_nothing(argument: bytes) -> None:
    """Read no argument; trailing blanks are forgiven (RFC 5321 §4.1.1)."""
    if argument.strip(_BLANKS):
        raise Refused(NO_ARGUMENT_TAKEN)


def read_string(argument: bytes) -> str:
    """Read the argument of VRFY or EXPN: any text, but some (RFC 5321 §4.1.1.6)."""
    text = argument.strip(_BLANKS)
    if not text:
        raise Refused(BAD_ARGUMENT)
    return text.decode("utf-8", "backslashreplace")


def read_mail(argument: bytes) -> Mail:
    """
    Read the argument of MAIL.

    Raises:
        Refused: 501 5.1.7 for bad syntax, 553 5.6.7 for non-ASCII without SMTPUTF8, 555 5.5.4 for
            an unknown parameter, 501 5.5.4 for a bad value of a known one.
    """
    path, words = _split(_FROM, argument, BAD_REVERSE_PATH)
    parameters = _read_parameters(words) if words else NO_PARAMETERS
    reverse_path = _path(path, BAD_REVERSE_PATH, utf8=parameters.utf8)
    if reverse_path.address is not None and not reverse_path.address.domain:
        raise Refused(BAD_REVERSE_PATH)
    return Mail(reverse_path, parameters)


@lru_cache(maxsize=256)  # the owner of a domain gets mail for the same few addresses all day
def read_rcpt(argument: bytes, *, utf8: bool) -> Path:
    """
    Read the argument of RCPT; ``<postmaster>`` needs no domain (RFC 5321 §4.5.1).

    Args:
        argument: what follows the verb.
        utf8: whether this transaction has SMTPUTF8 (RFC 6531 §3.3).

    Raises:
        Refused: 501 5.1.3 for bad syntax, 553 5.6.7 for non-ASCII without *utf8*, 555 5.5.4 for any
            parameter: no announced extension has one.
    """
    path, words = _split(_TO, argument, BAD_FORWARD_PATH)
    if words:
        raise Refused(UNKNOWN_PARAMETER)
    forward_path = _path(path, BAD_FORWARD_PATH, utf8=utf8)
    if forward_path.address is None:
        raise Refused(BAD_FORWARD_PATH)
    return forward_path


def read_bdat(argument: bytes) -> tuple[int, bool]:
    """
    Read the argument of BDAT: the octets of the chunk, and whether it is the last.

    Raises:
        Refused: 501 5.5.4; then nobody knows how many octets follow.
    """
    match = _BDAT.match(argument)
    if match is None:
        raise Refused(BAD_ARGUMENT)
    return int(match[1]), match[2] is not None


def _split(
    keyword: re.Pattern[bytes], argument: bytes, otherwise: Reply
) -> tuple[re.Match[bytes], list[bytes]]:
    """Part the path behind *keyword* from the words of the parameters."""
    start = keyword.match(argument)
    if start is None:
        raise Refused(otherwise)
    path = _PATH.match(argument, start.end()) or _BARE_PATH.match(argument, start.end())
    if path is None:
        raise Refused(otherwise)
    rest = argument[path.end() :]
    if not rest:
        return path, []
    if rest[:1] not in _BLANKS:
        raise Refused(otherwise)
    return path, [word for word in rest.replace(b"\t", b" ").split(b" ") if word]


def _path(match: re.Match[bytes], otherwise: Reply, *, utf8: bool) -> Path:
    """Make a Path of what `_PATH` or `_BARE_PATH` matched."""
    local_part, domain = match.group("local", "domain")
    if local_part is None:
        postmaster = match["postmaster"]
        return NULL_PATH if postmaster is None else Path(Address(postmaster.decode("ascii"), ""))
    if len(local_part) > LONGEST_LOCAL_PART or len(domain) > LONGEST_DOMAIN:
        raise Refused(otherwise)
    plain = local_part.isascii() and domain.isascii()
    if not utf8 and not plain:
        raise Refused(UTF8_NEEDED)
    if domain.startswith(b"[") and not _literal(domain[1:-1]):
        raise Refused(otherwise)
    if local_part.startswith(b'"'):
        local_part = re.sub(rb"\\(.)", rb"\1", local_part[1:-1])
    try:
        address = Address(local_part.decode(), domain.decode())
    except UnicodeDecodeError:
        raise Refused(otherwise) from None
    if not (plain or (address.local_part.isprintable() and address.domain.isprintable())):
        raise Refused(otherwise)  # U+0085 and its like are line ends and controls for somebody
    return Path(address)


def _literal(octets: bytes) -> bool:
    """
    Tell whether *octets* are an address that a literal may hold.

    IPv6-address-literal = "IPv6:" IPv6-addr. A General-address-literal has no registered form.
    """
    text = octets.decode("ascii")
    try:
        if text[:5].lower() == "ipv6:":
            return IPv6Address(text[5:]).scope_id is None
        return bool(IPv4Address(text).version)
    except ValueError:
        return False


def _read_parameters(words: list[bytes]) -> MailParameters:
    """Read the parameters of MAIL; each may be given once."""
    given: dict[bytes, bytes | None] = {}
    for word in words:
        match = _PARAMETER.match(word)
        if match is None or match[1].upper() in given:
            raise Refused(BAD_ARGUMENT)
        given[match[1].upper()] = match[2]
    size = _size(given.pop(b"SIZE")) if b"SIZE" in given else None
    body = _body(given.pop(b"BODY")) if b"BODY" in given else None
    utf8 = b"SMTPUTF8" in given
    if utf8 and given.pop(b"SMTPUTF8") is not None:
        raise Refused(BAD_ARGUMENT)
    if b"AUTH" in given:
        _ignore_auth(given.pop(b"AUTH"))
    if given:
        raise Refused(UNKNOWN_PARAMETER)
    return MailParameters(size, body, utf8)


def _size(value: bytes | None) -> int:
    """size-value ::= 1*20DIGIT (RFC 1870 §5)."""
    if value is None or not _SIZE.match(value):
        raise Refused(BAD_ARGUMENT)
    return int(value)


def _body(value: bytes | None) -> str:
    """body-value ::= "7BIT" / "8BITMIME" (RFC 6152 §2); a Maildir has no binary form (RFC 3030)."""
    body = (value or b"").upper()
    if body not in {b"7BIT", b"8BITMIME"}:
        raise Refused(UNKNOWN_PARAMETER if body == b"BINARYMIME" else BAD_ARGUMENT)
    return body.decode("ascii")


def _ignore_auth(value: bytes | None) -> None:
    """AUTH=<>, as any AUTH=xtext, means nothing to us (RFC 4954 §5); Exchange always sends one."""
    if value is None or not _XTEXT.match(value):
        raise Refused(BAD_ARGUMENT)
