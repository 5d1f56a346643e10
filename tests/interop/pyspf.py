"""
Has Debian's pyspf evaluate cases: one a line in JSON, a result a line out.

It runs by Debian's own Python, and needs nothing else of this house. A case has ``ip``, ``sender``,
``helo``, ``records`` ([name, kind, values] each) and ``fails``, names that are not answered.
"""

# ruff: noqa: ANN001, ANN201, ANN202 -- it is run by Debian's Python

import json
import sys

import spf  # type: ignore[import-not-found,unused-ignore]  # it is in Debian's Python


def main():
    """Evaluate all cases."""
    for line in sys.stdin:
        case = json.loads(line)
        records = {(name, kind): values for name, kind, values in case["records"]}
        spf.DNSLookup = lookup_in(records, set(case["fails"]))
        print(spf.check2(case["ip"], case["sender"], case["helo"], querytime=0)[0])  # noqa: T201 -- to us


def lookup_in(records, fails):
    """Give what pyspf asks instead of DNS."""

    def lookup(name, kind, _strict, _timeout):
        name = name.lower().rstrip(".")
        if name in fails:
            raise spf.TempError("DNS")
        found = records.get((name, kind), [])
        if kind == "TXT":
            return [((name, kind), [value.encode()]) for value in found]
        if kind == "MX":
            return [((name, kind), (10, value)) for value in found]
        return [((name, kind), value) for value in found]

    return lookup


if __name__ == "__main__":
    main()
