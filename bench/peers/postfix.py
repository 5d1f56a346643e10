"""
Postfix, as Debian packages it: its server, which queues and delivers, and its sink, which drops.

Both look where nobody's rights lead, so root is needed: Postfix runs processes as several users.
"""

import os
import shutil
import subprocess
from pathlib import Path
from typing import ClassVar

from bench.peers.peer import DOMAIN, HOSTNAME, SIZE, Peer, Setting

_PATH = "/usr/sbin:/usr/lib/postfix/sbin:/usr/libexec/postfix"
_NOBODY = 65534  # owns the Maildir
_MAIN = f"""\
compatibility_level = 3.6
queue_directory = {{folder}}/queue
data_directory = {{folder}}/data
mail_owner = postfix
setgid_group = postdrop
multi_instance_enable = no
myhostname = {HOSTNAME}
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtpd_peername_lookup = no
smtpd_client_connection_count_limit = 0
smtpd_recipient_restrictions = {{restrictions}}
virtual_mailbox_domains = {DOMAIN}
virtual_mailbox_base = {{folder}}
virtual_mailbox_maps = static:Maildir/
virtual_uid_maps = static:{_NOBODY}
virtual_gid_maps = static:{_NOBODY}
virtual_mailbox_limit = 0
message_size_limit = {SIZE}
alias_maps =
alias_database =
maillog_file = {{folder}}/log
maillog_file_prefixes = {{folder}}
default_process_limit = {{processes}}
"""
_MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup     unix       n - n 60    1 pickup
cleanup    unix       n - n -     0 cleanup
qmgr       unix       n - n 300   1 qmgr
tlsmgr     unix       - - n 1000? 1 tlsmgr
rewrite    unix       - - n -     - trivial-rewrite
bounce     unix       - - n -     0 bounce
defer      unix       - - n -     0 bounce
trace      unix       - - n -     0 bounce
flush      unix       n - n 1000? 0 flush
proxymap   unix       - - n -     - proxymap
showq      unix       n - n -     - showq
error      unix       - - n -     - error
retry      unix       - - n -     - error
virtual    unix       - n n -     - virtual
anvil      unix       - - n -     1 anvil
scache     unix       - - n -     1 scache
postlog    unix-dgram n - n -     1 postlogd
"""


def _find(program: str) -> str | None:
    """Find a program of Postfix's, also where only root looks."""
    return shutil.which(program) or shutil.which(program, path=_PATH)


class Postfix(Peer):
    """Postfix's server, with virtual(8) for the Maildir."""

    name = "postfix"
    keeps = "durable"
    what = "fsyncs a queue file; a second copy goes to the Maildir after the 250"
    copy_a_recipient = True
    most_idle: ClassVar[int] = 400
    restrictions: ClassVar[str] = "reject_unauth_destination"
    processes: ClassVar[int] = 100  # Postfix's own default; idle sessions need one each

    def missing(self) -> str | None:
        """See whether it is there, and can be run."""
        if _find("postfix") is None:
            return "Postfix is not installed; try: sudo apt install postfix"
        return None if os.geteuid() == 0 else "Postfix needs root"

    def prepare(self, folder: Path, port: int, setting: Setting) -> list[str]:
        """Give it a queue, a data folder and a Maildir of its own."""
        for name in ("queue", "data", "Maildir/tmp", "Maildir/new", "Maildir/cur"):
            (folder / name).mkdir(parents=True)
        shutil.chown(folder / "data", "postfix")
        for path in (folder / "Maildir", *(folder / "Maildir").iterdir()):
            os.chown(path, _NOBODY, _NOBODY)
        processes = max(self.processes, 2 * min(setting.sessions, self.most_idle) + 100)
        main = _MAIN.format(
            folder=folder,
            processes=processes if setting.sessions else 100,
            restrictions=self.restrictions,
        )
        (folder / "main.cf").write_text(main)
        (folder / "master.cf").write_text(_MASTER.format(port=port))
        postfix = [_find("postfix") or "postfix", "-c", str(folder)]
        subprocess.run([*postfix, "check"], capture_output=True, check=False)
        return [*postfix, "start-fg"]

    def end(self, folder: Path, process: "subprocess.Popen[bytes]") -> None:
        """Stop it by its own command, which knows the pid of its master."""
        command = [_find("postfix") or "postfix", "-c", str(folder), "stop"]
        subprocess.run(command, capture_output=True, check=False)


class Sink(Peer):
    """Postfix's smtp-sink: one process in C."""

    name = "smtp-sink"
    keeps = "nothing"
    what = "C, one process, reads octet by octet and drops"

    def missing(self) -> str | None:
        """See whether it is there."""
        found = _find("smtp-sink")
        return None if found else "smtp-sink is not installed; try: sudo apt install postfix"

    def prepare(self, folder: Path, port: int, setting: Setting) -> list[str]:
        """Give the command; without -m it would take 256 sessions and no more."""
        owner = ["-u", "nobody"] if os.geteuid() == 0 else []
        most = str(max(12_000, 2 * setting.sessions))
        options = [*owner, "-m", most, "-h", HOSTNAME]
        return [_find("smtp-sink") or "smtp-sink", *options, f"127.0.0.1:{port}", "4096"]
