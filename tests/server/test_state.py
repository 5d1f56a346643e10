"""Where gomail keeps its own: for the user who runs it, or will."""

import os
import pwd

import pytest

from gomail.server.start import Identity
from gomail.server.state import state_folder

NOBODY = Identity(65534, 65534)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Give an environment that says nothing of folders but where home is."""
    for name in ("STATE_DIRECTORY", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/home/alice")
    return monkeypatch


def test_state_is_kept_where_such_things_are(environment: pytest.MonkeyPatch) -> None:
    """What was set, what systemd says, what the desktop says, what is usual: in this order."""
    assert state_folder(None) == "/home/alice/.local/state/gomail"
    environment.setenv("XDG_STATE_HOME", "relative")  # to be ignored, says the specification
    assert state_folder(None) == "/home/alice/.local/state/gomail"
    environment.setenv("XDG_STATE_HOME", "/x")
    assert state_folder(None) == "/x/gomail"
    environment.setenv("STATE_DIRECTORY", "/var/lib/gomail:/var/lib/other")
    assert state_folder(None) == "/var/lib/gomail"
    assert state_folder("/given") == "/given"


def test_state_is_that_of_the_user_who_will_run(environment: pytest.MonkeyPatch) -> None:
    """What root's environment says of root's home is not for another user."""
    environment.setenv("XDG_STATE_HOME", "/root/state")
    environment.setattr(os, "geteuid", lambda: 0)
    home = pwd.getpwuid(65534).pw_dir
    assert state_folder(None, NOBODY) == f"{home}/.local/state/gomail"
    assert state_folder(None, Identity(0)) == "/root/state/gomail"


def test_user_without_a_home_keeps_nothing(environment: pytest.MonkeyPatch) -> None:
    """A number without a name, or a user that is nowhere."""
    assert state_folder(None, Identity(2_000_000_000)) is None
    environment.delenv("HOME")
    environment.setattr(pwd, "getpwuid", {}.__getitem__)
    assert state_folder(None) is None
