"""A systemd of the test's own, in which gomail is installed as root installs it."""

import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gomail.units.shape import in_home
from tests.interop.software import needs
from tests.interop.systemd import Systemd, own_cgroup

_LOG = "StandardOutput=append:/run/gomail.log\nStandardError=append:/run/gomail.log\n"


def python() -> str:
    """Give a Python like this one that lies in no home."""
    if not in_home(sys.base_prefix):
        return f"{sys.base_prefix}/bin/python3"
    return needs("/usr/bin/python{}.{}".format(*sys.version_info[:2]))


@contextmanager
def gomail_under_systemd(more: str = "") -> Iterator[Systemd]:
    """Give a systemd as PID 1, gomail in /opt/gomail, its log in /run/gomail.log; *more* lines."""
    shown = {"packages": Path(sysconfig.get_path("purelib")), "checkout": Path(__file__).parents[2]}
    systemd = Systemd(own_cgroup(), shown)
    try:
        systemd.does(python(), "-m", "venv", "--without-pip", "/opt/gomail")
        script = "#!/opt/gomail/bin/python\nfrom gomail.cli.main import main\nmain()\n"
        systemd.writes("/opt/gomail/bin/gomail", script)
        systemd.does("chmod", "755", "/opt/gomail/bin/gomail")
        paths = systemd.does("sh", "-c", "echo /opt/gomail/lib/python*/site-packages").strip()
        systemd.writes(f"{paths}/gomail.pth", "/run/shown/packages\n/run/shown/checkout\n")
        dropin = f"[Service]\n{_LOG}{more}"
        for unit in ("gomail", "gomail-inbox"):
            systemd.writes(f"/etc/systemd/system/{unit}.service.d/test.conf", dropin)
        yield systemd
    finally:
        systemd.end()
