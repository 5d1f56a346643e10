"""Which certificate clients are shown by a real server, and how that changes while it runs."""

import os
import shutil
import signal
import smtplib
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from gomail.certificates.keeper import world_time
from gomail.certificates.pair import Pair
from tests.certificates.pairs import MX, pair, with_other_key, written
from tests.patience import PATIENCE
from tests.system.conftest import Serve
from tests.system.encrypted import encrypted, shown
from tests.system.running import ANY_PORT, GOMAIL, TWISTD, until

pytestmark = pytest.mark.system
NOBODY = 65534
# Without its rights it could not write down what was covered.
UNCOVERED = ("env", "-u", "COVERAGE_PROCESS_CONFIG", "-u", "COVERAGE_PROCESS_START")
UNPRIVILEGED = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
ENDS = timedelta(days=100)


def lasting(*names: str) -> Pair:
    """Make a pair of which there is nothing to note."""
    return pair(*names, ends=world_time() + ENDS)


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the state folder of the server."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg"))
    return tmp_path / "xdg" / "gomail"


def test_first_start_makes_a_certificate_that_lasts(serve: Serve, state: Path) -> None:
    """Mail comes encrypted from the first start; the second start shows the same certificate."""
    server = serve("--hostname", MX)
    first = shown(server.port)
    names = first.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == [MX]
    assert f"encrypts with  a self-signed certificate of {MX} until " in server.output
    assert {each.name for each in state.iterdir()} == {"self-signed.pem", "control"}
    assert stat.S_IMODE((state / "self-signed.pem").stat().st_mode) == 0o600
    with encrypted(server.port) as client:
        client.sendmail("me@client.example", ["you@localhost"], b"Subject: x\r\n\r\nx\r\n")
    assert len(server.messages()) == 1
    assert server.stopped() == 0
    assert "Traceback" not in server.output
    assert shown(serve("--hostname", MX).port) == first


def test_start_does_not_fail_over_the_state_folder(serve: Serve, state: Path) -> None:
    """The certificate lives in memory then, and that is said."""
    state.parent.mkdir()
    state.touch()
    server = serve("--hostname", MX)
    shown(server.port)
    assert (
        "note           the self-signed certificate is made anew with each start: the state "
        in (server.output)
    )


def test_renewed_certificate_is_shown_without_a_signal(serve: Serve, tmp_path: Path) -> None:
    """The files are watched; a session from before goes on, and the log tells the number."""
    old, new = lasting(), lasting()
    files = written(tmp_path, old)
    server = serve("--certificate", "mx.crt", "--key", "mx.key")
    assert f"encrypts with  the certificate of {MX} until " in server.output
    assert shown(server.port) == old.certificate
    with encrypted(server.port) as client:
        written(tmp_path, new)
        until(lambda: shown(server.port) == new.certificate, "the new one is not shown")
        server.logged(f"UTC is in force ({new.serial})")
        client.sendmail("me@client.example", ["you@localhost"], b"Subject: x\r\n\r\nx\r\n")
    Path(files.key).write_bytes(b"")
    server.logged(f"trouble: the certificate of {MX} stays in force: {files.key}: a key in PEM was")
    assert shown(server.port) == new.certificate
    assert server.stopped() == 0


def test_signal_has_other_files_read(serve: Serve, tmp_path: Path) -> None:
    """SIGHUP reads the file with the settings, and what it names; what is broken stays out."""
    one, two = lasting(), lasting("other.example")
    written(tmp_path, one, "one")
    written(tmp_path, two, "two")
    settings = tmp_path / "gomail.toml"
    settings.write_text('[tls]\ncertificate = "one.crt"\nkey = "one.key"\n')
    server = serve("--config", "gomail.toml")
    assert shown(server.port) == one.certificate
    settings.write_text('[tls]\ncertificate = "two.crt"\nkey = "two.key"\n')
    server.tell(signal.SIGHUP)
    server.logged("was read again")
    assert shown(server.port) == two.certificate
    written(tmp_path, with_other_key(two), "two")
    server.tell(signal.SIGHUP)
    server.logged("trouble: the certificate of other.example stays in force: the key ")
    assert shown(server.port) == two.certificate


