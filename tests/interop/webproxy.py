"""Reverse proxies of our own in front of one inbox, by the configurations that its page has."""

import os
import re
import shutil
import ssl
from http.client import HTTPSConnection
from pathlib import Path

from tests.certificates.pairs import pair, written
from tests.docs.blocks import DOCS, blocks
from tests.interop.daemon import Program
from tests.interop.software import needs
from tests.patience import PATIENCE
from tests.system.running import free_port

INBOX = "127.0.0.1:8025"  # in these configurations
# What Debian's nginx.conf has around the files of its sites, with folders and a log of our own.
_NGINX = """\
daemon off;
user www-data;
pid {folder}/pid;
error_log stderr warn;
events {{ }}
http {{
    access_log off;
    gzip on;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {site}
}}
"""
_CADDY = """\
{{
    admin off
    auto_https disable_redirects
}}
{site}
"""


def configuration(language: str) -> str:
    """Give what the page has for a proxy."""
    (found,) = [each for each in blocks(DOCS / "inbox.md") if each.language == language]
    return found.text


class WebProxy(Program):
    """
    A proxy that listens with TLS on one port of 127.0.0.1.

    Args:
        kind: ``nginx`` or ``caddy``.
        folder: its configuration and its output lie there.
        inbox: where the inbox is, as its configuration names it.
        bare: whether all that it is to say is left out.
    """

    def __init__(self, kind: str, folder: Path, inbox: str, *, bare: bool = False) -> None:
        program = needs(kind)
        self.kind = kind
        self.port = free_port()
        folder.mkdir()
        files = written(folder, pair("localhost"))
        site = configuration(kind).replace(INBOX, inbox)
        if bare:
            site = re.sub(r"(?m)^ *proxy_set_header .*\n", "", site)
        if kind == "nginx":
            shutil.chown(folder, group="www-data")
            site = site.replace("443", f"127.0.0.1:{self.port}", 1)
            site = site.replace("    listen [::]:443 ssl http2;\n", "")
            live = "/etc/letsencrypt/live/mail.example.org"
            site = site.replace(f"{live}/fullchain.pem", str(files.certificate))
            site = site.replace(f"{live}/privkey.pem", str(files.key))
            text = _NGINX.format(folder=folder, site=site)
            command = [program, "-p", str(folder), "-e", "stderr", "-c", str(folder / "conf")]
        else:
            tls = f"{{\n    bind 127.0.0.1\n    tls {files.certificate} {files.key}\n"
            site = site.replace("mail.example.org {\n", f"https://:{self.port} {tls}")
            text = _CADDY.format(site=site)
            command = [program, "run", "--adapter", "caddyfile", "--config", str(folder / "conf")]
        (folder / "conf").write_text(text)
        home = {"HOME": str(folder), "XDG_DATA_HOME": str(folder)}
        super().__init__(command, folder / "out", env=os.environ | home)

    def _takes(self) -> bool:
        try:
            self.connect().close()
        except ConnectionRefusedError:
            return False
        return True

    def connect(self, source: str = "127.0.0.2") -> HTTPSConnection:
        """Connect a client with that address."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = HTTPSConnection(
            "127.0.0.1", self.port, timeout=PATIENCE, source_address=(source, 0), context=context
        )
        connection.connect()
        return connection
