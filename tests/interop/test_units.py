"""The units that are written out, judged and run by systemd itself."""

import os
import re
import smtplib
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from gomail.cli import units as module
from gomail.cli.units import units
from tests.interop.server import wait_for
from tests.interop.software import needs, run
from tests.interop.systemd import Systemd

pytestmark = pytest.mark.interop
HIGHEST = 2.0  # of the exposure that systemd-analyze counts, from 0 to 10
UNITS = "etc/systemd/system"
REPOSITORY = Path(__file__).parents[2]
SEND = """
import smtplib, sys
with smtplib.SMTP(sys.argv[1], int(sys.argv[2]), timeout=30) as session:
    session.sendmail("me@client.example", sys.argv[3:], b"Subject: x\\r\\n\\r\\nx\\r\\n")
"""
SHAPES = {
    "one": ("--user", "daemon", "--maildir", "/srv/mail"),
    "many": ("--config", "gomail.toml"),
    "one without socket": ("--user", "daemon", "--maildir", "/srv/mail", "--no-socket"),
    "many without socket": ("--config", "gomail.toml", "--no-socket"),
    "group": ("--config", "group.toml"),
}


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a folder with two files of settings; the program lies in no home."""
    maildir = 'maildir = "/srv/mail/{domain}/{mailbox}"\n'
    domain = '[domains."a.example"]\nmailboxes = ["alice"]\n'
    (tmp_path / "gomail.toml").write_text(maildir + domain)
    (tmp_path / "group.toml").write_text(f'group = "mail"\n{maildir}{domain}')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module, "_code", lambda _: ())


def write(root: Path, *options: str) -> list[Path]:
    """Write units below a folder, and give the paths of those for systemd."""
    done = CliRunner().invoke(units, ["install", "--root", str(root), *options])
    assert done.exit_code == 0, done.output
    return sorted((root / UNITS).iterdir())


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize("shape", SHAPES)
def test_sandbox_is_tight(shape: str, tmp_path: Path) -> None:
    """The measure that systemd has for units finds each shape well protected."""
    service = write(tmp_path, *SHAPES[shape])[0]
    said = run([needs("systemd-analyze"), "security", "--offline=yes", "--no-pager", service])
    exposure = re.search(r"Overall exposure level for gomail.service: ([\d.]+)", said)
    assert exposure, said
    assert float(exposure[1]) <= HIGHEST, said


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize("shape", SHAPES)
def test_units_are_sound(shape: str, tmp_path: Path) -> None:
    """Each line is one that systemd knows, with a value that it understands."""
    written = write(tmp_path, *SHAPES[shape])
    assert run([needs("systemd-analyze"), "verify", *written]) == ""
