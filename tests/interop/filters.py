"""Those who filter for Postfix and Sendmail: OpenDKIM, rspamd and ClamAV, each with one process."""

import os
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.interop.server import wait_for
from tests.interop.software import end, needs

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
GTUBE = b"XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
GTUBE_FOR_A_FIELD = b"YJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"

_OPENDKIM = """\
Mode v
TestPublicKeys {folder}/keys
Socket local:{folder}/opendkim.sock
Background no
UMask 000
AlwaysAddARHeader yes
AuthservID filter.example.org
"""
_CLAMD = """\
DatabaseDirectory {folder}/signatures
LocalSocket {folder}/clamd.sock
Foreground yes
ExitOnOOM yes
"""
_CLAMAV_MILTER = """\
MilterSocket unix:{folder}/clamav-milter.sock
MilterSocketMode 666
ClamdSocket unix:{folder}/clamd.sock
TemporaryDirectory {folder}
Foreground yes
OnInfected {infected}
OnFail Defer
AddHeader Replace
RejectMsg found %v
"""
# Nothing but what is built in: no rules, no network, no table of all domains.
_RSPAMD = """\
options {{
    pidfile = "{folder}/rspamd.pid";
    filters = "";
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
worker "rspamd_proxy" {{
    bind_socket = "{folder}/rspamd.sock mode=0666";
    milter = yes;
    count = 1;
    upstream "local" {{ default = yes; self_scan = yes; }}
    spam_header = "X-Spam";
}}
"""


class Daemon:
    """
    A process that listens on a unix socket in the folder.

    Args:
        command: how it is started.
        path: of its socket.
        kill: whether it is killed in the end: libmilter looks every five seconds whether it should
            end, and these keep nothing.
    """

    def __init__(self, command: Sequence[str | Path], path: Path, *, kill: bool = False) -> None:
        self.path = path
        self._kill = kill
        self._output = path.with_suffix(".out")
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=path.parent,
            )
        try:
            wait_for(f"{command[0]} to listen", self._listens)
        except BaseException as error:
            error.add_note(self.output)
            self.stop()
            raise

    @property
    def output(self) -> str:
        """What it has said."""
        return self._output.read_text(errors="replace")

    def _listens(self) -> bool:
        """Tell whether it takes connections; it must not have ended."""
        assert self._process.poll() is None, self.output
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self.path)) == 0

    def stop(self) -> None:
        """Stop it."""
        if self._kill:
            self._process.kill()
            self._process.wait()
        else:
            end(self._process)


def opendkim(folder: Path, keys: str) -> Daemon:
    """Start an OpenDKIM that verifies, and knows these keys."""
    (folder / "keys").write_text(keys)
    path = _written(folder, "opendkim.conf", _OPENDKIM)
    return Daemon([needs("opendkim"), "-f", "-x", path], folder / "opendkim.sock", kill=True)


def rspamd(folder: Path) -> Daemon:
    """Start the proxy worker of an rspamd, which filters by itself."""
    (folder / "domains").write_text("com\norg\n")
    path = _written(folder, "rspamd.conf", _RSPAMD)
    # As root it would give its rights away, to a user who can't enter everywhere.
    insecure = ["--insecure"] if os.geteuid() == 0 else []
    return Daemon([needs("rspamd"), *insecure, "-f", "-c", path], folder / "rspamd.sock")


def clamd(folder: Path) -> Daemon:
    """Start a ClamAV that knows a single virus, which is none."""
    command = needs("clamd")
    signatures = folder / "signatures"
    signatures.mkdir()
    (signatures / "test.ndb").write_text(f"Eicar-Test:0:*:{EICAR.hex()}\n")
    return Daemon([command, "-c", _written(folder, "clamd.conf", _CLAMD)], folder / "clamd.sock")


def clamav_milter(folder: Path, infected: str) -> Daemon:
    """Start the milter that asks that ClamAV; *infected* is what it does with a virus."""
    command = needs("clamav-milter")
    path = _written(folder, "clamav-milter.conf", _CLAMAV_MILTER, infected=infected)
    return Daemon([command, "-c", path], folder / "clamav-milter.sock", kill=True)


def _written(folder: Path, name: str, text: str, **values: str) -> Path:
    """Write a file of settings."""
    path = folder / name
    path.write_text(text.format(folder=folder, **values))
    return path
