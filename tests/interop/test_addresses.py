"""What ``gomail init`` makes of addresses that a real kernel has, in a network of its own."""

import json
import sys
from pathlib import Path

import pytest

from tests.interop.software import needs, needs_user, run

pytestmark = [pytest.mark.interop, pytest.mark.needs_root]
SET_UP = """
ip link set lo up
ip address add 5.9.1.1/32 dev lo
ip address add 2a01:4f8::1/64 dev lo nodad
ip address add 2a01:4f8::2/64 dev lo nodad valid_lft 36000 preferred_lft 18000
ip address add 2a01:4f8::3/64 dev lo nodad valid_lft 36000 preferred_lft 0
ip address add fd00::1/64 dev lo nodad
exec "$@"
"""


def test_addresses_that_stay_are_told_from_those_that_do_not(folder: Path) -> None:
    """One set by hand is proposed, a router's is left to its owner, one on its way out is not."""
    needs("ip")
    user = needs_user("nobody").pw_name
    options = ["--json", "--user", user, "--maildir", "Maildir", "you@example.org"]
    command = [sys.executable, "-m", "gomail.cli.main", "init", *options]
    told = json.loads(
        run([needs("unshare"), "--net", "sh", "-ec", SET_UP, "sh", *command], cwd=folder)
    )
    assert told["reach"] == {
        "ipv4": "public",
        "addresses": ["5.9.1.1", "2a01:4f8::1", "2a01:4f8::2"],
    }
    found = {(each["type"], each["value"]): each["optional"] for each in told["records"]}
    assert found["A", "5.9.1.1"] is False
    assert found["AAAA", "2a01:4f8::1"] is False
    assert found["AAAA", "2a01:4f8::2"] is True
    assert ("AAAA", "2a01:4f8::3") not in found
