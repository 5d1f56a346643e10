"""How often a password may be tried, and how long a login lasts."""

from twisted.internet.task import Clock

from gomail.inbox.web.logins import (
    AGAIN,
    ALL_TRIES,
    LASTS,
    MOST,
    MOST_ADDRESSES,
    TRIES,
    Logins,
    Tries,
    cookie,
)


def test_each_address_has_a_few_tries() -> None:
    """And one more after a while; another address is not made to wait."""
    clock = Clock()
    tries = Tries(clock.seconds)
    assert [tries.wait("192.0.2.1") for _ in range(TRIES)] == [0] * TRIES
    assert 0 < tries.wait("192.0.2.1") <= AGAIN
    assert tries.wait("192.0.2.2") == 0
    clock.advance(AGAIN)
    assert tries.wait("192.0.2.1") == 0
    assert tries.wait("192.0.2.1") > 0


def test_ipv6_is_counted_by_its_network() -> None:
    """Whoever has one has 2^64 addresses."""
    tries = Tries(Clock().seconds)
    found = [tries.wait(f"2001:db8::{number:x}") for number in range(TRIES + 1)]
    assert found[:-1] == [0] * TRIES
    assert found[-1] > 0


def test_all_addresses_together_are_slowed_down() -> None:
    """Many machines that guess gain nothing; and they take no memory."""
    tries = Tries(Clock().seconds)
    found = [tries.wait(f"10.{number // 256}.{number % 256}.1") for number in range(5000)]
    assert found.count(0) == ALL_TRIES
    assert len(tries._each) <= MOST_ADDRESSES


def test_right_password_forgives() -> None:
    """Whoever mistypes often may still come and go."""
    tries = Tries(Clock().seconds)
    for _ in range(TRIES - 1):
        tries.wait("192.0.2.1")
    tries.forgive("192.0.2.1")
    assert tries.wait("192.0.2.1") == 0


def test_login_ends_with_its_time_or_its_password() -> None:
    """What a browser shows is kept as a digest alone."""
    clock = Clock()
    logins = Logins(clock.seconds)
    shown = logins.begin("hash")
    assert shown not in str(logins.__dict__)
    clock.advance(LASTS - 1)
    assert logins.has(shown, "hash")
    clock.advance(LASTS - 1)  # each use puts it off
    assert logins.has(shown, "hash")
    assert not logins.has(shown, "another")
    assert not logins.has(shown, "hash")
    later = logins.begin("hash")
    clock.advance(LASTS + 1)
    assert not logins.has(later, "hash")
    assert not logins.has("guessed", "hash")


def test_logins_are_few() -> None:
    """The oldest ends."""
    logins = Logins(Clock().seconds)
    first = logins.begin("hash")
    others = [logins.begin("hash") for _ in range(MOST)]
    assert not logins.has(first, "hash")
    assert all(logins.has(each, "hash") for each in others)


def test_cookie_is_for_us_alone() -> None:
    """No script, no other site, and only TLS where there is TLS."""
    assert cookie("x", secure=True).endswith("HttpOnly; SameSite=Strict; Secure")
    assert "Secure" not in cookie("x", secure=False)
