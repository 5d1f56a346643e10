"""The options of ``twistd gomail``, and what becomes of them."""

import os
from pathlib import Path

import pytest
from twisted.python.usage import Options as Parent

from gomail import tap
from gomail.config import ConfigurationError
from gomail.tap import Options


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a folder of its own."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def clock_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `makeService` does to the clock of the reactor ends with the test."""
    from twisted.internet import reactor

    monkeypatch.setattr(reactor, "seconds", reactor.seconds)


def parsed(*words: str) -> Options:
    """Read *words* as options."""
    options = Options()
    options.parseOptions(words)
    return options


def test_no_option_is_the_default(tmp_path: Path) -> None:
    """Without any, it is port 2525, into ./Maildir, for this machine's name and localhost."""
    configuration = parsed().configuration()
    assert [each.endpoint for each in configuration.listeners] == ["tcp:2525"]
    assert configuration.maildir == str(tmp_path / "Maildir")
    assert "localhost" in configuration.domains


def test_options_say_what_they_say(tmp_path: Path) -> None:
    """Each option reaches the configuration; --port and --domain may come several times."""
    configuration = parsed(
        *("--port", "25", "-p", "tcp:2525:interface=127.0.0.1", "--port=unix:s"),
        *("--domain", "One.example", "--domain", "two.example", "--hostname", "mx.example"),
        *("--maildir", "mail", "--size", "1 MiB", "--log-format", "json"),
    ).configuration()
    assert [each.endpoint for each in configuration.listeners] == [
        "tcp:25",
        "tcp:2525:interface=127.0.0.1",
        "unix:s",
    ]
    assert list(configuration.domains) == ["one.example", "two.example"]
    assert configuration.hostname == "mx.example"
    assert configuration.maildir == str(tmp_path / "mail")
    assert configuration.limits.size == 1024 * 1024
    assert configuration.log_format == "json"


def test_options_lie_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an option says counts more than the file, which is found wherever twistd goes."""
    Path("gomail.toml").write_text('hostname = "file.example"\nlog-format = "json"\n')
    options = parsed("-c", "gomail.toml", "--hostname", "option.example")
    monkeypatch.chdir("/")
    configuration = options.configuration()
    assert (configuration.hostname, configuration.log_format) == ("option.example", "json")
    assert configuration.source == str(tmp_path / "gomail.toml")


def test_options_of_two_servers_do_not_mix() -> None:
    """What one was told, the next one does not hear."""
    parsed("--port", "25", "--domain", "a.example")
    assert parsed()["ports"] == parsed()["domains"] == []


@pytest.mark.parametrize("words", [["--frob"], ["frob"], ["--size"], ["--dialogue=1"]])
def test_option_that_cannot_be_is_one_line(words: list[str]) -> None:
    """A word that is no option ends the start with one line."""
    with pytest.raises(SystemExit, match=r"^gomail: [^\n]+; --help lists the options$"):
        parsed(*words)


def test_mistake_is_told_when_the_service_is_made(capsys: pytest.CaptureFixture[str]) -> None:
    """A value that can't be ends `makeService` with one line, before anything is announced."""
    options = parsed("--size", "huge")
    with pytest.raises(ConfigurationError):
        options.configuration()
    with pytest.raises(SystemExit, match=r"^gomail: --size: [^\n]+$"):
        tap.makeService(options)
    assert capsys.readouterr() == ("", "")


def test_pid_file_of_a_running_process_is_refused() -> None:
    """Twistd says so too, but needs five lines."""
    Path("twistd.pid").write_text(str(os.getpid()))
    options = Options()
    options.parent = Parent()
    options.parent.update(pidfile="twistd.pid", rundir=".")
    with pytest.raises(SystemExit, match=rf"^gomail: .*/twistd\.pid: process {os.getpid()} is"):
        options.parseOptions([])


def test_version_is_gomails(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """--version behind gomail does not tell Twisted's."""
    monkeypatch.setattr(tap, "version", lambda _: "9.8.7")
    with pytest.raises(SystemExit) as ended:
        parsed("--version")
    assert ended.value.code == 0
    assert capsys.readouterr().out == "gomail 9.8.7\n"
