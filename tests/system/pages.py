"""The page of metrics of a real server: asked as Prometheus and load balancers ask it."""

import http.client
import json
import re
import socket
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from tests.patience import PATIENCE
from tests.system.running import Server

ANYWHERE = ("--metrics", "tcp:0:interface=127.0.0.1")
_PAGE = re.compile(r"^  metrics +(?:127\.0\.0\.1|0\.0\.0\.0):(\d+), at /metrics$", re.MULTILINE)
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


class Page:
    """The page of a server; *path* is that of its unix socket, where it has one."""

    def __init__(self, server: Server, path: Path | None = None) -> None:
        self._server = server
        self._path = path

    @property
    def port(self) -> int:
        """Give the port that was announced."""
        found = _PAGE.findall(self._server.output + self._server.complaints)
        assert found, self._server.output
        return int(found[-1])

    def connect(self) -> socket.socket:
        """Connect."""
        if self._path is None:
            return socket.create_connection(("127.0.0.1", self.port), PATIENCE)
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(PATIENCE)
        connection.connect(str(self._path))
        return connection

    def ask(self, path: str, method: str = "GET", **fields: str) -> tuple[int, str, bytes]:
        """Ask for a path, and give the status, the type and the body."""
        client = http.client.HTTPConnection("127.0.0.1", timeout=PATIENCE)
        client.sock = self.connect()
        client.request(method, path, headers=fields)
        answer = client.getresponse()
        body = answer.read()
        client.close()
        return answer.status, answer.headers["Content-Type"], body

    def probe(self, path: str) -> tuple[int, Any]:
        """Ask as a load balancer does."""
        status, _, body = self.ask(path)
        return status, json.loads(body)

    def samples(self) -> Samples:
        """Scrape."""
        status, _, body = self.ask("/metrics")
        assert status == 200, body
        families = text_string_to_metric_families(body.decode())
        return {
            (each.name, frozenset(each.labels.items())): each.value
            for family in families
            for each in family.samples
        }

    def value(self, name: str, **labels: str) -> float:
        """Give one sample."""
        return self.samples()[f"gomail_{name}", frozenset(labels.items())]


def counters(found: Samples) -> Samples:
    """Give those samples that never fall, but for what a process has used itself."""
    return {
        key: value
        for key, value in found.items()
        if key[0].endswith(("_total", "_count", "_bucket")) and "process" not in key[0]
    }
