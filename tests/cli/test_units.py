"""``gomail units``: show and install."""

import os
import pwd
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from gomail.cli import fitting
from gomail.cli import units as module
from gomail.cli.units import units
from gomail.settings.usual import CONFIG
from gomail.units.placing import signed

FILE = 'maildir = "/srv/mail/{domain}/{mailbox}"\n[domains."a.example"]\nmailboxes = ["alice"]\n'
USER = next(user for user in pwd.getpwall() if user.pw_uid)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the command runs in; the program lies in no home."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module, "_code", lambda _: ())
    (tmp_path / "gomail.toml").write_text(FILE)
    return tmp_path


def said(*words: str) -> str:
    """Run the command, which must succeed, and give what it says."""
    done = CliRunner().invoke(units, list(words))
    assert done.exit_code == 0, done.output
    return done.output


def complaint(*words: str) -> str:
    """Run the command, which must fail, and give its one line."""
    done = CliRunner().invoke(units, list(words))
    assert done.exit_code == 1, done.output
    assert done.output.count("\n") == 1
    return done.output


def command(*words: str) -> list[str]:
    """Give the words behind the program in ExecStart."""
    line = next(x for x in said("show", *words).splitlines() if x.startswith("ExecStart="))
    return line.partition(" run ")[2].split()


def test_one_person_has_a_maildir_at_home() -> None:
    """The options of the server are those that were given here, and paths are whole."""
    assert command("--user", USER.pw_name, "--hostname", "mx.a.example", "--domain", "a.example")[
        :-1
    ] == [
        *("--port", "systemd:domain=INET6:index=0"),
        *("--hostname", "mx.a.example", "--domain", "a.example", "--maildir"),
    ]


def test_many_go_by_their_file(folder: Path) -> None:
    """The Maildirs are where the file says."""
    told = said("show", "-c", "gomail.toml")
    assert f"--config {folder}/gomail.toml\n" in told
    assert "ReadWritePaths=/srv/mail\n" in told
    assert "User=gomail\n" in told


def test_file_without_a_maildir_has_it_in_the_state_folder(folder: Path) -> None:
    """There is no home where it would be by default."""
    (folder / "gomail.toml").write_text('[domains."a.example"]\n')
    assert command("-c", "gomail.toml")[-2:] == ["--maildir", "/var/lib/gomail/Maildir"]


def test_tilde_is_the_home_of_who_runs_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root's home is at hand under sudo: that is not meant; it is there still, afterwards."""
    (folder / "gomail.toml").write_text('maildir = "~/mail"\n')
    for home in ("/root", None):
        monkeypatch.delenv("HOME", raising=False)
        if home:
            monkeypatch.setenv("HOME", home)
        told = said("show", "-c", "gomail.toml")
        assert "RequiresMountsFor=/var/lib/gomail/mail\n" in told
        assert os.environ.get("HOME") == home


def test_missing_file_is_told() -> None:
    """Whoever receives for many needs it."""
    if Path(CONFIG).exists():
        pytest.skip(f"there is a {CONFIG} here")
    told = complaint("show")
    assert told.startswith(f"Error: {CONFIG}: No such file or directory; that file, or --config ")
    assert "--user NAME, with --hostname and --domain" in told
    assert "--user" not in complaint("show", "--config", CONFIG)


@pytest.mark.parametrize(
    ("endpoint", "option", "why"),
    [
        ("tcp:25", (), 'write endpoint = "systemd:domain=INET6:index=0" instead'),
        ("systemd:domain=INET6:index=0", ("--no-socket",), "waits for the socket unit"),
    ],
)
def test_file_that_names_another_port_is_refused(
    endpoint: str, option: tuple[str, ...], why: str, folder: Path
) -> None:
    """Else the service would listen where systemd listens, or the socket would be nobody's."""
    (folder / "gomail.toml").write_text(f'{FILE}[[listener]]\nendpoint = "{endpoint}"\n')
    assert why in complaint("show", "-c", "gomail.toml", *option)


@pytest.mark.parametrize(
    ("endpoint", "option"), [("tcp:25", "--no-socket"), ("systemd:domain=INET6:index=0", "-c")]
)
def test_listener_of_the_file_is_the_port(endpoint: str, option: str, folder: Path) -> None:
    """A file with listeners says all of it, and the command names no port."""
    (folder / "gomail.toml").write_text(f'{FILE}[[listener]]\nendpoint = "{endpoint}"\n')
    words = ("-c", "gomail.toml", *([option] if option == "--no-socket" else []))
    assert command(*words) == ["--config", f"{folder}/gomail.toml"]


def test_port_without_a_socket_is_opened_by_the_service() -> None:
    """The option says which."""
    words = command("-c", "gomail.toml", "--no-socket", "--listen", "2525")
    assert words[:2] == ["--port", "tcp:2525"]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--user", "nobody-of-that-name"), "there is no nobody-of-that-name"),
        (("--user", "root"), "not root"),
        (("-c", "gomail.toml", "--maildir", "/srv/my mail"), "letters, digits"),
        (("-c", "gomail.toml", "--maildir", "/home"), "a folder of the mail's own"),
        (("-c", "gomail.toml", "--maildir", "/home/{mailbox}"), "a folder of the mail's own"),
        (("-c", "gomail.toml", "--domain", "a.example"), "--domain"),
    ],
)
def test_what_cannot_be_is_one_line(words: tuple[str, ...], why: str) -> None:
    """Nothing is shown that would not start."""
    assert why in complaint("show", *words)


