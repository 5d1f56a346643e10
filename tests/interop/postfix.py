"""A Postfix of our own: it queues what is handed to its sendmail, and relays it to one port."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from tests.interop.server import wait_for
from tests.interop.software import needs, needs_user, run
from tests.interop.stored import Stored
from tests.patience import PATIENCE

_MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/postfix.log
maillog_file_prefixes = {folder}
mail_owner = postfix
setgid_group = postdrop
multi_instance_enable = no
myhostname = relay.example
mydestination =
alias_maps =
alias_database =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtp_host_lookup = native
relayhost = [127.0.0.1]:{port}
message_size_limit = 60000000
# One connection, kept for all messages.
smtp_destination_concurrency_limit = 1
smtp_connection_cache_destinations = 127.0.0.1
smtp_destination_recipient_limit = 1000
"""

# Those that a queue and a relay need; no program is chrooted, and none listens on a port.
_MASTER = """\
pickup     unix        n - n 60    1 pickup
cleanup    unix        n - n -     0 cleanup
qmgr       unix        n - n 300   1 qmgr
tlsmgr     unix        - - n 1000? 1 tlsmgr
rewrite    unix        - - n -     - trivial-rewrite
bounce     unix        - - n -     0 bounce
defer      unix        - - n -     0 bounce
trace      unix        - - n -     0 bounce
flush      unix        n - n 1000? 0 flush
proxymap   unix        - - n -     - proxymap
proxywrite unix        - - n -     1 proxymap
smtp       unix        - - n -     - smtp
showq      unix        n - n -     - showq
error      unix        - - n -     - error
retry      unix        - - n -     - error
anvil      unix        - - n -     1 anvil
scache     unix        - - n -     1 scache
postlog    unix-dgram  n - n -     1 postlogd
"""

# What its start script says of our folder is no news; nor is it ours that some virtual machines
# have one clock for files and another for programs.
_CLOCKS = "file system clock is|resetting file time stamps"
_WRONG = re.compile(
    "^.*(?:status=bounced"
    rf"|postfix/(?!postfix-script)\S+: (?:warning: (?!{_CLOCKS})|fatal:|panic:)).*$",
    re.MULTILINE,
)


class Postfix:
    """
    A Postfix whose configuration, queue and log lie in a folder; only root can run it.

    Messages may be queued before it is started.

    Args:
        folder: where postfix may look in; its own subfolder is made.
        port: of 127.0.0.1, where everything is relayed to.
        more: further lines of main.cf.

    Attributes:
        main: its main.cf, with places for folder and port.
        master: its master.cf, likewise.
    """

    main = _MAIN
    master = _MASTER

    def __init__(self, folder: Path, port: int, more: str = "") -> None:
        self._folder = folder / "postfix"
        self._command = [needs("postfix"), "-c", str(self._folder)]
        owner = needs_user("postfix")
        self._process: subprocess.Popen[bytes] | None = None
        for each in ("queue", "data"):
            (self._folder / each).mkdir(parents=True)
        shutil.chown(self._folder / "data", owner.pw_uid)
        places = {"folder": self._folder, "port": port}
        (self._folder / "main.cf").write_text(f"{self.main.format(**places)}{more}\n")
        (self._folder / "master.cf").write_text(self.master.format(**places))
        run([*self._command, "check"])
        (self._folder / "queue" / "quick-start").touch()  # once is enough

    @property
    def sendmail(self) -> list[str]:
        """The command that programs hand their messages to."""
        return [self._command[0].removesuffix("postfix") + "sendmail", "-C", str(self._folder)]

    @property
    def log(self) -> str:
        """What it has logged."""
        path = self._folder / "postfix.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def start(self) -> None:
        """Start it in the foreground; it begins with what is queued."""
        self._process = subprocess.Popen(
            [*self._command, "start-fg"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        # Before that there would be nothing to stop yet.
        wait_for("Postfix to start", lambda: "daemon started" in self.log)

    def wait_until_empty(self) -> None:
        """Wait until the queue has nothing left, and see that nothing was bounced on the way."""
        wait_for("Postfix's queue to be empty", lambda: not self.queued())
        wrong = _WRONG.findall(self.log)
        assert not wrong, "\n".join(wrong)

    def retry_until_empty(self) -> None:
        """Have it try again what was refused for now, until nothing is left."""

        def empty() -> bool:
            run([*self.sendmail, "-q"])
            return not self.queued()

        wait_for("Postfix's queue to be empty", empty)

    def queued(self) -> list[Path]:
        """Give the files of all messages that are still here, new ones included."""
        queues = ("maildrop", "incoming", "active", "deferred", "hold", "corrupt")
        return [
            Path(folder, name)
            for queue in queues
            for folder, _, names in os.walk(self._folder / "queue" / queue)
            for name in names
        ]

    def stop(self) -> None:
        """Stop it, if it was started."""
        if self._process is not None and self._process.poll() is None:
            subprocess.run(
                [*self._command, "stop"],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                check=False,
                timeout=PATIENCE,
            )
            try:
                self._process.wait(PATIENCE)
            finally:
                self._process.kill()
                self._process.wait(PATIENCE)


# What Postfix itself puts on top of a message that it got from its sendmail.
RECEIVED = re.compile(
    rb"Received: by relay\.example \(Postfix, from userid \d+\)\n\tid \w+(?:; |;\n\t)[^\n]+\n"
)


def handed_in(stored: Stored) -> bytes:
    """Give what Postfix's sendmail was fed with."""
    return stored.below(RECEIVED)
