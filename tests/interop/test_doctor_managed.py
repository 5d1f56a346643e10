"""``gomail doctor`` before ufw and firewalld themselves: their own line opens what is closed."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.interop.host import Machine
from tests.interop.software import end, needs
from tests.patience import PATIENCE

pytestmark = [pytest.mark.interop, pytest.mark.needs_root]
BOTH = ["firewall-ipv4", "firewall-ipv6"]
BUS = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=/run/dbus/system_bus_socket</listen>
  <policy context="default">
    <allow user="*"/><allow own="*"/><allow send_type="*"/><allow receive_type="*"/>
    <allow send_destination="*"/>
  </policy>
</busconfig>
"""


@contextmanager
def copied(machine: Machine, *folders: str) -> Iterator[None]:
    """Have copies in the place of folders, so that the machine's own stay as they are."""
    for folder in folders:
        copy = machine.folder / folder.replace("/", "_")
        shutil.copytree(folder, copy, symlinks=True)
        machine.host.mount("--bind", str(copy), folder)
    try:
        yield
    finally:
        for folder in folders:
            machine.host.unmount(Path(folder))


def line_of(machine: Machine) -> str:
    """Give the one line that opens the port, for both versions of IP."""
    status, told = machine.ask()
    assert status == 1
    assert [each["code"] for each in told["findings"]] == BOTH
    [line] = {line for each in told["findings"] for line in each["lines"]}
    return str(line)


def test_ufw_is_opened_by_its_own_line(machine: Machine) -> None:
    """Enabled as people enable it, with ssh alone let in."""
    needs("ufw")
    with copied(machine, "/etc/ufw", "/etc/default"):
        machine.host.run("ufw", "allow", "22/tcp")
        machine.host.run("ufw", "--force", "enable")
        try:
            line = line_of(machine)
            assert line == "sudo ufw allow 25/tcp"
            machine.host.run(*line.split()[1:])
            assert machine.codes() == []
        finally:
            machine.host.run("ufw", "disable")


@contextmanager
def firewalld(machine: Machine) -> Iterator[None]:
    """Have firewalld run, on a bus of its own."""
    bus = machine.folder / "bus.conf"
    bus.write_text(BUS)
    Path(machine.folder, "dbus").mkdir(exist_ok=True)
    machine.host.run("mkdir", "-p", "/run/dbus", "/run/firewalld")
    commands = (
        [needs("dbus-daemon"), f"--config-file={bus}", "--nofork", "--nopidfile"],
        [needs("firewalld"), "--nofork", "--nopid"],
    )
    running: list[subprocess.Popen[bytes]] = []
    try:
        for command in commands:
            running.append(machine.host.do(subprocess.Popen, command))
            if len(running) == 1:
                until_there(machine, Path("/run/dbus/system_bus_socket"))
        deadline = time.monotonic() + PATIENCE
        while machine.host.do(_state) != "running":
            assert time.monotonic() < deadline, "firewalld does not start"
            time.sleep(0.2)
        yield
    finally:
        for process in reversed(running):
            end(process)
        machine.host.run("nft", "flush", "ruleset")


def _state() -> str:
    """Ask firewalld whether it runs."""
    done = subprocess.run(
        [needs("firewall-cmd"), "--state"],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    return done.stdout.strip()


def until_there(machine: Machine, path: Path) -> None:
    """Wait for a file."""
    deadline = time.monotonic() + PATIENCE
    while not machine.host.do(os.path.exists, path):
        assert time.monotonic() < deadline, f"{path} does not come"
        time.sleep(0.05)


def test_firewalld_is_opened_by_its_own_line(machine: Machine) -> None:
    """As Fedora has it: ssh alone is let in by the usual zone."""
    needs("firewalld")
    with copied(machine, "/etc/firewalld"), firewalld(machine):
        line = line_of(machine)
        assert line == (
            "sudo firewall-cmd --permanent --add-port=25/tcp && sudo firewall-cmd --reload"
        )
        for each in line.split(" && "):
            machine.host.run(*each.split()[1:])
        assert machine.codes() == []
