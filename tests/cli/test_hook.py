"""``gomail certificates install``: the script that certbot runs."""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result

from gomail.certificates.pair import Pair, read_pair
from gomail.certificates.wanted import Files
from gomail.cli import hook
from gomail.cli.hook import Hook, HookError
from tests.certificates.pairs import MX, chain_of, key_of
from tests.cli.certified import lasting, run
from tests.patience import PATIENCE
from tests.waiting import ended

NOBODY = pwd.getpwuid(65534)
ROOT_ALONE = pytest.mark.needs_root


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder of root's to which everybody finds the way."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def renew(folder: Path, made: Pair, name: str = MX) -> Path:
    """Put a pair where certbot has it: behind links, for root alone."""
    lineage = folder / "le" / "live" / name
    archive = folder / "le" / "archive" / name
    for each in (lineage, archive):
        each.mkdir(mode=0o700, parents=True, exist_ok=True)
    number = len(list(archive.iterdir())) + 1
    for what, octets in (("fullchain", chain_of(made)), ("privkey", key_of(made))):
        (archive / f"{what}{number}.pem").write_bytes(octets)
        (archive / f"{what}{number}.pem").chmod(0o600)
        (lineage / f"{what}.pem").unlink(missing_ok=True)
        (lineage / f"{what}.pem").symlink_to(archive / f"{what}{number}.pem")
    return lineage


def install(folder: Path, *options: str) -> Result:
    """Install the script for nobody."""
    places = ("--letsencrypt", str(folder / "le"), "--folder", str(folder / "etc" / "copies"))
    return run("install", "--user", NOBODY.pw_name, *places, *options)


@ROOT_ALONE
def test_copies_are_those_of_gomails_user_alone(folder: Path) -> None:
    """Owner gomail, 0600, in a folder of root's; and the settings are said."""
    made = lasting()
    renew(folder, made)
    done = install(folder)
    assert done.exit_code == 0, done.stderr
    copies = folder / "etc" / "copies" / MX
    assert sorted(each.name for each in copies.iterdir()) == ["fullchain.pem", "privkey.pem"]
    for each in copies.iterdir():
        status = each.stat()
        assert (status.st_uid, stat.S_IMODE(status.st_mode)) == (NOBODY.pw_uid, 0o600)
    for each in (copies, *copies.parents):
        assert each.stat().st_uid == 0
        assert each.stat().st_mode & stat.S_IXOTH
    files = Files(str(copies / "fullchain.pem"), str(copies / "privkey.pem"))
    assert read_pair(files).certificate == made.certificate
    toml = f'[tls]\ncertificate = "{files.certificate}"\nkey = "{files.key}"\n'
    assert done.output.endswith(f"In the configuration file of gomail:\n\n{toml}")
    script = folder / "le" / "renewal-hooks" / "deploy" / "gomail"
    assert stat.S_IMODE(script.stat().st_mode) == 0o755
    assert [each.name for each in script.parent.iterdir()] == ["gomail"]


@ROOT_ALONE
def test_renewal_is_copied_and_that_of_others_is_not(folder: Path) -> None:
    """The keys of a web server on the same machine are none of gomail's business."""
    renew(folder, lasting())
    web = renew(folder, lasting("www.example.org"), "www.example.org")
    several = install(folder)
    assert several.exit_code == 1
    assert several.stderr.endswith(f"--name says which: {MX}, www.example.org\n")
    assert install(folder, "--name", MX).exit_code == 0
    new = lasting()
    lineage = renew(folder, new)
    script = folder / "le" / "renewal-hooks" / "deploy" / "gomail"
    for each in (lineage, web):
        subprocess.run(
            [script], env={**os.environ, "RENEWED_LINEAGE": str(each)}, check=True, timeout=PATIENCE
        )
    copies = folder / "etc" / "copies"
    assert [each.name for each in copies.iterdir()] == [MX]
    files = Files(str(copies / MX / "fullchain.pem"), str(copies / MX / "privkey.pem"))
    assert read_pair(files).certificate == new.certificate


