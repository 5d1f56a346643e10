"""``gomail init``: what it writes, what it leaves alone, and what it tells of the machine."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gomail.cli import units as units_module
from gomail.cli.main import main
from gomail.config import directory, load
from gomail.machine.netlink import Address
from tests.cli.people import ME, USER

PUBLIC = [Address("5.9.1.1", "eth0", stable=True), Address("2a01:4f8::1", "eth0", stable=True)]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to begin in, on a machine with public addresses and a name of no domain."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("gomail.cli.init.addresses", lambda: tuple(PUBLIC))
    monkeypatch.setattr("socket.gethostname", lambda: "vps-7")
    return tmp_path


def begin(*options: str) -> Result:
    """Run the command, as the user who reads the mail, or root for them."""
    common = ("--user", ME.pw_name, "--maildir", "Maildir")
    return CliRunner().invoke(main, ["init", *common, *options])


def test_server_can_begin_with_what_is_written(folder: Path) -> None:
    """The configuration is one, and the Maildir is its reader's alone."""
    done = begin("You@Example.ORG")
    assert done.exit_code == 0, done.output
    configuration = load("gomail.toml")
    assert configuration.hostname == "mx.example.org"
    assert configuration.maildir == str(folder / "Maildir")
    found = directory(configuration)
    assert (found.mailboxes, found.aliases) == (1, 2)
    for path in (folder / "Maildir", *(folder / "Maildir").iterdir()):
        status = path.stat()
        assert (status.st_mode & 0o777, status.st_uid) == (0o700, ME.pw_uid)
    assert {each.name for each in (folder / "Maildir").iterdir()} == {"cur", "new", "tmp"}
    assert (folder / "gomail.toml").stat().st_uid == ME.pw_uid


@pytest.mark.parametrize("address", ["you+tag@example.org", '"a b"@example.org'])
def test_name_of_no_mailbox_is_told(folder: Path, address: str) -> None:
    """With what one may be; nothing is written."""
    done = begin(address)
    assert done.exit_code == 2
    assert "can't name a mailbox: letters, digits, and between them" in done.output
    assert list(folder.iterdir()) == []


def test_domain_may_have_letters_of_its_own() -> None:
    """It is written as DNS has it."""
    done = begin("you@b\u00fccher.example")
    assert done.exit_code == 0, done.output
    assert "xn--bcher-kva.example. " in done.output
    assert list(load("gomail.toml").domains) == ["xn--bcher-kva.example"]


def test_records_and_next_commands_are_told() -> None:
    """In the order in which they are to be done; the time to look at DNS is told, too."""
    told = begin("you@example.org").stdout
    parts = [
        "example.org. 300 IN MX 10 mx.example.org.",
        "mx.example.org. 300 IN A 5.9.1.1",
        "mx.example.org. 300 IN AAAA 2a01:4f8::1",
        "sudo sh -c 'install --backup=numbered -m 644 ",
        "units install --user",
        "When the records are there, and not before",
        " dns --config ",
        "mutt -f ",
    ]
    places = [told.index(part) for part in parts]
    assert places == sorted(places)


def test_units_take_what_is_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line for root would do what it says."""
    monkeypatch.setattr(units_module, "_code", lambda _: ())
    begin("you@example.org")
    options = ["--user", USER.pw_name, "--config", str(folder / "gomail.toml")]
    done = CliRunner().invoke(main, ["units", "show", *options])
    assert done.exit_code == 0, done.output
    assert f"ReadWritePaths={folder}/Maildir" in done.output


def test_link_in_place_of_the_maildir_is_not_followed(folder: Path) -> None:
    """Root would give away what somebody has planted there."""
    (folder / "elsewhere").mkdir(mode=0o755)
    (folder / "Maildir").symlink_to(folder / "elsewhere")
    done = begin("you@example.org")
    assert (done.exit_code, done.stdout) == (1, "")
    assert list((folder / "elsewhere").iterdir()) == []
    assert not (folder / "gomail.toml").exists()


def test_nothing_is_written_over(folder: Path) -> None:
    """The same again is kept; anything else stays, and nothing is made beside it."""
    begin("you@example.org")
    (folder / "Maildir" / "new" / "mail").touch()
    again = begin("you@example.org")
    assert again.exit_code == 0
    assert f"kept {folder}/gomail.toml, as it was" in again.stdout
    other = begin("you@example.net", "--maildir", "Other")
    assert (other.exit_code, other.stdout) == (1, "")
    assert "gomail.toml is there already and stays as it is; --config names another" in other.stderr
    assert not (folder / "Other").exists()
    (folder / "Mail").mkdir()
    (folder / "Mail" / "inbox").touch()
    other = begin("you@example.net", "--maildir", "Mail", "--config", "other.toml")
    assert other.exit_code == 1
    assert "Mail is there and is no Maildir" in other.stderr
    assert not (folder / "other.toml").exists()


@pytest.mark.parametrize(
    ("own", "host"),
    [
        ("vps-7", "mx.example.org"),
        ("server.example.org", "server.example.org"),
        ("server.provider.example", "mx.example.org"),
        ("not a name", "mx.example.org"),
    ],
)
def test_name_of_the_machine_counts_if_it_is_in_the_domain(
    own: str, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the usual one is taken; in both cases an option says otherwise."""
    monkeypatch.setattr("socket.gethostname", lambda: own)
    assert json.loads(begin("you@example.org", "--json").stdout)["hostname"] == host
    told = begin("you@example.org", "--json", "--hostname", "in.example.org", "--config", "b.toml")
    assert json.loads(told.stdout)["hostname"] == "in.example.org"


