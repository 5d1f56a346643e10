"""Who has the ports, and what is to be done about it."""

import shlex
from dataclasses import replace

import pytest

from gomail.doctor.maildirs import name_of
from gomail.doctor.ports import Ports, examine_ports, reached
from gomail.doctor.server import Place, Unit
from gomail.machine.processes import Process
from gomail.machine.sockets import Listening

SERVER = Process(7, "gomail", ("gomail", "run"), 1000)
OTHER = Process(9, "master", ("/usr/lib/postfix/sbin/master",), 0, "postfix@-.service")
SYSTEMD = Process(1, "systemd", ("/sbin/init",))
SMTP = Place(25, frozenset({4, 6}))
ALL = Listening("::", 25, inode=5)
HEALTHY = Ports((SMTP,), (), (ALL,), {5: (SERVER,)}, SERVER, start="gomail run")
PAGE = Place(9025, frozenset({4}), "127.0.0.1")


def codes(seen: Ports) -> list[str]:
    """Give the codes of what is wrong."""
    return [each.code for each in examine_ports(seen).findings]


def test_healthy_server_has_no_finding() -> None:
    """And is reached by both families."""
    told = examine_ports(HEALTHY)
    assert (told.findings, told.unseen) == ((), ())
    assert "port 25 of IPv4 and IPv6: [::]:25" in told.checked
    assert (reached(HEALTHY, 4), reached(HEALTHY, 6)) == (True, True)
    only6 = replace(HEALTHY, listening=(replace(ALL, only6=True),))
    assert (reached(only6, 4), reached(only6, 6)) == (False, True)


@pytest.mark.parametrize(
    ("holder", "line"),
    [
        (OTHER, "sudo systemctl disable --now postfix"),
        (Process(9, "exim4"), "sudo systemctl disable --now exim4"),
        (Process(9, "own", unit="own.service"), "sudo systemctl disable --now own.service"),
        (Process(9, "nc"), "sudo kill 9"),
        (SYSTEMD, "sudo systemctl list-sockets"),
    ],
)
def test_other_holder_is_named_with_the_line_that_stops_it(holder: Process, line: str) -> None:
    """By its service, if it has one; whether our server runs or not."""
    for server in (SERVER, None):
        seen = replace(HEALTHY, holders={5: (holder,)}, server=server)
        [finding] = examine_ports(seen).findings
        assert finding.code == "port-held"
        assert finding.lines[0].startswith(line)
        assert not reached(seen, 4)


def test_holder_that_cannot_be_seen_is_another_one_if_ours_does_not_run() -> None:
    """And the way to see it is told; else it may well be ours, and is among what is unseen."""
    hidden = replace(HEALTHY, holders={5: ()}, server=None)
    [finding] = examine_ports(hidden).findings
    assert (finding.code, finding.lines) == ("port-held", ("sudo ss -ltnp 'sport = :25'",))
    told = examine_ports(replace(hidden, server=SERVER))
    assert told.findings == ()
    assert "sudo ss -ltnp" in told.unseen[0]


def test_processes_that_are_hidden_are_no_reason_for_an_alarm() -> None:
    """Somebody listens, and it may be ours; where nobody does, it does not run."""
    hidden = replace(HEALTHY, holders={5: ()}, server=None, others=False)
    told = examine_ports(hidden)
    assert told.findings == ()
    assert "sudo ss -ltnp" in told.unseen[0]
    assert codes(replace(hidden, listening=())) == ["not-running"]


def test_socket_of_the_unit_is_ours_though_systemd_has_it() -> None:
    """Until the service runs, nobody answers there."""
    unit = Unit("alice", (), ("25",))
    seen = replace(HEALTHY, holders={5: (SYSTEMD,)}, unit=unit)
    assert codes(seen) == []
    [finding] = examine_ports(replace(seen, server=None)).findings
    assert finding.code == "not-running"
    assert "journalctl -u gomail -n 50" in finding.lines


