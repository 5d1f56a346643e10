"""A Dovecot of our own, which serves one Maildir by IMAP."""

import imaplib
import pwd
import re
import socket
import subprocess
from pathlib import Path

import pytest

from tests.interop.server import wait_for
from tests.interop.software import end, needs, run
from tests.patience import PATIENCE

PASSWORD = "secret"

_SETTINGS = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
mail_location = maildir:{maildir}
first_valid_uid = 1
first_valid_gid = 1
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={home}
}}
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
"""

_WRONG = re.compile(r"(?:Error|Warning|Fatal|Panic): (?!Killed with signal 15)")


class Dovecot:
    """
    A Dovecot whose configuration and sockets lie in a folder; only root can run it.

    Args:
        folder: that everybody may enter; its own subfolder is made.
        maildir: what anybody finds who logs in.
        user: whose Maildir that is.
    """

    def __init__(self, folder: Path, maildir: Path, user: pwd.struct_passwd) -> None:
        program = needs("dovecot")
        version = run([program, "--version"])
        if not version.startswith("2.3"):
            pytest.skip(f"the settings are for Dovecot 2.3, and this is {version}")
        self._folder = folder / "dovecot"
        self._folder.mkdir()
        self._port = _free_port()
        settings = self._folder / "dovecot.conf"
        settings.write_text(
            _SETTINGS.format(
                folder=self._folder,
                maildir=maildir,
                uid=user.pw_uid,
                gid=user.pw_gid,
                home=folder,
                port=self._port,
                password=PASSWORD,
            )
        )
        with (self._folder / "output").open("wb") as output:
            self._process = subprocess.Popen(
                [program, "-F", "-c", settings],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def connect(self) -> imaplib.IMAP4:
        """Log in, as soon as that is possible."""

        def connected() -> imaplib.IMAP4 | None:
            assert self._process.poll() is None, self.log
            try:
                return imaplib.IMAP4("127.0.0.1", self._port, timeout=PATIENCE)
            except OSError:
                return None

        client = wait_for("Dovecot to greet", connected)
        client.login("alfred", PASSWORD)
        return client

    @property
    def log(self) -> str:
        """What it has said."""
        return "".join(
            path.read_text(errors="replace")
            for path in (self._folder / "output", self._folder / "log")
            if path.exists()
        )

    def stop(self) -> None:
        """Stop it, and see that it had nothing to complain of."""
        end(self._process)
        wrong = [line for line in self.log.splitlines() if _WRONG.search(line)]
        assert not wrong, "\n".join(wrong)


def _free_port() -> int:
    """Ask the system for a port that nobody uses."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
