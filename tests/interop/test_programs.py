"""Programs of the same machine that send mail: PHP, and what they use for a sendmail."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.conftest import StartGomail
from tests.interop.postfix import Postfix
from tests.interop.server import Gomail
from tests.interop.software import needs, run
from tests.interop.stored import the_only_one, wait_for_messages
from tests.patience import PATIENCE

# The script of the blog that gomail began with.
BLOG = """<?php
mail("morse@example.org", "What hath god wrought", "What hath god wrought", "");
?>
"""

# PHP ends the lines of the header with CRLF; those of the body are the script's.
MIXED = r"""<?php
mail(
    "morse@example.org",
    "What hath god wrought",
    "LF\nCRLF\r\n.\r\n.a dot\r\nGrüße\n",
    "From: web@client.example\r\nX-Mailer: PHP"
);
?>
"""
MIXED_ARRIVES = """\
To: morse@example.org
Subject: What hath god wrought
From: web@client.example
X-Mailer: PHP

LF
CRLF
.
.a dot
Grüße

""".encode()


@pytest.fixture
def gomail(folder: Path, start_gomail: StartGomail) -> Gomail:
    """Give a gomail with a port for everybody, and one for the programs of this machine."""
    return start_gomail(
        settings=f"""
            hostname = "mx.example.org"
            maildir = "{folder}/Maildir"
            [[listener]]
            endpoint = "tcp:0:interface=127.0.0.1"
            [[listener]]
            endpoint = "tcp:0:interface=127.0.0.1"
            local = true
            [domains."example.org"]
        """
    )


@pytest.fixture
def postfix(folder: Path, gomail: Gomail) -> Iterator[Postfix]:
    """Give a Postfix that relays to the gomail."""
    postfix = Postfix(folder, gomail.port)
    postfix.start()
    yield postfix
    postfix.stop()


def php(folder: Path, script: str, *sendmail: str) -> None:
    """Run a script of PHP's whose mail() uses *sendmail*."""
    (folder / "test.php").write_text(script)
    (folder / "php.ini").write_text(f'sendmail_path = "{" ".join(sendmail)}"\n')
    run([needs("php"), "-c", folder / "php.ini", folder / "test.php"])


def msmtp(folder: Path, port: int) -> list[str]:
    """Give the command of an msmtp that sends to a port."""
    settings = folder / "msmtprc"
    settings.write_text(
        "account default\nhost 127.0.0.1\nfrom www-data@client.example\n"
        f"port {port}\nset_date_header off\nset_msgid_header off\n"
    )
    settings.chmod(0o600)
    return [needs("msmtp"), f"--file={settings}", "-t"]


@pytest.mark.interop
def test_php_by_way_of_msmtp(gomail: Gomail, folder: Path) -> None:
    """The script of the blog, sent by msmtp, arrives as it was written."""
    php(folder, BLOG, *msmtp(folder, gomail.port))
    stored = the_only_one(gomail.maildir)
    assert stored.content == (
        b"From: www-data@client.example\n"  # this is msmtp's
        b"To: morse@example.org\n"
        b"Subject: What hath god wrought\n"
        b"\n"
        b"What hath god wrought\n"
    )
    assert stored.reverse_path == "www-data@client.example"
    assert stored.delivered_to == ("morse@example.org",)


@pytest.mark.interop
def test_mixed_line_ends_by_way_of_msmtp(gomail: Gomail, folder: Path) -> None:
    """A script that mixes LF and CRLF sends a clean message by msmtp."""
    php(folder, MIXED, *msmtp(folder, gomail.port))
    assert the_only_one(gomail.maildir).content == MIXED_ARRIVES


@pytest.mark.interop
@pytest.mark.needs_root
def test_php_by_way_of_postfix(gomail: Gomail, folder: Path, postfix: Postfix) -> None:
    """The script of the blog, handed to Postfix's sendmail as on most machines, arrives."""
    php(folder, BLOG, *postfix.sendmail, "-t", "-i")
    (stored,) = wait_for_messages(gomail.maildir, 1)
    postfix.wait_until_empty()
    assert stored.delivered_to == ("morse@example.org",)
    header, _, body = stored.content.partition(b"\n\n")
    assert body == b"What hath god wrought\n"
    assert b"\nTo: morse@example.org\nSubject: What hath god wrought\n" in header
    assert b"\r" not in stored.content


@pytest.mark.interop
def test_php_by_way_of_a_script_with_curl(gomail: Gomail, folder: Path) -> None:
    """
    Lines that end in CR CR LF are mended for programs of this machine.

    In containers, a line of shell often stands in for sendmail. This curl puts a CR before each LF,
    although PHP has put one there already.
    """
    script = folder / "sendmail"
    script.write_text(
        f"#!/bin/sh\n{needs('curl')} --silent --show-error --crlf --upload-file - --noproxy '*' "
        "--mail-from www-data@client.example --mail-rcpt morse@example.org "
        f"smtp://127.0.0.1:{gomail.ports[1]}/client.example\n"
    )
    script.chmod(0o755)
    php(folder, MIXED, str(script))
    assert the_only_one(gomail.maildir).content == MIXED_ARRIVES


def busybox() -> str:
    """Give the path of a busybox with sendmail, or skip the test."""
    path = needs("busybox")
    asked = subprocess.run(
        [path, "sendmail", "--help"], capture_output=True, check=False, timeout=PATIENCE
    )
    if b"applet not found" in asked.stderr:
        pytest.skip("this busybox was built without sendmail")
    return path


# Not marked as interop, since CI's busybox is Debian's, which has no sendmail; Alpine's has.
def test_php_by_way_of_busybox(gomail: Gomail, folder: Path) -> None:
    """Busybox's sendmail makes CR CR LF of PHP's line ends; they are mended."""
    php(
        folder,
        MIXED,
        *(busybox(), "sendmail", "-t", "-S", f"127.0.0.1:{gomail.ports[1]}"),
        *("-f", "www-data@client.example"),
    )
    stored = the_only_one(gomail.maildir)
    assert stored.content == MIXED_ARRIVES
    assert stored.reverse_path == "www-data@client.example"
