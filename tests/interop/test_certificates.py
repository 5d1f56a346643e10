"""Certificates that certbot renews, for a gomail without rights; and what openssl sees of them."""

import pwd
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.certbot import GOMAIL, MX, Authority, Certbot
from tests.interop.conftest import StartGomail
from tests.interop.openssl import number, serial, talk
from tests.interop.server import Gomail, wait_for
from tests.interop.software import run

pytestmark = pytest.mark.interop


@pytest.fixture
def authority(folder: Path) -> Iterator[Authority]:
    """Give an authority of our own."""
    (folder / "pebble").mkdir()
    with_pebble = Authority(folder / "pebble")
    yield with_pebble
    with_pebble.stop()


@pytest.fixture
def roots() -> Iterator[Path]:
    """Give a folder of root's that all users may enter."""
    with tempfile.TemporaryDirectory(prefix="gomail-") as path:
        Path(path).chmod(0o755)
        yield Path(path)


@pytest.mark.needs_root
def test_renewal_by_certbot_is_soon_in_force(
    roots: Path, authority: Authority, owner: pwd.struct_passwd, start_gomail: StartGomail
) -> None:
    """The shipped script copies what certbot renews; gomail, without rights, serves the new one."""
    certbot = Certbot(roots, authority)
    certbot.certify(MX)
    places = ("--letsencrypt", str(certbot.folder), "--folder", str(roots / "copies"))
    said = run([*GOMAIL, "certificates", "install", "--user", owner.pw_name, *places])
    toml = said.partition("In the configuration file of gomail:")[2]
    listener = '[[listener]]\nendpoint = "tcp:0:interface=127.0.0.1"\n'
    rights = (f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups")
    without = ("env", "-u", "COVERAGE_PROCESS_CONFIG", "-u", "COVERAGE_PROCESS_START", "setpriv")
    gomail = start_gomail(within=(*without, *rights), settings=listener + toml)
    live = certbot.folder / "live" / MX / "fullchain.pem"
    for _ in range(2):
        before = number(live.read_bytes())
        assert serial(gomail) == before
        certbot.renew()
        renewed = number(live.read_bytes())
        assert renewed != before
        wait_for("the new certificate", lambda: serial(gomail) == renewed)  # noqa: B023
    gomail.wait_for_line(rf"certificate of {MX} until .* UTC is in force")
    shown = run([*GOMAIL, "certificates", "show", str(live), str(live.with_name("privkey.pem"))])
    assert f"serial  {renewed.removeprefix('serial=')}\n" in shown


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
@pytest.mark.parametrize("on", [False, True])
def test_session_tickets_are_off_unless_asked_for(
    start_gomail: StartGomail, version: str, *, on: bool
) -> None:
    """On the wire, as openssl sees it: no NewSessionTicket, and no session is taken up again."""
    settings = f"[tls]\nsession-tickets = {str(on).lower()}\n"
    listener = '[[listener]]\nendpoint = "tcp:0:interface=127.0.0.1"\n'
    gomail = start_gomail(settings=listener + settings)
    told = talk(gomail, version, "-msg")
    assert f"Protocol  : {version[1:].replace('tls1_', 'TLSv1.')}" in told or "New, TLSv1." in told
    assert ("NewSessionTicket" in told) is on


def test_openssl_finds_nothing_old(gomail: Gomail) -> None:
    """No TLS 1.1, no compression, no renegotiation, no cipher without authentication of octets."""
    for version, config in (("-tls1", "@SECLEVEL=0"), ("-tls1_1", "@SECLEVEL=0")):
        assert "Cipher is (NONE)" in talk(gomail, version, "-cipher", f"ALL:{config}")
    assert "Cipher is (NONE)" in talk(gomail, "-tls1_2", "-cipher", "ALL:!AESGCM:!CHACHA20")
    told = talk(gomail, "-tls1_2")
    assert "Compression: NONE" in told
    assert re.search(r"Cipher is ECDHE-ECDSA-(AES\d+-GCM|CHACHA20)", told)
