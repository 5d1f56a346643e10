"""What tests of the delivery share: a reactor of one queue, messages, and what became of them."""

import os
import stat
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Queue
from tempfile import gettempdir
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from gomail.delivery.committer import Committer
from gomail.delivery.deposit import Deposit, Filing, Folders, make_durable, tidy
from gomail.delivery.folder import make
from gomail.delivery.maildir import PRIVATE, Maildir, Ownership
from gomail.delivery.syncing import ByFiles
from gomail.limits import DEFAULT_LIMITS
from gomail.message.content import Content, Memory
from gomail.message.spool import write_all
from tests.patience import PATIENCE


class Backdoor:
    """The reactor as threads see it: what they have called runs when a test pumps."""

    def __init__(self) -> None:
        """Begin with nothing called."""
        self.calls: Queue[Callable[[], object]] = Queue()

    def callFromThread(self, function: Callable[..., object], *arguments: object) -> None:
        """Take a call from a thread."""
        self.calls.put(lambda: function(*arguments))

    def pump(self) -> None:
        """Make the next call, when it comes."""
        self.calls.get(timeout=PATIENCE)()

    def wait(self, answer: Awaitable[Any]) -> Any:  # noqa: ANN401 - whatever the answer is
        """Pump until *answer* is known; raise what it raises."""
        outcomes: list[object] = []
        done = answer if isinstance(answer, Deferred) else Deferred.fromCoroutine(_of(answer))
        done.addBoth(outcomes.append)
        until = time.monotonic() + PATIENCE
        while not outcomes and time.monotonic() < until:
            self.pump()
        (outcome,) = outcomes
        if isinstance(outcome, Failure):
            outcome.raiseException()
        return outcome


async def _of(answer: Awaitable[Any]) -> Any:  # noqa: ANN401 - as above
    """Make a coroutine of anything that can be awaited."""
    return await answer


@dataclass
class Bench:
    """A committer with its thread, its reactor and a clock that stands."""

    backdoor: Backdoor = field(default_factory=Backdoor)
    clock: Clock = field(default_factory=Clock)
    committer: Committer = field(init=False)

    def __post_init__(self) -> None:
        """Make the committer; its thread starts with the first job."""
        self.committer = Committer(self.backdoor)  # type: ignore[arg-type]

    def wait(self, answer: Awaitable[Any] | Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401
        """Wait for *answer*."""
        return self.backdoor.wait(answer)

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Keep the thread busy, so that what is asked for meanwhile is one batch."""
        began, go_on = threading.Event(), threading.Event()

        def wait() -> None:
            began.set()
            go_on.wait(PATIENCE)

        done = self.committer.run(wait)
        began.wait(PATIENCE)
        yield
        go_on.set()
        self.wait(done)

    def close(self) -> None:
        """End the thread."""
        self.wait(self.committer.stop())


def workers() -> list[threading.Thread]:
    """Give the committers' threads that are alive."""
    return [each for each in threading.enumerate() if each.name == "gomail committer"]


def fail() -> None:
    """Stand for a job with a mistake in it."""
    raise ZeroDivisionError


def maildirs(folder: Path, *names: str, ownership: Ownership = PRIVATE) -> list[Path]:
    """Make Maildirs."""
    for name in names:
        make(str(folder / name), ownership)
    return [folder / name for name in names]


def content(
    octets: bytes = b"A: b\r\n\r\nbody\r\n", *, spooled: bool = False, above: int = 0
) -> Content:
    """Make complete content, in memory or in a spool file with so many octets left free above."""

    def at_once(function: Callable[..., object], *arguments: object) -> Deferred[Any]:
        function(*arguments)
        done: Deferred[Any] = Deferred()
        done.callback(None)
        return done

    memory = Memory(0 if spooled else 10**9)
    made = Content(DEFAULT_LIMITS, memory, at_once, gettempdir(), lambda: above)
    made.take(octets)
    made.end()
    return made


SHARED = Ownership(group=os.getgid())
TRACE = b"Trace: yes\n"


def deposit(
    *paths: Path, spooled: bool = False, above: int = 0, ownership: Ownership = PRIVATE
) -> Deposit:
    """Make a deposit of one message for the Maildirs at *paths*."""
    filings = [Filing(str(path), TRACE) for path in paths]
    made = content(spooled=spooled, above=above)
    return Deposit(made, filings, "mx.here.example", ownership)


def deliver(maildir: Maildir, octets: bytes, host: str = "mx.here.example") -> str:
    """Deliver one message, and give its name."""
    staged = maildir.stage(host, lambda fd: write_all(fd, octets), len(octets))
    staged.start_writing()
    staged.flush()
    staged.commit()
    maildir.flush()
    staged.abort()
    return staged.name


STORED = TRACE + b"A: b\n\nbody\n"


def store(*batch: Deposit) -> None:
    """Do a batch from beginning to end, and see that nothing is left open or in tmp/."""
    with no_file_left_open():
        folders, syncing = Folders(), ByFiles()
        make_durable(batch, folders, syncing)
        tidy(batch, folders)
        syncing.close()
    for each in batch:
        for filing in each.filings:
            if (Path(filing.path) / "tmp").is_dir():
                assert left_over(Path(filing.path)) == []


def messages(maildir: Path) -> list[bytes]:
    """Give what a mail reader finds in ``new/``."""
    return [path.read_bytes() for path in sorted((maildir / "new").iterdir())]


def mode(path: Path) -> int:
    """Give the mode of a file or folder."""
    return stat.S_IMODE(path.stat().st_mode)


def left_over(maildir: Path) -> list[str]:
    """Give the names in ``tmp/``."""
    return sorted(path.name for path in (maildir / "tmp").iterdir())


def open_files() -> Counter[str]:
    """Give the open files and folders of this process; sockets and the like are the reactor's."""
    targets = map(_target, Path("/proc/self/fd").iterdir())
    return Counter(each for each in targets if each.startswith("/") and each[:5] != "/dev/")


def _target(fd: Path) -> str:
    """Tell what is open, by the name that it has or had."""
    try:
        return str(fd.readlink()).removesuffix(" (deleted)")
    except FileNotFoundError:  # that of the listing itself
        return ""


@contextmanager
def no_file_left_open() -> Iterator[None]:
    """See that no file is open afterwards that was not before; an older one may be gone by then."""
    before = open_files()
    yield
    assert not open_files() - before


def path_of(fd: int) -> str:
    """Give the path of an open file, as it is called now."""
    return str(Path(f"/proc/self/fd/{fd}").readlink()).removesuffix(" (deleted)")
