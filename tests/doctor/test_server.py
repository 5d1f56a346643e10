"""Which server is meant: by its command line, by its units, and by what its listeners say."""

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from gomail.doctor.server import (
    Place,
    Unit,
    is_gomail,
    main_process,
    options,
    page_places,
    parted,
    places,
    read_unit,
)
from gomail.machine.processes import Process, processes
from gomail.settings.values import Listener
from gomail.tap import Options
from gomail.units.shape import Shape
from tests.waiting import heard_out


@pytest.mark.parametrize(
    ("line", "is_one"),
    [
        ("/opt/gomail/bin/python /opt/gomail/bin/gomail run --port 25", True),
        ("python3 -m gomail.cli.main run", True),
        ("python3 -m gomail run", True),
        ("/usr/bin/python3 /usr/bin/twistd --nodaemon gomail --port 25", True),
        ("python3 -P -m gomail.delivery.agent", True),
        ("python3 /opt/gomail/bin/gomail doctor", False),
        ("python3 -m gomail.cli.main doctor", False),
        ("/usr/bin/python3 /usr/bin/twistd web", False),
        ("vi gomail", False),
        ("sh -c 'gomail run'", False),
        ("", False),
    ],
)
def test_server_is_known_by_its_words(line: str, *, is_one: bool) -> None:
    """However it was started; commands such as this one are none."""
    assert is_gomail(tuple(line.split())) == is_one


def test_first_process_is_that_of_the_unit() -> None:
    """Else the one that was there first and is nobody's child."""
    run = ("gomail", "run")
    agent = Process(7, "python3", ("python3", "-m", "gomail.delivery.agent"))
    early, late = Process(8, "gomail", run), Process(9, "gomail", run)
    unit = Process(10, "gomail", run, unit="gomail.service")
    assert main_process([agent, early, late]) == early
    assert main_process([agent, early, late, unit]) == unit
    assert main_process([Process(7, "vi", ("vi", "gomail"))]) is None


def test_options_are_those_of_the_command_line() -> None:
    """In both of their forms, and several times; others are passed over."""
    line = "gomail run --config=/etc/gomail.toml --port tcp:25 --port 2525 --dialogue --hostname mx"
    assert options(line.split()) == {
        "config": "/etc/gomail.toml",
        "ports": ["tcp:25", "2525"],
        "hostname": "mx",
    }
    assert options(["gomail", "run", "--port"]) == {}


def test_every_option_of_a_server_is_known() -> None:
    """Whatever says something of the configuration; flags are of the log alone."""
    names = {each.rstrip("=") for each in Options().longOpt if each.endswith("=")}
    assert len(names) > 10
    assert {
        each for each in names if len(options(["gomail", "run", f"--{each}", "x"])) != 1
    } == set()


@pytest.mark.parametrize(
    "before",
    [
        ("python3", "-c", "from twisted.scripts.twistd import run; run()", "--uid", "7", "gomail"),
        ("python3", "-m", "gomail.cli.main", "twistd", "--uid", "7", "gomail"),
        ("/opt/gomail/bin/python3", "/opt/gomail/bin/gomail", "run"),
    ],
)
def test_words_of_others_are_no_options(before: tuple[str, ...]) -> None:
    """Those of Python and of twistd stand before the name."""
    assert options(before) == {}
    assert options((*before, "-c", "x.toml")) == {"config": "x.toml"}


@pytest.mark.parametrize("listen", ["25", None])
def test_units_are_read_as_gomail_writes_them(tmp_path: Path, listen: str | None) -> None:
    """The user, the command, the socket and the right."""
    command = ("/opt/g m/bin/gomail", "run", "--config", "/etc/gomail.toml")
    for path, text in Shape("alice", command, "/home/alice/Maildir", listen=listen).texts().items():
        (tmp_path / Path(path).name).write_text(text)
    assert read_unit(str(tmp_path)) == Unit(
        "alice", command, (listen,) if listen else (), binds=listen is None
    )


