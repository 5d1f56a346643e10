"""Who has sent a message is found out by all who are measured at it, and rightly."""

import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import resolver
from bench.peers import checked as peers
from bench.peers.checked import GomailChecked, PostfixChecked
from bench.peers.gomail import Gomail
from bench.peers.peer import DEFAULTS, Missing
from bench.peers.table import PEERS
from bench.race import Failed
from bench.report import columns
from bench.signing import SELECTOR, public_key
from bench.special import checked
from bench.special.context import Context
from tests.checks.signing import Zone, verify
from tests.interop.software import needs


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Give a folder that Postfix's processes can look into, whose users are several."""
    with tempfile.TemporaryDirectory(prefix="gomail-", ignore_cleanup_errors=True) as path:
        Path(path).chmod(0o755)
        yield Path(path)


def test_signature_of_the_letter_holds() -> None:
    """The key that is published is the one that has signed."""
    content = checked.signed_letter("checked", 5000).content
    zone = Zone({f"{SELECTOR}._domainkey.{resolver.DOMAIN}": f"v=DKIM1; p={public_key()}"})
    assert 5000 <= len(content) < 6000
    assert [each.result for each in verify(content, zone)] == ["pass", "none"]
    assert verify(content.replace(b"quick", b"quack"), zone)[0].result == "fail"


def test_gomail_trusts_nobody_whom_it_examines(tmp_path: Path) -> None:
    """A trusted client is not examined, and then nothing would be measured."""
    GomailChecked().prepare(tmp_path, 2525, DEFAULTS)
    settings = tomllib.loads((tmp_path / "gomail.toml").read_text())
    assert settings["trusted"] == []
    assert settings["checks"] == {"enabled": True, "resolvers": [resolver.ADDRESS]}


def test_what_postfix_lacks_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line says what to install."""
    there = {"opendkim": "/usr/sbin/opendkim", "unshare": "/u", "setpriv": "/s"}
    monkeypatch.setattr(peers, "_find", there.get)
    why = PostfixChecked().missing()
    assert why is not None
    assert why.startswith("opendmarc, policyd-spf are not installed; try: sudo apt install ")
    assert "postfix-policyd-spf-python" in why


def test_nothing_is_measured_without_dns(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whoever asks would wait for answers that never come."""
    monkeypatch.setattr(resolver, "find", lambda: None)
    assert GomailChecked().missing() == resolver.missing()
    with pytest.raises(Missing, match="unbound is not installed"):
        checked.measure(Context(tmp_path, quick=True), "gomail")


@pytest.mark.system
@pytest.mark.needs_root
def test_all_who_are_here_are_measured(open_folder: Path) -> None:
    """Each finds out that SPF, DKIM and DMARC pass, or says that it does not look."""
    needs("smtp-source")
    needs("unbound")
    here = [name for name in checked.PEERS if PEERS[name].missing() is None]
    assert "gomail-checks" in here
    for name in here:
        values = checked.measure(Context(open_folder, quick=True), name)
        assert set(columns("checked")) <= values.keys()
        assert values["rate"] > 0


@pytest.mark.system
@pytest.mark.needs_root
def test_server_that_finds_out_nothing_has_failed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A gomail that says that it examines, and does not, has no figure."""
    needs("smtp-source")
    needs("unbound")
    monkeypatch.setattr(Gomail, "examines", True)
    with pytest.raises(Failed, match="copies of checked have no pass of SPF"):
        checked.measure(Context(tmp_path, quick=True), "gomail")
