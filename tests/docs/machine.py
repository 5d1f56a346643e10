"""A machine on which a page's commands are typed: systemd, a user, and root for what is sudo's."""

import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby

from tests.interop.booted import gomail_under_systemd, python
from tests.interop.systemd import Systemd
from tests.interop.terminal import Terminal

# In a sandbox that root has made, sudo has nothing left to do; what is typed with it is root's.
_SUDO = '#!/bin/sh\nexec "$@"\n'
_PATH = "/run/tools:/opt/gomail/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_SEND = """
import smtplib, ssl, sys
with smtplib.SMTP(sys.argv[1], 25, "mail.client.example", timeout=60) as session:
    session.starttls(context=ssl._create_unverified_context())
    content = f"From: me@client.example\\r\\nSubject: {sys.argv[3]}\\r\\n\\r\\nHello.\\r\\n"
    session.sendmail("me@client.example", [sys.argv[2]], content)
"""


class Machine:
    """A booted systemd, with gomail installed, and the user that the pages call *you*."""

    def __init__(self, systemd: Systemd, user: str) -> None:
        self.systemd = systemd
        self.user = user
        systemd.does("useradd", "--create-home", "--home-dir", f"/home/{user}", user)
        systemd.writes("/run/tools/sudo", _SUDO)
        systemd.does("chmod", "755", "/run/tools", "/run/tools/sudo")

    def types(self, text: str) -> str:
        """Type lines, each as the user, or as root where it begins with sudo; give what is said."""
        said = ""
        for as_root, lines in groupby(text.splitlines(), lambda line: line.startswith("sudo ")):
            words = ["env", f"PATH={_PATH}", f"HOME=/home/{self.user}"]
            if not as_root:
                rights = (f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups")
                words = ["setpriv", *rights, *words]
            said += self.systemd.does(*words, "sh", "-ec", "\n".join(["cd ~", *lines]))
        return said

    def terminal(self, command: str) -> Terminal:
        """Give a terminal in which the user has typed a command."""
        inside = self.systemd.inside("runuser", "-l", self.user, "-c", f"PATH={_PATH}; {command}")
        return Terminal(inside, pwd.getpwuid(0), {})

    def sends(self, address: str, subject: str, host: str = "127.0.0.1") -> None:
        """Have a stranger send a message, by STARTTLS."""
        self.systemd.does(python(), "-c", _SEND, host, address, subject)


@contextmanager
def machine(user: str = "you") -> Iterator[Machine]:
    """Give such a machine, and see that the server had nothing to complain of."""
    with gomail_under_systemd() as systemd:
        yield Machine(systemd, user)
        assert systemd.wrong() == []
