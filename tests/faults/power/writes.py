"""
A power cut behind every write: what a drive that loses its cache would have at each moment.

Luck has no part in it. Where a message is acknowledged the log has a mark, and from there on the
message must be found, wherever the log is cut.
"""

import shutil
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.faults.campaign import Campaign, say
from tests.faults.power import disk
from tests.faults.power.cuts import HONEST, LONG, How, order
from tests.faults.power.letters import Findings, Receipt, judge
from tests.faults.power.log import Mark, replay
from tests.faults.power.machine import missing_mapper, running

SIZE, INODES = 64 << 20, 2_000
LOG_SIZE = 256 << 20  # octets at most
SELDOM = 20  # writes between two looks at a server that cheats, apart from those behind each 250
# ext4 commits a name and the octets that were flushed with it together, so that whoever links first
# and syncs then is not caught here, but by the order checker (tests/faults/order.py).
CHEATS = ("forget-the-file", "forget-the-folder", "reply-before-the-folder")
_OVER = "dm-log-writes-end"


@dataclass(frozen=True, slots=True)
class Moment:
    """
    A moment at which the power might have been cut.

    Attributes:
        entry: the number of the last entry in the log that the disk has got.
        marked: whether a message was acknowledged just then.
        found: what a start would find.
    """

    entry: int
    marked: bool
    found: Findings


class Recorded:
    """
    Messages that a server took, and the log of what its disk was given meanwhile.

    Args:
        folder: where everything is kept; made here.
        how: how the server stores.
        letters: how many it gets one by one, and then from each of …
        senders: … so many at once.
    """

    def __init__(self, folder: Path, how: How, *, letters: int, senders: int) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self._image, self._log = folder / "before", folder / "log"
        disk.make(self._image, SIZE, INODES)
        with self._log.open("wb") as log:
            log.truncate(LOG_SIZE)
        used = folder / "disk"
        shutil.copy(self._image, used)
        given = order("written", how, "1", disk="logged", letters=letters, senders=senders)
        self.receipts: dict[str, Receipt] = {}
        with running(folder / "machine", [used, self._log], given) as machine:
            while (told := machine.hear(LONG))["event"] != "closed":
                assert told["event"] == "receipt", told
                kept = {name: value for name, value in told.items() if name != "event"}
                self.receipts[told["name"]] = Receipt(**kept)

    def moments(self, each: int = 1) -> Iterator[Moment]:
        """Cut the power behind every acknowledgement, and behind each so many writes."""
        acknowledged: list[Receipt] = []
        writes = 0
        for number, entry in enumerate(replay(self._image, self._log)):
            if isinstance(entry, Mark):
                if entry.text != _OVER:
                    acknowledged.append(self.receipts[entry.text])
                    yield self._moment(number, acknowledged, marked=True)
            elif entry.octets:
                writes += 1
                if writes % each == 0:
                    yield self._moment(number, acknowledged, marked=False)

    def _moment(self, number: int, acknowledged: list[Receipt], *, marked: bool) -> Moment:
        """See what a start would find now."""
        with TemporaryDirectory(dir=self._folder) as found:
            files = disk.recover(self._image, Path(found)) / "mail"
            return Moment(number, marked, judge(acknowledged, files))


def options(parser: ArgumentParser) -> None:
    """Add what can be set."""
    parser.add_argument("--letters", type=int, default=6, help="of a lone sender, and of each …")
    parser.add_argument("--senders", type=int, default=4, help="… of so many at once")
    parser.add_argument("--each", type=int, default=1, help="cut behind each so many writes only")
    parser.add_argument("--folder", type=Path, help="where disks are kept meanwhile")


def run(options: Namespace) -> bool:
    """Have each mode, and each cheat, take mail; cut behind each write, and tell."""
    cheats = [How(storing, changes=(name,)) for name in CHEATS for storing in ("process", "thread")]
    held = True
    for how in (*HONEST, *cheats):
        with TemporaryDirectory(dir=options.folder) as folder:
            recorded = Recorded(
                Path(folder) / "recorded", how, letters=options.letters, senders=options.senders
            )
            each = max(options.each, SELDOM) if how.changes else options.each
            moments = list(recorded.moments(each))
        wrong = sum(not moment.found.sound for moment in moments)
        torn = sum(bool(moment.found.torn) for moment in moments)
        say(
            f"{how}: {len(recorded.receipts)} acknowledged messages, {moments[-1].entry} entries "
            f"of the log, {len(moments)} cuts: {wrong} lose or tear mail ({torn} tear)"
        )
        held = held and bool(wrong) == bool(how.changes)
    return held


WRITES = Campaign(
    "writes",
    "Cut the power behind every single write; nothing acknowledged is lost, and cheats lose.",
    options,
    run,
    missing_mapper,
)
