"""
twistd with another gomail than ours: one that cheats, or one that waits less long.

The first argument has the names of the changes, parted by commas; twistd gets the others. The
delivery agent gets the same cheats.
"""

import sys
from collections.abc import Callable
from types import ModuleType

from twisted.scripts.twistd import run

from gomail import preflight
from gomail.delivery import job, places
from gomail.server import listening
from gomail.smtp import conversation, intake, turns
from tests.faults.cheats import cheat

DEADLINE = 4.0  # seconds to store a message, instead of minutes


def hurry() -> None:
    """Wait for the disk for seconds only."""
    for module in (turns, intake, conversation):
        change(module, VERDICT_TIME=DEADLINE)
    change(job, PATIENCE=DEADLINE * 0.9)
    change(places, SUSPENDED=0.5)
    change(listening, DRAIN_TIME=0.5, STOP_TIME=1.0)


def change(module: ModuleType, **values: object) -> None:
    """Have names of a module mean something else; one that it lacks would change nothing."""
    assert values.keys() <= vars(module).keys(), (module, values)
    vars(module).update(values)


CHANGES: dict[str, Callable[[], None]] = {"hurry": hurry}


def main() -> None:
    """Change what is to be changed, then be twistd."""
    names = sys.argv.pop(1).split(",")
    for name in names:
        CHANGES.get(name, lambda name=name: cheat(name))()
    if not CHANGES.keys() >= set(names):
        agent = [sys.executable, "-m", "tests.faults.agent", *names]
        change(preflight, agent_command=lambda **_: agent)
    run()


if __name__ == "__main__":
    main()