@ROOT_ALONE
def test_several_certificates_are_copied_where_they_are_named(folder: Path) -> None:
    """The first is for everybody, the others by SNI."""
    for name in (MX, "other.example"):
        renew(folder, lasting(name), name)
    done = install(folder, "--name", "other.example", "--name", MX)
    assert done.exit_code == 0
    toml = done.output.partition("In the configuration")[2]
    assert toml.index("[tls]") < toml.index("other.example") < toml.index("[[tls.sni]]")


@ROOT_ALONE
def test_gomail_is_told_by_its_pid_file(folder: Path) -> None:
    """SIGHUP goes to a process of its user, and to nobody else whom that file may name."""
    renew(folder, lasting())
    pidfile = folder / "gomail.pid"
    for user, told in ((NOBODY.pw_uid, True), (0, False)):
        with subprocess.Popen(["sleep", "600"], user=user) as waiting:
            try:
                pidfile.write_text(f"{waiting.pid}\n")
                assert install(folder, "--pidfile", str(pidfile)).exit_code == 0
                if told:
                    assert waiting.wait(PATIENCE) == -1
                else:
                    assert waiting.poll() is None
            finally:
                waiting.kill()
    for nonsense in ("", "-1", "1; touch /tmp/x", "999999999"):
        pidfile.write_text(nonsense)
        assert install(folder, "--pidfile", str(pidfile)).exit_code == 0


@ROOT_ALONE
def test_unit_is_reloaded_where_it_runs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And a reload that fails does not fail the renewal."""
    renew(folder, lasting())
    (folder / "bin").mkdir()
    systemctl = folder / "bin" / "systemctl"
    systemctl.write_text(f'#!/bin/sh\necho "$@" >>{folder}/said\ntest "$1" != reload\n')
    systemctl.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}/bin:{os.environ['PATH']}")
    assert install(folder, "--unit", "mx.service").exit_code == 0
    said = (folder / "said").read_text().splitlines()
    assert said == ["--quiet is-active mx.service", "reload mx.service"]


@ROOT_ALONE
def test_folder_of_certbots_that_is_not_roots_is_refused(folder: Path) -> None:
    """Who may put a link there could have root read anything for him, or run it."""
    renew(folder, lasting())
    os.chown(folder / "le", 65534, 65534)
    told = install(folder)
    assert told.exit_code == 1
    assert f"{folder}/le: a folder was expected that is root's" in told.stderr
    assert not (folder / "le" / "renewal-hooks").exists()


@ROOT_ALONE
def test_foreign_script_is_left_as_it_is(folder: Path) -> None:
    """A link is foreign, too; our own is written anew."""
    renew(folder, lasting())
    script = folder / "le" / "renewal-hooks" / "deploy" / "gomail"
    script.parent.mkdir(parents=True)
    script.write_text("#!/bin/sh\nreboot\n")
    told = install(folder)
    assert told.stderr == f"Error: {script} is not gomail's; it stays as it is\n"
    assert script.read_text() == "#!/bin/sh\nreboot\n"
    script.unlink()
    script.symlink_to(folder / "elsewhere")
    assert "is not gomail's" in install(folder).stderr
    script.unlink()
    for _ in range(2):
        assert install(folder).exit_code == 0


@ROOT_ALONE
def test_folder_that_others_may_write_to_is_refused(folder: Path) -> None:
    """Where gomail's user could put a link, root would write wherever it leads."""
    renew(folder, lasting())
    copies = folder / "etc" / "copies"
    copies.mkdir(parents=True)
    os.chown(folder / "etc", NOBODY.pw_uid, -1)
    told = install(folder)
    assert told.exit_code == 1
    assert told.stderr.startswith(f"Error: {folder}/etc: a folder was expected that is root's")
    os.chown(folder / "etc", 0, -1)
    copies.chmod(0o777)
    assert f"{copies}: a folder was expected" in install(folder).stderr
    copies.rmdir()
    copies.symlink_to(folder)
    assert f"{copies}: a folder was expected" in install(folder).stderr


