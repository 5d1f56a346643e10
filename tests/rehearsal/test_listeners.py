"""Sessions tried at one listener or another: TLS, certificates, line ends."""

from pathlib import Path

import pytest
import pytest_twisted

from gomail.certificates.keeper import world_time
from gomail.certificates.own import NAME, kept_own
from gomail.certificates.pair import PairError
from tests.rehearsal.visits import (
    ALICE,
    DOMAIN,
    MESSAGE,
    configured,
    rehearsed,
    replies,
    told,
    visit,
)

LISTENERS = """
[[listener]]
endpoint = "tcp:25"
[[listener]]
endpoint = "tcp:26"
tls = "required"
bare-newline = "refuse"
proxy = ["192.0.2.9"]
[[listener]]
endpoint = "tcp:27"
tls = "off"
"""


@pytest_twisted.ensureDeferred
async def test_listener_that_requires_tls_refuses_plaintext(tmp_path: Path) -> None:
    """And takes the mail under TLS."""
    configuration = configured(tmp_path, DOMAIN + LISTENERS)
    outcome = await rehearsed(configuration, visit(ALICE), listener=1)
    assert replies(outcome)[-1] == "530 5.7.0"
    assert told(outcome, "MAIL")[-1].endswith("['listener.tls']")
    assert "the client is the one that a proxy names ['listener.proxy']" in told(outcome, "")
    outcome = await rehearsed(configuration, visit(ALICE, tls=True), listener=1)
    assert outcome.action == "accept"


@pytest_twisted.ensureDeferred
async def test_listener_without_tls_refuses_it(tmp_path: Path) -> None:
    """The session ends there, since the client wanted it."""
    configuration = configured(tmp_path, DOMAIN + LISTENERS)
    outcome = await rehearsed(configuration, visit(ALICE, tls=True), listener=2)
    assert (replies(outcome)[-1], outcome.steps[-1].said) == ("502 5.5.1", "STARTTLS")
    assert outcome.action == "refuse"


@pytest.mark.parametrize(("listener", "reply"), [(0, "250 2.0.0"), (1, "550 5.6.0")])
@pytest_twisted.ensureDeferred
async def test_bare_newlines_are_told(tmp_path: Path, listener: int, reply: str) -> None:
    """They are in what was sent with CRLF elsewhere; a file of this system has them throughout."""
    configuration = configured(tmp_path, DOMAIN + LISTENERS)
    content = MESSAGE.replace(b"\n", b"\r\n") + b"x\ny\r\n"
    tried = await rehearsed(
        configuration, visit(ALICE, content=content, tls=True), listener=listener
    )
    assert replies(tried)[-1] == reply
    assert any("listener.bare-newline" in each for each in told(tried, "("))


@pytest_twisted.ensureDeferred
async def test_certificate_is_the_servers(tmp_path: Path) -> None:
    """The self-signed one that it keeps, or the one that is named."""
    configuration = configured(tmp_path)
    kept_own(str(tmp_path / "state"), "kept.example", world_time())
    outcome = await rehearsed(configuration, visit(ALICE, tls=True))
    assert told(outcome, "STARTTLS")[0].startswith(
        "a self-signed certificate of kept.example until"
    )
    pem = tmp_path / "state" / NAME
    named = f'{DOMAIN}[tls]\ncertificate = "{pem}"\nkey = "{pem}"\n'
    outcome = await rehearsed(configured(tmp_path, named), visit(ALICE, tls=True))
    assert "kept.example" in told(outcome, "STARTTLS")[0]
    pem.write_text("x")
    with pytest.raises(PairError):
        await rehearsed(configured(tmp_path, named), visit(ALICE, tls=True))
