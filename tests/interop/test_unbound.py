"""Debian's unbound as the resolver that is asked: what it validates, and what it doesn't find."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import pytest_twisted

from gomail.checks.dns.resolver import StubResolver
from gomail.checks.iprev import check_iprev
from gomail.checks.records import Outcome, Records
from gomail.checks.spf import SPF
from tests.checks.dns.server import the_reactor
from tests.interop.software import needs
from tests.interop.unbound import Unbound
from tests.patience import PATIENCE

pytestmark = pytest.mark.interop


@pytest.fixture
def unbound(folder: Path) -> Iterator[Unbound]:
    """Give one that runs."""
    needs("unbound")
    server = Unbound(folder)
    yield server
    server.stop()


@pytest.fixture
def resolver(unbound: Unbound) -> StubResolver:
    """Give what asks it."""
    return StubResolver(the_reactor(), [f"127.0.0.1:{unbound.port}"], seconds=PATIENCE)


@pytest_twisted.ensureDeferred
async def test_signed_zone_is_authenticated(resolver: StubResolver) -> None:
    """What unbound has validated says so, found or not, large or small."""
    found = await resolver.lookup("good.example", "TXT")
    assert found == Records(Outcome.FOUND, (b"v=spf1 -all",), 300, authenticated=True)
    found = await resolver.lookup("good.example", "MX")
    assert (found.values, found.authenticated) == ((b"10 mail.good.example",), True)
    found = await resolver.lookup("alias.good.example", "AAAA")
    assert (found.values, found.authenticated) == ((b"2001:db8::1",), True)
    giant = await resolver.lookup("giant.good.example", "TXT")
    assert (giant.values, giant.authenticated) == ((b"x" * 255 * 20,), True)
    empty = await resolver.lookup("mail.good.example", "TXT")
    assert (empty.outcome, empty.authenticated) == (Outcome.EMPTY, True)
    assert 0 < empty.seconds <= 60
    missing = await resolver.lookup("nobody.good.example", "TXT")
    assert (missing.outcome, missing.authenticated) == (Outcome.MISSING, True)


@pytest_twisted.ensureDeferred
async def test_zone_that_was_changed_is_no_answer(resolver: StubResolver) -> None:
    """A wrong signature is SERVFAIL there, and FAILED here; the rest of the zone is good."""
    assert await resolver.lookup("mail.bogus.example", "A") == Records(Outcome.FAILED)
    assert (await resolver.lookup("bogus.example", "TXT")).authenticated


@pytest_twisted.ensureDeferred
async def test_unsigned_zone_is_not_authenticated(resolver: StubResolver) -> None:
    """What nobody has signed is an answer all the same."""
    found = await resolver.lookup("local.example", "TXT")
    assert found == Records(Outcome.FOUND, (b"from-local-data",), 60)


@pytest_twisted.ensureDeferred
async def test_checks_ask_it(resolver: StubResolver) -> None:
    """Iprev and SPF find what is there."""
    assert (await check_iprev("192.0.2.1", resolver)).result == "pass"
    spf = SPF(resolver, the_reactor(), "mx.example.net")
    assert (await spf.helo("192.0.2.1", "good.example")).result == "fail"
    assert (await spf.helo("192.0.2.1", "nobody.good.example")).result == "none"


@pytest_twisted.ensureDeferred
async def test_unbound_that_was_stopped(unbound: Unbound, resolver: StubResolver) -> None:
    """Nobody waits for it, and what it has said holds on."""
    await resolver.lookup("good.example", "TXT")
    unbound.stop()
    assert (await resolver.lookup("good.example", "TXT")).outcome is Outcome.FOUND
    assert await resolver.lookup("good.example", "MX") == Records(Outcome.FAILED)