def test_drop_ins_count_as_systemd_has_them(tmp_path: Path) -> None:
    """In the order of their names, wherever they are; an empty value takes back what was said."""
    command = ("/opt/gomail/bin/gomail", "run", "--config", "/etc/gomail.toml")
    for path, text in Shape("alice", command, "/home/alice/Maildir", listen="25").texts().items():
        (tmp_path / Path(path).name).write_text(text)
    texts = {
        "etc/gomail.service.d/20-override.conf": "[Service]\nUser=bob\n",
        "run/gomail.service.d/10-first.conf": "[Service]\nUser=carol\nExecStart=\n"
        "ExecStart=/opt/new/bin/gomail \\\n run --port tcp:26\n",
        "run/gomail.service.d/20-override.conf": "[Service]\nUser=nobody\n",
        "etc/gomail.socket.d/override.conf": "[Socket]\nListenStream = 2525 \n",
        "etc/gomail.service.d/notes.txt": "[Service]\nUser=mallory\n",
    }
    (tmp_path / "etc").mkdir(exist_ok=True)
    for name in ("gomail.service", "gomail.socket"):
        (tmp_path / name).rename(tmp_path / "etc" / name)
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    unit = read_unit(str(tmp_path / "etc"), [str(tmp_path / "run")])
    words = ("/opt/new/bin/gomail", "run", "--port", "tcp:26")
    assert unit == Unit("bob", words, ("25", "2525"), binds=False)
    second = Listener("systemd:domain=INET6:index=1")
    assert places([second], unit) == (Place(2525, BOTH, passed=True),)
    taken = "[Socket]\nListenStream=\nListenStream=[::1]:587\n"
    (tmp_path / "etc/gomail.socket.d/zz.conf").write_text(taken)
    unit = read_unit(str(tmp_path / "etc"), [])
    assert unit is not None
    assert unit.listens == ("[::1]:587",)


def test_missing_units_are_none(tmp_path: Path) -> None:
    """There may be no systemd at all."""
    assert read_unit(str(tmp_path)) is None


BOTH = frozenset({4, 6})


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        ("tcp:25", [Place(25, BOTH)]),
        ("tcp4:25", [Place(25, frozenset({4}))]),
        ("tcp6:25", [Place(25, frozenset({6}))]),
        ("tcp:25:interface=127.0.0.1", [Place(25, frozenset({4}), "127.0.0.1")]),
        (r"tcp:25:interface=\:\:1", [Place(25, frozenset({6}), "::1")]),
        (r"tcp:25:interface=\:\:", [Place(25, frozenset({6}))]),
        ("tcp:25:interface=mx.example", [Place(25, BOTH, "mx.example")]),
        ("systemd:domain=INET6:index=0", [Place(2525, BOTH, passed=True)]),
        ("unix:/run/gomail.sock", []),
        ("tcp:0", []),
    ],
)
def test_places_are_those_of_the_listeners(endpoint: str, expected: list[Place]) -> None:
    """A socket of systemd's is where its unit says."""
    unit = Unit("alice", (), ("2525",))
    assert list(places([Listener(endpoint)], unit)) == expected


def test_unit_may_name_an_address() -> None:
    """And where there is no unit yet, it is going to be port 25."""
    listener = Listener("systemd:domain=INET6:index=0", proxy=("192.0.2.1/32",))
    [place] = places([listener], Unit("alice", (), ("[::1]:26",)))
    assert place == Place(26, frozenset({6}), "::1", passed=True, proxied=True)
    assert [each.port for each in places([listener], None)] == [25]


NOBODY = 65534


@contextmanager
def called_gomail(uid: int, *sockets: socket.socket) -> Iterator[int]:
    """Have somebody run what is called like a server, and give its number."""
    command = ["/bin/sh", "-c", "read line", "gomail", "run", "--maildir", "/etc"]
    numbers = [each.fileno() for each in sockets]
    with subprocess.Popen(command, user=uid, stdin=subprocess.PIPE, pass_fds=numbers) as process:
        try:
            yield process.pid
        finally:
            heard_out(process, b"\n")


def with_word() -> set[int]:
    """Give the processes whose word counts."""
    return {each.pid for each in parted(processes())[0]}


def test_word_of_ones_own_counts() -> None:
    """Whoever asks may be advised by himself."""
    with called_gomail(os.geteuid()) as pid:
        assert pid in with_word()


@pytest.mark.needs_root
def test_word_of_other_users_does_not_count_for_root() -> None:
    """Else they could have root told to give them any folder."""
    with called_gomail(NOBODY) as pid:
        assert pid not in with_word()


@pytest.mark.needs_root
def test_word_of_a_server_that_root_gave_a_port_counts() -> None:
    """It has dropped its rights since."""
    with socket.socket() as bound:
        for port in count(600):
            try:
                bound.bind(("127.0.0.1", port))
            except OSError:
                continue
            break
        bound.listen()
        with called_gomail(NOBODY, bound) as pid:
            assert pid in with_word()


@pytest.mark.parametrize(
    ("listen", "found"),
    [
        (None, ()),
        ("unix:/run/gomail/metrics", ()),
        ("systemd:domain=INET:index=1", ()),
        ("tcp:9025:interface=127.0.0.1", (Place(9025, frozenset({4}), "127.0.0.1"),)),
    ],
)
def test_page_of_metrics_has_a_port_or_not(listen: str | None, found: tuple[Place, ...]) -> None:
    """One that systemd opens is in a unit that is not gomail's."""
    assert page_places(listen) == found
