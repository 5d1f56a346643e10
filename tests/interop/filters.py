"""Those who filter for Postfix and Sendmail: OpenDKIM and ClamAV (rspamd has a file of its own)."""

from pathlib import Path

from tests.interop.daemon import Daemon
from tests.interop.software import needs

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


def opendkim(folder: Path, keys: str) -> Daemon:
    """Start an OpenDKIM that verifies, and knows these keys."""
    (folder / "keys").write_text(keys)
    path = _written(folder, "opendkim.conf", _OPENDKIM)
    return Daemon([needs("opendkim"), "-f", "-x", path], folder / "opendkim.sock", kill=True)


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