@ROOT_ALONE
def test_what_cannot_be_is_one_line(folder: Path) -> None:
    """No certificate, no such name, no such user, no such place."""
    (folder / "le").mkdir()
    assert "it gets one so: certbot certonly" in install(folder).stderr
    renew(folder, lasting())
    for name in ("other.example", "..", "a/b", "-x", "$(reboot)"):
        assert f"has no certificate {name!r} in" in install(folder, "--name", name).stderr
    told = run("install", "--user", "no-such-user")
    assert told.stderr.startswith("Error: there is no user no-such-user; --user names the one")
    (folder / "file").touch()
    told = install(folder, "--folder", str(folder / "file" / "x"))
    assert (told.exit_code, told.stderr.count("\n")) == (1, 1)
    told = install(folder, "--folder", str(folder / ("x" * 300)))
    assert told.stderr.endswith("can't be made: File name too long\n")


@ROOT_ALONE
def test_copy_that_fails_is_told(folder: Path) -> None:
    """And nothing half-made is left, and the old copy stays."""
    lineage = renew(folder, lasting())
    assert install(folder).exit_code == 0
    copies = folder / "etc" / "copies" / MX
    before = (copies / "fullchain.pem").read_bytes()
    (lineage / "privkey.pem").unlink()
    told = install(folder)
    assert told.exit_code == 1
    assert "deploy/gomail failed for" in told.stderr
    assert "privkey.pem: No such file" in told.stderr
    assert sorted(each.name for each in copies.iterdir()) == ["fullchain.pem", "privkey.pem"]
    assert (copies / "fullchain.pem").read_bytes() == before


@ROOT_ALONE
def test_script_that_is_ended_leaves_no_draft(folder: Path) -> None:
    """A half of a pair would be a key that nobody looks after."""
    lineage = renew(folder, lasting())
    assert install(folder).exit_code == 0
    copies = folder / "etc" / "copies" / MX
    (lineage / "privkey.pem").unlink()
    os.mkfifo(lineage / "privkey.pem")
    script = folder / "le" / "renewal-hooks" / "deploy" / "gomail"
    environment = {**os.environ, "RENEWED_LINEAGE": str(lineage)}
    with (
        subprocess.Popen([script], env=environment, start_new_session=True) as running,
        (lineage / "privkey.pem").open("w"),  # it reads by now
    ):
        os.killpg(running.pid, signal.SIGTERM)
        assert ended(running) == 1
    assert sorted(each.name for each in copies.iterdir()) == ["fullchain.pem", "privkey.pem"]


def test_only_root_installs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others are told how."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    told = run("install")
    assert told.exit_code == 1
    assert told.stderr.endswith(": put sudo before it, with gomail's full path\n")


EVIL = "a'b\"; $(touch pwned) `touch pwned` & \n touch pwned #"


def test_nothing_breaks_out_of_the_script(tmp_path: Path) -> None:
    """Whatever stands in names and paths is a word of the shell, and no command."""
    script = tmp_path / "script"
    script.write_text(str(Hook(EVIL, 1, [EVIL], tmp_path / "copies" / EVIL, EVIL, EVIL)))
    environment = {"PATH": os.environ["PATH"], "RENEWED_LINEAGE": f"/x/{EVIL.replace('/', '')}"}
    done = subprocess.run(
        ["sh", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode != 0
    assert b"No such file" in done.stderr
    assert not list(tmp_path.rglob("pwned"))


def test_script_that_cannot_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And no draft of it is left."""

    def fail(_fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    wanted = Hook("gomail", 1, [MX], tmp_path)
    with pytest.raises(HookError, match=r"gomail can't be written: No space left on device$"):
        hook.install(tmp_path / "gomail", wanted)
    assert list(tmp_path.iterdir()) == []