def test_process_that_counts_for_nobody_is_not_taken_for_a_stopped_server() -> None:
    """Root does not believe it, and says why, and who would."""
    doubted = replace(HEALTHY, server=None, doubted=(SERVER,))
    told = examine_ports(doubted)
    [finding] = told.findings
    user = name_of(SERVER.uid)
    assert finding.code == "not-believed"
    assert finding.seen[0].startswith(f"gomail (pid 7) of {user} has the port; anybody may call a")
    assert finding.lines == (f'sudo -u {shlex.quote(user)} "$(which gomail)" doctor',)
    assert "the server: perhaps gomail (pid 7)" in told.checked
    assert codes(replace(doubted, listening=())) == ["not-running"]
    assert codes(replace(doubted, holders={5: (OTHER,)})) == ["port-held"]
    assert codes(replace(doubted, server=SERVER)) == []


def test_server_that_does_not_listen_is_found() -> None:
    """For want of the right to, or of a start."""
    silent = replace(HEALTHY, listening=())
    [finding] = examine_ports(silent).findings
    assert finding.code == "port-forbidden"
    assert not any(line.startswith("sudo setcap") for line in finding.lines)
    assert codes(replace(silent, first_port=25)) == ["not-listening"]
    assert codes(replace(silent, server=replace(SERVER, uid=0))) == ["not-listening"]
    assert codes(replace(silent, unit=Unit("alice", (), (), binds=True))) == ["not-listening"]
    passed = replace(silent, places=(replace(SMTP, passed=True),), unit=Unit("alice", (), ("25",)))
    service = replace(passed, server=replace(SERVER, unit="gomail.service"))
    [finding] = examine_ports(service).findings
    assert finding.lines == ("sudo systemctl restart gomail.socket gomail.service",)


def test_stopped_server_is_one_finding() -> None:
    """That it does not listen follows from that."""
    stopped = replace(HEALTHY, listening=(), holders={}, server=None)
    [finding] = examine_ports(stopped).findings
    assert (finding.code, finding.lines) == ("not-running", ("gomail run",))


def test_server_for_this_machine_alone_is_found() -> None:
    """Unless a proxy in front of it is on this machine, too."""
    local = replace(HEALTHY, listening=(replace(ALL, ip="127.0.0.1"),))
    assert codes(local) == ["listens-locally"]
    assert codes(replace(local, places=(replace(SMTP, proxied=True),))) == []


def test_other_port_than_25_is_a_note() -> None:
    """A router may pass it on."""
    seen = replace(
        HEALTHY, places=(replace(SMTP, port=2525),), listening=(replace(ALL, port=2525),)
    )
    [finding] = examine_ports(seen).findings
    assert (finding.code, finding.severity.value) == ("port-unusual", "note")


def test_place_at_an_address_is_not_another_address() -> None:
    """A program on 127.0.0.1 is in nobody's way on 192.0.2.1."""
    own = Listening("192.0.2.1", 25, inode=5)
    foreign = Listening("127.0.0.1", 25, inode=6)
    seen = replace(
        HEALTHY,
        places=(Place(25, frozenset({4}), "192.0.2.1"),),
        listening=(own, foreign),
        holders={5: (SERVER,), 6: (OTHER,)},
    )
    assert codes(seen) == []


def with_page(place: Place, *sockets: Listening, holder: Process = SERVER) -> Ports:
    """Give a healthy server that is to tell its metrics at a place."""
    holders = {**HEALTHY.holders, **{each.inode: (holder,) for each in sockets}}
    return replace(HEALTHY, page=(place,), listening=(ALL, *sockets), holders=holders)


def test_page_of_metrics_is_looked_for_as_well() -> None:
    """It is no port for mail: that it is for this machine alone is as it should be."""
    here = Listening("127.0.0.1", 9025, inode=6)
    assert codes(with_page(PAGE, here)) == []
    assert "port 9025 of 127.0.0.1: 127.0.0.1:9025" in examine_ports(with_page(PAGE, here)).checked
    assert codes(with_page(PAGE, here, holder=OTHER)) == ["port-held"]
    assert codes(with_page(PAGE)) == ["not-listening"]


def test_page_that_others_can_see_is_noted() -> None:
    """With who sees what, and how it is kept for this machine."""
    open_to_all = Listening("0.0.0.0", 9025, inode=6)
    [finding] = examine_ports(with_page(Place(9025, frozenset({4})), open_to_all)).findings
    assert (finding.code, finding.severity.value) == ("metrics-open", "note")
    assert finding.lines == ("[metrics]", 'listen = "tcp:9025:interface=127.0.0.1"')
