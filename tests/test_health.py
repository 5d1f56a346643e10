"""How a server fares, as values."""

import json
import marshal

from gomail.health import WELL, Health, Reason, State, together

LATE = Reason("lag", State.DEGRADED, "the reactor is 2.0 s late")
LATER = LATE._replace(text="the reactor is 3.0 s late")
FULL = Reason("disk-full", State.FAILING, "nothing is free")
LOW = FULL._replace(state=State.DEGRADED, text="little is free")


def test_health_is_that_of_its_worst_reason() -> None:
    """Where there is none the server is well."""
    states = [each.state for each in (WELL, Health((LATE,)), Health((LATE, FULL)))]
    assert states == [State.OK, State.DEGRADED, State.FAILING]
    assert State.OK < State.DEGRADED < State.FAILING


def test_health_is_written_in_one_line() -> None:
    """The state first, and then why."""
    assert str(WELL) == "ok"
    text = "failing: nothing is free; the reactor is 2.0 s late"
    assert str(Health((FULL, LATE))) == text
    assert Health((FULL, LATE)).words == ("disk-full", "lag")


def test_several_processes_have_one_health() -> None:
    """Each reason counts once, as the worst of them has it, and the worst stands first."""
    assert together([]) == together([WELL, WELL]) == WELL
    found = together([Health((LATE,)), Health((LOW, LATER)), WELL, Health((FULL,))])
    assert found == Health((FULL, LATE))


def test_health_is_made_of_plain_values() -> None:
    """So that it can be sent from one process to another."""
    health = Health((FULL, LATE))
    sent = marshal.loads(marshal.dumps(health.plain()))
    assert Health.of(sent) == health
    assert Health.of(json.loads(json.dumps(health.plain()))) == health
