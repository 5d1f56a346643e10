"""Who finds out who sends: what is needed for it, and what people are told."""

import importlib.util
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import pytest
from twisted.logger import capturedLogs

from gomail import examination
from gomail.checks.dns.system import system_servers
from gomail.checks.found import Found
from gomail.checks.own import ICheck
from gomail.checks.policy import Action
from gomail.config import Configuration
from gomail.examination import describe, find_checks, find_examiner, wanted
from gomail.server.start import StartError
from gomail.settings.values import Checks, Rules
from tests.checks.dns.server import the_reactor

Missing = Callable[[], None]


@pytest.fixture
def missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have one library missing."""
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        examination, "find_spec", lambda name: None if name == "spftrace" else find_spec(name)
    )


def checking(enabled: bool | None = None, **more: Any) -> Configuration:  # noqa: ANN401, FBT001 -- as it is
    """Give a configuration."""
    return Configuration(hostname="mx.here.example", checks=Checks(enabled, **more))


def test_system_is_asked_where_nobody_else_is_named() -> None:
    """And people read whom."""
    told = f"SPF, DKIM, ARC, DMARC and iprev, by the DNS of {' and '.join(system_servers())}"
    assert describe(checking()) == told


def test_named_resolvers_are_asked() -> None:
    """By address and port."""
    told = describe(checking(resolvers=("192.0.2.1:53", "[2001:db8::1]:5353")))
    assert told.endswith("by the DNS of 192.0.2.1:53 and [2001:db8::1]:5353")


def test_checks_may_be_off() -> None:
    """Whatever is installed."""
    assert not wanted(checking(enabled=False))
    assert describe(checking(enabled=False)) == "nothing: checks are off"
    assert find_examiner(checking(enabled=False), the_reactor(), ()) is None


@pytest.mark.usefixtures("missing")
def test_what_is_missing_is_named_where_checks_are_wanted() -> None:
    """Else there are none, and people read what would bring them."""
    assert describe(checking()).startswith("nothing; pip install 'gomail[checks]' brings ")
    assert find_examiner(checking(), the_reactor(), ()) is None
    with pytest.raises(StartError, match=r"checks\.enabled: there is no library spftrace here"):
        wanted(checking(enabled=True))


def test_libraries_that_can_not_be_read_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where Python's folders are another user's, and checks are turned on by a reload."""
    monkeypatch.setitem(sys.modules, "gomail.checks.panel", None)
    with pytest.raises(StartError, match="checks: the libraries can't be read now"):
        find_examiner(checking(), the_reactor(), ())


def test_examiner_goes_by_the_configuration() -> None:
    """Its name, its rules, its resolvers."""
    policy = Rules({**Rules().actions, "spf-fail": Action.JUNK}, own={"mine": Action.DEFER})
    configuration = replace(checking(authserv_id="example.org"), policy=policy)
    examiner: Any = find_examiner(configuration, the_reactor(), ())
    assert examiner.authserv_id == "example.org"
    assert examiner.policy._actions["spf-fail"] is Action.JUNK
    assert examiner.policy._actions["mine-fail"] is Action.DEFER
    usual: Any = find_examiner(checking(), the_reactor(), ())
    assert usual.authserv_id == "mx.here.example"


def test_installed_checks_are_found_where_there_are_checks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is wrong with one is logged; where nothing is checked none is looked for."""
    notes = ("a check is left out: it is none",)
    found = Found((cast("ICheck", object()),), notes)
    monkeypatch.setattr(examination, "found_checks", lambda: found)
    with capturedLogs() as told:
        assert find_checks(checking()) == found.checks
    assert [event["note"] for event in told if "note" in event] == list(notes)
    assert find_checks(checking(enabled=False)) == ()
