"""A Maildir that a group shares, as the daemons of a mail machine do."""

import grp
import pwd
import stat
import subprocess
from pathlib import Path

import pytest

from tests.interop.conftest import StartGomail
from tests.interop.reading import on_disk, send
from tests.interop.software import needs_user

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


def test_group_may_read_move_and_delete(
    folder: Path, owner: pwd.struct_passwd, start_gomail: StartGomail
) -> None:
    """With ``group = "mail"``, somebody else of that group does with the messages as he likes."""
    group = grp.getgrnam("mail")
    gomail = start_gomail(
        settings=f"""
            hostname = "mx.example.org"
            maildir = "{folder}/Maildir"
            group = "mail"
            [[listener]]
            endpoint = "tcp:0:interface=127.0.0.1"
            [domains."example.org"]
        """,
        twistd=["--uid", str(owner.pw_uid), "--gid", str(group.gr_gid)],
    )
    send(gomail, 1, 2)
    for path in (gomail.maildir, *gomail.maildir.rglob("*")):
        status = path.stat()
        assert (status.st_uid, status.st_gid) == (owner.pw_uid, group.gr_gid)
        assert stat.S_IMODE(status.st_mode) == (0o2770 if path.is_dir() else 0o660), path
    member = needs_user("daemon")
    done = subprocess.run(
        ["/bin/sh", "-c", READ_ALL],
        cwd=gomail.maildir,
        stderr=subprocess.PIPE,
        user=member.pw_uid,
        group=member.pw_gid,
        extra_groups=[group.gr_gid],
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert list(on_disk(gomail.maildir).values()) == ["cur:S"]
    made = (gomail.maildir / ".Sent").stat()
    assert (made.st_uid, made.st_gid) == (member.pw_uid, group.gr_gid)
    send(gomail, 3)
    assert on_disk(gomail.maildir)[3] == "new:"
