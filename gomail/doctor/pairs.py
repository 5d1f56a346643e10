"""The certificates that the server is to show, and whether their renewal will reach it."""

import os
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from gomail.certificates.expiry import TOLD_AHEAD, until
from gomail.certificates.pair import Pair, PairError, PairMismatch, read_chain, read_pair
from gomail.certificates.wanted import Files
from gomail.doctor.finding import Finding, Severity, Told

HOOK = "/etc/letsencrypt/renewal-hooks/deploy/gomail"
LIVE = "/etc/letsencrypt/live"


@dataclass(frozen=True, slots=True)
class Shown:
    """
    One certificate of the server.

    Attributes:
        files: where it lies, and its key.
        pair: what is there; its key is None where this user may not read it.
        fault: why it can't be used, if it can't.
        mismatch: whether that is for its key being another one's.
        hidden: whether this user may not look.
        own: whether gomail has made it, and renews it.
    """

    files: Files
    pair: Pair | None = None
    fault: str = ""
    mismatch: bool = False
    hidden: bool = False
    own: bool = False


def look_at(files: Files, *, own: bool = False) -> Shown:
    """Read a certificate and its key."""
    if not _may_look(files.certificate):
        return Shown(files, hidden=True, own=own)
    try:
        if _may_look(files.key):
            return Shown(files, read_pair(files), own=own)
        pair = Pair(read_chain(files.certificate), None)  # type: ignore[arg-type]  # root knows it
        return Shown(files, pair, hidden=True, own=own)
    except PairError as error:
        wrong = isinstance(error, PairMismatch)
        return Shown(files, fault=str(error), mismatch=wrong, own=own)


def _may_look(path: str) -> bool:
    """Tell whether this user may read a file; one that is not there, nobody can."""
    try:
        Path(path).stat()
    except PermissionError:
        return False
    except OSError:
        return True
    return os.access(path, os.R_OK, effective_ids=True)


def examine_pairs(
    shown: Sequence[Shown], hostname: str, now: datetime, copies: str, user: str
) -> Told:
    """
    Find what is wrong with certificates, of which the first is that of *hostname*.

    Args:
        shown: all of them.
        hostname: the server's.
        now: the time.
        copies: the folder to which the script copies what certbot renews.
        user: who runs the server.
    """
    told = Told()
    for number, each in enumerate(shown):
        findings = tuple(_wrong(each, None if number else hostname, now))
        findings += () if findings or hook_is_there(each.files, copies) else (_hook(each, user),)
        path = each.files.certificate
        checked = (f"the certificate {path}, until {until(each.pair)}",) if each.pair else ()
        unseen = (f"the key of {path}: sudo gomail doctor",) if each.hidden else ()
        told += Told(findings, checked, unseen)
    return told


def hook_is_there(files: Files, copies: str) -> bool:
    """Tell whether what certbot renews will reach the server, or certbot has no part in it."""
    if not files.certificate.startswith((f"{LIVE}/", f"{copies}/")):
        return True
    return Path(HOOK).exists()


def _wrong(shown: Shown, hostname: str | None, now: datetime) -> Iterator[Finding]:
    """Find what is wrong with one."""
    if shown.fault:
        yield _unusable(shown)
    if shown.pair is None:
        return
    yield from _time(shown, shown.pair, now)
    # One of gomail's own is made again when the server starts with another name.
    if hostname is not None and not shown.own and not shown.pair.covers(hostname):
        yield Finding(
            "certificate-name",
            Severity.WARNING,
            f"the certificate is for {hostname}",
            (f"{shown.files.certificate} is for {', '.join(shown.pair.names)}",),
            "have one made for that name, or set hostname to one that it has:",
            (f"sudo certbot certonly --standalone -d {hostname}",),
        )


def _unusable(shown: Shown) -> Finding:
    """Say that it can't be used; a server that starts again would not."""
    files = shown.files
    return Finding(
        "certificate-mismatch" if shown.mismatch else "certificate-unusable",
        Severity.ERROR,
        f"{files.key} is the key of {files.certificate}",
        (shown.fault,),
        "name a certificate and the key that was made with it, and see that they fit:",
        (f"gomail certificates show {shlex.join((files.certificate, files.key))}",),
    )


def _time(shown: Shown, pair: Pair, now: datetime) -> Iterator[Finding]:
    """Find that it has ended, or will soon, or has not begun."""
    left, path = pair.left(now), shown.files.certificate
    if pair.begins > now:
        yield Finding(
            "certificate-early",
            Severity.WARNING,
            f"the certificate holds at {now:%Y-%m-%d %H:%M} UTC",
            (f"{path} holds only from {pair.begins:%Y-%m-%d %H:%M} UTC on",),
            "see whether the clock is right:",
            ("date -u",),
        )
    elif left <= timedelta(days=TOLD_AHEAD[0]):
        ended = left < timedelta()
        yield Finding(
            "certificate-ended" if ended else "certificate-ending",
            Severity.WARNING,
            f"the certificate holds for more than {TOLD_AHEAD[0]} days",
            (f"{path} {'has ended' if ended else 'ends'} on {until(pair)}",),
            "gomail renews its own when it starts:" if shown.own else "renew it:",
            ("sudo systemctl restart gomail" if shown.own else "sudo certbot renew",),
        )


def _hook(shown: Shown, user: str) -> Finding:
    """Say that a renewal will go by."""
    return Finding(
        "hook-missing",
        Severity.WARNING,
        "certbot gives gomail a copy of what it renews",
        (f"{shown.files.certificate} is certbot's, and there is no {HOOK}",),
        "have it do so:",
        (f'sudo "$(which gomail)" certificates install --user {user}',),
    )
