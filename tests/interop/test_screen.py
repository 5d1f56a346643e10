"""What a newcomer sees on the terminal when the first message comes from Gmail."""

import smtplib

import pytest

from tests.interop.conftest import StartGomail
from tests.interop.samples import on_the_wire
from tests.interop.stored import the_only_one
from tests.patience import PATIENCE

pytestmark = pytest.mark.system

# As Gmail writes them: folded fields, and the text twice.
GMAIL = b"""\
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;
        d=gmail.example; s=20251104; t=1645406341; x=1646011141;
        h=to:subject:message-id:date:from:mime-version:from:to:cc:subject;
        bh=aGVsbG8gd29ybGQgaGVsbG8gd29ybGQgaGVsbG8gd29ybGQ=;
        b=d29ybGQgaGVsbG8gd29ybGQgaGVsbG8gd29ybGQgaGVsbG8gd29ybGQgaGVsbG8gd29ybGQgaGVs
         bG8gd29ybGQ=
X-Gm-Message-State: AOJu0Yy1a2b3c4d5e6f7g8h9
\t+Zq8Xw9
MIME-Version: 1.0
From: =?UTF-8?Q?Ph=C3=AFl?= Eaton <me@gmail.example>
Date: Sun, 20 Feb 2022 21:19:01 -0500
Message-ID: <CAByiw+oP6bVXx0w@mail.gmail.example>
Subject: What hath god
 wrought
To: morse@example.org
Content-Type: multipart/alternative; boundary="000000000000c4758905d87ddb81"

--000000000000c4758905d87ddb81
Content-Type: text/plain; charset="UTF-8"

What hath god wrought

--000000000000c4758905d87ddb81
Content-Type: text/html; charset="UTF-8"

<div dir="ltr">What hath god wrought</div>

--000000000000c4758905d87ddb81--
"""

SCREEN = """\
│ From:    Phïl Eaton <me@gmail.example>
│ To:      morse@example.org
│ Subject: What hath god wrought
│ Date:    Sun, 20 Feb 2022 21:19:01 -0500
│
│ Return-Path: <me@gmail.example>
│ Delivered-To: morse@example.org
│ Received: from mail-ua1-f47.gmail.example ([127.0.0.1]) by mx.example.org (gomail) with ESMTP…
│ DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=gmail.example; s=20251104;…
│ X-Gm-Message-State: AOJu0Yy1a2b3c4d5e6f7g8h9 +Zq8Xw9
│ MIME-Version: 1.0
│ Message-ID: <CAByiw+oP6bVXx0w@mail.gmail.example>
│ Content-Type: multipart/alternative; boundary="000000000000c4758905d87ddb81"
│
│ multipart/alternative
│ ├─ text/plain, utf-8, 22 octets
│ └─ text/html, utf-8, 43 octets
│
│ What hath god wrought
""".splitlines()


def test_message_from_gmail_is_shown(start_gomail: StartGomail) -> None:
    """The fields, the parts and the text of a message from Gmail stand on the terminal, decoded."""
    gomail = start_gomail("--domain", "example.org", "--show-messages")
    with smtplib.SMTP(
        "127.0.0.1", gomail.port, "mail-ua1-f47.gmail.example", timeout=PATIENCE
    ) as client:
        client.sendmail(
            "me@gmail.example", ["morse@example.org"], on_the_wire(GMAIL), ["BODY=8BITMIME"]
        )
    stored = the_only_one(gomail.maildir)
    assert stored.content == GMAIL
    shown = gomail.wait_for_line(r"(?ms)^┌─ (\S+) · 1\.\d KiB\n(.*?)^└─$")
    assert shown[1] == stored.path.name
    assert shown[2].splitlines() == SCREEN
