"""Messages to be signed, of each shape that a signature may stumble over."""

HEADER = b"""\
From: Joe <joe@example.org>
To: ann@example.net,
\tbob@example.net
Subject: A   letter \n\tin  two lines
Date: Mon, 16 Jun 2025 10:00:00 +0000
Message-ID: <1@example.org>
"""
MESSAGES = {
    "plain": HEADER + b"\nDear Ann,\n\n  how  are \t you? \n\nJoe\n",
    "empty-lines-at-the-end": HEADER + b"\ntext\n\n\n\n",
    "white-space-at-line-ends": HEADER + b"\n \ta \n\t \n b\t\n \n",
    "nothing-but-empty-lines": HEADER + b"\n\n\n",
    "no-body": HEADER + b"\n",
    "eight-bit": HEADER.replace(b"Joe <", "Jöe <".encode()) + "\nGrüße\n".encode(),
    "long": HEADER + b"\n" + b"A line that is repeated. \n" * 8000,
}
