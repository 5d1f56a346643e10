"""Prometheus, as Debian packages it: what it makes of the page, of the alerts and the dashboard."""

import json
import re
import shutil
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.docs.blocks import ROOT, blocks
from tests.interop.server import wait_for
from tests.interop.software import end, needs, run
from tests.patience import PATIENCE
from tests.system.conftest import Serve, crew, serve, start  # noqa: F401 -- fixtures
from tests.system.pages import ANYWHERE, Page
from tests.system.running import Server, free_port

pytestmark = pytest.mark.interop
RULES = ROOT / "docs/monitoring/gomail.rules.yml"
DASHBOARD = ROOT / "docs/monitoring/gomail.dashboard.json"
CONFIGURATION = next(
    block.text for block in blocks(ROOT / "docs/monitoring.md") if "scrape_configs" in block.text
)
COUNT = 3  # messages


class Prometheus:
    """One that reads a server's page as docs/monitoring.md says."""

    def __init__(self, folder: Path, target: int) -> None:
        often = "global: {scrape_interval: 1s, evaluation_interval: 1s}\n"
        text = CONFIGURATION.replace("127.0.0.1:9025", f"127.0.0.1:{target}")
        assert text != CONFIGURATION
        (folder / "prometheus.yml").write_text(often + text)
        shutil.copy(RULES, folder)
        self._at = f"127.0.0.1:{free_port()}"
        command = [
            needs("prometheus"),
            f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address={self._at}",
        ]
        with (folder / "prometheus.out").open("wb") as output:
            self.process = subprocess.Popen(command, stdout=output, stderr=output)

    def ask(self, path: str, **about: str) -> Any:  # noqa: ANN401 -- as JSON has it
        """Ask its API."""
        query = urllib.parse.urlencode(about)
        where = f"http://{self._at}/api/v1/{path}?{query}"
        with urllib.request.urlopen(where, timeout=PATIENCE) as answer:
            told = json.load(answer)
        assert told["status"] == "success", told
        return told["data"]

    def value(self, expression: str) -> float | None:
        """Give what an expression without labels comes to now; None where it does not yet."""
        try:
            found = self.ask("query", query=expression)["result"]
        except OSError:  # it begins
            return None
        return float(found[0]["value"][1]) if found else None


@pytest.fixture(params=[1, 2])
def served(request: pytest.FixtureRequest) -> Server:
    """Give a server with a page: alone, or with workers."""
    needs("prometheus")
    begin = request.getfixturevalue("serve" if request.param == 1 else "crew")
    server: Server = begin(*ANYWHERE)
    return server


@pytest.fixture
def prometheus(served: Server, tmp_path: Path) -> Iterator[Prometheus]:
    """Give one that reads it."""
    folder = tmp_path / "prometheus"
    folder.mkdir()
    found = Prometheus(folder, Page(served).port)
    yield found
    end(found.process)


def expressions() -> list[str]:
    """Give the expressions of the dashboard, as Grafana would send them."""
    panels = json.loads(DASHBOARD.read_text())["panels"]
    texts = [target["expr"] for panel in panels for target in panel["targets"]]
    return [text.replace("$instance", ".*").replace("$__rate_interval", "5s") for text in texts]


def test_prometheus_reads_what_swaks_has_sent(served: Server, prometheus: Prometheus) -> None:
    """In its own format of choice; each rule is evaluated, and each panel has something to say."""
    to = ["--server", f"127.0.0.1:{served.port}", "--to", "you@localhost", "--helo", "x.google.com"]
    for _ in range(COUNT):
        run([needs("swaks"), "--tls", *to])
    wait_for("messages", lambda: prometheus.value("sum(gomail_messages_total)") == COUNT)
    [target] = prometheus.ask("targets")["activeTargets"]
    assert (target["health"], target["lastError"]) == ("up", "")
    handshakes = 'gomail_tls_handshakes_total{provider="google", outcome="ok"}'
    assert prometheus.value(f"sum({handshakes})") == COUNT
    counted = 'sum(gomail_message_store_seconds_bucket{le="+Inf"})'
    assert prometheus.value(counted) == COUNT
    wait_for("the rules", lambda: _evaluated(prometheus))
    for rule in _rules(prometheus):
        assert (rule["health"], rule.get("lastError", "")) == ("ok", ""), rule
        assert rule["state"] != "firing", rule
    for expression in expressions():
        prometheus.ask("query", query=expression)
        bare = re.sub(r" (?:> 0|== 1)$", "", expression)
        wait_for(expression, partial(_has_result, prometheus, bare))
    assert served.stopped() == 0
    wait_for("it to be seen", lambda: prometheus.value("sum(up)") == 0)


def _has_result(prometheus: Prometheus, expression: str) -> bool:
    """Tell whether an expression has anything to say."""
    return bool(prometheus.ask("query", query=expression)["result"])


def _rules(prometheus: Prometheus) -> list[dict[str, Any]]:
    """Give all rules."""
    return [rule for group in prometheus.ask("rules")["groups"] for rule in group["rules"]]


def _evaluated(prometheus: Prometheus) -> bool:
    """Tell whether all have been evaluated."""
    return all(rule["health"] != "unknown" for rule in _rules(prometheus))


def test_promtool_finds_nothing_wrong_with_the_page(serve: Serve) -> None:  # noqa: F811 -- a fixture
    """Names, units, types and texts are as Prometheus wants them."""
    needs("promtool")
    status, _, body = Page(serve(*ANYWHERE)).ask("/metrics")
    assert status == 200
    assert run([needs("promtool"), "check", "metrics"], feed=body) == ""


def test_promtool_finds_nothing_wrong_with_the_alerts(tmp_path: Path) -> None:
    """Each is told when it should be, and only then."""
    for each in (RULES, *Path(__file__).parent.glob("gomail.*.test.yml")):
        shutil.copy(each, tmp_path)
    assert "SUCCESS" in run([needs("promtool"), "check", "rules", tmp_path / RULES.name])
    for name in ("gomail.rules.test.yml", "gomail.weeks.test.yml"):
        assert "SUCCESS" in run([needs("promtool"), "test", "rules", name], cwd=tmp_path)
