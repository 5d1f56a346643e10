"""
A systemd of the test's own as PID 1, in namespaces: nothing of it is seen outside.

It has its own processes, mounts, network and hosts' names; /etc lies under an overlay, /home and
/srv and /var/lib are empty.
"""

import os
import signal
import subprocess
from pathlib import Path

from tests.interop.server import wait_for
from tests.interop.software import needs

_BOOT = """
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs /run
mkdir /run/upper /run/work
mount -t overlay overlay -o lowerdir=/etc,upperdir=/run/upper,workdir=/run/work /etc
for folder in /home /srv /var/lib; do mount -t tmpfs tmpfs $folder; done
umount --recursive /sys/fs/cgroup || umount --lazy /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t proc proc /proc
ip link set lo up
rm -rf /etc/systemd/system/*
printf '[Unit]\\nDefaultDependencies=no\\n' >/etc/systemd/system/test.target
ln -s /dev/null /etc/systemd/system/systemd-sysctl.service
export container=test
exec "$0" --system --unit=test.target --log-target=null --show-status=no
"""


class Systemd:
    """
    A systemd that runs; commands are run inside.

    Args:
        cgroup: a group of the machine's, of its own, that it may part as it likes.
    """

    def __init__(self, cgroup: Path) -> None:
        self._cgroup = cgroup
        cgroup.mkdir()
        unshare = [needs("unshare"), "--mount", "--pid", "--net", "--uts", "--ipc", "--cgroup"]
        init = "/lib/systemd/systemd"
        enter = f'echo $$ >{cgroup}/cgroup.procs; exec "$@"'
        self._process = subprocess.Popen(
            ["sh", "-c", enter, "sh", *unshare, "--fork", "--kill-child", "sh", "-c", _BOOT, init],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        self._init = wait_for("systemd to become PID 1", self._started)
        wait_for(
            "systemd to run", lambda: "running" in self.tries("systemctl", "is-system-running")
        )

    def _started(self) -> int | None:
        """Give the process that is PID 1 inside, once it is systemd."""
        assert self._process.poll() is None, self._process.communicate()[1]
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
        enter = ["nsenter", "--target", str(self._init), "--all", "--wd=/"]
        return subprocess.run(
            [*enter, *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=100,
            check=False,
        )

    def shows(self, unit: str, name: str) -> str:
        """Give a property of a unit."""
        return self.does("systemctl", "show", unit, "--value", "--property", name).strip()

    def tells(self) -> str:
        """Give how the service is, and what it wrote."""
        return self.tries("sh", "-c", "systemctl status gomail.service; cat /run/gomail.log")

    def end(self) -> None:
        """End it, with all that runs inside."""
        os.kill(self._init, signal.SIGKILL)
        self._process.communicate()
        wait_for("the control group to be empty", self._left)

    def _left(self) -> bool:
        """Remove the control group, deepest first, if nobody is in it any more."""
        try:
            for folder, _, _ in os.walk(self._cgroup, topdown=False):
                Path(folder).rmdir()
        except OSError:
            return False
        return True
