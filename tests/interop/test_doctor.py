"""``gomail doctor`` on a machine of our own: a planted fault is one finding, and health is none."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.interop.host import IPV4, IPV6, Machine
from tests.interop.internet import RESOLVER, ROOT, Case, Internet
from tests.interop.postfix import Postfix
from tests.interop.server import wait_for
from tests.interop.software import needs
from tests.patience import PATIENCE
from tests.waiting import line_of

pytestmark = [pytest.mark.interop, pytest.mark.needs_root]


def test_healthy_host_has_no_finding(machine: Machine) -> None:
    """And it is said what was looked at, and that nobody has come from outside yet."""
    status, told = machine.ask()
    assert (status, told["findings"], told["unseen"]) == (0, [], [])
    checked = "\n".join(told["checked"])
    for each in (
        "the server: ",
        f"(pid {machine.pid})",
        "port 25 of IPv4 and IPv6: [::]:25",
        "the local firewall for IPv4: port 25 is open",
        "the local firewall for IPv6: port 25 is open",
        f"{IPV4} (public), {IPV6}",
        "self-signed.pem",
        f"{machine.maildir}, for its reader nobody",
        "MiB free",
        "the clock: ",
        "open files: ",
        "the resolver 127.0.0.1: it answers",
    ):
        assert each in checked
    assert told["reachable"]["verdict"] == "unknown"
    assert any("AWS: " in each for each in told["reachable"]["hints"])


def test_dead_resolver_is_found(machine: Machine) -> None:
    """Where the only one does not answer."""
    machine.dns.silent = True
    try:
        assert machine.codes() == ["resolver-dead"]
    finally:
        machine.dns.silent = False


def test_one_dead_resolver_of_two_is_found(machine: Machine) -> None:
    """Though the other one does the work."""
    held = machine.host.do(socket.socket, socket.AF_INET, socket.SOCK_DGRAM)
    with held:
        held.bind(("127.0.0.1", 0))
        dead = f'127.0.0.1:{held.getsockname()[1]}", "127.0.0.1:{machine.dns.port}'
        machine.configure(resolver=dead)
        assert machine.codes() == ["resolver-silent"]
    machine.configure()


def test_place_where_nobody_listens_is_found(machine: Machine) -> None:
    """After the configuration was changed and the server was not started again."""
    machine.configure(more='[[listener]]\nendpoint = "tcp:2525:interface=127.0.0.1"')
    assert machine.codes() == ["not-listening"]
    machine.configure()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ({"name": "mail"}, "hostname-local"),
        ({"top": 'trusted = ["0.0.0.0/0"]'}, "trusted-everybody"),
        ({"top": 'group = "nobody-has-it"'}, "group-missing"),
        ({"top": "worker = 2"}, "config-unreadable"),
    ],
)
def test_settings_that_cannot_be_meant_are_found(
    machine: Machine, words: dict[str, str], code: str
) -> None:
    """Though the server that runs has read others."""
    machine.configure(**words)
    assert machine.codes() == [code]
    machine.configure()


def test_machine_without_an_address_is_found(machine: Machine) -> None:
    """And one whose provider shares its address; nobody can connect to either."""
    for address in (f"{IPV4}/32", f"{IPV6}/128"):
        machine.host.ip("address", "del", address, "dev", "lo")
    try:
        status, told = machine.ask()
        assert (status, [each["code"] for each in told["findings"]]) == (1, ["address-none"])
        assert told["reachable"]["verdict"] == "refuted here"
        machine.host.ip("address", "add", "100.64.7.7/32", "dev", "lo")
        assert machine.codes() == ["address-shared"]
        machine.host.ip("address", "del", "100.64.7.7/32", "dev", "lo")
    finally:
        machine.host.ip("address", "add", f"{IPV4}/32", "dev", "lo")
        machine.host.ip("address", "add", f"{IPV6}/128", "dev", "lo")


def test_stopped_server_is_found(machine: Machine) -> None:
    """With the line that starts it; what follows from that is no finding of its own."""
    with machine.without_server():
        status, told = machine.ask()
        [finding] = told["findings"]
        assert (status, finding["code"]) == (1, "not-running")
        assert finding["lines"][0].endswith(f" run --config {machine.file}")
        assert told["reachable"]["verdict"] == "refuted here"


def test_server_for_this_machine_alone_is_found(machine: Machine) -> None:
    """As its configuration wants it."""
    with machine.without_server():
        machine.configure(port="25:interface=127.0.0.1")
        machine.gomail = machine.start()
        status, told = machine.ask()
        assert (status, [each["code"] for each in told["findings"]]) == (1, ["listens-locally"])
        assert told["reachable"]["verdict"] == "refuted here"


def test_server_with_few_files_or_as_root_is_found(machine: Machine) -> None:
    """Each by itself."""
    with machine.without_server():
        machine.gomail = machine.start((needs("prlimit"), "--nofile=512:512"))
        assert machine.codes() == ["descriptors-few"]
    with machine.without_server():
        machine.gomail = machine.start(root=True)
        assert machine.codes() == ["runs-as-root"]


class HoldingPostfix(Postfix):
    """A Postfix as Debian starts it, which has port 25."""

    main = Postfix.main.replace("inet_interfaces = 127.0.0.1", "inet_interfaces = all")
    master = Postfix.master + "smtp       inet  n - n -     - smtpd\n"


def test_postfix_that_has_the_port_is_found(machine: Machine) -> None:
    """With the line that stops it."""
    postfix = machine.host.do(HoldingPostfix, machine.folder, 1)
    with machine.without_server():
        machine.host.do(postfix.start)
        try:
            machine.host.do(wait_for, "Postfix to listen", _answers)
            status, told = machine.ask()
            [finding] = told["findings"]
            assert (status, finding["code"]) == (1, "port-held")
            assert "master (pid " in finding["seen"][0]
            assert finding["lines"] == ["sudo systemctl disable --now postfix"]
        finally:
            machine.host.do(postfix.stop)
    assert machine.codes() == []


def _answers() -> bool:
    """Tell whether somebody listens on port 25."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", 25)) == 0