def test_file_in_a_home_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service would not see it."""
    monkeypatch.setattr(fitting, "in_home", lambda _: True)
    assert "the service sees no home" in complaint("show", "-c", "gomail.toml")


@pytest.mark.parametrize(
    ("words", "settings"),
    [
        (("--listen", "25\nExecStopPost=/bin/true"), ""),
        (("--listen", "25 %n"), ""),
        ((), 'group = "mail\\nExecStopPost=/bin/true"'),
        (("--maildir", "/srv/mail/{domain}/x\nExecStopPost=/bin/true"), ""),
    ],
)
def test_nothing_begins_a_line_of_its_own_in_a_unit(
    words: tuple[str, ...], settings: str, folder: Path
) -> None:
    """The file of settings need not be root's, and root writes the units."""
    (folder / "gomail.toml").write_text(f"{settings}\n{FILE}")
    told = CliRunner().invoke(units, ["show", "-c", "gomail.toml", *words])
    assert told.exit_code == 1
    assert "expected" in told.stderr
    assert "ExecStopPost" not in told.stdout


def test_group_of_the_file_shares_the_maildirs(folder: Path) -> None:
    """The folder that is made is the group's."""
    (folder / "gomail.toml").write_text('group = "mail"\n' + FILE)
    told = said("install", "--root", str(folder), "-c", "gomail.toml")
    assert "install -d -m 2770 -g mail -o gomail /srv/mail" in told or Path("/srv/mail").exists()


def test_units_are_installed_and_the_rest_is_said(folder: Path) -> None:
    """What root types next is one line; a second time there is nothing to write."""
    told = said("install", "--root", str(folder), "-c", "gomail.toml", "--maildir", "/srv/none")
    written = folder / "etc/systemd/system/gomail.socket"
    assert f"wrote {written}\n" in told
    assert written.read_text() == signed(written.read_text().partition("\n")[2])
    assert told.splitlines()[-1] == (
        "    systemd-sysusers && install -d -m 700 -o gomail /srv/none && "
        "systemctl daemon-reload && systemctl enable --now gomail.socket gomail.service"
    )
    again = said("install", "--root", str(folder), "-c", "gomail.toml", "--maildir", "/srv/none")
    assert "wrote" not in again


def test_service_alone_is_started_alone(folder: Path) -> None:
    """A folder that is there is not made, and a user who is there neither."""
    root = ("--root", str(folder))
    told = said("install", *root, "--user", USER.pw_name, "--maildir", str(folder), "--no-socket")
    assert told.splitlines()[-1] == (
        "    systemctl daemon-reload && systemctl enable --now gomail.service"
    )


def test_inbox_is_installed_for_who_reads_the_mail(folder: Path) -> None:
    """It goes by the same Maildir, and is started with the rest; there is none for many."""
    options = ("--root", str(folder), "--maildir", str(folder), "--inbox")
    told = said("install", *options, "--user", USER.pw_name)
    assert told.splitlines()[-1].endswith(" && systemctl enable --now gomail-inbox.service")
    unit = (folder / "etc/systemd/system/gomail-inbox.service").read_text()
    assert f" inbox --maildir {folder}\n" in unit
    assert "--user NAME" in complaint("install", *options)


def test_socket_of_before_gives_way_to_a_service_alone(folder: Path) -> None:
    """Else systemd would still hold the port."""
    root = ("--root", str(folder), "-c", "gomail.toml")
    said("install", *root)
    told = said("install", *root, "--no-socket").splitlines()[-1]
    assert told.strip().startswith("systemctl disable --now gomail.socket && ")


def test_unit_that_was_changed_is_left_alone(folder: Path) -> None:
    """Its owner decides."""
    said("install", "--root", str(folder), "-c", "gomail.toml")
    path = folder / "etc/systemd/system/gomail.service"
    path.write_text(path.read_text() + "# mine\n")
    assert "was changed by hand" in complaint("install", "--root", str(folder), "-c", "gomail.toml")


@pytest.mark.parametrize(
    ("error", "why"),
    [(PermissionError(13, "no", "/etc/x"), "sudo"), (OSError(28, "no room", "/etc/x"), "no room")],
)
def test_what_cannot_be_written_is_told(
    error: OSError, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only root may write to /etc."""

    def place(_: object) -> None:
        raise error

    monkeypatch.setattr(module, "place", place)
    assert why in complaint("install", "-c", "gomail.toml")


def test_program_is_named_by_where_it_really_is(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A link like pipx's may lie in a home; other starts are by this Python."""
    (folder / "venv").mkdir()
    program = folder / "venv" / "gomail"
    program.write_text("")
    program.chmod(0o755)
    (folder / "link").symlink_to(program)
    monkeypatch.setattr(sys, "argv", [str(folder / "link")])
    assert module._program() == [str(program)]
    monkeypatch.setattr(sys, "argv", [str(folder / "__main__.py")])
    assert module._program() == [sys.executable, "-m", "gomail"]


def test_code_in_a_home_is_shown_to_its_owner_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The user gomail sees no home; whose home it is needs each folder once."""
    monkeypatch.undo()
    monkeypatch.setattr(module, "in_home", lambda _: True)
    monkeypatch.setattr(sys, "prefix", "/home/alice/venv")
    monkeypatch.setattr(sys, "base_prefix", "/home/alice/venv/python")
    code = module._code("alice")
    assert "/home/alice/venv" in code
    assert "/home/alice/venv/python" not in code
    with pytest.raises(click.ClickException, match="install gomail for all"):
        module._code(None)
