"""The page as Prometheus reads it: by the parsers of its own library."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from gomail.health import Health, Reason, State
from gomail.server.metrics.families import FRESH, page
from gomail.server.metrics.snapshot import Snapshot
from tests.catalogue.pages import ROOT
from tests.server.metrics.pages import samples, snapshot

OPENMETRICS = b"application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.3"


def value(found: Mapping[Any, float], name: str, **labels: str) -> float:
    """Give one sample."""
    return found[f"gomail_{name}", frozenset(labels.items())]


@pytest.mark.parametrize("accept", [b"", OPENMETRICS])
def test_page_says_what_was_counted(accept: bytes) -> None:
    """In both formats, as the library's parsers read them."""
    found = samples(snapshot(workers=2), accept)
    assert value(found, "messages_total") == 2
    assert value(found, "message_bytes_total") == 2468
    assert value(found, "refusals_total", reason="no-such-mailbox", kind="permanent") == 1
    assert value(found, "refusals_total", reason="too-busy", kind="temporary") == 0
    assert value(found, "authentication_results_total", method="spf", result="pass") == 1
    assert value(found, "policy_actions_total", action="junk") == 1
    assert value(found, "policy_shadow_actions_total", action="refuse") == 1
    assert value(found, "messages_junk_total", by="policy") == 1
    assert value(found, "sessions_total", tls="none") == 1
    assert value(found, "connections_total", listener="tcp:25") == 5
    assert value(found, "connections_total", listener="unix:/run/mx") == 0
    assert value(found, "sessions_open", listener="tcp:25") == 4
    assert value(found, "sessions_limit") == 100
    assert value(found, "message_store_seconds_count") == 2
    assert value(found, "message_store_seconds_bucket", le="0.025") == 2
    assert value(found, "batch_seconds_sum") == 0.5
    assert value(found, "reactor_lag_seconds") == 0.25
    assert value(found, "disk_free_bytes") == 4999
    assert value(found, "certificate_end_timestamp_seconds", certificate="2") == 3000
    assert value(found, "workers") == value(found, "workers_serving") == 2
    assert value(found, "workers_ended_total") == 3
    assert value(found, "process_open_fds", process="server", worker="") == 7
    assert value(found, "process_cpu_seconds_total", process="agent", worker="") == 0.5
    assert (
        "gomail_process_open_fds",
        frozenset({("process", "agent"), ("worker", "")}),
    ) not in found


def test_health_is_one_at_its_state_and_reasons() -> None:
    """And nought at all others, which are there as well."""
    reason = Reason("disk-full", State.FAILING, "text")
    found = samples(snapshot(health=Health((reason,))))
    states = {state: value(found, "health_state", state=state) for state in map(str, State)}
    assert states == {"ok": 0, "degraded": 0, "failing": 1}
    assert value(found, "health_reason", reason="disk-full") == 1
    assert value(found, "health_reason", reason="workers-missing") == 0


def test_nobody_knows_what_a_parent_has_not_heard_yet() -> None:
    """Before its workers say something there is no free space, and no lag."""
    found = samples(snapshot(gauges=[]))
    names = {name for name, _ in found}
    assert "gomail_messages_total" in names
    assert not names & {"gomail_disk_free_bytes", "gomail_reactor_lag_seconds"}
    assert value(found, "sessions_open", listener="tcp:25") == 0


def test_replies_of_others_are_one_reason() -> None:
    """A milter's own words are counted, and are no label."""
    refusals = {"550 5.7.1 Buy <now>": 3, "451 4.7.1 Greylisted, 299 s": 4, "others": 5}
    seen = snapshot()
    found = samples(replace(seen, counts={**seen.counts, "refusals": refusals}))
    assert value(found, "refusals_total", reason="other", kind="permanent") == 8
    assert value(found, "refusals_total", reason="other", kind="temporary") == 4
    assert found.keys() == samples(seen).keys()


def test_page_is_written_once_a_second_at_most() -> None:
    """However often it is asked for, and whatever else Accept says."""
    looks, now = [], [0.0]

    def look() -> Snapshot:
        looks.append(1)
        return snapshot()

    give = page(look, lambda: now[0])
    for number in range(20):
        accepts = (b"", b"%b;x=%d" % (OPENMETRICS, number), b"application/openmetrics-text;q=\xff")
        kinds = {give(accept).kind for accept in accepts}
    assert kinds == {
        "text/plain; version=0.0.4; charset=utf-8",
        "application/openmetrics-text; version=1.0.0; charset=utf-8",
    }
    assert len(looks) == 2
    now[0] += FRESH
    give(b"")
    assert len(looks) == 3


def test_each_metric_is_documented() -> None:
    """With its labels, in docs/monitoring.md; and none that there is not."""
    text = (ROOT / "docs/monitoring.md").read_text()
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| `gomail_")]
    told = {
        name: set(re.findall(r"`(\w+)`", labels))
        for names, labels, *_ in rows
        for name in re.findall(r"`(\w+)`", names)
    }
    found: dict[str, set[str]] = {}
    for name, labels in samples(snapshot()):
        base = re.sub(r"_(bucket|count|sum)\Z", "", name)
        found.setdefault(base, set()).update(label for label, _ in labels)
    assert told.keys() == found.keys()
    assert [name for name, labels in found.items() if not labels <= told[name]] == []
