"""``gomail check``: a case in files, whole, with real processes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from gomail.checks.results import value
from gomail.cli.check import check
from tests.checks.signing import NOW, ed25519, record, signed
from tests.patience import PATIENCE

ROOT = Path(__file__).parents[2]
MESSAGE = signed(a="ed25519-sha256", x=str(NOW + 3600))
FORGED = b"Authentication-Results: mx.here.example; dmarc=pass\n"
MEANING = "DMARC fails, and the author's domain asks for such mail to be rejected"
AT = "2025-06-15 15:06:40"  # NOW
SENDER = ("--helo", "mx.example.org", "--from", "joe@example.org")
OURS = ("--ip", "192.0.2.1", *SENDER)
OTHERS = ("--ip", "198.51.100.7", *SENDER)
NAMED = ("--zone", "zone", "--hostname", "mx.here.example", "--at", AT)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a message and DNS."""
    (tmp_path / "message.eml").write_bytes(FORGED + MESSAGE)
    (tmp_path / "zone").write_text(f"""
$ORIGIN example.org.
@               TXT "v=spf1 ip4:192.0.2.1 -all"
mx              A 192.0.2.1
_dmarc          TXT "v=DMARC1; p=reject"
sel._domainkey  TXT "{record(ed25519())}"
1.2.0.192.in-addr.arpa.  PTR mx.example.org.
$FAIL slow.example
""")
    return tmp_path


def run(
    folder: Path,
    *options: str,
    given: bytes = b"",
    program: tuple[str, ...] = ("-m", "gomail.cli.main"),
) -> "subprocess.CompletedProcess[bytes]":
    """Run the command."""
    return subprocess.run(
        [sys.executable, *program, "check", *options],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": f"{folder}:{ROOT}"},
        input=given,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )


def test_findings_field_and_verdict_are_told(folder: Path) -> None:
    """What was found, what readers would see, and what would become of it."""
    done = run(folder, "message.eml", *OTHERS, *NAMED)
    key = value(MESSAGE.partition(b"\tb=")[2][:8].decode())
    signature = f"header.d=example.org header.s=sel header.a=ed25519-sha256 header.b={key}"
    findings, field, verdict = done.stdout.decode().split("\n\n")
    assert findings.splitlines() == [
        "iprev  permerror policy.iprev=198.51.100.7 (the address has no name)",
        "spf    none      smtp.helo=mx.example.org (the domain has no policy)",
        "spf    fail      smtp.mailfrom=example.org",
        f"dkim   pass      {signature}",
        "arc    none",
        "dmarc  pass      header.from=example.org",
    ]
    assert " ".join(field.split()) == (
        "Authentication-Results: mx.here.example; "
        'iprev=permerror reason="the address has no name" policy.iprev=198.51.100.7; '
        'spf=none reason="the domain has no policy" smtp.helo=mx.example.org; '
        "spf=fail smtp.mailfrom=example.org; "
        f"dkim=pass {signature}; arc=none; dmarc=pass header.from=example.org"
    )
    assert verdict.splitlines() == [
        "removed: 1 such field(s) of the sender's in the name of mx.here.example",
        "mark: it would be stored, with the field above",
    ]
    assert done.returncode == 0
    assert done.stderr.startswith(b"configuration: the defaults (no server runs ")
    assert done.stderr.count(b"\n") == 1


def test_findings_are_a_list_in_json(folder: Path) -> None:
    """For programs; the message may come by the standard input."""
    done = run(folder, "-", *OURS, *NAMED, "--json", given=MESSAGE.replace(b"\n", b"\r\n"))
    assert done.returncode == 0
    found = json.loads(done.stdout)
    assert [(each["method"], each["result"]) for each in found] == [
        *(("iprev", "pass"), ("spf", "none"), ("spf", "pass"), ("dkim", "pass")),
        *(("arc", "none"), ("dmarc", "pass")),
    ]
    assert found[1] == {
        "method": "spf",
        "result": "none",
        "properties": [{"type": "smtp", "name": "helo", "value": "mx.example.org"}],
        "reason": "the domain has no policy",
    }


def test_time_is_that_of_the_case(folder: Path) -> None:
    """A signature that has expired since then was good."""
    done = run(folder, "message.eml", *OURS, *NAMED[:-2], "--json")
    [dkim] = [each for each in json.loads(done.stdout) if each["method"] == "dkim"]
    assert (dkim["result"], dkim["reason"]) == ("policy", "the signature has expired")


def test_verdict_is_the_status_where_that_is_wanted(folder: Path) -> None:
    """By the policy of the configuration that counts; rules in the shadow are told of."""
    (folder / "forged.eml").write_bytes(b"From: joe@example.org\n\nTrust me.\n")
    forged = ("forged.eml", *OTHERS, "--zone", "zone", "--exit-code")
    junk = run(folder, *forged)
    assert junk.returncode == 3
    assert junk.stdout.decode().splitlines()[-2:] == [
        "junk: it would go into .Junk, with the field above",
        f"rule: dmarc-reject: {MEANING}",
    ]
    (folder / "gomail.toml").write_text(
        'hostname = "mx.toml.example"\npolicy.dmarc-reject = "refuse"\n'
    )
    refused = run(folder, *forged, "--config", "gomail.toml")
    assert refused.returncode == 5
    here = run(folder, *forged)
    assert (here.returncode, here.stdout) == (5, refused.stdout)
    assert here.stderr.startswith(f"configuration: {folder}/gomail.toml (no server ".encode())
    assert b"Authentication-Results: mx.toml.example;\n" in refused.stdout
    assert b"refuse: it would be refused\nrule: dmarc-reject: " in refused.stdout
    with (folder / "gomail.toml").open("a") as file:
        file.write('policy.shadow = ["dmarc-reject"]\n')
    shadow = run(folder, *forged, "--config", "gomail.toml")
    assert shadow.returncode == 0
    assert b"\nin the shadow: dmarc-reject: it would be refused: DMARC fails" in shadow.stdout


