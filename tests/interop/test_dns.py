"""``gomail dns`` before our own servers: a planted fault is one finding, and health is none."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.serialization import Encoding

from gomail.certificates.own import make_own
from gomail.cli.main import main
from tests.interop.internet import NOBODY, RESOLVER, ROOT, Case, Internet
from tests.patience import PATIENCE
from tests.waiting import within

pytestmark = pytest.mark.interop

MX = "@ MX 10 mx\n"
SOUND = f"{MX}mx A 5.9.1.1\n"
TLSA = "_25._tcp.mx TLSA {}\n"
OLD = Case("@ MX 10 old\nold A 5.9.1.2\n")
OTHERS = "{name} NS ns1.{name}\n{name} NS ns2.{name}\nns1.{name} A 127.0.0.3\n"
CASES = {
    "healthy": Case(f'{SOUND}@ TXT "v=spf1 -all"\n_dmarc TXT "v=DMARC1; p=reject"\n'),
    "signed": Case(SOUND + "mx AAAA 2a01:4f8::1\n", signed=True),
    "server-lame": Case(SOUND, on_ns2=False),
    "server-silent": Case(
        SOUND,
        servers="@ NS ns1\n@ NS ns2\nns1 A 127.0.0.3\nns2 A 127.0.0.5\n",
        delegation=f"{OTHERS}ns2.{{name}} A 127.0.0.5\n",
    ),
    "server-unknown": Case(
        SOUND,
        servers="@ NS ns1\n@ NS ns9.nowhere.example.\nns1 A 127.0.0.3\n",
        delegation="{name} NS ns1.{name}\n{name} NS ns9.nowhere\nns1.{name} A 127.0.0.3\n",
    ),
    "delegation-differs": Case(
        SOUND, servers="@ NS ns1\n@ NS ns3\nns1 A 127.0.0.3\nns3 A 127.0.0.4\n"
    ),
    "servers-disagree": Case(SOUND, second="@ MX 10 old\nold A 5.9.1.2\nmx A 5.9.1.1\n"),
    "mx-implicit": Case("@ A 5.9.1.1\n"),
    "mx-missing": Case('@ TXT "nothing"\n'),
    "mx-null": Case("@ MX 0 .\n"),
    "mx-address": Case("@ MX 10 5.9.1.1.\n"),
    "mx-alias": Case(f"{MX}mx CNAME host\nhost A 5.9.1.1\n"),
    "mx-without-address": Case(MX),
    "mx-elsewhere": Case("@ MX 10 mx.elsewhere.com.\nmx A 5.9.1.1\n"),
    "mx-leftover": Case(f"{SOUND}@ MX 10 eforward.registrar-servers.com.\n"),
    "alias-home": Case("www A 5.9.1.1\nwww MX 10 mx\nmx A 5.9.1.1\ndomain-alias CNAME www\n"),
    "address-private": Case(f"{MX}mx A 192.168.1.5\n"),
    "address-cgnat": Case(f"{MX}mx A 100.64.7.7\n"),
    "address-proxied": Case(f"{MX}mx A 104.16.1.1\nmx AAAA 2606:4700::1\n"),
    "ipv6-unserved": Case(f"{SOUND}mx AAAA 2a01:4f8::1\n"),
    "tlsa-unusable": Case(SOUND + TLSA.format(f"1 1 1 {'00' * 32}"), signed=True),
    "tlsa-short": Case(
        SOUND + TLSA.format(f"3 1 1 {'00' * 32}"), signed=True, forged=("00" * 32, "abcd")
    ),
    "tlsa-unsigned": Case(SOUND + TLSA.format(f"3 1 1 {'00' * 32}")),
    "tlsa-mismatch": Case(SOUND + TLSA.format(f"3 1 1 {'00' * 32}"), signed=True),
    "spf-twice": Case(f'{SOUND}@ TXT "v=spf1 -all"\n@ TXT "v=spf1 mx -all"\n'),
    "dmarc-twice": Case(f'{SOUND}_dmarc TXT "v=DMARC1; p=none"\n_dmarc TXT "v=DMARC1;p=reject"\n'),
    "cached-old": OLD,
    "dnssec-bogus": Case(SOUND, signed=True, forged=("MX 10 mx", "MX 20 mx")),
}
NOTES = {"spf-twice", "dmarc-twice", "tlsa-unsigned"}
NAMES = {"domain-alias": "domain-alias.alias-home.example", "domain-missing": "nothing.example"}


@pytest.fixture(scope="module")
def internet() -> Iterator[Internet]:
    """Give all the servers, for all tests."""
    with tempfile.TemporaryDirectory(prefix="gomail-") as folder:
        servers = Internet(Path(folder), CASES)
        yield servers
        servers.stop()


def places(internet: Internet) -> tuple[str, ...]:
    """Give the options that lead there, and nowhere else."""
    root, resolver = f"{ROOT}:{internet.port}", f"{RESOLVER}:{internet.resolver_port}"
    return "--root-hint", root, "--resolver", resolver, "--wait", "30"


def ask(*options: str) -> Result:
    """Run the command, in a thread: a reactor on asyncio has this one's event loop."""
    return within(lambda: CliRunner().invoke(main, ["dns", *options]), "gomail dns")


