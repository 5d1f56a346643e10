"""``gomail doctor`` and what the server has on its disk: a planted fault is the only finding."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gomail.certificates.own import make_own
from tests.interop.host import NAME, Machine
from tests.interop.software import needs_user

pytestmark = [pytest.mark.interop, pytest.mark.needs_root]


def test_maildir_that_the_server_may_not_write_is_found(machine: Machine) -> None:
    """Since it is somebody else's."""
    os.chown(machine.maildir / "new", 0, 0)
    try:
        assert machine.codes() == ["maildir-unwritable"]
    finally:
        os.chown(machine.maildir / "new", machine.user.pw_uid, machine.user.pw_gid)
    assert machine.codes() == []


def test_maildir_that_its_reader_may_not_read_is_found(machine: Machine) -> None:
    """Whose home it is in, while the server is another user."""
    reader = needs_user("daemon")
    os.chown(machine.folder, reader.pw_uid, reader.pw_gid)
    try:
        assert machine.codes() == ["maildir-unreadable"]
    finally:
        os.chown(machine.folder, machine.user.pw_uid, machine.user.pw_gid)


def test_missing_maildir_is_found(machine: Machine) -> None:
    """While the server runs, nobody will make it again."""
    aside = machine.folder / "aside"
    machine.maildir.rename(aside)
    try:
        assert machine.codes() == ["maildir-missing"]
    finally:
        aside.rename(machine.maildir)


def test_disk_without_room_is_found(machine: Machine) -> None:
    """Of a few pages."""
    machine.host.mount("-t", "tmpfs", "-o", "size=64k", "small", str(machine.maildir))
    try:
        machine.host.do(_fill, machine)
        assert machine.codes() == ["disk-full"]
    finally:
        machine.host.unmount(machine.maildir)


def test_disk_that_forgets_is_found(machine: Machine) -> None:
    """One in memory, with room enough."""
    machine.host.mount("-t", "tmpfs", "-o", "size=1g", "memory", str(machine.maildir))
    try:
        machine.host.do(_fill, machine)
        assert machine.codes() == ["disk-volatile"]
    finally:
        machine.host.unmount(machine.maildir)


def _fill(machine: Machine) -> None:
    """Make a Maildir of what is mounted."""
    for name in (".", "cur", "new", "tmp"):
        path = machine.maildir / name
        path.mkdir(exist_ok=True)
        path.chmod(0o700)
        os.chown(path, machine.user.pw_uid, machine.user.pw_gid)


def test_disk_that_can_only_be_read_is_found(machine: Machine) -> None:
    """As the kernel mounts one that is broken."""
    path = str(machine.maildir)
    machine.host.mount("--bind", path, path)
    try:
        machine.host.mount("-o", "remount,bind,ro", path)
        assert machine.codes() == ["disk-read-only"]
    finally:
        machine.host.unmount(machine.maildir)


def write_pair(folder: Path, name: str, now: datetime, other: datetime | None = None) -> str:
    """Write a certificate, and its key or another one's; give what the configuration says then."""
    folder.mkdir(parents=True, exist_ok=True)
    made = make_own(name, now)
    key = made.key if other is None else make_own(name, other).key
    (folder / "fullchain.pem").write_bytes(made.certificate.public_bytes(Encoding.PEM))
    octets = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "privkey.pem").write_bytes(octets)
    return f'[tls]\ncertificate = "{folder / "fullchain.pem"}"\nkey = "{folder / "privkey.pem"}"\n'


@pytest.mark.parametrize(
    ("code", "name", "days", "matches"),
    [
        ("certificate-ended", NAME, -500, True),
        ("certificate-ending", NAME, -360, True),
        ("certificate-early", NAME, 30, True),
        ("certificate-name", "mail.example.net", 0, True),
        ("certificate-mismatch", NAME, 0, False),
    ],
)
def test_certificate_that_is_wrong_is_found(
    machine: Machine, *, code: str, name: str, days: int, matches: bool
) -> None:
    """By its time, its name or its key."""
    now = datetime.now(UTC)
    made = now + timedelta(days=days)
    tls = write_pair(machine.folder / "pair", name, made, None if matches else made)
    machine.configure(more=tls)
    assert machine.codes() == [code]
    machine.configure()


def test_missing_hook_is_found(machine: Machine) -> None:
    """Where the certificate is certbot's; with the hook all is well."""
    letsencrypt = Path("/etc/letsencrypt")
    if not letsencrypt.is_dir():
        pytest.skip("there is no certbot on this machine")
    machine.host.mount("-t", "tmpfs", "letsencrypt", str(letsencrypt))
    try:
        tls = machine.host.do(write_pair, letsencrypt / "live" / NAME, NAME, datetime.now(UTC))
        machine.configure(more=tls)
        assert machine.codes() == ["hook-missing"]
        machine.host.run("mkdir", "-p", letsencrypt / "renewal-hooks" / "deploy")
        machine.host.run("touch", letsencrypt / "renewal-hooks" / "deploy" / "gomail")
        assert machine.codes() == []
    finally:
        machine.configure()
        machine.host.unmount(letsencrypt)