@pytest.mark.parametrize(
    ("ip", "kind", "words"),
    [
        ("192.168.1.5", "nat", "Have it pass TCP port 25 on to this address"),
        ("100.64.1.1", "cgnat", "no router of yours can change that"),
    ],
)
def test_nat_is_explained(ip: str, kind: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what can be done; the address to fill in is in capitals, unless it is said."""
    monkeypatch.setattr("gomail.cli.init.addresses", lambda: (Address(ip, "eth0", stable=True),))
    told = begin("you@example.org").stdout
    assert words in told
    assert "mx.example.org. 300 IN A YOUR-PUBLIC-IPV4-ADDRESS" in told
    told = begin("you@example.org", "--public", "5.9.1.7").stdout
    assert "mx.example.org. 300 IN A 5.9.1.7" in told
    plain = json.loads(begin("you@example.org", "--json").stdout)
    assert plain["reach"] == {"ipv4": kind, "addresses": [ip]}
    assert plain["kept"]


def test_machine_that_does_not_tell_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on anything but Linux."""

    def untold() -> None:
        raise OSError("this system does not tell its addresses")

    monkeypatch.setattr("gomail.cli.init.addresses", untold)
    assert "IPv4: none on this machine" in begin("you@example.org").stdout


@pytest.mark.parametrize(
    "options",
    [
        ["you"],
        ["@example.org"],
        ["you@[192.0.2.1]"],
        ["you@exa mple.org"],
        ["yöu@example.org"],
        ["you@example.org", "--hostname", "no name"],
        ["you@example.org", "--public", "mx.example.org"],
        ["you@example.org", "--public", "5.9.1.7", "--public", "10.0.0.1"],
        ["you@example.org", "--user", "nobody-of-that-name"],
        ["you@example.org", "--user", "root"],
    ],
)
def test_options_that_cannot_be_are_told(folder: Path, options: list[str]) -> None:
    """And nothing is written."""
    done = begin(*options)
    assert done.exit_code == 2
    assert "Error: " in done.stderr
    assert list(folder.iterdir()) == []


def test_root_is_not_asked_to_name_root_again(folder: Path) -> None:
    """Who reads the mail was named, and it can't be root."""
    told = begin("you@example.org", "--user", "root").stderr
    assert "--user: who reads the mail was expected, not root" in told
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("ip", "why"),
    [
        ("localhost", "a public address such as 198.51.100.7 or 2001:db8::7 was expected, not 'l"),
        ("999.1.1.1", "a public address such as 198.51.100.7 or 2001:db8::7 was expected, not '9"),
        ("10.0.0.1", "nobody outside can reach 10.0.0.1: it is private (RFC 1918, RFC 4193); name"),
        ("fd00::1", "it is private"),
        ("100.64.1.1", "a provider shares it among its customers"),
        ("127.0.0.1", "it is this machine's, for itself"),
        ("fe80::1", "it is valid on one link alone"),
        ("224.0.0.1", "it is a group's"),
        ("0.0.0.0", "it stands for any address"),
        ("203.0.113.7", "it is reserved, or for examples"),
    ],
)
def test_address_that_nobody_can_reach_is_refused(folder: Path, ip: str, why: str) -> None:
    """With the reason; a record that names it would lead nobody here."""
    done = begin("you@example.org", "--public", ip)
    assert done.exit_code == 2
    assert why in " ".join(done.stderr.replace("│", " ").split())
    assert list(folder.iterdir()) == []


def test_folder_that_is_missing_is_told(folder: Path) -> None:
    """In one line."""
    done = begin("you@example.org", "--maildir", "none/Maildir")
    assert done.exit_code == 1
    assert done.stderr == f"Error: {folder}/none: No such file or directory\n"


def test_gomail_alone_says_what_is_next(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By what was done."""
    monkeypatch.setattr("gomail.settings.usual.CONFIG", str(folder / "none.toml"))
    done = CliRunner().invoke(main, [])
    assert done.exit_code == 0
    assert done.stdout.endswith(
        "Next: gomail init you@example.org begins, and says all that follows.\n"
    )
    begin("you@example.org")
    assert "Next: gomail dns --config gomail.toml sees" in CliRunner().invoke(main, []).stdout


def test_only_root_makes_what_is_another_users(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody else can give files away, so nothing is begun."""
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    told = CliRunner().invoke(main, ["init", "you@example.org", "--user", "nobody"])
    assert told.exit_code == 2
    assert "only root can give nobody what is made: type it with sudo, or as nobody" in told.output
    assert list(folder.iterdir()) == []
