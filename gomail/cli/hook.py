"""
The script that gives gomail a copy of a certificate and its key whenever certbot renews them.

certbot's keys are root's, and gomail has no business with root's files; so root copies them. The
folder of the copies belongs to root alone, all the way up: where gomail's user could put a link,
root would write wherever that leads.
"""

import os
import secrets
import shlex
import signal
import stat
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from string import Template
from tempfile import TemporaryFile

MARK = "# Written by: gomail certificates install"
FOLDER = "/etc/gomail/certificates"
SECONDS = 60.0  # for the script: the copies are made at once, but systemd may wait for a reload
GRACE = 2.0  # seconds for it to tidy up, where it has not ended by then

_SCRIPT = Template(
    r"""#!/bin/sh
$mark
# certbot runs it after each renewal: gomail gets a copy of the pair, which its user can read. What
# is changed here is lost when gomail writes it again.
set -eu

user=$user
uid=$uid
folder=$folder
unit=$unit
pidfile=$pidfile

lineage=$${RENEWED_LINEAGE:?certbot says here which certificate was renewed}
name=$${lineage##*/}
case $$name in
$names) ;;
*) exit 0 ;; # not one of gomail's
esac

# Both are written aside and become durable, then take their names one right after the other.
copies=$$folder/$$name
umask 022
mkdir -p "$$copies"
umask 077
trap 'rm -f "$$copies/.fullchain.pem" "$$copies/.privkey.pem"' EXIT
trap 'exit 1' HUP INT TERM
for file in fullchain.pem privkey.pem; do
    rm -f "$$copies/.$$file"
    cat "$$lineage/$$file" >"$$copies/.$$file"
    chown "$$user" "$$copies/.$$file"
done
sync
mv -f "$$copies/.privkey.pem" "$$copies/privkey.pem"
mv -f "$$copies/.fullchain.pem" "$$copies/fullchain.pem"

# gomail looks every two seconds; this only tells it to look now.
pid=
if [ -n "$$pidfile" ] && [ -r "$$pidfile" ]; then
    pid=$$(cat "$$pidfile")
fi
case $$pid in
*[!0-9]*) ;;
'')
    if systemctl --quiet is-active "$$unit" 2>/dev/null; then
        systemctl reload "$$unit" || echo "gomail: $$unit could not be reloaded" >&2
    fi
    ;;
*)
    if [ "$$(ps -o uid= -p "$$pid" | tr -d ' ')" = "$$uid" ]; then
        kill -HUP "$$pid"
    fi
    ;;
esac
"""
)


class HookError(Exception):
    """One line that says why the script can't be installed or did not do its work."""


@dataclass(frozen=True, slots=True)
class Hook:
    """
    What the script is to do.

    Attributes:
        user: who reads the copies.
        uid: the number of that user.
        names: certbot's names of the certificates that are gomail's.
        folder: where the copies go, a folder for each name.
        unit: of systemd, which is reloaded.
        pidfile: of a gomail that runs without systemd; may be empty.
    """

    user: str
    uid: int
    names: Sequence[str]
    folder: Path
    unit: str = "gomail.service"
    pidfile: str = ""

    def __str__(self) -> str:
        """Write the script; whatever comes from outside is quoted."""
        return _SCRIPT.substitute(
            mark=MARK,
            user=shlex.quote(self.user),
            uid=self.uid,
            names=" | ".join(map(shlex.quote, self.names)),
            folder=shlex.quote(str(self.folder)),
            unit=shlex.quote(self.unit),
            pidfile=shlex.quote(self.pidfile),
        )


def make_root_folder(folder: Path) -> None:
    """
    Make the folder of the copies, and see that nobody but root can put anything in its place.

    Raises:
        HookError: somebody can, or it can't be made.
    """
    try:
        for each in reversed([folder, *folder.parents]):
            if not each.exists():
                each.mkdir()
                each.chmod(0o755)  # whatever the umask is: gomail's user has to pass
            _see_that_it_is_roots(each)
    except OSError as error:
        raise HookError(f"{folder} can't be made: {error.strerror}") from error


def see_that_all_is_roots(folder: Path) -> None:
    """
    See that a folder and all above it are root's: what lies there is read, and run, by root.

    Raises:
        HookError: one is not.
    """
    for each in (folder.resolve(), *folder.resolve().parents):
        _see_that_it_is_roots(each)


def _see_that_it_is_roots(folder: Path) -> None:
    """See that a folder is root's alone; in one like /tmp others can't touch what is root's."""
    status = folder.lstat()
    shared = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not status.st_mode & stat.S_ISVTX
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != 0 or shared:
        msg = f"{folder}: a folder was expected that is root's and that nobody else may write to"
        raise HookError(msg)


def install(path: Path, hook: Hook) -> None:
    """
    Write the script to *path*, whole or not at all, over an older one of ours and nothing else.

    Raises:
        HookError: something else is there, or it can't be written.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        if path.is_symlink() or (path.exists() and MARK not in path.read_text(errors="replace")):
            raise HookError(f"{path} is not gomail's; it stays as it is")
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o700)
        with os.fdopen(fd, "w") as file:
            file.write(str(hook))
            file.flush()
            os.fsync(fd)
            os.fchmod(fd, 0o755)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise HookError(f"{path} can't be written: {error.strerror}") from error


def run(path: Path, lineage: Path) -> None:
    """
    Run the script as certbot does.

    Raises:
        HookError: it fails, or does not end.
    """
    environment = {**os.environ, "RENEWED_LINEAGE": str(lineage)}
    with TemporaryFile() as complaints:  # a pipe might be held open by whatever it has started
        script = subprocess.Popen(  # noqa: S603 -- what was written a moment ago
            [path],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=complaints,
            start_new_session=True,
        )
        try:
            status = script.wait(SECONDS)
        except BaseException as error:
            _end(script)
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
            msg = f"{path} did not end within {SECONDS:.0f} s for {lineage}, and was ended"
            raise HookError(msg) from None
        complaints.seek(0)
        said = complaints.read().decode("utf-8", "backslashreplace")
    if status:
        why = " ".join(said.split()) or f"exit code {status}"
        raise HookError(f"{path} failed for {lineage}: {why}")


def _end(script: subprocess.Popen[bytes]) -> None:
    """End the script and all that it has started; one that hangs in the kernel is left to that."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(script.pid, number)
        with suppress(subprocess.TimeoutExpired):
            script.wait(GRACE)
