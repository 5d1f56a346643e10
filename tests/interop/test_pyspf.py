"""
SPF beside Debian's pyspf, on made-up policies: two implementations, one result.

Left out is where they are known to differ, and the RFC leaves room: how many void lookups repeated
questions, and those for MX hosts, are; whether the other hosts are asked for when one matches, and
fails; which error it is that a circle of includes runs into first; and names with empty labels,
which are a syntax error to ours, and no match to pyspf.
"""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.task import Clock

from gomail.address import Address
from gomail.address import Path as ReversePath
from gomail.checks.spf import SPF
from tests.checks.waiting import Counting, now
from tests.interop.software import run
from tests.thorough import often

pytestmark = pytest.mark.interop

PYTHON = Path("/usr/bin/python3")
ORACLE = Path(__file__).parent / "pyspf.py"
NAMES = [f"{name}.example" for name in "abcdefg"]
ADDRESSES = ["192.0.2.1", "192.0.2.77", "198.51.100.9", "2001:db8::1", "2001:db8:1::9"]
DOMAINS = [*NAMES, "%{d}", "%{d1}.example", "%{i}.x.example", "%{l}.%{o}", "%{ir}.%{v}.a.example"]
DOMAINS += ["%{h}", "mail.%{s}", "%%.example", "%{x}.example", "%", "nodots", ""]


@pytest.fixture(scope="module")
def python() -> Path:
    """Give the Python that has pyspf."""
    if not PYTHON.exists() or not any(Path("/usr/lib/python3/dist-packages").glob("spf.py")):
        pytest.skip("there is no python3-spf on this machine")
    return PYTHON


def cases(count: int, seed: int) -> Iterator[dict[str, Any]]:
    """Make cases up, the same for the same seed."""
    chance = random.Random(seed)
    for _ in range(count):
        yield {
            "ip": chance.choice(ADDRESSES),
            "sender": f"{chance.choice(['me', 'a.b-c', 'x+y'])}@a.example",
            "helo": chance.choice(["a.example", "mail.b.example"]),
            "records": list(records(chance)),
            "fails": chance.sample(NAMES[1:], chance.choice([0, 0, 0, 1])),
        }


def records(chance: random.Random) -> Iterator[tuple[str, str, list[str]]]:
    """Make a zone up."""
    for name in NAMES:
        if name == "a.example" or chance.random() < 0.8:
            others = [] if chance.random() < 0.95 else ["v=spf1 ip4:192.0.2.200 ?all"]
            yield name, "TXT", ["other", policy(chance, name), *others]
        for kind, version in (("A", 4), ("AAAA", 6)):
            fitting = [each for each in ADDRESSES if (":" in each) == (version == 6)]
            yield name, kind, chance.sample(fitting, 2)
        yield name, "MX", [chance.choice(NAMES)]


def policy(chance: random.Random, owner: str) -> str:
    """Make a policy up; it may include those of names behind its owner's."""
    others = [name for name in NAMES if name > owner] or ["nobody.example"]
    terms = [term(chance, chance.choice(others)) for _ in range(chance.randint(0, 5))]
    end = chance.choice(["-all", "~all", "?all", "", "redirect=" + chance.choice(others)])
    version = chance.choice(["v=spf1"] * 20 + ["V=SPF1", "v=spf10", "v=spf1,"])
    return chance.choice([" "] * 9 + ["  "]).join(filter(None, [version, *terms, end]))


def term(chance: random.Random, other: str) -> str:
    """Make a term up; where it includes a policy, it is the *other*'s."""
    name = chance.choice(NAMES if chance.random() < 0.9 else DOMAINS)
    masks = ["/33", "/", "/x"] if chance.random() < 0.03 else ["", "", "/24", "//48", "/24//48"]
    mask = chance.choice(masks)
    network4 = chance.choice(["192.0.2.1", "198.51.100.0/24", "192.0.2.64/26", "0.0.0.0/0"])
    network6 = chance.choice(["2001:db8::/32", "2001:db8::1", "2001:db8:1::/48", "::/0"])
    wrong = ["ip4:192.0.2", "ip4:1.2.3.256", "ip6:2001:db8:::1", "ip6:x", "nonsense", "nonsense:x"]
    kinds = [
        "all",
        f"a{mask}",
        f"a:{name}{mask}",
        f"mx{mask}",
        f"mx:{name}{mask}",
        f"include:{other}",
        f"include:{other}",
        f"exists:{chance.choice(DOMAINS)}",
        f"ip4:{network4}",
        f"ip6:{network6}",
        f"exp={name}",
        f"x-other={name}",
        "ptr" if chance.random() < 0.2 else "a",
        chance.choice([*wrong, "a:", "include", "all:x", "ip4"]),
    ]
    weights = [1, 2, 4, 2, 4, 4, 4, 2, 4, 4, 0.3, 0.3, 1, 0.3]
    return chance.choice(["", "", "-", "~", "?", "+"]) + chance.choices(kinds, weights)[0]


def zone_of(case: dict[str, Any]) -> str:
    """Write a case's DNS as a master file."""
    lines = []
    for name, kind, values in case["records"]:
        before = {"TXT": '"', "MX": "10 "}.get(kind, "")
        after = {"TXT": '"', "MX": "."}.get(kind, "")
        lines += [f"{name}. {kind} {before}{value}{after}" for value in values]
    return "\n".join(lines + [f"$FAIL {name}" for name in case["fails"]])


def ours(case: dict[str, Any]) -> str:
    """Evaluate a case ourselves."""
    spf = SPF(Counting(zone_of(case)), Clock(), "mx.example.net")
    path = ReversePath(Address(*case["sender"].rsplit("@", 1)))
    return now(spf.mail(case["ip"], case["helo"], path)).result


def test_pyspf_agrees(python: Path) -> None:
    """Policies, well-formed or not, have the same result in both."""
    made = list(cases(often(500, 250), seed=7208))
    feed = "".join(json.dumps(case) + "\n" for case in made).encode()
    theirs = run([python, ORACLE], feed=feed).split()
    results = [ours(case) for case in made]
    different = [
        (case, result, their)
        for case, result, their in zip(made, results, theirs, strict=True)
        if result != their
    ]
    assert set(results) >= {"pass", "fail", "softfail", "neutral", "none", "permerror", "temperror"}
    assert different == []
