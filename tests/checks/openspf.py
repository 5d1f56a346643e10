"""The test suite of openspf.org for RFC 7208, as cases and zones of ours."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import dns.name
import yaml

SUITE = Path(__file__).parent.parent / "data/spf/rfc7208-tests.yml"
KINDS = ("TXT", "A", "AAAA", "MX", "PTR")


class Case(NamedTuple):
    """One question: who sends from where, and what SPF says of it."""

    name: str
    zone: str
    host: str
    helo: str
    mailfrom: str
    results: tuple[str, ...]


def cases() -> Iterator[Case]:
    """Give all cases, in order."""
    for scenario in yaml.safe_load_all(SUITE.read_text()):
        zone = "".join(map(records, scenario["zonedata"], scenario["zonedata"].values()))
        for name, case in scenario["tests"].items():
            results = case["result"] if isinstance(case["result"], list) else [case["result"]]
            yield Case(
                f"{scenario['description']}: {name}".replace(" ", "-"),
                zone,
                case["host"],
                case["helo"],
                case["mailfrom"],
                tuple(results),
            )


def records(name: str, entries: list[Any]) -> str:
    """Write a name of the suite's zones as in a master file."""
    pairs = [pair for entry in entries if entry != "TIMEOUT" for pair in entry.items()]
    if not any(kind == "TXT" for kind, _ in pairs):
        # The suite's old way to write a policy; beside a TXT record it is just another type.
        pairs = [("TXT" if kind == "SPF" else kind, value) for kind, value in pairs]
    pairs = [(kind, value) for kind, value in pairs if kind != "SPF" and value != "NONE"]
    lines = [f"{written(name)} {kind} {data(kind, value)}\n" for kind, value in pairs]
    if "TIMEOUT" in entries:
        others = [kind for kind in KINDS if kind not in dict(pairs)]
        lines += [f"$FAIL {name} {kind}\n" for kind in others]
    return "".join(lines)


def written(name: str) -> str:
    """Write a name with escapes."""
    labels = name.removesuffix(".").encode().split(b".")
    return dns.name.Name([*labels, b""] if labels != [b""] else [b""]).to_text()


def data(kind: str, value: Any) -> str:  # noqa: ANN401 -- a text or a list
    """Write what stands behind the kind."""
    if kind == "TXT":
        strings = value if isinstance(value, list) else [value]
        return " ".join(f'"{quoted(string.encode())}"' for string in strings or [""])
    if kind == "MX":
        return f"{value[0]} {written(value[1])}"
    return written(value) if kind in {"PTR", "CNAME"} else str(value)


def quoted(octets: bytes) -> str:
    """Write octets with escapes (RFC 1035 §5.1)."""
    return "".join(f"\\{each:03d}" for each in octets)
