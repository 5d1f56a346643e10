"""An HAProxy of our own, in front of one gomail."""

import subprocess
from pathlib import Path

from tests.interop.server import wait_for
from tests.interop.software import end, needs, run
from tests.system.running import free_port

_SETTINGS = """\
global
    log stdout format raw local0
defaults
    mode tcp
    log global
    option tcplog
    timeout connect 10s
    timeout client 60s
    timeout server 60s
    timeout check 10s
frontend mail
    bind 127.0.0.1:{port}
    bind [::1]:{port} v6only
    default_backend gomail
backend gomail
    {options}
    server mx {server}
"""


class HAProxy:
    """
    A proxy that listens on one port of 127.0.0.1 and of [::1].

    Args:
        folder: its configuration and its output lie there.
        server: the rest of a ``server`` line: where to connect to, and how.
        options: a line of the backend.
        whole: another configuration, as Python formats it: with the ``port``.
    """

    def __init__(
        self, folder: Path, server: str = "", options: str = "", *, whole: str = _SETTINGS
    ) -> None:
        self.port = free_port()
        self._output = folder / "haproxy.out"
        settings = folder / "haproxy.cfg"
        settings.write_text(whole.format(port=self.port, server=server, options=options))
        command = [needs("haproxy"), "-f", str(settings)]
        run([*command, "-c"])
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                [*command, "-db"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def output(self) -> str:
        """What it has logged."""
        return self._output.read_text(errors="replace")

    def wait_for_line(self, text: str) -> None:
        """Wait until it has logged something."""
        wait_for(f"HAProxy to say {text}", lambda: text in self.output)

    def stop(self) -> None:
        """Stop it."""
        end(self._process)
