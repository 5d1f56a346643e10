"""What a server will encrypt with, and what is said of it before it starts."""

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gomail.certificates.keeper import world_time
from gomail.certificates.own import NAME
from gomail.certificates.wanted import Wanted
from gomail.server.encryption import find_certificates
from gomail.server.start import Identity, StartError
from tests.certificates.pairs import MX, pair, with_other_key, written

NOBODY = Identity(65534, 65534)


def test_self_signed_certificate_is_told(tmp_path: Path) -> None:
    """With its name and its end; there is nothing to note."""
    found = find_certificates(Wanted(MX, str(tmp_path)))
    (own,) = found.served.pairs
    assert str(found) == f"a self-signed certificate of {MX} until {own.ends:%Y-%m-%d %H:%M} UTC"
    assert found.notes == ()


def test_named_certificates_are_told(tmp_path: Path) -> None:
    """The first, and how many there are beside it."""
    first, second = (
        pair(MX, "a.example", ends=world_time() + timedelta(days=100)),
        pair("b.example"),
    )
    files = (written(tmp_path, first, "a"), written(tmp_path, second, "b"))
    found = find_certificates(Wanted(MX, files=files))
    end = f"{first.ends:%Y-%m-%d %H:%M} UTC"
    assert str(found) == f"the certificate of {MX}, a.example until {end}, and 1 more"


def test_p12_certificate_that_ends_soon_is_noted(tmp_path: Path) -> None:
    """And one that has ended; both are served."""
    first, second = (pair(ends=world_time() + timedelta(days=days)) for days in (5.5, -1))
    files = (written(tmp_path, first, "a"), written(tmp_path, second, "b"))
    one, two = find_certificates(Wanted(MX, files=files)).notes
    assert one.startswith(f"the certificate of {MX} ends in 5 days, on ")
    assert two.startswith(f"the certificate of {MX} has ended on ")


def test_certificate_that_cannot_be_used_ends_the_start(tmp_path: Path) -> None:
    """In one line that names the files."""
    files = written(tmp_path, with_other_key(pair()))
    with pytest.raises(StartError, match=r"^the key .*/mx\.key does not belong to the certificate"):
        find_certificates(Wanted(MX, files=(files,)))


def test_state_that_cannot_be_kept_is_noted() -> None:
    """That is no reason not to start."""
    found = find_certificates(Wanted(MX, "/dev/null/gomail"))
    assert found.served.pairs[0].self_signed
    (note,) = found.notes
    assert "is made anew with each start" in note


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Give a folder to which everybody finds the way, and that is nobody's."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o755)
    os.chown(folder, 65534, 65534)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.needs_root
def test_self_signed_pair_belongs_to_the_user_who_will_run(open_folder: Path) -> None:
    """Root makes it as him, so that he can renew it."""
    find_certificates(Wanted(MX, str(open_folder / "state")), NOBODY)
    status = (open_folder / "state" / NAME).stat()
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (65534, 65534, 0o600)
    assert os.geteuid() == 0


@pytest.mark.needs_root
def test_key_that_only_root_can_read_is_served_and_noted(open_folder: Path) -> None:
    """The next renewal will go by unnoticed, and the remedy is named."""
    files = written(open_folder, pair(ends=world_time() + timedelta(days=100)))
    Path(files.key).chmod(0o600)
    found = find_certificates(Wanted(MX, files=(files,)), NOBODY)
    assert found.doubt is not None
    (note,) = found.notes
    assert note == (
        f"a renewed certificate will go by unnoticed: the key {files.key} can't be read by nobody; "
        'a copy that can be is made by: sudo "$(which gomail)" certificates install --user nobody'
    )
    os.chown(files.key, 65534, 65534)
    assert find_certificates(Wanted(MX, files=(files,)), NOBODY).notes == ()
