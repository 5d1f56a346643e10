"""A disk that is slow and one that hangs, with gomail's own deadlines: ``… tests.faults disks``."""

import tempfile
from argparse import ArgumentParser, Namespace
from pathlib import Path

from tests.faults.campaign import Campaign, say
from tests.faults.power.cuts import How, Series, order
from tests.faults.power.machine import Told, missing_mapper

HURRY = ("hurry",)
ENOUGH = 3  # commands answered while a message waits: who waits with it answers none


def slow_disk(series: Series, how: How, delay: int, rest: float) -> dict[str, Told]:
    """Have every flush take *delay* ms, behind *rest* s without; give what was told, by event."""
    given = order("slow", how, "1", disk="delayed", delay=delay, rest=rest)
    return {told["event"]: told for told in series.tell_until("slow", given)}


def hung_disk(series: Series, how: How) -> dict[str, Told]:
    """Have the disk hang, recover, and hang again when the server stops; give what was told."""
    given = order("hung", how, "1", disk="delayed")
    return {told["event"]: told for told in series.tell_until("stopped", given)}


def options(parser: ArgumentParser) -> None:
    """Add what can be set."""
    parser.add_argument("--delay", type=int, default=5000, help="milliseconds that a flush takes")
    parser.add_argument("--hurry", action="store_true", help="hang for seconds instead of minutes")
    parser.add_argument("--folder", type=Path, help="where disks are kept meanwhile")


def run(options: Namespace) -> bool:
    """Try both, with both ways to store."""
    held = True
    for storing in ("process", "thread"):
        for try_it in (_slow, _hung):
            with tempfile.TemporaryDirectory(dir=options.folder) as folder:
                held = try_it(Series(Path(folder) / "series", "1"), storing, options) and held
    return held


def _slow(series: Series, storing: str, options: Namespace) -> bool:
    """Tell how a slow disk was borne."""
    told = slow_disk(series, How(storing), options.delay, rest=10)
    quick, slow = told["quick"], told["slow"]
    say(
        f"{storing}, each flush {options.delay} ms: stored after {slow['seconds']:.1f} s; "
        f"meanwhile {_answers(slow)}; before, with a quick disk, {_answers(quick)}"
    )
    return slow["stored"] and slow["answered"] >= ENOUGH and series.judged().sound


def _hung(series: Series, storing: str, options: Namespace) -> bool:
    """Tell how a disk was borne that hung."""
    told = hung_disk(series, How(storing, changes=HURRY if options.hurry else ()))
    hung, stopped = told["hung"], told["stopped"]
    code = stopped["code"]
    buried = "with a thread in the kernel" if code is None else f"exit code {code}"
    say(
        f"{storing}, hung: {told['refused']['reply']} after {hung['seconds']:.1f} s; meanwhile "
        f"{_answers(hung)}; mail again {told['recovered']['seconds']:.1f} s behind the recovery; "
        f"hung again, SIGTERM ended it after {stopped['seconds']:.1f} s, {buried}"
    )
    found = series.judged()
    once = found.files == found.acknowledged  # what was refused did not come by itself later
    return not hung["stored"] and hung["answered"] >= ENOUGH and found.sound and once


def _answers(told: Told) -> str:
    """Say how another session was answered meanwhile."""
    return (
        f"{told['answered']} commands of another session, 99 % within {told['most']:.0f} ms, all "
        f"within {told['longest']:.0f} ms"
    )


DISKS = Campaign(
    "disks",
    "A disk that is slow, and one that hangs: the dialogue goes on, and nothing is lost.",
    options,
    run,
    missing_mapper,
)
