"""
twistd with another gomail than ours: one that cheats.

The first argument has the names of the cheats, parted by commas; twistd gets the others. The
delivery agent gets the same cheats.
"""

import sys

from twisted.scripts.twistd import run

from gomail import preflight
from tests.faults.cheats import cheat


def main() -> None:
    """Change what is to be changed, then be twistd."""
    names = sys.argv.pop(1).split(",")
    cheat(*names)
    agent = [sys.executable, "-m", "tests.faults.agent", *names]
    assert "agent_command" in vars(preflight)
    vars(preflight).update(agent_command=lambda **_: agent)
    run()


if __name__ == "__main__":
    main()