def told(internet: Internet, *options: str) -> tuple[int, dict[str, Any]]:
    """Give the status, and what is told of one domain."""
    done = ask(*places(internet), "--json", *options)
    [one] = json.loads(done.stdout)
    return done.exit_code, one


def codes(internet: Internet, *options: str) -> tuple[int, list[str]]:
    """Give the status, and the codes of what was found."""
    status, one = told(internet, *options)
    return status, [each["code"] for each in one["findings"]]


@pytest.mark.parametrize("name", ["healthy", "signed"])
def test_healthy_domain_has_no_finding(internet: Internet, name: str) -> None:
    """And it is said who was asked for what."""
    hostname = ("--hostname", f"mx.{name}.example")
    status, one = told(internet, f"{name}.example", *hostname)
    assert (status, one["findings"]) == (0, [])
    checked = "\n".join(one["checked"])
    for each in (f"ns1.{name}.example (127.0.0.3", f"ns2.{name}.example (127.0.0.4", RESOLVER):
        assert each in checked
    assert f"MX, NS, SOA, TXT of {name}.example" in checked


ELSEWHERE = {"cached-old", "ipv6-unserved", "tlsa-mismatch", "tlsa-short"}  # tests of their own
FAULTS = sorted({*CASES, *NAMES} - ELSEWHERE - {"healthy", "signed", "alias-home"})


@pytest.mark.parametrize("code", FAULTS)
def test_planted_fault_is_the_only_finding(internet: Internet, code: str) -> None:
    """By its code, with a status that says so; what keeps no mail away is no failure."""
    name = NAMES.get(code, f"{code}.example")
    hostname = ("--hostname", "mx.healthy.example") if code == "mx-elsewhere" else ()
    wait = ("--wait", "5") if code == "server-silent" else ()
    assert codes(internet, name, *hostname, *wait) == (0 if code in NOTES else 1, [code])


@pytest.mark.parametrize("code", ["mx-leftover", "servers-disagree", "dnssec-bogus"])
def test_name_of_the_server_changes_nothing(internet: Internet, code: str) -> None:
    """With it the same is found, and nothing else."""
    hostname = ("--hostname", f"mx.{code}.example")
    assert codes(internet, f"{code}.example", *hostname) == (1, [code])


@pytest.mark.parametrize("configured", [False, True], ids=["by option", "by configuration"])
def test_backup_of_ones_own_is_no_leftover(
    internet: Internet, tmp_path: Path, *, configured: bool
) -> None:
    """Where it is named; others are found all the same, and so is mail that goes there alone."""
    other = "eforward.registrar-servers.com"
    file = tmp_path / "gomail.toml"
    text = f'state = "{tmp_path}"\nhostname = "mx.{{}}"\nbackup-mx = ["{other}"]\n'
    for name, code in (("mx-leftover.example", []), ("mx-elsewhere.example", ["mx-elsewhere"])):
        file.write_text(text.format(name))
        named = ("--config", str(file)) if configured else ("--backup", other)
        options = (*named, "--hostname", f"mx.{name}")
        assert codes(internet, name, *options) == (1 if code else 0, code)
    no_backup = ("--hostname", "mx.mx-leftover.example", "--backup", "other.example")
    assert codes(internet, "mx-leftover.example", *no_backup) == (1, ["mx-leftover"])


