"""
The most that signatures of one message can cost the thread that verifies them, in milliseconds.

Eight of DKIM and a whole chain of ARC, all of which hold, so that nothing ends early; the keys are
as long as may be, and so are their exponents; what is signed is a header as big as it may be, and
each key has as much beside it as may be. Time is that of our thread.
"""

import time
from unittest.mock import patch

from cryptography.hazmat.primitives.asymmetric import rsa

from gomail.checks.arc import MOST_SETS
from gomail.checks.dkim.key import MOST_BITS, MOST_EXPONENT, MOST_RECORDS
from gomail.checks.dkim.taglist import LONGEST, MOST_TAGS
from gomail.checks.header import Header
from gomail.checks.records import Outcome, Records
from gomail.checks.signatures import MOST_SIGNATURES, Signatures
from gomail.limits import DEFAULT_LIMITS
from tests.checks import sealing
from tests.checks.signing import HEADER, NOW, record, signed

BODY = b"a letter\n"
SIGNED = "from:to:subject:x-big"


def slow_key() -> rsa.RSAPrivateKey:
    """Make the slowest key that is taken."""
    numbers = rsa.generate_private_key(65537, MOST_BITS).private_numbers()
    p, q = numbers.p, numbers.q
    e = MOST_EXPONENT - 1  # all of its bits are ones
    while True:
        try:
            d = pow(e, -1, (p - 1) * (q - 1))
        except ValueError:
            e -= 2
        else:
            break
    public = rsa.RSAPublicNumbers(e, p * q)
    parts = d % (p - 1), d % (q - 1), pow(q, -1, p)
    return rsa.RSAPrivateNumbers(p, q, d, *parts, public).private_key()


def message(key: rsa.RSAPrivateKey) -> bytes:
    """Make the message."""
    big = b"X-Big: " + b" \t" * (DEFAULT_LIMITS.header_size // 4) + b"\n"
    whole = HEADER + big + b"\n" + BODY
    with patch.object(sealing, "rsa", lambda: key), patch("tests.checks.signing.rsa", lambda: key):
        for instance in range(1, MOST_SETS + 1):
            whole = sealing.sealed(whole, instance)
        header = whole.partition(b"\n\n")[0] + b"\n"
        for number in range(MOST_SIGNATURES):
            way = "simple" if number % 2 else "relaxed"
            field = signed(HEADER + big, BODY, c=way, h=SIGNED).partition(b"From:")[0]
            header = field + header
    return header + b"\n" + BODY


def main() -> None:
    """Print the best of three."""
    key = slow_key()
    block, _, body = message(key).partition(b"\n\n")
    values = [record(key).encode()]
    for number in range(MOST_RECORDS - 1):
        values.append(b"n=%d;" % number + b";".join(b"a%d=" % at for at in range(MOST_TAGS - 1)))
        if sum(map(len, values)) > LONGEST:
            values.pop()
    records = Records(Outcome.FOUND, tuple(values), 300)
    took = []
    for _ in range(3):
        began = time.thread_time()
        signatures = Signatures(Header(block + b"\n"), NOW)
        read = time.thread_time() - began
        signatures.take(body)
        began = time.thread_time()
        found = signatures.judge(dict.fromkeys(signatures.key_names, records))
        took.append((time.thread_time() - began, read))
        assert {each.result for each in found} == {"pass"}, found
    judged, read = (1000 * min(each) for each in zip(*took, strict=True))
    print(f"{len(block) // 1024} KiB of header: read in {read:.1f} ms, verified in {judged:.1f} ms")


if __name__ == "__main__":
    main()
