"""Messages to send: each line of them is one that has broken a mail server somewhere."""

import re

DOTS = b".\n..\n.a line that begins with a dot\n...\n"
EIGHT_BIT = "Grüße aus Köln, 世界, 🐌\n".encode()
LONG_LINE = b"x" * 998 + b"\n"  # RFC 5322 §2.1.1: the longest that a message may have


def sample(number: int = 1, *, body: bytes = DOTS + EIGHT_BIT + LONG_LINE) -> bytes:
    """Give a message with LF line ends that nobody on the way has a reason to complete."""
    return (
        b"From: Samuel <samuel@sender.example>\n"
        b"To: Alfred <alfred@example.org>\n"
        b"Subject: What hath god\n"
        b"\twrought, part %d\n"
        b"Date: Fri, 24 May 1844 08:45:00 -0500\n"
        b"Message-ID: <%d.1844@sender.example>\n"
        b"MIME-Version: 1.0\n"
        b"Content-Type: text/plain; charset=UTF-8\n"
        b"Content-Transfer-Encoding: 8bit\n"
        b"\n"
        b"%b\n"
        b"The end.\n"
    ) % (number, number, body)


def large(octets: int) -> bytes:
    """Give a message of about that size, no two lines of which are the same."""
    lines = (b"%09d %b\n" % (number, b"0123456789abcdef" * 4) for number in range(octets // 75))
    return sample(body=b"".join(lines))


def on_the_wire(message: bytes) -> bytes:
    """Give a message with the line ends of SMTP."""
    return message.replace(b"\n", b"\r\n")


def number_of(message: bytes) -> int:
    """Give the number of a sample, wherever it was found."""
    found = re.search(rb"^Message-ID: <(\d+)\.1844@", message, re.MULTILINE)
    assert found, message[:1000]
    return int(found[1])
