"""
What differs from one machine's units to the next, and the texts that come of it.

The sandbox is as tight as the shape allows. With the socket unit the service needs no right at all
and sees no other user; where a group shares the Maildirs, it must give files to that group.
"""

import re
from dataclasses import dataclass
from importlib.resources import files
from string import Template

HOMES = ("/home/", "/root/", "/run/user/")
STATE = "/var/lib/gomail"  # StateDirectory= of the service
USER = "gomail"  # who receives for many mailboxes
GROUP = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*\Z")  # as commands take it

SERVICE = "etc/systemd/system/gomail.service"
SOCKET = "etc/systemd/system/gomail.socket"
INBOX = "etc/systemd/system/gomail-inbox.service"
SYSUSERS = "etc/sysusers.d/gomail.conf"

_SYSTEM_CALLS = "SystemCallFilter=@system-service\nSystemCallFilter=~@privileged @resources"


_NEAR = """\
# Nobody but this machine: "gomail units install --inbox-listen" says otherwise, where there is a
# password.
IPAddressAllow=localhost
IPAddressDeny=any"""
_FAR = "# Whoever reaches its port, and has the password."


@dataclass(frozen=True, slots=True)
class Shown:
    """
    One machine's inbox in the browser.

    Attributes:
        command: the program and its arguments.
        folder: in which it makes a socket, if it does.
        group: whose that socket is, too, if it is anybody's.
        local: whether nobody but this machine is to reach it.
        closed: whether it does not start without a password.
    """

    command: tuple[str, ...]
    folder: str | None = None
    group: str | None = None
    local: bool = True
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """
    One machine's gomail.

    Attributes:
        user: who runs it.
        command: the program, by its absolute path, and its arguments.
        maildir: the folder of the Maildirs, or the only Maildir; it must be there at the start.
        code: folders below `HOMES` in which the program lies.
        listen: what the socket unit listens on; None if there is none, and the service itself does.
        group: who shares the Maildirs, if anybody does.
        inbox: the inbox in the browser, if there is one.
    """

    user: str
    command: tuple[str, ...]
    maildir: str
    code: tuple[str, ...] = ()
    listen: str | None = "25"
    group: str | None = None
    inbox: Shown | None = None

    def texts(self) -> dict[str, str]:
        """Give each file's text, by its path from the root folder on."""
        texts = {SERVICE: _text("gomail.service").substitute(self._service())}
        if self.listen is not None:
            texts[SOCKET] = _text("gomail.socket").substitute(listen=self.listen)
        if self.inbox is not None:
            texts[INBOX] = _text("gomail-inbox.service").substitute(self._inbox(self.inbox))
        if self.user == USER:
            texts[SYSUSERS] = _text("gomail.sysusers").substitute()
        return texts

    def _service(self) -> dict[str, str]:
        """Give what is filled into the service."""
        online = "Wants=network-online.target\nAfter=network-online.target"
        socket = "Requires=gomail.socket\nAfter=gomail.socket network.target"
        return {
            "after": online if self.listen is None else socket,
            "identity": "\n".join(self._identity()),
            "command": " ".join(map(quoted, self.command)),
            "maildir": self.maildir,
            "folders": "\n".join(self._folders()),
            "rights": "\n".join(self._rights()),
            "capabilities": "CAP_NET_BIND_SERVICE" if self.listen is None else "",
            "calls": _SYSTEM_CALLS + ("" if self.group is None else "\nSystemCallFilter=@chown"),
        }

    def _inbox(self, inbox: Shown) -> dict[str, str]:
        """Give what is filled into the service of the inbox."""
        folders = self._folders()
        if inbox.folder is not None and inbox.folder != self.maildir:
            folders += _written_to(inbox.folder)
        return {
            "user": self.user,
            "command": " ".join(map(quoted, inbox.command)),
            "maildir": self.maildir,
            "reach": _NEAR if inbox.local else _FAR,
            "folders": "\n".join(folders),
        }

    def _identity(self) -> list[str]:
        """Say who it is; a user that systemd-sysusers made has a group of the same name."""
        supplementary = [] if self.group is None else [f"SupplementaryGroups={self.group}"]
        return [f"User={self.user}", *supplementary]

    def _folders(self) -> list[str]:
        """Say what it sees of the homes, and where it may write beside its state folder."""
        lines = ["ProtectHome=tmpfs" if self.user != USER else "ProtectHome=yes"]
        lines += [f"BindReadOnlyPaths={folder}" for folder in self.code]
        return lines + _written_to(self.maildir)

    def _rights(self) -> list[str]:
        """Give rights that some shapes need: other users' ids, and folders with the setgid bit."""
        if self.group is not None:
            return ["PrivateUsers=no", "RestrictSUIDSGID=no"]
        # CAP_NET_BIND_SERVICE counts for nothing in a user namespace.
        private = "no" if self.listen is None else "yes"
        return [f"PrivateUsers={private}", "RestrictSUIDSGID=yes"]


def _written_to(folder: str) -> list[str]:
    """Let a folder be written to, if it is not the state folder."""
    if in_home(folder):
        return [f"BindPaths={folder}"]
    return [] if in_state(folder) else [f"ReadWritePaths={folder}"]


def in_state(folder: str) -> bool:
    """Tell whether a folder is the state folder, which systemd makes, or lies in it."""
    return f"{folder}/".startswith(f"{STATE}/")


def in_home(path: str) -> bool:
    """Tell whether a path lies in somebody's home."""
    return f"{path}/".startswith(HOMES)


def quoted(word: str) -> str:
    """Write a word of a command line as systemd reads it (systemd.service(5))."""
    word = word.replace("%", "%%").replace("$", "$$")
    if word and not set(word) & set(" \t\"'\\;"):
        return word
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _text(name: str) -> Template:
    """Read one of the texts that come with gomail."""
    return Template(files("gomail.units").joinpath(name).read_text("utf-8"))
