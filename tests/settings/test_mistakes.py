"""How a mistake in the configuration file is told."""

from pathlib import Path

import pytest

from gomail.config import Configuration, ConfigurationError, directory, load
from gomail.recipients.mistake import Key
from gomail.settings import positions
from tests.settings import mail_mistakes, server_mistakes
from tests.settings.files import written

MISTAKES = [*server_mistakes.MISTAKES, *mail_mistakes.MISTAKES]


@pytest.mark.parametrize(("text", "problem"), MISTAKES, ids=range(len(MISTAKES)))
def test_a_mistake_is_told_in_one_line(tmp_path: Path, text: str, problem: str) -> None:
    """The file, the line, the key, what was expected, what was found."""
    path = written(tmp_path, text)
    with pytest.raises(ConfigurationError) as caught:
        load(path)
    assert str(caught.value) == f"{path}, {problem}"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f"hostname = {'9' * 5000}", "this is no TOML: a number has too many digits"),
        (f"hostname = {'[' * 5000}", "this is no TOML: it is nested too deeply"),
    ],
)
def test_what_python_cannot_read_is_told_too(tmp_path: Path, text: str, problem: str) -> None:
    """Where TOML's own reader gives up, there is a line for the owner, and no traceback."""
    path = written(tmp_path, text)
    with pytest.raises(ConfigurationError) as caught:
        load(path)
    assert str(caught.value) == f"{path}: {problem}"


@pytest.mark.parametrize("line", [f"[a = {'{a = ' * 5000}]", f"[a = {'9' * 5000}]"])
def test_line_of_a_mistake_is_found_behind_any_text(tmp_path: Path, line: str) -> None:
    """A text of several lines may hold what looks like a table, and never ends as one."""
    path = written(tmp_path, f"group = '''\n{line}\n'''\nstate = 1")
    with pytest.raises(ConfigurationError, match=r", line 4: state: text was expected, not 1$"):
        load(path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('"\u202e" = 1', r'line 1: "\u202e": there is no such key'),
        ('state = "~\u202e"', r"there is no home folder '~\u202e'"),
        ('maildir = "/{\u0085}"', r"was expected, not {\x85}"),
        ('state = "~\\u0000"', r"line 1: state: text was expected, not '~\x00'"),
        ('domains.localhost.mailboxes = "a\\u0000"', r"text was expected, not 'a\x00'"),
    ],
)
def test_no_sign_of_a_mistake_garbles_the_line(tmp_path: Path, text: str, told: str) -> None:
    """What a terminal would not show, or obey, is written down as its number."""
    with pytest.raises(ConfigurationError) as caught:
        load(written(tmp_path, text))
    assert told in str(caught.value)
    assert str(caught.value).isprintable()


def test_the_first_of_several_mistakes_is_told(tmp_path: Path) -> None:
    """The owner mends a file from top to bottom."""
    text = 'hostname = "mx.example.org"\nlog-format = 1\ngruop = "mail"\n[limits]\nhops = 1'
    with pytest.raises(ConfigurationError, match=r", line 2: log-format: "):
        load(written(tmp_path, text))


def test_a_file_that_ends_too_early_is_told(tmp_path: Path) -> None:
    """TOML has no line to tell there."""
    path = written(tmp_path, "hostname = [")
    with pytest.raises(ConfigurationError) as caught:
        load(path)
    assert str(caught.value) == f"{path}: this is no TOML: Invalid value (at end of document)"


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """Missing, a folder, or not text."""
    with pytest.raises(ConfigurationError, match=r"^/nowhere/x: No such file or directory$"):
        load("/nowhere/x")
    with pytest.raises(ConfigurationError, match=r": Is a directory$"):
        load(str(tmp_path))
    path = tmp_path / "gomail.toml"
    path.write_bytes(b'hostname = "\xff"')
    with pytest.raises(ConfigurationError, match=r"gomail\.toml: text in UTF-8 was expected$"):
        load(str(path))


def test_mistakes_among_mailboxes_name_the_line_too(tmp_path: Path) -> None:
    """They are found later, when the directory is built."""
    path = written(
        tmp_path,
        (
            'maildir = "/srv/{mailbox}"\n[domains."Example.org"]\nmailboxes = ["alice"]\n'
            '[domains."Example.org".aliases]\nteam = ["alice", "carol@elsewhere.example"]\n'
        ),
    )
    with pytest.raises(ConfigurationError) as caught:
        directory(load(path))
    assert str(caught.value) == (
        f'{path}, line 5: domains."example.org".aliases.team: '
        "elsewhere.example is no domain of ours, and nothing is relayed"
    )


def test_mistakes_without_a_file_name_no_line() -> None:
    """An option can be wrong only beside the others."""
    configuration = Configuration(hostname="mx.example.org", maildir="/srv/{mailbox}")
    with pytest.raises(ConfigurationError) as caught:
        directory(configuration)
    assert str(caught.value) == (
        'domains."mx.example.org": mailboxes were expected, since maildir has {mailbox} in it'
    )


def test_file_with_many_mistakes_is_read_through_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the first of a thousand stands is found in one pass over the lines."""
    parsed: list[str] = []
    parse = positions._parse

    def counted(written: str) -> Key:
        parsed.append(written)
        return parse(written)

    monkeypatch.setattr(positions, "_parse", counted)
    path = tmp_path / "gomail.toml"
    domains = [f'[domains."d{number}.example"]\nmailboxes = [""]\n' for number in range(200)]
    path.write_text("".join(domains))
    with pytest.raises(ConfigurationError, match=r"line 2: domains\.\"d0\.example\""):
        load(str(path))
    assert len(parsed) == 400
