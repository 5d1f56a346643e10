"""
How a server fares, judged by what is measured of it.

Each reason has one rule: a value, and two marks, as load has. The reason holds from the one on, and
as long as the value is not below the other, so that it does not flicker. A server is failing where
mail is not stored; where that is only slow, or will not go on for ever, it is degraded.
"""

from collections.abc import Callable
from typing import NamedTuple

from gomail.events import Measured
from gomail.health import WELL, Health, Reason, Share, State
from gomail.limits import MIB
from gomail.smtp.load import Mark

LAG = Mark(1.0, 0.25)  # seconds by which the reactor is late
SESSIONS = Mark(0.95, 0.80)  # of those that there may be
DESCRIPTORS = Mark(0.90, 0.80)  # of the files that may be open
SLOW = Mark(5.0, 1.0)  # seconds of a batch
HANGS = Mark(60.0, 60.0)  # seconds of a batch, from which on the disk counts as hanging
MISSING = Mark(10.0, 10.0)  # seconds without a delivery agent: another one comes sooner, mostly
WANT = Mark(1.0, 0.9)  # of what should be free, for each octet that is
FACT = Mark(1.0, 1.0)  # what is so, or not

MAILBOXES_REFUSE = "mailboxes-refuse"
DATABASE_FAILS = "database-fails"
THREAD_ENDED = "thread-ended"  # of all reasons the one that a new start of the process mends


class Finding(NamedTuple):
    """A value, and what it says to people where it is high enough."""

    value: float
    text: str


class Rule(NamedTuple):
    """
    When a reason holds.

    Attributes:
        word: that of the reason.
        state: what the server is then.
        mark: where it begins, and where it ends.
        find: gives the value.
    """

    word: str
    state: State
    mark: Mark
    find: Callable[[Measured], Finding]


def judge(measured: Measured, before: Health = WELL) -> Health:
    """Say how a server fares of which this was measured, and which has fared so *before*."""
    held, reasons = before.words, []
    for word, state, mark, find in RULES:
        value, text = find(measured)
        if value >= (mark.leave if word in held else mark.enter):
            reasons.append(Reason(word, state, text))
    return Health(tuple(reasons))


def _thread_ended(measured: Measured) -> Finding:
    """See whether the thread has ended by itself, and nobody stores any more."""
    return Finding(not measured.storing.alive, "the thread that stores has ended")


def _disk_hangs(measured: Measured) -> Finding:
    """See for how long the disk has said nothing, be it an error."""
    silence = measured.storing.silence
    return Finding(silence, f"the disk has not answered for {silence:.0f} s")


def _storing_fails(measured: Measured) -> Finding:
    """See whether the last message could not be stored, or the disk says that it is not there."""
    storing, fault = measured.storing, measured.disk.fault
    if not fault and not storing.stored:
        fault = storing.fault
    return Finding(bool(fault), f"nothing can be stored: {fault}")


def _disk_full(measured: Measured) -> Finding:
    """See whether more is free than what must stay free."""
    return _wanted(measured, measured.disk.reserve, "disk-reserve wants", "no mail is taken")


def _disk_low(measured: Measured) -> Finding:
    """See whether there is room for every message."""
    what = "disk-reserve and the largest message want"
    return _wanted(measured, measured.disk.plenty, what, "the largest messages are not taken")


def _wanted(measured: Measured, octets: int, who: str, so: str) -> Finding:
    """See what part of the octets that should be free are not."""
    free, folder = measured.disk.free, measured.disk.folder
    if free is None:
        return Finding(0, "nobody knows yet")
    inodes = "" if free else " (or no inodes)"
    found = f"{free / MIB:.1f} MiB are free on the disk of {folder}{inodes}"
    text = f"{found}, {who} {octets / MIB:.1f}: {so} until there is room"
    return Finding(max(1, octets) / max(0.5, free), text)


def _storing_failed(measured: Measured) -> Finding:
    """See whether a fault is not long ago, though others were stored since."""
    fault = measured.storing.fault
    return Finding(bool(fault), f"something could not be stored: {fault}")


def _mailboxes_refuse(measured: Measured) -> Finding:
    """See whether some mailboxes turn mail away, while others may take it."""
    return Finding(not measured.mailboxes.whole and measured.mailboxes.refusing, _why(measured))


def _all_refuse(measured: Measured) -> Finding:
    """See whether the only Maildir does."""
    return Finding(measured.mailboxes.whole and measured.mailboxes.refusing, _why(measured))


