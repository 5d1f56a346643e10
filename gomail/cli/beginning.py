"""What ``gomail init`` writes: a configuration and a Maildir; it never writes over anything."""

import os
import pwd
import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from gomail.address import Address
from gomail.config import directory, parse
from gomail.delivery.folder import make
from gomail.settings.usual import CONFIG

_FOLDERS = ("cur", "new", "tmp")  # of a Maildir
_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

_TEXT = """\
# gomail, for the mail of {address}. What is not here has its default: gomail config show FILE
hostname = {hostname}
maildir  = {maildir}

[domains.{domain}]
mailboxes = [{mailbox}]
{aliases}"""
_ALIASES = """
# RFC 2142: where others write to if something is wrong.
[domains.{domain}.aliases]
"""


class Occupied(Exception):
    """Something else is there already, in one line."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """
    A server that is to be.

    Attributes:
        address: whose mail it takes first.
        hostname: the server's name.
        maildir: where its mail goes.
        config: where its configuration goes.
        user: who reads the mail.
    """

    address: Address
    hostname: str
    maildir: Path
    config: Path
    user: pwd.struct_passwd

    @property
    def text(self) -> str:
        """The configuration."""
        local, domain = self.address.comparable
        others = [each for each in ("postmaster", "abuse") if each != local]
        aliases = _ALIASES.format(domain=_quoted(domain))
        aliases += "".join(f"{each} = {_quoted(local)}\n" for each in others)
        return _TEXT.format(
            address=self.address,
            hostname=_quoted(self.hostname),
            maildir=_quoted(str(self.maildir)),
            domain=_quoted(domain),
            mailbox=_quoted(local),
            aliases=aliases,
        )

    def write(self) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
        """
        Write what is not there; give that, and what was there and is kept.

        Raises:
            Occupied: something else is there; then nothing is written.
            ConfigurationError: the configuration would not be one.
            OSError: it can't be written.
        """
        directory(parse(self.text, str(self.config)))
        there = {self.maildir: self._see_maildir(), self.config: self._see_config()}
        if not there[self.maildir]:
            self._make_maildir()
        if not there[self.config]:
            self._write_config()
        kept = tuple(path for path, was in there.items() if was)
        return tuple(path for path, was in there.items() if not was), kept

    def _see_maildir(self) -> bool:
        """Tell whether the Maildir is there; another folder in its place is not one."""
        if not self.maildir.exists():
            return False
        names = {each.name for each in self.maildir.iterdir()} if self.maildir.is_dir() else {""}
        if names and not names.issuperset(_FOLDERS):
            raise Occupied(f"{self.maildir} is there and is no Maildir; --maildir names another")
        return bool(names)

    def _see_config(self) -> bool:
        """Tell whether the configuration is there; another one in its place stays."""
        if not os.path.lexists(self.config):
            return False
        if not self.config.is_file() or self.config.read_bytes() != self.text.encode():
            msg = f"{self.config} is there already and stays as it is; --config names another file"
            raise Occupied(msg)
        return True

    def _write_config(self) -> None:
        """Write the configuration; whoever is quicker wins."""
        fd = os.open(self.config, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            self._give_away(fd)
            file.write(self.text)

    def _make_maildir(self) -> None:
        """Make a Maildir that its reader alone can enter; it is his at last, when all is in it."""
        make(str(self.maildir))
        top = os.open(self.maildir, _OPEN)
        try:
            for name in (*_FOLDERS, os.curdir):
                fd = os.open(name, _OPEN, dir_fd=top)
                try:
                    self._give_away(fd)
                finally:
                    os.close(fd)
        finally:
            os.close(top)

    def _give_away(self, fd: int) -> None:
        """Give what root has made, and has open, to who reads the mail; links lead nowhere."""
        if os.geteuid() != self.user.pw_uid:
            os.fchown(fd, self.user.pw_uid, self.user.pw_gid)

    @property
    def command(self) -> str:
        """The one line that needs root."""
        own = shlex.quote(str(self.config))
        steps = (
            []
            if self.config == Path(CONFIG)
            else [f"install --backup=numbered -m 644 {own} {CONFIG}"]
        )
        steps += [
            f"{program()} units install --user {shlex.quote(self.user.pw_name)} --config {CONFIG}",
            "systemctl daemon-reload",
            "systemctl enable --now gomail.socket gomail.service",
        ]
        return "sudo sh -c " + shlex.quote(" && ".join(steps))


def program() -> str:
    """Give the command that runs gomail, whoever calls it."""
    path = Path(shutil.which(sys.argv[0]) or sys.argv[0]).absolute()
    if path.name == "gomail" and os.access(path, os.X_OK):
        return shlex.quote(str(path))
    return f"{shlex.quote(sys.executable)} -m gomail"


def _quoted(text: str) -> str:
    """Write text as TOML does; what is no sign is escaped."""
    signs = (
        f"\\u{ord(sign):04X}" if not sign.isprintable() or sign in '"\\' else sign for sign in text
    )
    return '"' + "".join(signs) + '"'
