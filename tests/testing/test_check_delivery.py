"""All checks in one call, for those who do not parametrize."""

from typing import Any

import pytest
from twisted.internet.defer import Deferred

from gomail.reply import OK
from gomail.testing.bench import Subject
from gomail.testing.conformance import CHECKS, check_delivery
from gomail.testing.recording import Recorder, Recording


def subject() -> Subject:
    """Make a new recorder the subject."""
    recorder = Recorder()
    return Subject(recorder, lambda: [each.content for each in recorder.messages])


def outcome_of(deferred: Deferred[None]) -> list[Any]:
    """Give what a Deferred has come to."""
    results: list[Any] = []
    deferred.addBoth(results.append)
    return results


def test_what_conforms_passes_all_checks() -> None:
    """Nothing is raised, and checks that lack something are passed over."""
    assert outcome_of(Deferred.fromCoroutine(check_delivery(subject))) == [None]


def test_everything_that_fails_is_told_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """One fault often fails several checks; all of them are named."""
    monkeypatch.setattr(Recording, "eomReceived", lambda _: OK)
    [failure] = outcome_of(Deferred.fromCoroutine(check_delivery(subject)))
    notes = [note for error in failure.value.exceptions for note in error.__notes__]
    assert "check: message_is_stored_before_the_reply" in notes
    assert "check: sessions_do_not_mix" in notes


def test_late_delivery_needs_a_real_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who answers later is told what to do instead of hanging."""
    monkeypatch.setattr(Recording, "eomReceived", lambda _: Deferred())
    with pytest.raises(AssertionError, match="give the subject a reactor as its clock"):
        CHECKS[0].now(subject())
