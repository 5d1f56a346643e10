"""The trace fields that a stored copy begins with."""

import re


def trace(delivered_to: str, only: str | None) -> bytes:
    """Give a pattern for the trace fields of one copy."""
    return (
        rb"Return-Path: <a@client\.example>\n"
        + re.escape(delivered_to).encode()
        + rb"Received: from client\.example \(\[192\.0\.2\.1\]\)\n"
        + rb"\tby mx\.here\.example \(gomail\) with ESMTP id [0-9a-f]{10}\.\d+"
        + (rb"\n\tfor <" + re.escape(only).encode() + rb">" if only else rb"")
        + rb";\n\t\w{3}, \d{1,2} \w{3} \d{4} \d\d:\d\d:\d\d \+0000\n"
    )
