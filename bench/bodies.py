"""
The longest turn of the reactor that a body of 25 MB takes while it is looked at, in milliseconds.

Its pieces are as big as a read of a socket is; each is hashed in both ways of DKIM, which is the
most that signatures can ask for. "end" is what a thread does then, for 8 signatures of RSA-2048.
Time is that of our thread: who else works on the machine makes no turn of ours longer.
"""

import base64
import os
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

from bench.letter import signed
from bench.signing import public_key
from gomail.checks.header import Header
from gomail.checks.records import Outcome, Records
from gomail.checks.signatures import Signatures

SIZE = 25_000_000
PIECE = 65536
NOW = 1_795_842_000
LINE = b"These are words of a letter, and there are about as many in each line.\n"
BODIES = {
    "text": LINE,
    "base64": base64.encodebytes(os.urandom(57 * 100)),
    "empty lines": b"\n",
    "spaces": b" ",
    "tabs and spaces": b" \t",
    "lines of spaces": b" " * 998 + b"\n",
}


def turns(text: bytes, block: bytes, key: Records) -> tuple[float, float, float]:
    """Give the longest and the mean time of a piece, and that of the end, in seconds."""
    signatures = Signatures(Header(block), NOW)
    took = []
    for at in range(0, len(text), PIECE):
        piece = text[at : at + PIECE]
        began = time.thread_time()
        signatures.take(piece)
        took.append(time.thread_time() - began)
    keys = dict.fromkeys(signatures.key_names, key)
    began = time.thread_time()
    found = signatures.judge(keys)
    ended = time.thread_time() - began
    assert [each.result for each in found] == ["pass"] * 8 + ["none"], found
    return max(took), sum(took) / len(took), ended


def figures(body: bytes) -> list[float]:
    """Give the best of three, in milliseconds."""
    text = (body * (SIZE // len(body) + 1))[:SIZE]
    simple = signed(text, "simple/simple", count=4).partition(b"From:")[0]
    block = simple + signed(text, count=4)
    key = Records(Outcome.FOUND, (f"v=DKIM1; k=rsa; p={public_key()}".encode(),), 300)
    tries = [turns(text, block, key) for _ in range(3)]
    return [min(each) * 1000 for each in zip(*tries, strict=True)]


def main() -> None:
    """Print a line for each kind of body: the best of three, as others work on the machine, too."""
    print(f"{'':<18}{'longest':>10}{'mean':>10}{'end':>10}   ms")
    for name, body in BODIES.items():
        print(f"{name:<18}" + "".join(f"{each:10.2f}" for each in figures(body)))


if __name__ == "__main__":
    main()
