"""bootstrap.py: one command from a fresh checkout to a running server, or one line why not."""

import ast
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.patience import PATIENCE

SOURCE = Path(__file__).parents[2] / "bootstrap.py"


@pytest.fixture
def bootstrap(tmp_path: Path) -> ModuleType:
    """A bootstrap.py that lives in a checkout of its own."""
    shutil.copy(SOURCE, tmp_path)
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "gomail"\n')
    specification = importlib.util.spec_from_file_location("bootstrap", tmp_path / "bootstrap.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture
def installs(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What would have been installed, without a network."""
    installed: list[list[str]] = []

    def install(aside: Path, extras: list[str], _what: str) -> None:
        (aside / "bin" / "tool").write_text(f"#!{aside}/bin/python\n")
        installed.append(extras)

    monkeypatch.setattr(bootstrap, "install_pip", lambda _aside: None)
    monkeypatch.setattr(bootstrap, "install_gomail", install)
    monkeypatch.setattr(bootstrap, "succeeds", lambda *_command: True)
    return installed


def beside(bootstrap: ModuleType) -> set[str]:
    """The names in the checkout that begin with .venv."""
    return {path.name for path in bootstrap.ROOT.glob(".venv*")} - {".venv.lock", ".venv.log"}


def test_old_pythons_can_read_it() -> None:
    """A Python that is too old says so, instead of a syntax error."""
    ast.parse(SOURCE.read_text(), feature_version=(3, 6))


def test_too_old_python_names_the_command_to_type(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no Python is new enough, the last line can be pasted into a shell."""
    monkeypatch.setattr(bootstrap.shutil, "which", lambda _name: None)
    monkeypatch.setattr(bootstrap, "OLDEST", (99, 0))
    with pytest.raises(bootstrap.Stop, match=r"try: sudo apt install python3\.11-venv$"):
        bootstrap.main(["test"])


def test_homebrew_is_preferred_where_there_is_one(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Mac's user is not told to call apt."""
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: f"/opt/{name}")
    assert bootstrap.remedy("python3-venv") == "brew install python@3.13"


def test_second_run_installs_nothing(bootstrap: ModuleType, installs: list[list[str]]) -> None:
    """Twice in a row gives the same verdict, and the second time at once."""
    bootstrap.prepare(("test",))
    bootstrap.prepare(("test",))
    bootstrap.prepare(())
    assert installs == [["test"]]


def test_environment_keeps_the_extras_it_had(
    bootstrap: ModuleType, installs: list[list[str]]
) -> None:
    """`make check` after `make test` leaves an environment for both."""
    bootstrap.prepare(("test",))
    bootstrap.prepare(("check",))
    assert installs == [["test"], ["check", "test"]]


@pytest.mark.parametrize(
    ("task", "becomes"),
    [
        ("bench", "-m bench --quick"),
        ("docs", "-m sphinx --fresh-env --fail-on-warning --keep-going --quiet docs site --quick"),
        ("fuzz", "-m tests.fuzz --quick"),
        ("faults", "-m tests.faults --quick"),
        ("mutants", "-m tests.mutants --quick"),
    ],
)
def test_module_gets_its_extra_and_its_options(
    bootstrap: ModuleType,
    installs: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
    task: str,
    becomes: str,
) -> None:
    """`make bench ARGS="--quick"` installs what it needs, and passes the options on."""

    def become(_program: str, arguments: list[str]) -> None:
        raise SystemExit(" ".join(arguments[1:]))

    monkeypatch.setattr(bootstrap.os, "execv", become)
    monkeypatch.chdir(bootstrap.ROOT)
    with pytest.raises(SystemExit) as ended:
        bootstrap.main([task, "--quick"])
    assert ended.value.code == becomes
    assert installs == [[*bootstrap.TASKS[task][0]]]


def test_changed_dependencies_make_it_anew(
    bootstrap: ModuleType, installs: list[list[str]]
) -> None:
    """After a pull that changes pyproject.toml nobody has to know about .venv."""
    bootstrap.prepare(())
    (bootstrap.ROOT / "pyproject.toml").write_text('[project]\nname = "other"\n')
    bootstrap.prepare(())
    assert installs == [[], []]


def test_half_made_environment_is_made_anew(
    bootstrap: ModuleType, installs: list[list[str]]
) -> None:
    """What Debian leaves behind without python3-venv, or an interrupted run, is no obstacle."""
    (bootstrap.VENV / "bin").mkdir(parents=True)
    (bootstrap.ROOT / ".venv.new-1").mkdir()
    bootstrap.prepare(())
    assert installs == [[]]
    assert beside(bootstrap) == {".venv"}


def test_scripts_know_the_final_place(bootstrap: ModuleType, installs: list[list[str]]) -> None:
    """`.venv/bin/twistd` runs, although it was installed under another name."""
    bootstrap.prepare(())
    assert installs
    assert (bootstrap.VENV / "bin/tool").read_text() == f"#!{bootstrap.VENV}/bin/python\n"


def test_failed_installation_leaves_the_old_environment(
    bootstrap: ModuleType, installs: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a network, what worked before goes on working."""

    def fail(*_arguments: object) -> None:
        raise bootstrap.Stop

    bootstrap.prepare(())
    monkeypatch.setattr(bootstrap, "install_gomail", fail)
    with pytest.raises(bootstrap.Stop):
        bootstrap.prepare(("test",))
    assert beside(bootstrap) == {".venv"}
    bootstrap.prepare(())
    assert installs == [[]]


NO_NETWORK = (
    "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError("
    "'<HTTPSConnection object>: Failed to establish a new connection: [Errno -3] "
    "Temporary failure in name resolution')': /simple/hatchling/\n"
    "ERROR: No matching distribution found for hatchling>=1.25\n"
)
NO_CERTIFICATES = (
    "  ERROR: Could not install packages due to an OSError: Could not find a suitable TLS "
    "CA certificate bundle, invalid path: /etc/ssl/certs/ca-certificates.crt\n"
)


@pytest.mark.parametrize(
    ("log", "line"),
    [
        (NO_NETWORK, "its index cannot be reached: Temporary failure in name resolution"),
        (
            NO_CERTIFICATES,
            "no certificates to know its index by; try: sudo apt install ca-certificates",
        ),
        ("ERROR: first\nERROR: No space left on device\n", "No space left on device"),
        ("Killed\n", "Killed"),
        ("", "without a word"),
    ],
)
def test_complaint_is_one_line(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, log: str, line: str
) -> None:
    """Of pip's many lines the user reads the one that counts."""
    monkeypatch.setattr(bootstrap.shutil, "which", lambda _name: None)
    bootstrap.LOG.write_text(log)
    assert bootstrap.complaint() == line


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_unwritable_folder_is_one_line(bootstrap: ModuleType) -> None:
    """A checkout that belongs to someone else is said to be that."""
    bootstrap.ROOT.chmod(0o500)
    try:
        command = [sys.executable, str(bootstrap.ROOT / "bootstrap.py"), "test"]
        ended = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=3 * PATIENCE
        )
    finally:
        bootstrap.ROOT.chmod(0o700)
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"bootstrap: cannot work in {bootstrap.ROOT}: ")
    assert ended.stderr.count("\n") == 1


def test_unknown_task_is_one_line(bootstrap: ModuleType) -> None:
    """A slip of the finger shows the usage."""
    with pytest.raises(bootstrap.Stop, match="usage"):
        bootstrap.main(["rum"])
