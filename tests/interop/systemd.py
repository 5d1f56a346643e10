"""
A systemd of the test's own as PID 1, in namespaces: nothing of it is seen outside.

It has its own processes, mounts, network and host name. It sees the machine's files and changes
none: all mounts are read-only, /etc lies under an overlay, and /dev, /home, /opt, /run, /srv, /tmp
and /var are its own. Folders of ours appear below /run/shown.
"""

import os
import re
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.interop.server import wait_for
from tests.interop.software import needs
from tests.patience import PATIENCE
from tests.waiting import heard_out

_WRONG = re.compile(r"Traceback|Unhandled|[Ee]rror|Warning|trouble|not permitted|denied|nable to")
# Every mount is made read-only before anything else, and that is tried: a systemd that boots
# empties /tmp, for one. It gets a few folders of its own, and no units but those that ours ask for.
_BOOT = """
set -e
mount --make-rprivate /
cut -d' ' -f5 /proc/self/mountinfo | while read -r point; do
    mount -o remount,bind,ro "$point"
done
for folder in /etc /tmp /usr /var /var/tmp /dev /work /root /sys; do
    if [ -d $folder ] && touch $folder/.gomail-test 2>/dev/null; then
        echo "$folder is not read-only" >&2
        exit 1
    fi
done
mount -t tmpfs tmpfs /run
mkdir -p /run/upper /run/work /run/shown
for folder in "$@"; do
    mkdir /run/shown/${folder%%=*}
    mount --bind "${folder#*=}" /run/shown/${folder%%=*}
    mount -o remount,bind,ro /run/shown/${folder%%=*}
done
mount -t overlay overlay -o lowerdir=/etc,upperdir=/run/upper,workdir=/run/work /etc
for folder in /tmp /var /home /opt /srv /dev /lib/systemd/system /lib/systemd/system-generators; do
    mount -t tmpfs -o mode=755 tmpfs $folder
done
chmod 1777 /tmp
mkdir -p -m 1777 /var/tmp
mkdir /var/lib /var/log /opt/gomail /dev/pts /dev/shm /dev/mqueue /dev/hugepages
mount -t devpts -o newinstance,ptmxmode=666 devpts /dev/pts
ln -s pts/ptmx /dev/ptmx
mknod -m 666 /dev/null c 1 3
mknod -m 666 /dev/zero c 1 5
mknod -m 666 /dev/full c 1 7
mknod -m 666 /dev/random c 1 8
mknod -m 666 /dev/urandom c 1 9
mknod -m 666 /dev/tty c 5 0
mount -t proc proc /proc
mount --bind /proc/sys /proc/sys
mount -o remount,bind,ro /proc/sys
umount --recursive /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
ip link set lo up
rm -rf /etc/systemd/system/*
for target in sysinit basic sockets network network-online multi-user shutdown umount test; do
    printf '[Unit]\\nDefaultDependencies=no\\n' >/lib/systemd/system/$target.target
done
export container=test
exec $GOMAIL_TEST_INIT
"""
_NAMESPACES = ("--fork", "--mount", "--pid", "--net", "--uts", "--ipc", "--cgroup")
_INIT = "/lib/systemd/systemd --system --unit=test.target --log-target=null --show-status=no"


def own_cgroup() -> Path:
    """Name a control group that is to be made, in the hierarchy that can be parted."""
    needs("systemctl")
    if not os.environ.get("CI"):
        pytest.skip("a systemd is booted as root, in namespaces: only where CI is set")
    if subprocess.call(
        [needs("unshare"), *_NAMESPACES, "mount", "--make-rprivate", "/"], timeout=PATIENCE
    ):
        pytest.skip("this machine allows no namespaces")
    for root in (Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup")):
        if (root / "cgroup.controllers").exists() and os.access(root / "cgroup.procs", os.W_OK):
            return root / f"gomail-test-{os.getpid()}"
    pytest.skip("there is no hierarchy of control groups, version 2, on this machine")


class Systemd:
    """
    A systemd that runs; commands are run inside.

    Args:
        cgroup: a group of the machine's, of its own, that it may part as it likes.
        shown: folders of ours, by the names that they have below /run/shown.
    """

    def __init__(self, cgroup: Path, shown: Mapping[str, Path]) -> None:
        self._cgroup = cgroup
        cgroup.mkdir()
        unshare = [needs("unshare"), *_NAMESPACES, "--kill-child"]
        words = [f"{name}={folder}" for name, folder in shown.items()]
        enter = f'echo $$ >{cgroup}/cgroup.procs; exec "$@"'
        self._process = subprocess.Popen(
            [
                "sh",
                "-c",
                enter,
                "sh",
                *unshare,
                "--fork",
                "--kill-child",
                "sh",
                "-c",
                _BOOT,
                "sh",
                *words,
            ],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={**os.environ, "GOMAIL_TEST_INIT": _INIT},
        )
        self._init = wait_for("systemd to become PID 1", self._started)
        wait_for(
            "systemd to run", lambda: "running" in self.tries("systemctl", "is-system-running")
        )

    def _started(self) -> int | None:
        """Give the process that is PID 1 inside, once it is systemd."""
        assert self._process.poll() is None, heard_out(self._process)[1]
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text()
        for child in children.split():
            if Path(f"/proc/{child}/comm").read_text() == "systemd\n":
                return int(child)
        return None

    def tries(self, *command: str) -> str:
        """Run a command inside; give what it said, however it ended."""
        return self._run(*command).stdout

    def does(self, *command: str) -> str:
        """Run a command inside, which must succeed; give what it said."""
        done = self._run(*command)
        assert done.returncode == 0, f"{command}: {done.stdout}\n{self.tells()}"
        return done.stdout

    def _run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command inside."""
        return subprocess.run(
            self.inside(*command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=2 * PATIENCE,
            check=False,
        )

    def inside(self, *command: str) -> list[str]:
        """Give the command that runs another one inside."""
        return ["nsenter", "--target", str(self._init), "--all", "--wd=/", *command]

    def writes(self, path: str, text: str) -> None:
        """Write a file inside."""
        put = 'mkdir -p "$(dirname "$1")" && printf %s "$2" >"$1"'
        self.does("sh", "-c", put, "sh", path, text)

    def shows(self, unit: str, name: str) -> str:
        """Give a property of a unit."""
        return self.does("systemctl", "show", unit, "--value", "--property", name).strip()

    def logs(self, text: str) -> None:
        """Wait until the log tells something."""
        wait_for(text, lambda: text in self.tries("cat", "/run/gomail.log"))

    def wrong(self) -> list[str]:
        """Give the lines of the log that tell of anything wrong."""
        lines = self.tries("cat", "/run/gomail.log").splitlines()
        return [line for line in lines if _WRONG.search(line)]

    def tells(self) -> str:
        """Give how the service is, and what it wrote."""
        return self.tries("sh", "-c", "systemctl status gomail.service; cat /run/gomail.log")

    def end(self) -> None:
        """End it, with all that runs inside."""
        os.kill(self._init, signal.SIGKILL)
        heard_out(self._process)
        wait_for("the control group to be empty", self._left)

    def _left(self) -> bool:
        """Remove the control group, deepest first, if nobody is in it any more."""
        try:
            for folder, _, _ in os.walk(self._cgroup, topdown=False):
                Path(folder).rmdir()
        except OSError:
            return False
        return True
