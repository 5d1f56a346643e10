"""The ``gomail`` command: what it knows, and that it hands its options to twistd."""

import os
import sys

import pytest
from click.testing import CliRunner

from gomail.cli.main import main


def test_help_names_the_commands() -> None:
    """Gomail alone, and with --help, says what there is."""
    told = CliRunner().invoke(main, ["--help"])
    assert told.exit_code == 0
    assert "run" in told.output
    assert "config" in told.output
    assert CliRunner().invoke(main, ["-h"]).output == told.output


def test_unknown_command_is_an_error() -> None:
    """A command that there is not, or an option, ends with one line, and not with 0."""
    for words, what, where in (
        (["frob"], "No such command 'frob'", "; see gomail --help"),
        (["show", "--frob"], "No such option", "; see gomail show --help"),
        (["show", "1", "2"], "Got unexpected extra argument", "; see gomail show --help"),
        (["try"], "Missing option '--ip'", "; see gomail try --help"),
        (["config", "frob"], "No such command 'frob'", "; see gomail config --help"),
        (["explain", "--log", "none", "550"], "Invalid value for '--log': ", " does not exist."),
    ):
        told = CliRunner().invoke(main, words, prog_name="gomail")
        assert (told.exit_code, told.stdout) == (2, "")
        [line] = told.stderr.splitlines()
        assert line.startswith(f"Error: {what}")
        assert line.endswith(where)
    assert "Commands:" in CliRunner().invoke(main, ["config"]).output  # which there are


@pytest.mark.parametrize(
    "options", [[], ["--help"], ["-p", "tcp:25", "--domain=a.example"], ["--frob", "x"]]
)
def test_run_hands_its_options_to_twistd(
    monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    """Gomail run is twistd in the foreground, without a pid file; it reads no option itself."""
    arguments: list[list[str]] = []
    monkeypatch.setattr(sys, "argv", ["/usr/bin/gomail", "run", *options])
    monkeypatch.setattr("twisted.scripts.twistd.run", lambda: arguments.append(sys.argv))
    assert CliRunner().invoke(main, ["run", *options]).exit_code == 0
    assert arguments == [["gomail", "--nodaemon", "--pidfile=", "gomail", *options]]


def test_run_names_the_sockets_of_systemd(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twisted, which is imported only then, takes none without a name."""
    monkeypatch.setattr(sys, "argv", ["/usr/bin/gomail", "run"])
    monkeypatch.setattr("twisted.scripts.twistd.run", lambda: None)
    monkeypatch.setenv("LISTEN_FDS", "1")
    monkeypatch.setenv("LISTEN_FDNAMES", "")
    monkeypatch.delenv("LISTEN_FDNAMES")
    assert CliRunner().invoke(main, ["run"]).exit_code == 0
    assert os.environ["LISTEN_FDNAMES"] == "unknown"


def test_version_is_that_of_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gomail --version tells what is installed."""
    monkeypatch.setattr("importlib.metadata.version", lambda _: "9.8.7")
    assert CliRunner().invoke(main, ["--version"]).output == "gomail 9.8.7\n"