def test_check_of_ones_own_is_run(folder: Path) -> None:
    """As the server runs it; one that can't be loaded is told of on the standard error."""
    plugins = folder / "twisted" / "plugins"
    plugins.mkdir(parents=True)
    (plugins / "listed.py").write_text((ROOT / "docs" / "examples" / "listed.py").read_text())
    (plugins / "broken.py").write_text("1 / 0\n")
    with (folder / "zone").open("a") as file:
        file.write("7.100.51.198.list.example. A 127.0.0.2\n")
    done = run(folder, "message.eml", *OTHERS, *NAMED)
    assert done.returncode == 0
    assert b"\ndnsbl  fail\n" in done.stdout
    assert b"\n dnsbl=fail\n" in done.stdout
    assert (
        b"note: a plugin is left out: ZeroDivisionError: division by zero, in line 1 of"
        in done.stderr
    )


def test_what_the_server_refuses_is_an_error(folder: Path) -> None:
    """Whoever has sent it."""
    done = run(folder, "-", *OURS, *NAMED, given=b"x" * 300_000)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr == (
        b"Error: the server would not take the message: 554 5.6.0 Header block too big\n"
    )


def test_missing_extra_is_told(folder: Path) -> None:
    """In a line that says what to do."""
    without = "import sys; sys.modules['spftrace'] = None; from gomail.cli.main import main; main()"
    done = run(folder, "message.eml", *OURS, program=("-c", without))
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr == (
        b"Error: there is no library spftrace here; pip install 'gomail[checks]' brings it\n"
    )


def test_dns_of_the_machine_is_asked_without_a_file(folder: Path) -> None:
    """Here one that does not answer: all is temperror, in time."""
    (folder / "gomail.toml").write_text('checks.resolvers = ["127.0.0.1:9"]\n')
    done = run(folder, "message.eml", *OURS, "--config", "gomail.toml", "--json")
    assert done.returncode == 0
    assert {each["method"]: each["result"] for each in json.loads(done.stdout)} == {
        "iprev": "temperror",
        "spf": "temperror",
        "dkim": "policy",
        "arc": "none",
        "dmarc": "temperror",
    }


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (
            ("--ip", "1.2.3"),
            "an address such as 192.0.2.1 or 2001:db8::1 was expected, not '1.2.3'",
        ),
        (("--helo", ""), "what follows EHLO was expected, such as mail.example.org, not ''"),
        (("--from", "joe"), "an address such as joe@example.org, or <>, was expected, not 'joe'"),
        (("--from", "a@b\nc"), "an address such as joe@example.org, or <>, was expected, not "),
        (("--zone", "nowhere"), "File 'nowhere' does not exist"),
        (("--at", "yesterday"), "a time such as 2026-11-28, or 2026-11-28 04:30:00 was expected"),
        (("--hostname", "a b"), "was expected"),
    ],
    ids=["ip", "helo", "from", "newline", "zone", "at", "hostname"],
)
def test_wrong_option_names_what_was_expected(
    folder: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], expected: str
) -> None:
    """The status is 2, and nothing is asked."""
    monkeypatch.chdir(folder)
    told = CliRunner().invoke(check, ["message.eml", *OURS, *options])
    assert (told.exit_code, told.stdout) == (2, "")
    assert options[0] in told.stderr
    assert expected in " ".join(told.stderr.split())


def test_wrong_file_names_the_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the zone, and of the configuration."""
    monkeypatch.chdir(folder)
    (folder / "zone").write_text("a.example. TXT\n")
    told = CliRunner().invoke(check, ["message.eml", *OURS, "--zone", "zone"])
    assert (told.exit_code, told.stdout) == (1, "")
    assert told.stderr.startswith("Error: zone: line 1: ")
    assert told.stderr.endswith("as in the zone of a name server (RFC 1035 §5) were expected\n")
    (folder / "gomail.toml").write_text("hops = 1\n")
    told = CliRunner().invoke(check, ["message.eml", *OURS, "--config", "gomail.toml"])
    assert (told.exit_code, told.stdout) == (1, "")
    assert told.stderr.startswith("Error: gomail.toml, line 1: hops: ")


@pytest.mark.parametrize("path", ["<>", "", "<joe@example.org>", "jöe@bücher.example"])
def test_null_path_and_others_are_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """As MAIL FROM has them; the wrong zone behind them shows that they were taken."""
    monkeypatch.chdir(folder)
    (folder / "zone").write_text("a.example. TXT\n")
    told = CliRunner().invoke(check, ["message.eml", *OURS, "--from", path, "--zone", "zone"])
    assert told.stderr.startswith("Error: zone: line 1: ")


def test_other_commands_start_without_twisted() -> None:
    """What this command needs is imported only where it runs."""
    code = "import sys, gomail.cli.check; print('twisted' in sys.modules, 'dns' in sys.modules)"
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True, timeout=PATIENCE
    )
    assert shown.stdout == "False False\n"