def test_listener_requires_offers_or_lacks_encryption(start: Serve, tmp_path: Path) -> None:
    """Each as the file has it; a change of that needs a restart."""
    listener = '[[listener]]\nendpoint = "tcp:0:interface=127.0.0.1"\ntls = "{}"\n'
    settings = tmp_path / "gomail.toml"
    for tls, offered, code in (
        ("offered", True, 250),
        ("required", True, 530),
        ("off", False, 250),
    ):
        settings.write_text(listener.format(tls))
        server = start("--config", "gomail.toml").started()
        with smtplib.SMTP("127.0.0.1", server.port, timeout=PATIENCE) as client:
            client.ehlo()
            assert client.has_extn("starttls") is offered
            assert client.mail("me@client.example")[0] == code
        told = "encrypts with  nothing: tls is off" in server.output
        assert told is (tls == "off")
        server.stopped()


def test_certificate_that_cannot_be_used_is_one_line(start: Serve, tmp_path: Path) -> None:
    """Nothing is announced, and the exit code says so."""
    files = written(tmp_path, with_other_key(lasting()))
    server = start(*ANY_PORT, "--certificate", "mx.crt", "--key", "mx.key")
    assert server.ended() == 1
    assert server.complaints == (
        f"gomail: the key {files.key} does not belong to the certificate {files.certificate}\n"
    )
    assert server.output == ""


@pytest.fixture
def home() -> Iterator[Path]:
    """Make a folder that belongs to nobody, with a pair of which root alone may read the key."""
    home = Path(tempfile.mkdtemp(dir="/tmp"))
    home.chmod(0o755)
    os.chown(home, NOBODY, NOBODY)
    Path(written(home, lasting()).key).chmod(0o600)
    yield home
    shutil.rmtree(home)


@pytest.mark.needs_root
def test_key_of_roots_is_refused_to_nobody_with_the_remedy(start: Serve, home: Path) -> None:
    """Who starts without rights reads who can't read what, and what to do."""
    if subprocess.run(
        (*UNPRIVILEGED, sys.executable, "-c", ""), check=False, timeout=PATIENCE
    ).returncode:
        pytest.skip("nobody may not run this Python")
    command = (*UNCOVERED, *UNPRIVILEGED, *GOMAIL)
    server = start(
        *ANY_PORT, "--certificate", "mx.crt", "--key", "mx.key", folder=home, command=command
    )
    assert server.ended() == 1
    assert server.complaints == (
        f"gomail: the key {home}/mx.key can't be read by nobody; a copy that can be is made by: "
        'sudo "$(which gomail)" certificates install --user nobody\n'
    )


@pytest.mark.needs_root
def test_key_of_roots_is_served_by_nobody_with_a_note(start: Serve, home: Path) -> None:
    """Root reads it before the rights are dropped; that it can't be read again is said once."""
    command = (*TWISTD, "--nodaemon", "--uid", str(NOBODY), "--gid", str(NOBODY), "gomail")
    options = ("--certificate", "mx.crt", "--key", "mx.key")
    server = start(*ANY_PORT, *options, folder=home, command=command).started()
    assert "note           a renewed certificate will go by unnoticed: the key " in server.output
    assert "certificates install --user nobody" in server.output
    shown(server.port)
    server.tell(signal.SIGHUP)
    server.logged(
        f"trouble: the certificate of {MX} stays in force: the key {home}/mx.key can't be"
    )
    os.chown(home / "mx.key", NOBODY, NOBODY)
    renewed = lasting()
    written(home, renewed)
    until(lambda: shown(server.port) == renewed.certificate, "the new one is not shown")
    assert server.stopped() == 0
