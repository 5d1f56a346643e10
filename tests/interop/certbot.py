"""certbot, and an authority that believes it everything: Debian's pebble, both on loopback."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from gomail.certificates.keeper import world_time
from tests.certificates.pairs import pair, written
from tests.interop.server import wait_for
from tests.interop.software import needs, run
from tests.patience import PATIENCE
from tests.system.running import free_port


class Authority:
    """A pebble that answers in *folder* and on loopback alone, until it is stopped."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        files = written(folder, pair("localhost", ends=world_time() + timedelta(days=9)), "pebble")
        self.trust = files.certificate  # its own authority stands there, too
        settings = {
            "listenAddress": f"127.0.0.1:{self.port}",
            "managementListenAddress": f"127.0.0.1:{free_port()}",
            "certificate": files.certificate,
            "privateKey": files.key,
            "httpPort": free_port(),
            "tlsPort": free_port(),
            "ocspResponderURL": "",
            "externalAccountBindingRequired": False,
        }
        (folder / "pebble.json").write_text(json.dumps({"pebble": settings}))
        believing = {
            "PEBBLE_VA_ALWAYS_VALID": "1",
            "PEBBLE_VA_NOSLEEP": "1",
            "PEBBLE_WFE_NONCEREJECT": "0",
        }
        with (folder / "pebble.out").open("wb") as self._output:
            self._process = subprocess.Popen(
                [needs("pebble"), "-config", folder / "pebble.json"],
                env={**os.environ, **believing},
                stdout=self._output,
                stderr=subprocess.STDOUT,
            )
        output = folder / "pebble.out"
        wait_for("pebble to listen", lambda: "Listening on" in output.read_text())

    def stop(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait(PATIENCE)


class Certbot:
    """A certbot that keeps everything in *folder*, and asks that authority."""

    def __init__(self, folder: Path, authority: Authority) -> None:
        self.folder = folder / "letsencrypt"
        self._authority = authority
        self._common = [
            *("--config-dir", str(self.folder)),
            *("--work-dir", str(folder / "work")),
            *("--logs-dir", str(folder / "logs")),
            *("--server", f"https://localhost:{authority.port}/dir"),
            "--non-interactive",
        ]

    def _run(self, *words: str) -> str:
        """Run it."""
        command = [needs("certbot"), *words, *self._common]
        return run(command, environment={"REQUESTS_CA_BUNDLE": self._authority.trust})

    def certify(self, name: str) -> None:
        """Get a certificate, as the README says."""
        http = ("--http-01-address", "127.0.0.1", "--http-01-port", str(free_port()))
        account = ("--agree-tos", "--register-unsafely-without-email")
        self._run("certonly", "--standalone", "-d", name, *account, *http)

    def renew(self) -> str:
        """Renew all certificates before their time, with all that follows from it."""
        return self._run("renew", "--force-renewal", "--no-random-sleep-on-renew")


MX = "mx.example.org"
GOMAIL = (sys.executable, "-m", "gomail.cli.main")
