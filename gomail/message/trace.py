"""
The trace fields that stand on top of a stored message (RFC 5321 §4.4).

They are made last, when everything is known, and stand first. Whatever the peer said of itself is
put into a shape that can't break out of its field, or replaced by ``unknown``.
"""

import re
import time
from collections.abc import Sequence
from functools import lru_cache

from gomail.address import Path
from gomail.envelope import Client, Encryption, Envelope

LONGEST_LINE = 998  # octets: RFC 5322 §2.1.1
MOST_DELIVERED_TO = 20  # Delivered-To fields of one copy: an address may be given a thousand times

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,255}\Z|\[[A-Za-z0-9.:]{1,80}\]\Z")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def return_path(reverse_path: Path) -> bytes:
    """Write Return-Path (RFC 5321 §4.4.2)."""
    return f"Return-Path: {reverse_path!s}\n".encode()


def delivered_to(pairs: Sequence[tuple[str, str | None]]) -> bytes:
    """
    Write Delivered-To for each address by which the mailbox was reached.

    Args:
        pairs: the mailbox's address, and the forward-path's where an alias changed it, else None.
    """
    fields = [
        f"Delivered-To: {address}\n"
        if original is None
        else f"X-Original-To: {original}\nDelivered-To: {address}\n"
        for address, original in pairs[:MOST_DELIVERED_TO]
    ]
    return "".join(fields).encode()


def received(envelope: Envelope, hostname: str, now: float) -> bytes:
    """
    Write Received (RFC 5321 §4.4; with: RFC 3848 and RFC 6531 §4.3).

    Args:
        envelope: the message's.
        hostname: ours.
        now: when its content ended, in seconds since the epoch.
    """
    message_id, client, _, parameters, forward_paths = envelope
    encryption = client.encryption
    protocol = _protocol(client, utf8=parameters.utf8)
    tls = f"\n\t({_tls(encryption)})" if encryption else ""
    # RFC 5321 §7.2: several recipients must not learn of each other.
    only = f"\n\tfor {forward_paths[0]!s}" if len(forward_paths) == 1 else ""
    return (
        f"Received: from {_from(client.helo, client.address)}\n"
        f"\tby {hostname} (gomail) with {protocol} id {message_id}{tls}{only};\n"
        f"\t{date(now)}\n"
    ).encode()


def padded(fields: bytes, size: int) -> bytes:
    """
    Make fields as long as *size*, if they are shorter, by blanks that nobody reads.

    Blanks at the end of a line are allowed wherever a field may be folded (RFC 5322 §2.2.3), and in
    the end of a field.
    """
    lines = fields.splitlines(keepends=True)
    missing = size - len(fields)
    for at, line in enumerate(lines):
        if missing <= 0:
            break
        blanks = max(0, min(missing, LONGEST_LINE - len(line)))
        lines[at] = line[:-1] + b" " * blanks + line[-1:]
        missing -= blanks
    return b"".join(lines)


def date(now: float) -> str:
    """Write a time as date-time (RFC 5322 §3.3), in UTC."""
    return _date(int(now))


@lru_cache(maxsize=1)  # all messages of one second have the same
def _date(now: int) -> str:
    """Write a whole second."""
    year, month, day, hour, minute, second, weekday, *_ = time.gmtime(now)
    return (
        f"{_DAYS[weekday]}, {day} {_MONTHS[month - 1]} {year:04d} "
        f"{hour:02d}:{minute:02d}:{second:02d} +0000"
    )


@lru_cache(maxsize=256)  # the same servers bring mail all day
def _from(helo: str, address: str | None) -> str:
    """From-domain: the name that the client gave, and the address that it has."""
    name = helo if _NAME.match(helo) else "unknown"
    if address is None:
        return f"{name} (unix socket)"
    literal = f"IPv6:{address}" if ":" in address else address
    return f"{name} ([{literal}])"


def _protocol(client: Client, *, utf8: bool) -> str:
    """The registered name of what was spoken: SMTP, ESMTP, ESMTPS, UTF8SMTP or UTF8SMTPS."""
    if not client.esmtp:
        return "SMTP"
    spoken = "UTF8SMTP" if utf8 else "ESMTP"
    return f"{spoken}S" if client.encryption else spoken


def _tls(encryption: Encryption) -> str:
    """The facts of TLS, as a comment."""
    return f"{encryption.version} cipher {encryption.cipher} ({encryption.bits} bits)"
