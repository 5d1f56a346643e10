"""Who is inside, over all workers."""

from gomail.limits import Limits
from gomail.server.workers.census import ADDRESS, NETWORK, Census

LIMITS = Limits(sessions_per_address=2, sessions_per_network=3)


def test_address_is_counted_over_all_workers() -> None:
    """Its limit holds for the sum, and who has gone makes room."""
    census = Census(LIMITS)
    assert census.enter("one", "192.0.2.1") is None
    assert census.enter("two", "192.0.2.1") is None
    assert census.enter("one", "192.0.2.1") == ADDRESS
    census.leave("two", "192.0.2.1")
    assert census.enter("one", "192.0.2.1") is None


def test_network_is_counted_over_all_workers() -> None:
    """As well; what was refused is not counted."""
    census = Census(LIMITS)
    for worker, host in enumerate("123"):
        assert census.enter(worker, f"192.0.2.{host}") is None
    assert census.enter("two", "192.0.2.4") == NETWORK
    assert census.enter("two", "192.0.3.4") is None
    census.leave(2, "192.0.2.3")
    assert census.enter("two", "192.0.2.4") is None


def test_sessions_of_a_worker_go_with_it() -> None:
    """Those of the others stay; and one that had none is no trouble."""
    census = Census(LIMITS)
    for worker in ("one", "two"):
        census.enter(worker, "192.0.2.1")
    census.enter("one", "2001:db8::1")
    census.lose("one")
    census.lose("three")
    assert census.enter("two", "192.0.2.1") is None
    assert census.enter("two", "192.0.2.1") == ADDRESS
    census.lose("two")
    assert [census.enter("four", "192.0.2.1") for _ in range(3)] == [None, None, ADDRESS]
