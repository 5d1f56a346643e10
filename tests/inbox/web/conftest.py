"""Inboxes that end with the tests that started them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.inbox.web.browsing import Inbox, make_maildir, put, set_password

StartInbox = Callable[..., Inbox]
HTML = """\
Authentication-Results: mx.example.org; dkim=pass header.d=a.example; spf=fail
 reason="no such host"
Received: from a by mx.example.org; Fri, 27 Nov 2026 10:00:00 +0000
From: =?utf-8?q?Z=C3=B6e?= <zoe@a.example>
To: you@example.org
Subject: Both =?utf-8?b?4oKs?=
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=outer

--outer
Content-Type: multipart/alternative; boundary=inner

--inner
Content-Type: text/plain; charset=utf-8

A text, see https://a.example/x?a=1&b=2.
> quoted <b>

--inner
Content-Type: text/html; charset=utf-8

<p onclick="x()">Hypertext<script>alert(1)</script><img src="https://t.example/pixel.gif"></p>

--inner--
--outer
Content-Type: application/pdf
Content-Disposition: attachment; filename="../../etc/pass\\"wd.pdf"
Content-Transfer-Encoding: base64

SGVsbG8=

--outer--
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder in which an inbox runs for all tests of a file."""
    return tmp_path_factory.mktemp("inbox")


@pytest.fixture(scope="module")
def maildir(place: Path) -> Path:
    """Give a Maildir with three messages: plain, with HTML, and one whose fields are markup."""
    return filled(place / "Maildir")


@pytest.fixture(scope="module")
def inbox(place: Path, maildir: Path) -> Iterator[Inbox]:  # noqa: ARG001 -- it is to be there
    """Give an inbox without a password, the same to all tests of a file, since that takes time."""
    with Inbox(place) as started:
        yield started


@pytest.fixture(scope="module")
def secret(place: Path) -> Path:
    """Give the file of a password."""
    assert set_password(place / "password", "correct horse").returncode == 0
    return place / "password"


@pytest.fixture(scope="module")
def guarded(place: Path, maildir: Path, secret: Path) -> Iterator[Inbox]:  # noqa: ARG001 -- it is to be there
    """Give an inbox with a password."""
    with Inbox(place, "--password-file", str(secret)) as started:
        yield started


@pytest.fixture
def start_inbox(tmp_path: Path) -> Iterator[StartInbox]:
    """Start inboxes of the test's own."""
    started: list[Inbox] = []
    filled(tmp_path / "Maildir")

    def start(*options: str, **how: Any) -> Inbox:  # noqa: ANN401 -- what `Inbox` takes
        started.append(Inbox(tmp_path, *options, **how))
        return started[-1]

    yield start
    for each in started:
        each.kill()


def filled(path: Path) -> Path:
    """Make a Maildir with three messages."""
    maildir = make_maildir(path)
    put(maildir, 1, "From: Ann <ann@a.example>\nSubject: first\n\nHello.\n")
    put(maildir, 2, HTML)
    put(maildir, 3, 'From: "<b>Eve</b>" <e@x>\nSubject: <script>alert(1)</script>\n\n</pre><b>x\n')
    return maildir
