"""Cases of DMARC as data: records, who signed and sent, and what becomes of it."""

import json
from pathlib import Path
from typing import Any

from gomail.checks.dmarc.evaluation import Evaluation, evaluate
from gomail.checks.records import Resolver
from gomail.finding import Finding, Property
from tests.checks.waiting import Counting, now

DATA = Path(__file__).parent.parent.parent / "data/dmarc"


def cases(name: str) -> list[dict[str, Any]]:
    """Read them; what a case leaves out is nothing."""
    nothing: dict[str, Any] = {"records": {}, "exists": [], "fails": [], "spf": [], "dkim": []}
    return [{**nothing, **case} for case in json.loads((DATA / name).read_text())]


def zone_of(case: dict[str, Any]) -> str:
    """Write a case's DNS as a master file."""
    lines = [
        f"_dmarc.{domain}. TXT {json.dumps(record)}"
        for domain, records in case["records"].items()
        for record in records
    ]
    lines += [f"{name}. A 192.0.2.1" for name in case["exists"]]
    lines += [f"$FAIL {name}" for name in case["fails"]]
    return "\n".join(lines)


def evaluated(case: dict[str, Any], resolver: Resolver | None = None) -> Evaluation:
    """Evaluate a case."""
    return now(
        evaluate(
            case["from"],
            [spf_pass(domain) for domain in case["spf"]],
            [dkim_pass(domain) for domain in case["dkim"]],
            resolver or Counting(zone_of(case)),
        )
    )


def spf_pass(domain: str, result: str = "pass") -> Finding:
    """Give what SPF says of MAIL FROM."""
    return Finding("spf", result, (Property("smtp", "mailfrom", domain),))


def dkim_pass(domain: str, result: str = "pass") -> Finding:
    """Give what DKIM says of a signature."""
    properties = (Property("header", "d", domain), Property("header", "s", "s1"))
    return Finding("dkim", result, properties)
