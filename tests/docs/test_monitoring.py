"""What docs/monitoring.md has of alerts, a dashboard and probes is of the page that there is."""

import json
import re
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
import yaml

from gomail.config import Configuration
from gomail.health import WELL, Health, Reason, State
from gomail.metrics import known_replies
from gomail.server.metrics.probes import Fares, probes
from tests.docs.blocks import ROOT, blocks
from tests.server.metrics.pages import samples, snapshot

FOLDER = ROOT / "docs/monitoring"
PAGE = ROOT / "docs/monitoring.md"
_SERIES = re.compile(r"\b((?:gomail_|up\b)\w*)(?:\{([^}]*)\})?")
_MATCHER = re.compile(r'(\w+) *(!=|=~|!~|=) *"([^"]*)"')
OF_PROMETHEUS = {"job", "instance"}


def rules() -> list[dict[str, Any]]:
    """Give the alerts."""
    text = yaml.safe_load((FOLDER / "gomail.rules.yml").read_text())
    return [rule for group in text["groups"] for rule in group["rules"]]


def expressions() -> Iterator[str]:
    """Give all expressions: of alerts, of panels, and of the choice of servers."""
    yield from (rule["expr"] for rule in rules())
    dashboard = json.loads((FOLDER / "gomail.dashboard.json").read_text())
    for panel in dashboard["panels"]:
        yield from (target["expr"] for target in panel["targets"])
    for each in dashboard["templating"]["list"]:
        if isinstance(each["query"], dict):
            yield each["query"]["query"]


@pytest.mark.parametrize("expression", list(expressions()))
def test_each_series_of_an_expression_is_on_the_page(expression: str) -> None:
    """With its labels, and with every value that a label is compared with."""
    found = samples(snapshot(refusals=known_replies(Configuration())))
    named = _SERIES.findall(expression)
    assert named
    for name, matchers in named:
        if name == "up":
            continue
        there = [dict(labels) for each, labels in found if each == name]
        assert there, f"there is no {name}"
        for label, how, wanted in _MATCHER.findall(matchers):
            if label in OF_PROMETHEUS:
                continue
            values = {labels[label] for labels in there}
            words = set(wanted.split("|")) if how.endswith("~") else {wanted}
            assert words <= values, f"{name} has no {label} {words - values}"


def test_each_alert_is_documented_and_tested() -> None:
    """By its name, in the page and in what promtool runs."""
    names = {rule["alert"] for rule in rules()}
    assert set(re.findall(r"`(Gomail\w+)`", PAGE.read_text())) == names
    files = (ROOT / "tests/interop").glob("gomail.*.test.yml")
    tested = "".join(each.read_text() for each in files)
    assert {name for name in names if name not in tested} == set()
    assert all({"summary"} <= set(rule["annotations"]) for rule in rules())


def test_panels_do_not_lie_on_each_other() -> None:
    """And have a title, an expression and a place each."""
    panels = json.loads((FOLDER / "gomail.dashboard.json").read_text())["panels"]
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(panel["title"] and panel["targets"] for panel in panels)


def test_probes_of_the_page_are_those_that_there_are() -> None:
    """As Kubernetes reads them."""
    [text] = [block.text for block in blocks(PAGE) if "livenessProbe" in block.text]
    asked = yaml.safe_load(text)
    assert set(asked) == {"startupProbe", "livenessProbe", "readinessProbe"}
    full = Health((Reason("disk-full", State.FAILING, ""),))
    for health, statuses in ((WELL, (200, 200, 200)), (full, (200, 200, 503))):
        answers = probes(partial(Fares, health))
        paths = [probe["httpGet"]["path"].encode() for probe in asked.values()]
        assert tuple(answers[path](b"").status for path in paths) == statuses
