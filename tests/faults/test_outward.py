"""Nothing leaves: gomail receives, and never connects to anybody."""

import os
import re
import shutil
import signal
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from tests.faults.client import Session, port_and_pid, start, traced_to_the_end
from tests.faults.house import TEXT
from tests.faults.server import AGENT
from tests.patience import PATIENCE

pytestmark = pytest.mark.system
ATTEMPTS = re.compile(r"(?:connect|sendto|sendmsg)\(.*sin6?_port=htons\((\d+)\)")


@pytest.mark.parametrize("how", [(), (AGENT,)])
def test_p2_no_refusal_and_no_failure_makes_mail_of_our_own(
    tmp_path: Path, how: tuple[str, ...]
) -> None:
    """Backscatter: stored, refused, deferred or a bounce, no system call reaches for a network."""
    probe = ["strace", "-o", os.devnull, "true"]
    if (
        shutil.which("strace") is None
        or subprocess.run(probe, check=False, timeout=PATIENCE).returncode
    ):
        pytest.skip("strace is missing, or may not trace")
    trace, mail = tmp_path / "trace", tmp_path / "mail"
    mail.mkdir()
    calls = "trace=connect,sendto,sendmsg,bind"
    server = start(mail, *how, before=("strace", "-f", "-o", str(trace), "-e", calls))
    port, pid = port_and_pid(server)
    try:
        with closing(Session(port)) as session:
            assert session.offer(TEXT, "alice").startswith(b"250 ")
            assert session.offer(TEXT, "nobody").startswith(b"550 ")
            session.say(b"RSET\r\n")
            assert session.say(b"MAIL FROM:<>\r\n").startswith(b"250 ")
            assert session.say(b"RCPT TO:<a@elsewhere.example>\r\n").startswith(b"550 ")
            session.say(b"RSET\r\n")
            (mail / "bob").write_text("no Maildir")
            assert session.offer(TEXT, "bob").startswith(b"451 ")
    finally:
        os.kill(pid, signal.SIGKILL)  # strace itself would not be disturbed
        traced_to_the_end(server)
    traced = trace.read_text(errors="replace")
    assert re.search(r"bind\(.*sin_port", traced), "it was traced"
    assert ATTEMPTS.findall(traced) == []