def test_session_from_a_public_address_is_the_proof(machine: Machine) -> None:
    """One from this machine's own is none."""
    came = machine.host.do(_come, IPV4)
    assert came.startswith("220 ")
    assert machine.ask()[1]["reachable"]["verdict"] == "unknown"
    other = "5.9.1.2"
    machine.host.ip("address", "add", f"{other}/32", "dev", "lo")
    machine.host.do(_come, other)
    machine.host.ip("address", "del", f"{other}/32", "dev", "lo")
    status, told = machine.ask()
    assert (status, told["reachable"]["verdict"]) == (0, "proven")
    [reason] = told["reachable"]["reasons"]
    assert reason.startswith(f"{other} came at 20")


def _come(address: str) -> str:
    """Have a session from an address; give the greeting."""
    with socket.create_connection((IPV4, 25), PATIENCE, (address, 0)) as client:
        client.settimeout(PATIENCE)
        return client.recv(1000).decode()


def test_unknown_program_that_has_the_port_is_found(machine: Machine) -> None:
    """By its process, which can be stopped by its number alone."""
    code = (
        "import socket, sys; held = socket.create_server(('', 25)); print(flush=True); "
        "sys.stdin.read()"
    )
    with machine.without_server():
        other = machine.host.do(
            subprocess.Popen,
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        with other:
            line_of(other)
            _, told = machine.ask()
            [finding] = told["findings"]
            assert finding["code"] == "port-held"
            assert f"(pid {other.pid}" in finding["seen"][0]
            assert other.stdin is not None
            other.stdin.close()


@pytest.fixture(scope="module")
def internet(machine: Machine) -> Iterator[Internet]:
    """Give servers of DNS in the machine's network."""
    cases = {
        "healthy": Case(f"@ MX 10 mx\nmx A {IPV4}\nmx AAAA {IPV6}\n"),
        "mx-missing": Case('@ TXT "nothing"\n'),
    }
    folder = machine.folder / "internet"
    folder.mkdir()
    servers = machine.host.do(Internet, folder, cases)
    yield servers
    machine.host.do(servers.stop)


@pytest.mark.parametrize("name", ["healthy", "mx-missing"])
def test_records_of_the_domain_are_looked_at(
    machine: Machine, internet: Internet, name: str
) -> None:
    """As by gomail dns, with its codes."""
    text = machine.file.read_text().replace("example.org", f"{name}.example")
    machine.file.write_text(text)
    root, cache = f"{ROOT}:{internet.port}", f"{RESOLVER}:{internet.resolver_port}"
    status, told = machine.ask("--root-hint", root, "--resolver", cache)
    codes = [each["code"] for each in told["findings"]]
    assert (status, codes) == ((0, []) if name == "healthy" else (1, [name]))
    assert any(f"DNS of {name}.example: the delegation" in each for each in told["checked"])
    machine.configure()


def test_report_is_for_people(machine: Machine) -> None:
    """In words, without colours where that is no terminal; with what was looked at."""
    command = [sys.executable, "-m", "gomail.cli.main", "doctor", "--no-dns"]
    machine.configure(top='trusted = ["::/0"]')
    done = machine.host.do(
        subprocess.run,
        [*command, "--config", str(machine.file)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    machine.configure()
    assert (done.returncode, done.stderr) == (1, "")
    assert "\033" not in done.stdout
    lines = done.stdout.splitlines()
    assert lines[0] == f"configuration: {machine.file}, with --dialogue"
    assert lines[1] == "1 finding"
    assert lines[3].endswith("warning trusted-everybody")
    assert '      trusted = ["127.0.0.0/8", "::1/128", "unix"]' in lines
    assert "Reachable from outside: unknown" in lines
    assert "Looked at:" in lines


def test_what_may_not_be_seen_is_told_with_the_way_to_see_it(machine: Machine) -> None:
    """By who has no rights: no false alarm, and no false health."""
    command = [sys.executable, "-m", "gomail.cli.main", "doctor", "--no-dns", "--json"]
    done = machine.host.do(
        subprocess.run,
        [needs("setpriv"), "--bounding-set=-all", *command, "--config", str(machine.file)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert told["findings"] == []
    assert told["reachable"]["verdict"] == "unknown"
    unseen = "\n".join(told["unseen"])
    for each in (
        "the local firewall for IPv4: sudo nft list ruleset",
        "the local firewall for IPv6: sudo nft list ruleset",
        "who listens on port 25 of IPv4 and IPv6",
        "sudo ss -ltnp 'sport = :25'",
        f"the Maildir {machine.maildir}: sudo gomail doctor",
        "who has come from outside",
    ):
        assert each in unseen
