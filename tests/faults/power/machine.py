"""
A machine whose power can be cut: user-mode Linux, a kernel that runs as ordinary processes.

Its disk is a file, its other files are ours, read-only. It runs one program of this project, which
tells line by line what it sees, by a serial line: what has been told is known here, whatever
becomes of the machine. To cut the power is to kill all its processes at once. What its kernel had
not yet written to the disk is gone then; what it had written is there, as in a drive without a
cache of its own, or with one that is flushed when the kernel says so.
"""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from tests.faults.client import PROJECT
from tests.faults.power import disk
from tests.patience import PATIENCE
from tests.waiting import join

PROGRAM = "linux.uml"
MODULES = Path("/usr/lib/uml/modules")
MEMORY = 320  # MiB
_SHARED = "/dev/shm"
_TEMPORARY = {"TMPDIR", "TMP", "TEMP"}
Told = Mapping[str, Any]  # an event: what it is stands under "event"

# The first process of the machine. Its root is that of this one, read-only; /run is its own.
_INIT = """\
#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/run TMPDIR=/run
export PYTHONPATH={project} PYTHONDONTWRITEBYTECODE=1
mount -t proc proc /proc
mount -t tmpfs tmpfs /run
stty raw -echo </dev/ttyS0
cd {project}
exec {python} -m tests.faults.power.inside.guest {order} </dev/null >/dev/ttyS0
"""


class Died(Exception):
    """The machine ended by itself: a fault of the program in it, which the console tells."""


def missing() -> str:
    """Say what of the tools is not installed; nothing if all are there."""
    wanted = [name for name in (PROGRAM, "stty", "mount") if shutil.which(name) is None]
    wanted += [name for name in disk.TOOLS if disk.tool(name) is None]
    if not wanted:
        return ""
    return f"{', '.join(wanted)} missing; try: sudo apt install user-mode-linux e2fsprogs"


def missing_mapper() -> str:
    """Say what is missing for disks that are more than a disk; nothing if all is there."""
    if lacks := missing():
        return lacks
    if disk.tool("dmsetup") and disk.tool("modprobe") and any(MODULES.glob("*/modules.dep")):
        return ""
    return "dmsetup, modprobe or their modules missing; try: sudo apt install dmsetup kmod"


class Machine:
    """
    One machine that runs.

    Args:
        folder: where its console, its order and what else it needs are kept; nothing else is.
        images: its disks.
        order: what its program is to do.
    """

    def __init__(self, folder: Path, images: Sequence[Path], order: Mapping[str, object]) -> None:
        folder.mkdir(parents=True)
        self._console = folder / "console"
        self._told: SimpleQueue[Told | None] = SimpleQueue()
        self._over = False
        init = _prepare(folder, order)
        read, write = os.pipe()
        with self._console.open("wb") as console:
            self._process = subprocess.Popen(
                _command(folder, images, init, write),
                cwd=folder,
                env=_environment(folder),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                pass_fds=(write,),
                start_new_session=True,
            )
        os.close(write)
        self._reader = threading.Thread(target=self._read, args=(read,), daemon=True)
        self._reader.start()

    def _read(self, pipe: int) -> None:
        """Take in what is told, until the last process of the machine is gone: our own thread."""
        with open(pipe, "rb") as lines:
            for line in lines:
                with suppress(ValueError):  # the line in which the power was cut
                    self._told.put(json.loads(line))
        self._told.put(None)

    def hear(self, seconds: float = PATIENCE) -> Told:
        """
        Wait for the next event.

        Raises:
            Died: there will be none.
        """
        try:
            told = self._told.get(timeout=seconds)
        except Empty:
            msg = f"nothing was told for {seconds:.0f} s\n{self.console}"
            raise Died(msg) from None
        if told is None or told["event"] == "fault":
            self._over = told is None
            raise Died(f"{told}\n{self.console}")
        return told

    def hear_of(self, event: str, seconds: float = PATIENCE) -> Told:
        """Wait for an event of one kind, and pass over all others."""
        while (told := self.hear(seconds))["event"] != event:
            pass
        return told

    def cut(self) -> list[Told]:
        """Cut the power; give what was told before and has not been heard."""
        if self._process.returncode is None:  # else the number may be anybody's
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(PATIENCE)
        rest: list[Told] = []
        # The line ends with the last process that could write to the disk.
        while not self._over:
            told = self._told.get(timeout=PATIENCE)
            if told is None:
                self._over = True
            else:
                rest.append(told)
        join(self._reader, "the end of what the machine tells")
        return rest

    @property
    def console(self) -> str:
        """Give the last that kernel and programs said to people."""
        return self._console.read_bytes()[-4000:].decode(errors="replace")


@contextmanager
def running(folder: Path, images: Sequence[Path], order: Mapping[str, object]) -> Iterator[Machine]:
    """Start a machine, and cut its power in the end at the latest."""
    machine = Machine(folder, images, order)
    try:
        yield machine
    finally:
        machine.cut()


def _prepare(folder: Path, order: Mapping[str, object]) -> Path:
    """Write down what the machine is to do; give its first program."""
    (folder / "order.json").write_text(json.dumps(order))
    init = folder / "init"
    init.write_text(
        _INIT.format(
            project=shlex.quote(str(PROJECT)),
            python=shlex.quote(sys.executable),
            order=shlex.quote(str(folder / "order.json")),
        )
    )
    init.chmod(0o700)
    return init


def _environment(folder: Path) -> dict[str, str]:
    """Have its memory be a file on a tmpfs, which it finds by itself, if that is large enough."""
    kept = {name: value for name, value in os.environ.items() if name not in _TEMPORARY}
    with suppress(OSError):
        room = os.statvfs(_SHARED)
        if room.f_bavail * room.f_frsize > 2 * MEMORY << 20:
            return kept
    return {**kept, "TMPDIR": str(folder)}


def _command(folder: Path, images: Sequence[Path], init: Path, line: int) -> list[str]:
    """Give the command: the kernel, its disks, its root, its console, and the serial line."""
    return [
        PROGRAM,
        f"mem={MEMORY}M",
        *(f"ubd{number}={os.path.relpath(each, folder)}" for number, each in enumerate(images)),
        "root=/dev/root",
        "rootfstype=hostfs",
        "rootflags=/",
        "ro",
        "quiet",
        f"init={init}",
        f"uml_dir={folder}/",
        "con0=null,fd:1",
        "con=null",
        f"ssl0=null,fd:{line}",
        "ssl=null",
    ]
