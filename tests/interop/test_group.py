"""A Maildir that a group shares, as the daemons of a mail machine do."""

import grp
import os
import pwd
import re
import stat
import subprocess
from pathlib import Path

import pytest

from tests.interop.conftest import StartGomail
from tests.interop.reading import on_disk, send
from tests.interop.software import needs, needs_user
from tests.patience import PATIENCE

pytestmark = pytest.mark.needs_root

# What readers do with messages: read them, mark them as seen, delete them; and make a folder.
READ_ALL = """
set -e
for name in $(ls new); do
    cat "new/$name" >/dev/null
    test -w "new/$name"
    mv "new/$name" "cur/$name:2,S"
done
rm "cur/$(ls cur | head -1)"
mkdir .Sent
"""


SETTINGS = """
hostname = "mx.example.org"
maildir = "Maildir"
group = "mail"
[[listener]]
endpoint = "tcp:0:interface=127.0.0.1"
[domains."example.org"]
"""


def shared_by(group: grp.struct_group, maildir: Path, owner: pwd.struct_passwd) -> None:
    """See that everything in a Maildir belongs to its owner, and the group may do all."""
    for path in (maildir, *maildir.rglob("*")):
        status = path.stat()
        assert (status.st_uid, status.st_gid) == (owner.pw_uid, group.gr_gid), path
        assert stat.S_IMODE(status.st_mode) == (0o2770 if path.is_dir() else 0o660), path


def test_group_may_read_move_and_delete(
    owner: pwd.struct_passwd, start_gomail: StartGomail
) -> None:
    """With ``group = "mail"``, somebody else of that group does with the messages as he likes."""
    group = grp.getgrnam("mail")
    twistd = ["--uid", str(owner.pw_uid), "--gid", str(group.gr_gid)]
    gomail = start_gomail(settings=SETTINGS, twistd=twistd)
    send(gomail, 1, 2)
    shared_by(group, gomail.maildir, owner)
    member = needs_user("daemon")
    done = subprocess.run(
        ["/bin/sh", "-c", READ_ALL],
        cwd=gomail.maildir,
        env={"PATH": os.defpath},
        stderr=subprocess.PIPE,
        user=member.pw_uid,
        group=member.pw_gid,
        extra_groups=[group.gr_gid],
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    assert list(on_disk(gomail.maildir).values()) == ["cur:S"]
    made = (gomail.maildir / ".Sent").stat()
    assert (made.st_uid, made.st_gid) == (member.pw_uid, group.gr_gid)
    send(gomail, 3)
    assert on_disk(gomail.maildir)[3] == "new:"


def test_owner_who_is_a_member_of_the_group(
    folder: Path, owner: pwd.struct_passwd, start_gomail: StartGomail
) -> None:
    """Who has another group of his own, and is named as a member of ``mail``, can share as well."""
    groups = re.sub(r"(?m)^(mail:.*:)(.*)$", rf"\1{owner.pw_name}", Path("/etc/group").read_text())
    (folder / "group").write_text(groups)
    (folder / "group").chmod(0o644)
    # A mount that no other process sees.
    mount = f'mount --bind {folder}/group /etc/group && exec "$@"'
    twistd = ["--uid", str(owner.pw_uid), "--gid", str(owner.pw_gid)]
    gomail = start_gomail(
        settings=SETTINGS,
        twistd=twistd,
        within=[needs("unshare"), "--mount", "sh", "-c", mount, "sh"],
    )
    send(gomail, 1)
    shared_by(grp.getgrnam("mail"), gomail.maildir, owner)
