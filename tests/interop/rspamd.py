"""rspamd as one who filters, and as one who signs: no rules, no network, no list of all domains."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.checks.signing import DOMAIN
from tests.interop.daemon import Daemon
from tests.interop.dkim import Keys
from tests.interop.software import needs, run

_PLUGIN = Path("/usr/share/rspamd/plugins/dkim_signing.lua")
_CONFIGURATION = """\
options {{
    pidfile = "{folder}/rspamd.pid";
    filters = "{filters}";
    local_addrs = ["127.0.0.0/8"];
    dns {{ nameserver = ["127.0.0.1:9"]; timeout = 0.1s; retransmits = 1; }}
    tempdir = "{folder}";
    url_tld = "{folder}/domains";
    disable_hyperscan = true;
    cache_file = "{folder}/symbols.cache";
    hs_cache_dir = "{folder}/";
    stats_file = "{folder}/stats.ucl";
    control_socket = "{folder}/control.sock mode=0600";
    gtube_patterns = "all";
    enable_test_patterns = true;
}}
logging {{ type = "console"; level = "info"; }}
actions {{ reject = 15; add_header = 6; }}
"""
_MILTER = """\
worker "rspamd_proxy" {{
    bind_socket = "{folder}/rspamd.sock mode=0666";
    milter = yes;
    count = 1;
    upstream "local" {{ default = yes; self_scan = yes; }}
    spam_header = "X-Spam";
}}
"""
_SIGNER = """\
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


def rspamd(folder: Path) -> Daemon:
    """Start the proxy worker of an rspamd, which filters by itself."""
    return started(folder, "", _MILTER.format(folder=folder))


class Signer:
    """An rspamd that signs with the keys in a folder, where its socket is too."""

    def __init__(self, folder: Path, daemon: Daemon) -> None:
        self._folder = folder
        self._daemon = daemon
        self._client = needs("rspamc")

    def signs(self, message: bytes) -> bytes:
        """Have a message signed with both keys, and give it with the signatures on top."""
        (self._folder / "message").write_bytes(message)
        here: list[str | Path] = ["-h", self._daemon.path, "--ip", "127.0.0.1"]
        said = run([self._client, *here, "--json", self._folder / "message"])
        signatures = json.loads(said).get("dkim-signature")
        assert isinstance(signatures, list), (said, self._daemon.output)
        return "".join(f"DKIM-Signature: {each}\n" for each in signatures).encode() + message


@contextmanager
def signer(folder: Path) -> Iterator[Signer]:
    """Run one that signs with the keys in a folder."""
    needs("rspamd")
    if not _PLUGIN.exists():
        pytest.skip(f"there is no {_PLUGIN} on this machine")
    Keys.written(folder)
    signing = _SIGNER.format(folder=folder, domain=DOMAIN, plugin=_PLUGIN)
    daemon = started(folder, "dkim", signing)
    try:
        yield Signer(folder, daemon)
    finally:
        daemon.stop()


def started(folder: Path, filters: str, what: str) -> Daemon:
    """Start one that does *what*."""
    command = needs("rspamd")
    (folder / "domains").write_text("com\norg\n")
    settings = folder / "rspamd.conf"
    settings.write_text(_CONFIGURATION.format(folder=folder, filters=filters) + what)
    # As root it would give its rights away, to a user who can't enter everywhere.
    insecure = ["--insecure"] if os.geteuid() == 0 else []
    socket = folder / "rspamd.sock"
    return Daemon([command, *insecure, "-f", "-c", settings], socket, kill=True)
