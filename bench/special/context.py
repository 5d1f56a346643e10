"""What every measurement of this folder is given."""

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from bench.peers.peer import DEFAULTS, Running, Setting, running
from bench.peers.table import PEERS


@dataclass(frozen=True, slots=True)
class Context:
    """
    How to measure.

    Attributes:
        scratch: the folder below which everything is made.
        quick: whether a short trial is enough.
        strangers: whether gomail trusts nobody.
    """

    scratch: Path
    quick: bool = False
    strangers: bool = False

    def running(self, name: str, setting: Setting = DEFAULTS) -> AbstractContextManager[Running]:
        """Start the server of that name."""
        setting = replace(setting, strangers=self.strangers or setting.strangers)
        return running(PEERS[name], self.scratch, setting)
