"""How a server fares, judged by what was measured of it."""

import pytest

from gomail.events import Measured
from gomail.health import WELL, Databases, Disk, Health, Log, Mailboxes, Share, State, Storing
from gomail.limits import MIB
from gomail.server.judgement import RULES, judge

FREE = "MiB are free on the disk of /mail"
NOTHING = f"0.0 {FREE} (or no inodes)"
LARGEST = "disk-reserve and the largest message want 66.0: the largest messages"
WHO = "the server's user must be able to write to the folder, or to a file made there"


def storing(**facts: object) -> Measured:
    """Measure those who store."""
    return Measured(storing=Storing(**facts))  # type: ignore[arg-type]  # whichever they have


def disk(free: int | None, reserve: int = 16, plenty: int = 66) -> Measured:
    """Measure a disk, in MiB."""
    octets = None if free is None else free * MIB
    return Measured(disk=Disk(octets, reserve * MIB, plenty * MIB, folder="/mail"))


def test_server_of_which_nothing_is_known_is_well() -> None:
    """It has just begun."""
    assert judge(Measured()) == WELL


@pytest.mark.parametrize(
    ("measured", "state", "word", "text"),
    [
        (
            storing(alive=False),
            State.FAILING,
            "thread-ended",
            "the thread that stores has ended",
        ),
        (
            storing(silence=61.5),
            State.FAILING,
            "disk-hangs",
            "the disk has not answered for 62 s",
        ),
        (
            storing(fault="/mail: Input/output error", stored=False),
            State.FAILING,
            "storing-fails",
            "nothing can be stored: /mail: Input/output error",
        ),
        (
            Measured(disk=Disk(fault="/mail: No such file or directory")),
            State.FAILING,
            "storing-fails",
            "nothing can be stored: /mail: No such file or directory",
        ),
        (
            Measured(mailboxes=Mailboxes(1, ("/mail/a: Permission denied",))),
            State.DEGRADED,
            "mailboxes-refuse",
            "mail for a mailbox is turned away: /mail/a: Permission denied",
        ),
        (
            Measured(mailboxes=Mailboxes(4, ("/a: no", "/b: no", "/c: no"), whole=True)),
            State.FAILING,
            "mailboxes-refuse",
            "mail for 4 mailboxes is turned away: /a: no; /b: no; /c: no; and 1 more",
        ),
        (
            Measured(databases=Databases(("/db: no such table: mailboxes",), whole=True)),
            State.FAILING,
            "database-fails",
            "nobody knows whose mail to take: /db: no such table: mailboxes",
        ),
        (
            Measured(databases=Databases(("/db: no", "/other: no"))),
            State.DEGRADED,
            "database-fails",
            "nobody knows whose mail to take: /db: no; /other: no",
        ),
        (
            disk(15),
            State.FAILING,
            "disk-full",
            f"15.0 {FREE}, disk-reserve wants 16.0: no mail is taken until there is room",
        ),
        (
            disk(0),
            State.FAILING,
            "disk-full",
            f"{NOTHING}, disk-reserve wants 16.0: no mail is taken until there is room",
        ),
        (
            disk(60),
            State.DEGRADED,
            "disk-low",
            f"60.0 {FREE}, {LARGEST} are not taken until there is room",
        ),
        (
            storing(fault="/mail: Input/output error"),
            State.DEGRADED,
            "storing-failed",
            "something could not be stored: /mail: Input/output error",
        ),
        (storing(latency=5.0), State.DEGRADED, "storing-slow", "storing takes 5.0 s"),
        (storing(silence=7.0), State.DEGRADED, "storing-slow", "the disk takes 7.0 s"),
        (
            storing(agent_silence=31.0),
            State.DEGRADED,
            "agent-hangs",
            "the delivery agent has said nothing for 31 s, though the disk answers",
        ),
        (
            storing(agent_missing=10.0),
            State.DEGRADED,
            "agent-missing",
            "there has been no delivery agent for 10 s",
        ),
        (
            Measured(log=Log(lost=1, fault="No space left on device")),
            State.DEGRADED,
            "log-lost",
            "a line of the log could not be written: No space left on device",
        ),
        (
            Measured(log=Log("/log: no")),
            State.DEGRADED,
            "log-grows",
            f"no new log can be begun, the old one grows: /log: no; {WHO}",
        ),
        (Measured(lag=1.5), State.DEGRADED, "lag", "the reactor is 1.5 s late"),
        (
            Measured(sessions=Share(95, 100)),
            State.DEGRADED,
            "sessions",
            "95 of 100 sessions are open",
        ),
        (
            Measured(descriptors=Share(90, 100)),
            State.DEGRADED,
            "descriptors",
            "90 of 100 files may be open, and are",
        ),
    ],
)
def test_each_reason_has_its_word_and_its_text(
    measured: Measured, state: State, word: str, text: str
) -> None:
    """The word is for programs, the text, with its numbers, for people."""
    health = judge(measured)
    found = {reason.word: reason for reason in health.reasons}
    assert (found[word].state, found[word].text) == (state, text)
    assert health.state == state


def test_every_rule_has_a_word_of_its_own() -> None:
    """The worst come first."""
    assert len({(rule.word, rule.state) for rule in RULES}) == len(RULES)
    states = [rule.state for rule in RULES]
    assert states == sorted(states, reverse=True)


@pytest.mark.parametrize(
    ("below", "above", "between", "left"),
    [
        (Measured(lag=0.99), Measured(lag=1.0), Measured(lag=0.25), Measured(lag=0.24)),
        (
            Measured(sessions=Share(949, 1000)),
            Measured(sessions=Share(950, 1000)),
            Measured(sessions=Share(800, 1000)),
            Measured(sessions=Share(799, 1000)),
        ),
        (
            Measured(descriptors=Share(899, 1000)),
            Measured(descriptors=Share(900, 1000)),
            Measured(descriptors=Share(800, 1000)),
            Measured(descriptors=Share(799, 1000)),
        ),
        (storing(latency=4.9), storing(latency=5.0), storing(silence=1.0), storing(latency=0.9)),
        (disk(67), disk(65), disk(73), disk(74)),
        (disk(None), disk(65), disk(73), disk(None)),
    ],
)
def test_reason_is_left_at_a_lower_mark(
    below: Measured, above: Measured, between: Measured, left: Measured
) -> None:
    """So that it does not come and go while a value swings about one mark."""
    assert judge(below) == judge(between) == WELL
    held = judge(above)
    assert len(held.words) == 1
    still = judge(between, held)
    assert still.words == held.words
    assert judge(left, still) == WELL


def test_disk_without_a_reserve_is_full_when_nothing_is_free() -> None:
    """Nothing and nothing are not enough of each other."""
    assert judge(disk(0, 0, 0)).words == ("disk-full", "disk-low")
    assert judge(disk(1, 0, 0)) == WELL


def test_reasons_are_told_together() -> None:
    """A server may fare badly in more ways than one."""
    poor = judge(Measured(lag=2.0, disk=Disk(0, 1, 2)), Health())
    assert poor.words == ("disk-full", "disk-low", "lag")
    assert poor.state == State.FAILING
