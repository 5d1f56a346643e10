"""The machine around the server: its clock, its limits, and what its Python may do."""

import os
import shlex
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from gomail.doctor.finding import Finding, Severity, Told
from gomail.limits import Limits
from gomail.machine.programs import ask_program
from gomail.server.start import sessions_within

SYNCHRONIZED = "/run/systemd/timesync/synchronized"
_FIRST_PORT = "/proc/sys/net/ipv4/ip_unprivileged_port_start"
_CAPABILITY = "security.capability"  # what setcap sets (capabilities(7))
_ENOUGH = 500  # sessions at once


def clock_is_right() -> bool | None:
    """Tell whether the clock is kept by others; None where nobody knows."""
    if Path(SYNCHRONIZED).exists():
        return True
    said = ask_program("timedatectl", "show", "--property=NTPSynchronized", "--value")
    if said is None or said.status:
        return None
    return {"yes": True, "no": False}.get(said.output.strip())


def examine_clock(*, right: bool | None) -> Told:
    """Find that nobody keeps the clock."""
    if right is None:
        return Told(unseen=("whether the clock is kept right: timedatectl",))
    if right:
        return Told(checked=("the clock: it is kept by a time server",))
    finding = Finding(
        "clock-unsynchronized",
        Severity.WARNING,
        "the clock is kept by a time server, for signatures and certificates go by it",
        ("timedatectl: System clock synchronized: no",),
        "have it kept:",
        ("sudo timedatectl set-ntp true",),
    )
    return Told((finding,), ("the clock: it is not kept by a time server",))


def examine_descriptors(most: int | None, limits: Limits) -> Told:
    """Find that the server may open few files; *most* is None where nobody knows how many."""
    if most is None:
        return Told()
    sessions = sessions_within(most, limits)[1]
    wanted = min(_ENOUGH, limits.sessions)
    checked = (f"open files: {most}, for {sessions} sessions at once",)
    if sessions >= wanted:
        return Told(checked=checked)
    finding = Finding(
        "descriptors-few",
        Severity.WARNING,
        f"the server may have files open for {wanted} sessions at once",
        (f"it may open {most}, which is enough for {sessions}",),
        "let it have more: in its unit (systemctl edit gomail), or by the shell that starts it:",
        ("[Service]", "LimitNOFILE=32768"),
    )
    return Told((finding,), checked)


def first_port() -> int:
    """Give the first port that everybody may open."""
    with suppress(OSError, ValueError):
        return int(Path(_FIRST_PORT).read_text())
    return 1024


def pythons(words: Iterable[str]) -> tuple[str, ...]:
    """Give the Pythons that run here, and in the server whose command line that is."""
    candidates = [sys.executable, *list(words)[:1]]
    return tuple(dict.fromkeys(os.path.realpath(each) for each in candidates if each))


def capable(paths: Iterable[str]) -> tuple[str, ...]:
    """Give those programs that somebody has given rights."""
    return tuple(_capable(paths))


def _capable(paths: Iterable[str]) -> Iterator[str]:
    """Look at each."""
    for path in paths:
        with suppress(OSError, AttributeError):  # macOS has none
            if os.getxattr(path, _CAPABILITY):
                yield path


def examine_rights(paths: Iterable[str], uid: int | None) -> Told:
    """Find programs with rights that every script would have, and a server that runs as root."""
    findings = [
        Finding(
            "python-capable",
            Severity.WARNING,
            "Python has no rights of its own",
            (f"somebody gave {path} some (setcap), and so to every script on this machine",),
            "take them away, and have systemd open the port (gomail units install):",
            (f"sudo setcap -r {shlex.quote(path)}",),
        )
        for path in paths
    ]
    if uid == 0:
        findings.append(
            Finding(
                "runs-as-root",
                Severity.WARNING,
                "the server runs as a user without rights",
                ("it runs as root, which it does not need",),
                "run it as the user who reads the mail:",
                ('sudo "$(which gomail)" units install --user NAME',),
            )
        )
    return Told(tuple(findings), ("the rights of Python, and of the server",))
