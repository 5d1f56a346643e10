"""What holds a parent's place while its heir can't begin: as an heir's process runs it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gomail.server.workers import interim
from tests.patience import PATIENCE
from tests.system.running import until

pytestmark = pytest.mark.system
Hold = Callable[..., "Held"]
# As a parent has it begin, by execve(2).
_RUN = """
import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1])
signal.signal(signal.SIGUSR2, signal.SIG_IGN)
exec(os.pread(int(sys.argv[1]), 1 << 20, 0))
"""


class Held:
    """
    The place of a parent.

    Args:
        folder: where it is.
        text: of the program ``gomail`` that is to have it.
        within: what the command begins with.
        tried: the number of the file that a trial has left.
        environment: beside our own.
    """

    def __init__(
        self,
        folder: Path,
        text: str,
        *,
        within: tuple[str, ...] = (),
        tried: int | None = None,
        environment: dict[str, str] | None = None,
    ) -> None:
        (folder / "gomail.py").write_text(text)
        self._log = folder / "log"
        source = os.open(interim.__file__, os.O_RDONLY)
        with self._log.open("ab") as log:
            numbers = [source, log.fileno(), *([] if tried is None else [tried])]
            variables = {
                interim.LEGACY: json.dumps([[], [], False, None]),
                interim.VARIABLE: json.dumps([source, log.fileno(), False, 0]),
                **({} if tried is None else {interim.TRIED: str(tried)}),
            }
            self.process = subprocess.Popen(
                [*within, sys.executable, "-c", _RUN, str(source)],
                cwd=folder,
                env={**os.environ, **variables, **(environment or {})},
                pass_fds=numbers,
            )
        os.close(source)

    @property
    def log(self) -> str:
        """Give what was logged."""
        return self._log.read_text()

    def logged(self, text: str, times: int = 1) -> None:
        """Wait until something was, as often as that."""
        until(
            lambda: self.log.count(text) >= times or self.process.poll() is not None,
            f"{text} is in {self.log}",
        )
        assert self.log.count(text) >= times, (self.log, self.process.returncode)

    def tell(self, *numbers: signal.Signals) -> None:
        """Send signals."""
        for number in numbers:
            self.process.send_signal(number)


@pytest.fixture
def hold(tmp_path: Path) -> Iterator[Hold]:
    """Have places held, until the test ends."""
    held: list[Held] = []

    def hold(text: str, **how: object) -> Held:
        held.append(Held(tmp_path, text, **how))  # type: ignore[arg-type]
        return held[-1]

    yield hold
    for each in held:
        each.process.kill()
        each.process.wait(PATIENCE)


def test_signals_for_an_heir_end_nobody_where_there_is_no_python(hold: Hold) -> None:
    """SIGUSR1 and SIGHUP would end who does not heed them; SIGTERM is heeded."""
    held = hold("import sys; sys.executable = '/missing/python'; sys.exit('spoilt')")
    held.logged("can't begin: spoilt")
    held.tell(signal.SIGUSR1, signal.SIGHUP)
    held.logged("can't begin: [Errno 2]")
    held.tell(signal.SIGUSR1, signal.SIGHUP, signal.SIGUSR2)
    held.logged("can't begin: [Errno 2]", 2)
    held.tell(signal.SIGTERM)
    assert held.process.wait(PATIENCE) == -signal.SIGTERM


_TELLS = """
import os, signal, sys
open_files = [f"/proc/self/fd/{number}" for number in range(64)]
names = [os.readlink(path) for path in open_files if os.path.islink(path)]
keys = any("keys" in name for name in names)
waits = signal.SIGHUP in signal.sigpending()
sys.exit(f"{'GOMAIL_TRIED' in os.environ} {keys} {waits}")
"""


def test_only_sigusr2_drops_what_was_tried_and_a_reload_waits_for_the_heir(hold: Hold) -> None:
    """The file that has keys in it is open to no heir that does not go by it."""
    tried = os.memfd_create("keys")
    held = hold(_TELLS, tried=tried)
    os.close(tried)
    held.logged("can't begin: True True False")
    held.tell(signal.SIGHUP)
    held.logged("can't begin: True True True")
    held.tell(signal.SIGUSR2)
    held.logged("can't begin: False False True")


def test_process_1_of_a_container_can_be_ended(hold: Hold) -> None:
    """The kernel does not end it by a signal that it does not heed."""
    user = () if os.geteuid() == 0 else ("--user", "--map-root-user")
    within = ("unshare", *user, "--pid", "--fork", "--kill-child")
    if subprocess.run(["sh", "-c", 'exec "$@" true', "sh", *within], check=False).returncode:
        pytest.skip("unshare can't make a namespace of processes here")
    held = hold("import os, sys; sys.exit(f'process {os.getpid()}')", within=within)
    held.logged("can't begin: process 1;")
    pid = held.process.pid
    (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    os.kill(int(child), signal.SIGTERM)
    assert held.process.wait(PATIENCE) == 128 + signal.SIGTERM
