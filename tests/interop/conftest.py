"""A folder that daemons may enter, and servers that are stopped in the end."""

import os
import pwd
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.interop.host import Machine
from tests.interop.server import Gomail
from tests.interop.software import needs, needs_user

StartGomail = Callable[..., Gomail]


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder that all users may enter, with a name short enough for unix sockets."""
    path = Path(tempfile.mkdtemp(prefix="gomail-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def start_gomail(folder: Path) -> Iterator[StartGomail]:
    """Give what starts a gomail in the folder; it is stopped, and must have been well."""
    started: list[Gomail] = []

    def start(*options: str, **settings: object) -> Gomail:
        started.append(Gomail(folder, options, **settings))  # type: ignore[arg-type]  # see Gomail
        return started[-1]

    yield start
    for each in started:
        each.stop()


@pytest.fixture
def gomail(start_gomail: StartGomail) -> Gomail:
    """Give a gomail that takes all mail for example.org."""
    return start_gomail("--domain", "example.org")


@pytest.fixture
def owner(folder: Path) -> pwd.struct_passwd:
    """Give a user without rights, in whose folder the Maildir is going to be."""
    user = needs_user("nobody")
    os.chown(folder, user.pw_uid, user.pw_gid)
    return user


@pytest.fixture
def owned(owner: pwd.struct_passwd, start_gomail: StartGomail) -> Gomail:
    """Give a gomail that root started, and that runs as that user."""
    twistd = ["--uid", str(owner.pw_uid), "--gid", str(owner.pw_gid)]
    return start_gomail("--domain", "example.org", twistd=twistd)


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    """Give the machine; its disk is one that keeps what it has."""
    for name in ("nft", "iptables", "ip6tables"):
        needs(name)
    folder = Path(tempfile.mkdtemp(prefix="gomail-", dir="/var/tmp"))
    found = Machine(folder)
    yield found
    found.stop()
    shutil.rmtree(folder)