def _why(measured: Measured) -> str:
    """Say which mailboxes turn mail away, and why."""
    number, reasons, _ = measured.mailboxes
    whose = "a mailbox" if number == 1 else f"{number} mailboxes"
    more = f"; and {number - len(reasons)} more" if number > len(reasons) else ""
    return f"mail for {whose} is turned away: {'; '.join(reasons)}{more}"


def _database_fails(measured: Measured) -> Finding:
    """See whether some domains' mailboxes are not known, while others are."""
    found = measured.databases
    return Finding(len(found.reasons) * (not found.whole), _who(measured))


def _all_fail(measured: Measured) -> Finding:
    """See whether nobody's are."""
    found = measured.databases
    return Finding(len(found.reasons) * found.whole, _who(measured))


def _who(measured: Measured) -> str:
    """Say which databases can't be asked, and why."""
    return f"nobody knows whose mail to take: {'; '.join(measured.databases.reasons)}"


def _storing_slow(measured: Measured) -> Finding:
    """See for how long senders wait; whose fault that is nobody knows once it is over."""
    latency, silence = measured.storing.latency, measured.storing.silence
    who = "the disk takes" if silence >= latency else "storing takes"
    slowest = max(latency, silence)
    return Finding(slowest, f"{who} {slowest:.1f} s")


def _agent_hangs(measured: Measured) -> Finding:
    """See whether the agent hangs by itself; it is going to be ended."""
    silence = measured.storing.agent_silence
    text = f"the delivery agent has said nothing for {silence:.0f} s, though the disk answers"
    return Finding(silence, text)


def _agent_missing(measured: Measured) -> Finding:
    """See for how long no agent has come; the thread stores meanwhile."""
    missing = measured.storing.agent_missing
    return Finding(missing, f"there has been no delivery agent for {missing:.0f} s")


def _log_lost(measured: Measured) -> Finding:
    """See whether the log has room for what it should have."""
    log = measured.log
    lines = "a line" if log.lost == 1 else f"{log.lost} lines"
    return Finding(log.lost, f"{lines} of the log could not be written: {log.fault}")


def _log_grows(measured: Measured) -> Finding:
    """See whether the log goes on in a file that should be an old one."""
    stuck = measured.log.stuck
    whom = "the server's user must be able to write to the folder, or to a file made there"
    return Finding(bool(stuck), f"no new log can be begun, the old one grows: {stuck}; {whom}")


def _lag(measured: Measured) -> Finding:
    """See whether the reactor has too much to do, or the machine has."""
    return Finding(measured.lag, f"the reactor is {measured.lag:.1f} s late")


def _sessions(measured: Measured) -> Finding:
    """See how soon nobody will be let in any more."""
    return _share(measured.sessions, "sessions are open")


def _descriptors(measured: Measured) -> Finding:
    """See how soon no file can be opened any more."""
    return _share(measured.descriptors or Share(0, 1), "files may be open, and are")


def _share(share: Share, what: str) -> Finding:
    """See which part of something is in use."""
    used, most = share
    return Finding(used / most, f"{used} of {most} {what}")


RULES = (
    Rule(THREAD_ENDED, State.FAILING, FACT, _thread_ended),
    Rule("disk-hangs", State.FAILING, HANGS, _disk_hangs),
    Rule("storing-fails", State.FAILING, FACT, _storing_fails),
    Rule("disk-full", State.FAILING, WANT, _disk_full),
    Rule(MAILBOXES_REFUSE, State.FAILING, FACT, _all_refuse),
    Rule(DATABASE_FAILS, State.FAILING, FACT, _all_fail),
    Rule(MAILBOXES_REFUSE, State.DEGRADED, FACT, _mailboxes_refuse),
    Rule(DATABASE_FAILS, State.DEGRADED, FACT, _database_fails),
    Rule("disk-low", State.DEGRADED, WANT, _disk_low),
    Rule("storing-failed", State.DEGRADED, FACT, _storing_failed),
    Rule("storing-slow", State.DEGRADED, SLOW, _storing_slow),
    Rule("agent-hangs", State.DEGRADED, FACT, _agent_hangs),
    Rule("agent-missing", State.DEGRADED, MISSING, _agent_missing),
    Rule("log-lost", State.DEGRADED, FACT, _log_lost),
    Rule("log-grows", State.DEGRADED, FACT, _log_grows),
    Rule("lag", State.DEGRADED, LAG, _lag),
    Rule("sessions", State.DEGRADED, SESSIONS, _sessions),
    Rule("descriptors", State.DEGRADED, DESCRIPTORS, _descriptors),
)
