"""A terminal for programs that insist on one."""

import os
import pty
import pwd
import select
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence

RUN_TIME = 15.0


def run_in_terminal(
    command: Sequence[str], user: pwd.struct_passwd, environment: Mapping[str, str]
) -> str:
    """Run a program as *user* in a terminal of 30 lines, to its end; return all that it wrote there."""
    ours, theirs = pty.openpty()
    try:
        termios.tcsetwinsize(theirs, (30, 120))
        process = subprocess.Popen(
            command,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={"PATH": os.environ["PATH"], "TERM": "xterm", "LC_ALL": "C.UTF-8", **environment},
            start_new_session=True,
            user=user.pw_uid,
            group=user.pw_gid,
            extra_groups=[],
        )
        os.close(theirs)
        written = _read_to_the_end(ours)
        try:
            status = process.wait(1)
        except subprocess.TimeoutExpired:
            process.kill()
            status = process.wait()
    finally:
        os.close(ours)
    assert status == 0, f"{command[0]} ended with {status}:\n{written}"
    return written


def _read_to_the_end(terminal: int) -> str:
    """Read until the program closes its terminal, or has had its time."""
    written = b""
    deadline = time.monotonic() + RUN_TIME
    while time.monotonic() < deadline:
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                octets = os.read(terminal, 65536)
            except OSError:  # so does Linux tell the end
                break
            if not octets:
                break
            written += octets
    return written.decode(errors="replace")
