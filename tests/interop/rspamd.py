"""rspamd as one who signs: its dkim_signing, without rules, network or a table of all domains."""

import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.checks.signing import DOMAIN
from tests.interop.dkim import Keys
from tests.interop.server import wait_for
from tests.interop.software import needs, run

_PLUGIN = Path("/usr/share/rspamd/plugins/dkim_signing.lua")
_CONFIGURATION = """\
options {{
    pidfile = "{folder}/rspamd.pid";
    filters = "dkim";
    local_addrs = ["127.0.0.0/8"];
    dns {{ nameserver = ["127.0.0.1:9"]; timeout = 0.1s; retransmits = 1; }}
    tempdir = "{folder}";
    url_tld = "{folder}/domains";
    disable_hyperscan = true;
    cache_file = "{folder}/symbols.cache";
    hs_cache_dir = "{folder}/";
    stats_file = "{folder}/stats.ucl";
    control_socket = "{folder}/control.sock mode=0600";
}}
logging {{ type = "console"; level = "info"; }}
actions {{ reject = 15; }}
modules {{ path = "{plugin}"; }}
dkim {{ }}
dkim_signing {{
    sign_local = true;
    use_esld = false;
    domain {{ {domain} {{ selectors [
        {{ selector = "sel"; path = "{folder}/rsa.pem"; }},
        {{ selector = "edwards"; path = "{folder}/ed25519"; }},
    ] }} }}
}}
worker "normal" {{ bind_socket = "{folder}/rspamd.sock mode=0666"; count = 1; }}
"""


class Rspamd:
    """
    One that runs.

    Args:
        folder: with its keys and its socket.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._client = needs("rspamc")

    def signs(self, message: bytes) -> bytes:
        """Have a message signed with both keys, and give it with the signatures on top."""
        (self._folder / "message").write_bytes(message)
        here: list[str | Path] = ["-h", self._folder / "rspamd.sock", "--ip", "127.0.0.1"]
        said = run([self._client, *here, "--json", self._folder / "message"])
        signatures = json.loads(said).get("dkim-signature")
        assert isinstance(signatures, list), (said, self.output)
        return "".join(f"DKIM-Signature: {each}\n" for each in signatures).encode() + message

    @property
    def output(self) -> str:
        """What it has said."""
        return (self._folder / "out").read_text(errors="replace")


@contextmanager
def rspamd(folder: Path) -> Iterator[Rspamd]:
    """Run one that signs with the keys in a folder."""
    command = needs("rspamd")
    if not _PLUGIN.exists():
        pytest.skip(f"there is no {_PLUGIN} on this machine")
    Keys.written(folder)
    (folder / "domains").write_text("com\norg\n")
    settings = folder / "rspamd.conf"
    settings.write_text(_CONFIGURATION.format(folder=folder, domain=DOMAIN, plugin=_PLUGIN))
    # As root it would give its rights away, to a user who can't enter everywhere.
    insecure = ["--insecure"] if os.geteuid() == 0 else []
    with (folder / "out").open("wb") as output:
        process = subprocess.Popen(
            [command, *insecure, "-f", "-c", settings],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            start_new_session=True,
        )
    running = Rspamd(folder)

    def listens() -> bool:
        assert process.poll() is None, running.output
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(folder / "rspamd.sock")) == 0

    try:
        wait_for("rspamd to listen", listens)
        yield running
    finally:
        # It may wait 16 seconds for a child that does not hear; all of them are of one group.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
