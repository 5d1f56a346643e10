"""Power cuts by the hundred, and cheats that must lose: ``python -m tests.faults power``."""

import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.faults.campaign import Campaign, say
from tests.faults.power.cuts import HONEST, How, Series
from tests.faults.power.letters import Findings
from tests.faults.power.machine import missing

NO_FSYNC = tuple(
    How(storing, changes=("forget-the-file", "forget-the-folder"))
    for storing in ("process", "thread")
)
NO_FOLDER = tuple(How(storing, changes=("forget-the-folder",)) for storing in ("process", "thread"))


def options(parser: ArgumentParser) -> None:
    """Add what can be set."""
    parser.add_argument(
        "--cuts", type=int, default=100, help="of an honest gomail, in all its modes"
    )
    parser.add_argument("--controls", type=int, default=5, help="of each cheat, in each mode")
    parser.add_argument("--per-disk", type=int, default=10, help="cuts before a disk is made anew")
    parser.add_argument("--longest", type=float, default=4.0, help="seconds of load before a cut")
    parser.add_argument("--seed", default="1", help="what chance begins with")
    parser.add_argument("--folder", type=Path, help="where disks are kept meanwhile")


@dataclass(slots=True)
class Sum:
    """What all honest cuts came to."""

    cuts: int = 0
    acknowledged: int = 0
    lost: int = 0
    torn: int = 0
    refused: int = 0


def run(options: Namespace) -> bool:
    """Cut, look, and tell; then have the cheats lose."""
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        total = Sum()
        for series in _series(options, Path(folder)):
            _cut(series, total, options)
        say(
            f"{total.cuts} cuts, {total.acknowledged} acknowledged messages: {total.lost} copies "
            f"lost, {total.torn} files torn; {total.refused} messages refused"
        )
        caught = _controls(options, Path(folder))
    return not total.lost and not total.torn and caught


def _series(options: Namespace, folder: Path) -> Iterator[Series]:
    """Make one disk after the other."""
    for number in range(-(-options.cuts // options.per_disk)):
        yield Series(folder / f"series{number}", f"{options.seed} {number}")


def _cut(series: Series, total: Sum, options: Namespace) -> None:
    """Cut the power of one disk's machines, in turn in each mode."""
    found = None
    for _ in range(min(options.per_disk, options.cuts - total.cuts)):
        how = HONEST[total.cuts % len(HONEST)]
        found = series.cut_under_load(how, options.longest)
        total.cuts += 1
        say(f"cut {total.cuts}: {how}: {told(found)}")
        for each in (*found.lost, *found.torn):
            say(f"  {each}")
    if found is not None:
        total.acknowledged += found.acknowledged
        total.lost += len(found.lost)
        total.torn += len(found.torn)
        total.refused += series.refused
    series.remove()


def _controls(options: Namespace, folder: Path) -> bool:
    """See that cheats lose; tell whether all did."""
    caught = True
    for how in (*NO_FSYNC, *NO_FOLDER):
        lost = acknowledged = losing = 0
        for number in range(options.controls):
            series = Series(folder / "control", f"{options.seed} {number}")
            if how in NO_FOLDER:
                found = series.cut_alone(how)
            else:
                found = series.cut_under_load(how, options.longest)
            series.remove()
            lost += len(found.lost)
            acknowledged += found.acknowledged
            losing += not found.sound
        say(
            f"control {how}: {losing} of {options.controls} cuts lost mail, {lost} copies of "
            f"{acknowledged} acknowledged messages"
        )
        caught = caught and losing == options.controls
    return caught


def told(found: Findings) -> str:
    """Say what was found, in a line."""
    return (
        f"{found.acknowledged} acknowledged on this disk, {len(found.lost)} lost, "
        f"{len(found.torn)} torn of {found.files} files, {found.unfinished} unfinished"
    )


POWER = Campaign(
    "power", "Cut the power under load; nothing acknowledged is lost.", options, run, missing
)
