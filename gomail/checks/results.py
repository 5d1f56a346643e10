"""
The field that tells readers what was found: Authentication-Results (RFC 8601 §2.2).

Senders have chosen most of what stands in it. So nothing gets there but tokens, plain addresses and
quoted strings, in which there are neither line ends nor other signs that can't be seen.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from gomail.finding import Finding

WIDTH = 78  # signs of a line (RFC 5322 §2.1.1); a longer word stands by itself
MOST_SIGNS = 320  # of a value: an address of 64, 1 and 253 octets, and its quotes

_TOKEN = re.compile(r"[\w!#$%&'*+.^`{|}~-]+\Z", re.ASCII)
_ATEXT = r"[\w!#$%&'*+/=?^`{|}~-]+"
_ADDRESS = re.compile(rf"(?:{_ATEXT}(?:\.{_ATEXT})*)?@[A-Za-z0-9_.-]+\Z", re.ASCII)
_BREAK = re.compile(r"(?<=\S) (?=\S)")


def authentication_results(authserv_id: str, findings: Sequence[Finding]) -> bytes:
    """
    Write the field, with LF, its last line end included.

    Args:
        authserv_id: by which readers know that it is ours (§2.5).
        findings: in the order in which they are told; without any, it says that nothing was tried.
    """
    results = [_result(finding) for finding in findings] or ["none"]
    lines = [f"Authentication-Results: {value(authserv_id)};"]
    for at, result in enumerate(results, 1):
        lines += _folded(result if at == len(results) else f"{result};")
    return "".join(f"{line}\n" for line in lines).encode()


def value(text: str) -> str:
    """Write a value: as it is, if it is a token or a plain address, and else as quoted-string."""
    if _TOKEN.match(text):
        return text[:MOST_SIGNS]
    if len(text) <= MOST_SIGNS and _ADDRESS.match(text):
        return text
    text = "".join(sign if sign.isprintable() else "?" for sign in text[:MOST_SIGNS])
    text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def _result(finding: Finding) -> str:
    """Write what one method found."""
    reason = [f"reason={value(finding.reason)}"] if finding.reason else []
    properties = [f"{kind}.{name}={value(text)}" for kind, name, text in finding.properties]
    return " ".join([f"{finding.method}={finding.result}", *reason, *properties])


def _folded(result: str) -> Iterator[str]:
    """
    Break a result into lines that begin with a space.

    They are broken at single spaces, and so say the same when they are unfolded (RFC 5322 §2.2.3),
    even within a quoted-string.
    """
    line = ""
    for word in _words(result):
        if line and len(line) + 1 + len(word) > WIDTH:
            yield line
            line = ""
        line = f"{line} {word}"
    yield line


def _words(result: str) -> Iterable[str]:
    return _BREAK.split(result)
