"""What differs from one machine's units to the next."""

import pytest

from gomail.server.listening import STOP_TIME
from gomail.server.notice import STATUS_TIME
from gomail.units.shape import INBOX, SERVICE, SOCKET, SYSUSERS, USER, Shape, Shown, quoted

ALICE = Shape("alice", ("/opt/gomail/bin/gomail", "run"), "/home/alice/Maildir")
MANY = Shape(USER, ("/opt/gomail/bin/gomail", "run"), "/srv/mail")


def lines(shape: Shape, path: str = SERVICE) -> list[str]:
    """Give the lines of one file."""
    return shape.texts()[path].splitlines()


def test_one_person_brings_two_files_and_many_a_user_too() -> None:
    """The user gomail is made where it is needed."""
    assert set(ALICE.texts()) == {SERVICE, SOCKET}
    assert set(MANY.texts()) == {SERVICE, SOCKET, SYSUSERS}
    assert lines(MANY, SYSUSERS) == ['u gomail - "gomail receives mail" /var/lib/gomail']


def test_inbox_has_a_service_of_its_own() -> None:
    """As the user who reads, in a sandbox, and within reach of this machine alone."""
    shape = Shape(
        "alice", ALICE.command, "/home/alice/Maildir", inbox=Shown(("gomail", "inbox", "a b"))
    )
    assert set(shape.texts()) == {SERVICE, SOCKET, INBOX}
    told = lines(shape, INBOX)
    assert {"User=alice", 'ExecStart=gomail inbox "a b"', "IPAddressDeny=any"} <= set(told)
    assert {"ProtectHome=tmpfs", "BindPaths=/home/alice/Maildir"} <= set(told)
    assert {"CapabilityBoundingSet=", "NoNewPrivileges=yes", "PrivateUsers=yes"} <= set(told)


def test_home_is_hidden_but_for_the_maildir_and_the_program() -> None:
    """What is not needed of a home is not there."""
    shape = Shape("alice", ALICE.command, "/home/alice/Maildir", code=("/home/alice/venv",))
    told = lines(shape)
    assert "ProtectHome=tmpfs" in told
    assert "BindPaths=/home/alice/Maildir" in told
    assert "BindReadOnlyPaths=/home/alice/venv" in told
    assert not [line for line in told if line.startswith("ReadWritePaths")]


@pytest.mark.parametrize(
    ("maildir", "told"), [("/srv/mail", True), ("/var/lib/gomail/Maildir", False)]
)
def test_maildirs_elsewhere_may_be_written_to(maildir: str, *, told: bool) -> None:
    """The folder of the state is given anyhow; any other is named, and waited for."""
    shape = Shape(USER, MANY.command, maildir)
    assert (f"ReadWritePaths={maildir}" in lines(shape)) is told
    assert f"RequiresMountsFor={maildir}" in lines(shape)
    assert "ProtectHome=yes" in lines(shape)


def test_socket_takes_all_rights_away() -> None:
    """Who is handed an open port needs no right, and no other user."""
    told = lines(MANY)
    assert {"CapabilityBoundingSet=", "AmbientCapabilities=", "PrivateUsers=yes"} <= set(told)
    assert "Requires=gomail.socket" in told
    assert "ListenStream=25" in lines(MANY, SOCKET)


def test_service_without_a_socket_may_open_low_ports_and_nothing_else() -> None:
    """The one right is that of the port."""
    shape = Shape(USER, MANY.command, "/srv/mail", listen=None)
    assert SOCKET not in shape.texts()
    right = "CAP_NET_BIND_SERVICE"
    told = {f"CapabilityBoundingSet={right}", f"AmbientCapabilities={right}", "PrivateUsers=no"}
    assert told <= set(lines(shape))
    assert "gomail.socket" not in shape.texts()[SERVICE]


def test_group_gets_what_it_needs() -> None:
    """Files are given to the group, and folders its setgid bit."""
    told = lines(Shape(USER, MANY.command, "/srv/mail", group="mail"))
    needed = {"SupplementaryGroups=mail", "RestrictSUIDSGID=no", "SystemCallFilter=@chown"}
    assert needed <= set(told)
    assert "SystemCallFilter=@chown" not in lines(MANY)


def test_times_leave_room_for_ours() -> None:
    """The manager waits for longer than a stop takes, and for two signs of life."""
    told = dict(line.split("=", 1) for line in lines(MANY) if "=" in line)
    assert float(told["TimeoutStopSec"]) > STOP_TIME
    assert float(told["WatchdogSec"]) >= 2 * STATUS_TIME


@pytest.mark.parametrize(
    ("word", "written"),
    [
        ("run", "run"),
        ("100%", "100%%"),
        ("$HOME", "$$HOME"),
        ("two words", '"two words"'),
        ('a"b', r'"a\"b"'),
        ("a\\b", r'"a\\b"'),
        ("a;b", '"a;b"'),
        ("", '""'),
    ],
)
def test_word_is_what_systemd_reads(word: str, written: str) -> None:
    """Nothing in a command line is taken for a specifier, a variable or another word."""
    assert quoted(word) == written