def test_ipv6_without_a_listener_is_found(internet: Internet, tmp_path: Path) -> None:
    """Where the configuration knows; one that listens everywhere is healthy."""
    file = tmp_path / "gomail.toml"
    name = "ipv6-unserved.example"
    text = (
        f'hostname = "mx.{name}"\nstate = "{tmp_path}"\n[domains."{name}"]\nmailboxes = ["joe"]\n'
    )
    listener = '[[listener]]\nendpoint = "tcp:25{}"\n'
    file.write_text(text + listener.format(":interface=5.9.1.1"))
    assert codes(internet, "--config", str(file)) == (1, ["ipv6-unserved"])
    file.write_text(text + listener.format(""))
    assert codes(internet, "--config", str(file)) == (0, [])
    file.write_text(text)
    assert codes(internet, "--config", str(file)) == (0, [])


def test_tlsa_of_another_certificate_is_found(internet: Internet, tmp_path: Path) -> None:
    """Where the certificate is known; the record to have is told, and is then right."""
    name = "tlsa-mismatch.example"
    [certificate] = make_own(f"mx.{name}", datetime.now(UTC)).chain
    (tmp_path / "self-signed.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    file = tmp_path / "gomail.toml"
    file.write_text(f'hostname = "mx.{name}"\nstate = "{tmp_path}"\n')
    assert codes(internet, name) == (0, [])
    status, one = told(internet, "--config", str(file), name)
    [finding] = one["findings"]
    assert (status, finding["code"]) == (1, "tlsa-mismatch")
    [record] = finding["records"]
    right = TLSA.format(record.partition(" TLSA ")[2])
    internet.change("tlsa-mismatch", Case(SOUND + right, signed=True), 2)
    assert codes(internet, "--config", str(file), name)[1] == []


def test_tlsa_of_a_wrong_length_is_found(internet: Internet) -> None:
    """Though it can't even be read."""
    assert codes(internet, "tlsa-short.example") == (1, ["tlsa-unusable"])


def test_old_record_in_a_cache_is_told_with_its_time(internet: Internet) -> None:
    """Nobody has done anything wrong: it says how long to wait."""
    assert internet.ask_resolver("cached-old.example", "MX").answer
    internet.change("cached-old", Case(SOUND), 2)
    status, one = told(internet, "cached-old.example", "--hostname", "mx.cached-old.example")
    [finding] = one["findings"]
    assert (status, finding["code"], finding["severity"]) == (1, "cached-old", "warning")
    assert "the old MX of cached-old.example for 4" in finding["sentence"]  # min: it is 43 at first
    assert "10 old.cached-old.example" in finding["evidence"][0]


def test_what_is_missing_gets_into_no_cache(internet: Internet) -> None:
    """Whoever asks before the record is there does not keep mail away once it is."""
    before = replace(CASES["mx-missing"])
    assert codes(internet, "mx-missing.example") == (1, ["mx-missing"])
    internet.change("mx-missing", Case(SOUND), 2)
    assert codes(internet, "mx-missing.example") == (0, [])
    internet.change("mx-missing", before, 3)


def test_report_is_for_people(internet: Internet) -> None:
    """With the record to add, and no colour where that is not a terminal."""
    name = "mx-implicit.example"
    command = [sys.executable, "-m", "gomail.cli.main", "dns", *places(internet), name]
    done = subprocess.run(
        [*command, "--hostname", f"mx.{name}"],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert "\033" not in done.stdout
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert lines[0] == f"{name}: 1 finding"
    assert any(line.endswith("warning mx-implicit") for line in lines)
    assert f"{name}. 3600 IN MX 10 mx.{name}." in lines
    healthy = ask(*places(internet), "healthy.example").stdout
    assert healthy.startswith("healthy.example: healthy: mail can find its way\n\nAsked:\n")


def test_dns_that_somebody_else_answers_is_no_finding(internet: Internet) -> None:
    """A resolver in the way of the root's servers is seen as such, and so is silence."""
    between = ask("healthy.example", "--root-hint", f"{RESOLVER}:{internet.resolver_port}")
    assert (between.exit_code, between.stdout) == (3, "")
    assert "answers for the root without authority" in between.stderr
    silent = ask("healthy.example", "--root-hint", f"{NOBODY}:{internet.port}", "--wait", "1")
    assert (silent.exit_code, silent.stdout) == (3, "")
    assert "no server of the root answers" in silent.stderr
