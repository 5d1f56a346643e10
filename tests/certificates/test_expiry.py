"""Owners hear in time, and not every day."""

from datetime import timedelta

import pytest

from gomail.certificates.expiry import Expiry, what_is_wrong
from tests.certificates.pairs import MX, NOW, pair

LASTS = timedelta(days=80)


def test_p12_end_is_told_14_and_3_days_ahead_and_when_it_came() -> None:
    """Once each, however often it is looked at."""
    expiry, each = Expiry(), pair(ends=NOW + LASTS)
    told = [
        (days, warning)
        for quarter in range(85 * 4)
        for days in [quarter / 4]
        for warning in expiry.due(each, NOW + timedelta(days=days))
    ]
    assert told == [
        (66.0, f"the certificate of {MX} ends in 14 days, on 2026-08-20 12:00 UTC"),
        (77.0, f"the certificate of {MX} ends in 3 days, on 2026-08-20 12:00 UTC"),
        (80.0, f"the certificate of {MX} ends in 0 days, on 2026-08-20 12:00 UTC"),
    ]


@pytest.mark.parametrize(("days", "said"), [(68, "in 12 days"), (78, "in 2"), (90, "has ended on")])
def test_p12_what_was_slept_through_is_told_once(days: int, said: str) -> None:
    """A server that starts late, or whose clock jumps, says how it stands."""
    expiry, each = Expiry(), pair(ends=NOW + LASTS)
    (warning,) = expiry.due(each, NOW + timedelta(days=days))
    assert said in warning
    assert list(expiry.due(each, NOW + timedelta(days=days))) == []


def test_p12_certificate_of_the_future_is_told_once() -> None:
    """It is the clock, more often than not."""
    expiry, each = Expiry(), pair(begins=NOW + timedelta(days=1))
    (warning,) = expiry.due(each, NOW)
    expected = (
        f"the certificate of {MX} holds only from 2026-06-02 12:00 UTC on: is the clock right?"
    )
    assert warning == expected
    assert list(expiry.due(each, NOW)) == []


def test_every_certificate_is_told_of_by_itself() -> None:
    """The next one, too, gets its warnings."""
    expiry = Expiry()
    for each in (pair(ends=NOW), pair("a.example", ends=NOW)):
        assert len(list(expiry.due(each, NOW + timedelta(days=1)))) == 1


def test_all_is_well_most_of_the_time() -> None:
    """Then nothing is said."""
    assert what_is_wrong(pair(), NOW) is None
    assert list(Expiry().due(pair(), NOW)) == []
