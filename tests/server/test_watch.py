"""The watch that a server keeps over itself."""

import resource
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from twisted.internet.defer import Deferred, succeed

from gomail.events import Event, HealthChanged, Measured
from gomail.health import Disk, Health, Share, State, Storing
from gomail.server import watch as module
from gomail.server.watch import WINDOW, Meters, Watch, count_descriptors
from tests.patience import PATIENCE

SESSIONS = Share(3, 100)
QUIET = Storing()
EMPTY = Disk(10**9, 10**6, 10**7)


@dataclass
class House:
    """What a watch reads, as a test wants it, and what it has told."""

    sessions: Share = SESSIONS
    storing: Storing = QUIET
    disk: Disk = EMPTY
    counted: list[Deferred[Share | None]] = field(default_factory=list)
    count: Deferred[Share | None] | None = None
    several: bool = False
    events: list[Event] = field(default_factory=list)
    changes: list[Health] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Set the watch."""
        meters = Meters(
            lambda: self.sessions, lambda: self.storing, lambda: self.disk, self._descriptors
        )
        self.watch = Watch(meters, (self.events.append,), several=self.several)
        self.watch.tell(self.changes.append)

    def _descriptors(self) -> Deferred[Share | None]:
        count = self.count or succeed(Share(20, 1000))
        self.counted.append(count)
        return count

    def beat(self, times: int = 1, lag: float = 0.0) -> None:
        """Let seconds go by."""
        for _ in range(times):
            self.watch.beat(lag)

    def told(self) -> list[Event]:
        """Give what was told since the last time."""
        told = list(self.events)
        self.events.clear()
        return told


def test_well_server_tells_what_was_measured_now_and_then() -> None:
    """That it is well is no news."""
    house = House()
    house.beat(3 * WINDOW - 1)
    measured = Measured(0.0, house.sessions, Share(20, 1000), house.storing, house.disk)
    assert house.told() == [measured, measured]
    assert house.changes == []
    assert house.watch.health == Health()


def test_change_is_told_once_with_what_was_measured() -> None:
    """Not while it lasts; and its end is told likewise."""
    house = House()
    house.beat()
    house.disk = house.disk._replace(free=5)
    house.beat(3)
    measured, changed = house.told()
    assert isinstance(measured, Measured)
    assert measured.disk.free == 5
    assert isinstance(changed, HealthChanged)
    assert changed.health == house.watch.health == house.changes[0]
    assert changed.health.state == State.FAILING
    house.disk = house.disk._replace(free=10**9)
    house.beat(3)
    assert [type(event) for event in house.told()] == [Measured, HealthChanged]
    assert house.changes[1:] == [Health()]


def test_one_of_several_workers_leaves_the_news_to_its_parent() -> None:
    """Which hears of it, and tells it once for all."""
    house = House(several=True)
    house.beat()
    house.disk = house.disk._replace(free=5)
    house.beat(3)
    assert [type(event) for event in house.told()] == [Measured]
    assert [change.state for change in house.changes] == [State.FAILING]


def test_another_reason_is_news_and_another_number_is_none() -> None:
    """The texts are those of the last beat."""
    house = House(storing=Storing(silence=61))
    house.beat()
    first = house.watch.health
    house.storing = Storing(silence=62)
    house.beat()
    assert house.changes == [first]
    assert house.watch.health.reasons[0].text == "the disk has not answered for 62 s"
    house.sessions = Share(100, 100)
    house.beat()
    assert len(house.changes) == 2
    assert house.watch.health.words == ("disk-hangs", "storing-slow", "sessions")


def test_server_whose_thread_has_ended_can_not_go_on() -> None:
    """Whatever else is the matter is mended by no new start."""
    house = House(storing=Storing(silence=100), disk=Disk(0, 1, 2))
    house.beat()
    assert house.watch.health.state == State.FAILING
    assert house.watch.alive
    house.storing = Storing(alive=False)
    house.beat()
    assert not house.watch.alive


def test_worst_of_the_last_seconds_counts() -> None:
    """A reactor that is late at every other beat does not make the health flicker."""
    house = House()
    house.beat(lag=1.5)
    house.storing = Storing(latency=6.0)
    house.beat()
    house.storing = Storing()
    house.beat(WINDOW - 2)
    assert [each.words for each in house.changes] == [("lag",), ("storing-slow", "lag")]
    house.beat()
    house.beat()
    assert [each.words for each in house.changes[2:]] == [("storing-slow",), ()]


def test_descriptors_are_counted_rarely_and_never_twice_at_once() -> None:
    """A count that does not come back, since the disk hangs, is not asked for again."""
    house = House(count=Deferred())
    house.beat(3 * WINDOW)
    assert len(house.counted) == 1
    assert house.events[-1] == Measured(0.0, house.sessions, None, house.storing, house.disk)
    house.count = succeed(Share(950, 1000))
    house.counted[0].callback(Share(940, 1000))
    house.beat()
    assert house.watch.health.words == ("descriptors",)
    assert len(house.counted) == 2


def test_open_files_are_counted() -> None:
    """All that the kernel has open for this process, of what there may be."""
    before = count_descriptors()
    assert before is not None
    assert before.most == resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    with ExitStack() as files:
        for _ in range(100):
            files.enter_context(Path("/dev/null").open())
        after = count_descriptors()
    assert after is not None
    assert after.most == before.most
    assert 50 < after.used - before.used < 150  # another thread has some of its own, now and then


@pytest.mark.parametrize("missing", ["/nowhere", "/proc/self/nowhere"])
def test_where_the_kernel_tells_nobody_nothing_is_counted(
    monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    """It costs the watch one of its reasons, and nothing else."""
    monkeypatch.setattr(module, "_OPEN", Path(missing))
    assert count_descriptors() is None


def test_open_files_are_listed_where_the_kernel_does_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another folder of the same files has no size, as this one has none before Linux 6.2."""
    monkeypatch.setattr(module, "_OPEN", Path("/proc/self/fdinfo"))
    counted = count_descriptors()
    with Path("/dev/null").open():
        more = count_descriptors()
    assert counted is not None
    assert more == counted._replace(used=counted.used + 1)


def test_where_no_file_can_be_opened_all_are_open() -> None:
    """Not even the folder that lists them."""
    program = (
        "import resource; from pathlib import Path; from gomail.server import watch\n"
        "watch._OPEN = Path('/proc/self/fdinfo')\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))\n"
        "print(*watch.count_descriptors())"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, timeout=PATIENCE
    )
    assert ran.stdout.split() == [b"3", b"3"]


def test_no_limit_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that may open whatever it likes can't come near the end of it."""
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY,) * 2)
    assert count_descriptors() is None
