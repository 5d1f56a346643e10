"""Header blocks that come, and trace fields that we write of what a client says."""

import re

from gomail.address import Path
from gomail.envelope import Client, Encryption, Envelope, MailParameters
from gomail.limits import Limits
from gomail.message import trace
from gomail.reply import HEADER_TOO_BIG, LOOP, TOO_MANY_FIELDS, Refused, Reply
from gomail.smtp import grammar
from tests.fuzz.target import Case, Target, pieces, read_case
from tests.message.verdicts import verdict

SMALL = Limits(header_size=200, header_fields=4, hops=2)
FIELDS = ("Return-Path", "X-Original-To", "Delivered-To", "Received")


def check(octets: bytes) -> None:
    """Take the octets for a message, and its lines for what a client says of itself."""
    case = read_case(octets)
    check_block(case)
    said = case.octets.split(b"\n")
    check_trace(said[0], said[-1], esmtp=case.way(0), encrypted=case.way(1))


def check_block(case: Case) -> None:
    """The verdict is that on the whole message, however it is cut."""
    expected = reference(case.octets, SMALL)
    found = verdict(pieces(case.octets, case.lengths), SMALL)
    assert found == expected, found


def reference(octets: bytes, limits: Limits) -> Reply | None:
    """Judge a whole message line by line."""
    names, size = [], 0
    for line in re.findall(rb"[^\n]*\n|[^\n]+", octets):
        if line == b"\n":
            break
        size += len(line)
        name, colon, _ = line.partition(b":")
        name = name.rstrip(b" \t")
        if colon and name and not re.search(rb"[ \t\n\r\f\v]", name):
            names.append(name.lower())
    if size > limits.header_size:
        return HEADER_TOO_BIG
    if len(names) > limits.header_fields:
        return TOO_MANY_FIELDS
    return LOOP if names.count(b"received") > limits.hops else None


def check_trace(helo: bytes, argument: bytes, *, esmtp: bool, encrypted: bool) -> None:
    """Whatever a client says of itself stays within its field, and all of it can be read."""
    try:
        name = grammar.read_greeting(helo)
        path = grammar.read_rcpt(b"TO:" + argument, utf8=True)
    except Refused:
        return
    client = Client(
        "0123456789",
        "192.0.2.1",
        25,
        name,
        esmtp=esmtp,
        encryption=Encryption("TLSv1.3", "AES", 256) if encrypted else None,
    )
    envelope = Envelope("0123456789.1", client, path, MailParameters(utf8=True)).to([path])
    check_fields(
        trace.return_path(path)
        + trace.delivered_to([(str(path.address), None), ("b@here.example", str(path.address))])
        + trace.received(envelope, "here.example", 0),
        path,
    )


def check_fields(octets: bytes, path: Path) -> None:
    """See that these are the five fields that were written, each on lines of its own."""
    text = octets.decode()
    names = re.findall(r"^([!-9;-~]+): ", text, re.MULTILINE)
    assert names == [FIELDS[0], FIELDS[2], FIELDS[1], FIELDS[2], FIELDS[3]], text
    lines = text.split("\n")
    assert lines.pop() == ""
    assert all(line.startswith(("\t", *FIELDS)) for line in lines), text
    assert all(line.replace("\t", "").isprintable() for line in lines), text
    assert lines[0] == f"Return-Path: {path}"
    assert f"\tfor {path};" in lines


TARGET = Target(
    check,
    words=(
        b"\n", b"\n\n", b"Received: x\n", b"RECEIVED \t:", b"A: b\n", b" folded\n", b"\tx: y\n",
        b":", b"\r\n", b"\r", b"\f", b"\v", b" ", b"received:", b"x" * 60, b"<a@b>",
        b'<"\\"\t"@c>', b"client.example", b"[192.0.2.1]", b"[IPv6:::1]", b"\xc3\xa9",
        b"\xe2\x80\xa8", b"(", b")", b";",
    ),
    seeds=(
        Case(1, b"", b"client.example\n<a@here.example>").written(),
        Case(3, b"", b'[IPv6:2001:db8::1]\nA: b\n<"x y"@here.example>').written(),
        Case(0, b"\5", b"A: b\nReceived: from a\n by b\nReceived: c\n\nbody: x\n").written(),
        Case(0, b"\1\2", b"A: b\n" * 6).written(),
        Case(0, b"", b"received:\n" * 4 + b"\n").written(),
        Case(0, b"\x40", b"X: " + b"y" * 200).written(),
    ),
)  # fmt: skip
