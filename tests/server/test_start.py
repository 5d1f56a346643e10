"""What is tried before the start, and what is said."""

import grp
import os
import resource
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from gomail.delivery.maildir import Ownership
from gomail.limits import DEFAULT_LIMITS
from gomail.server.start import (
    Announcement,
    Identity,
    StartError,
    group_id,
    try_pidfile,
    within_descriptors,
)

NOBODY = Identity(65534, 65534)


def test_user_is_named() -> None:
    """By name, or by number where there is no name."""
    assert str(NOBODY) == "nobody"
    assert str(Identity(2_000_000_000)) == "uid 2000000000"


def test_who_is_not_root_stays_who_he_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without root nobody else can be assumed."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(os, "seteuid", pytest.fail)
    with NOBODY.assumed():
        assert os.geteuid() == 1000


def test_group_has_a_number() -> None:
    """A group of this machine is found, another is a mistake."""
    group = grp.getgrgid(os.getgid())
    assert group_id(group.gr_name) == group.gr_gid
    with pytest.raises(StartError, match="not 'no-such-group'"):
        group_id("no-such-group")
    assert Ownership(group.gr_gid).folder_mode & stat.S_IRWXG


@pytest.mark.parametrize(
    ("hard", "sessions", "held", "recipients"),
    [
        (500_000, 10_000, 10_000, 1000),  # as systemd has it
        (20_000, 20_000, 15_519, 1000),
        (4096, 10_000, 1603, 1000),
        (1024, 10_000, 217, 256),
        (256, 10_000, 1, 64),
    ],
)
def test_e5_no_more_is_held_than_files_may_be_open(
    monkeypatch: pytest.MonkeyPatch, hard: int, sessions: int, held: int, recipients: int
) -> None:
    """The limit is raised as far as it goes; copies of one message get half of it at most."""
    now = [(256, hard)]
    monkeypatch.setattr(resource, "getrlimit", lambda _: now[0])
    monkeypatch.setattr(resource, "setrlimit", lambda _, both: now.__setitem__(0, both))
    limits = within_descriptors(replace(DEFAULT_LIMITS, sessions=sessions))
    assert (limits.sessions, limits.recipients) == (held, recipients)
    assert now == [(hard, hard)]


def test_e5_connections_to_milters_are_held_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each session has one to each: else there would be none left to connect by."""
    monkeypatch.setattr(resource, "getrlimit", lambda _: (4096, 4096))
    monkeypatch.setattr(resource, "setrlimit", lambda *_: None)
    limits = within_descriptors(DEFAULT_LIMITS, milters=2)
    assert (limits.sessions, limits.recipients) == (582, 1000)


def test_limit_that_cannot_be_raised_is_gone_by(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where raising fails, what there is counts; where there is no limit, none does."""

    def fail(*_: object) -> None:
        raise ValueError("not permitted")

    monkeypatch.setattr(resource, "setrlimit", fail)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 5000))
    assert within_descriptors(DEFAULT_LIMITS).sessions == 217
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY,) * 2)
    assert within_descriptors(DEFAULT_LIMITS) == DEFAULT_LIMITS


@pytest.mark.parametrize(
    ("me", "identity", "warned"), [(0, Identity(), 1), (0, NOBODY, 0), (1000, Identity(), 0)]
)
def test_running_as_root_is_warned_of(
    monkeypatch: pytest.MonkeyPatch, me: int, identity: Identity, warned: int
) -> None:
    """Nothing here needs root once the ports are open."""
    monkeypatch.setattr(os, "geteuid", lambda: me)
    assert len(identity.warnings) == warned


def test_pid_file_may_be_missing_stale_or_nonsense(tmp_path: Path) -> None:
    """Twistd overwrites a stale one, and complains of nonsense in one line itself."""
    path = tmp_path / "pid"
    for content in (None, "", "x", "99999999999999999999", "4194305"):
        if content is not None:
            path.write_text(content)
        try_pidfile(path)


def test_pid_file_of_a_process_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever the process belongs to."""
    path = tmp_path / "pid"
    path.write_text("1")
    for error in (None, PermissionError()):

        def kill(_pid: int, _number: int, error: Exception | None = error) -> None:
            if error is not None:
                raise error

        monkeypatch.setattr(os, "kill", kill)
        with pytest.raises(StartError, match=f"^{path}: process 1 is running; "):
            try_pidfile(path)


def test_pid_file_that_cannot_be_written_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing folder, and one that may not be written to, are told."""
    with pytest.raises(StartError, match=f"there is no folder {tmp_path}/missing$"):
        try_pidfile(tmp_path / "missing" / "pid")
    monkeypatch.setattr(os, "access", lambda *_, **__: False)
    with pytest.raises(StartError, match=f"^the pid file {tmp_path}/pid can't be written$"):
        try_pidfile(tmp_path / "pid")


def test_announcement_says_what_one_asks_first() -> None:
    """Notes stand at the end; how to read mail is said where there is one Maildir."""
    announcement = Announcement(
        "mx.example", ["[::]:25", "unix:s"], ["a.example", "b.example"], "/m", True, "/l", "Ctrl-C"
    )
    assert str(announcement).splitlines() == [
        "gomail is mx.example",
        "  listens on     [::]:25 and unix:s",
        "  takes mail for a.example, b.example",
        "  stores it in   /m   (read it: mutt -f /m)",
        "  log            /l",
        "  stop it with   Ctrl-C",
    ]
    encrypted = str(replace(announcement, encryption="nothing")).splitlines()
    assert encrypted[4] == "  encrypts with  nothing"
    checked = replace(announcement, checks="SPF", milters="unix:/m, then unix:/n", workers=2)
    checked = replace(checked, metrics="127.0.0.1:9025")
    assert str(checked).splitlines()[4:8] == [
        "  checks         SPF",
        "  asks           unix:/m, then unix:/n",
        "  runs           2 workers",
        "  metrics        127.0.0.1:9025, at /metrics",
    ]
    many = str(replace(announcement, single=False, notes=["one", "two"])).splitlines()
    assert many[3] == "  stores it in   /m"
    assert many[-2:] == ["  note           one", "  note           two"]
