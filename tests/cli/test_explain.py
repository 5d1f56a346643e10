"""``gomail explain``: what it tells postmasters, and programs."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gomail.cli.explain import explain
from gomail.explaining.catalogue import MEANINGS
from gomail.explaining.meaning import Meaning
from tests.cli.answering import Served
from tests.explaining.journal import journal, needs_journal

BOUNCES = Path(__file__).parents[1] / "data/bounces"
SESSION = "0f51c472e6"
LOG = f"""\
2026-11-28T12:00:00Z refused {SESSION} of 192.0.2.1:4 ('mx.example.org') after \
'RCPT TO:<bbo@here.example>': 550 5.1.1 No such mailbox here: there is no mailbox 'bbo'
2026-11-28T12:00:01Z checked {SESSION}.1: spf=fail mailfrom=example.org: junk by spf-fail
2026-11-28T12:00:02Z refused {SESSION} of 192.0.2.1:4 ('mx.example.org'): 550 5.7.1 Virus: clamav
2026-11-28T12:00:03Z stored {SESSION}.2 from <a@b.example> to <bob@here.example>, 12 octets
2026-11-28T12:00:04Z session {SESSION} of 192.0.2.1:4 ('mx.example.org'): ehlo=1, plaintext
2026-11-28T12:00:04Z session ffffffffff of 192.0.2.1:4: quit=1, plaintext
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a log, and no journal anywhere."""
    (tmp_path / "log").write_text(LOG)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def run(*arguments: str, given: str | None = None) -> Result:
    """Run the command."""
    return CliRunner().invoke(explain, arguments, input=given)


@pytest.mark.parametrize("meaning", MEANINGS, ids=lambda each: each.name)
def test_every_refusal_is_explained(meaning: Meaning) -> None:
    """By its code and by its name: why, which setting, what to do."""
    for words in ((str(meaning.reply.code), meaning.status), (meaning.name,)):
        told = run(*words)
        assert told.exit_code == 0
        assert meaning.what in told.output
        assert all(f"setting: {key}" in told.output for key in meaning.settings)
        assert f"the sender: {meaning.sender}" in told.output


def test_several_meanings_are_listed() -> None:
    """A bare code has many."""
    told = run("421")
    assert told.output.startswith(
        "421 has 13 meanings; the words behind it tell which.\n\n421 4.3.2"
    )
    assert told.output.count("  setting: limits.") >= 8


def test_unknown_code_is_told() -> None:
    """Gomail says no such thing."""
    told = run("550", "5.9.9")
    assert told.exit_code == 1
    assert told.output == "Error: 550 5.9.9: gomail refuses nothing with that\n"
    told = run("550", "5.9.9", "--json")
    assert (told.exit_code, json.loads(told.output)["meanings"]) == (1, [])


def test_codes_and_names_in_json() -> None:
    """For programs: the same keys for both."""
    [by_code] = json.loads(run("5.1.1", "--json").output)["meanings"]
    [by_name] = json.loads(run("no such mailbox", "--json").output)["meanings"]
    assert by_code == by_name
    assert by_code["reply"] == "550 5.1.1 No such mailbox here"
    assert by_code["temporary"] is False
    assert list(by_code["settings"]) == [
        f"domains.NAME.{key}" for key in ("mailboxes", "aliases", "catch-all")
    ]


def test_story_of_a_session_is_told() -> None:
    """In the order of the log, with what each refusal means; of a milter's words nobody knows."""
    told = run(f"[{SESSION}]", "--log", "log")
    assert told.exit_code == 0
    lines = told.output.splitlines()
    assert lines[0] == f"Session {SESSION}, in the order of the log:"
    assert lines[1] == (
        "2026-11-28T12:00:00Z refused after 'RCPT TO:<bbo@here.example>': "
        "550 5.1.1 No such mailbox here: there is no mailbox 'bbo'"
    )
    assert lines[2] == "    The domain is one of this server's, and nobody there is called so."
    told_of = [line for line in lines if not line.startswith(" ")]
    assert [line.split(" ", 1)[1][:19] for line in told_of[2:]] == [
        "message 1 checked: ",
        "refused: 550 5.7.1 ",
        "message 2 stored: f",
        "the end: of 192.0.2",
        "log",
    ]
    assert "    setting: policy.spf-fail" in lines
    assert any("words are not of gomail's own" in line for line in lines)
    assert "ffffffffff" not in told.output


def test_settings_of_the_recipients_domain_are_told(folder: Path) -> None:
    """Whose it is stands in what the client said; one that is not ours has none."""
    (folder / "gomail.toml").write_text('[domains."here.example"]\nmailboxes = ["bob"]\n')
    told = run(SESSION, "--log", "log").output
    assert '    setting: domains."here.example".mailboxes = ["bob"]\n' in told
    (folder / "gomail.toml").write_text('[domains."there.example"]\nmailboxes = ["bob"]\n')
    assert "    setting: domains.NAME.mailboxes\n" in run(SESSION, "--log", "log").output


def test_session_in_json() -> None:
    """Each line with its parts, and what it means."""
    told = json.loads(run(SESSION, "--log", "log", "--json").output)
    assert [each["kind"] for each in told["lines"]] == [
        *("refused", "checked", "refused", "stored", "session")
    ]
    names = [each["meaning"] and each["meaning"]["name"] for each in told["lines"]]
    assert names == ["no such mailbox", "spf-fail", None, None, None]


def test_session_that_is_not_found_is_told() -> None:
    """With where it was looked for."""
    told = run("0123456789", "--log", "log")
    assert (told.exit_code, told.output) == (
        1,
        "Error: session 0123456789: it is not in log; --log FILE names another\n",
    )
    told = run(SESSION)
    assert told.exit_code == 1
    assert "there is no journal of systemd here; --log FILE" in told.output
    assert run(SESSION, "--log", "nowhere").exit_code == 2


@pytest.mark.interop
@needs_journal
def test_session_in_the_journal(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no file is named; as far as that may be read."""
    monkeypatch.setenv("PATH", f"{journal(folder, LOG.splitlines())}:/usr/bin:/bin")
    told = run(SESSION).output
    assert "log: the journal of systemd\n" in told
    assert told.replace("the journal of systemd", "log") == run(SESSION, "--log", "log").output
    assert "it is not in the journal, as far as you may read that" in run("0123456789").output


def test_session_is_looked_for_where_the_server_of_a_file_logs(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which says so; one that runs by another file has nothing to do with it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    path = folder / "state" / "gomail" / "control"
    path.parent.mkdir(parents=True)
    (folder / "op.toml").write_text(f"log-format = 'json'\ncontrol = '{path}'\n")
    said = {"pid": 42, "configuration": str(folder / "op.toml"), "options": []}
    answers = {
        b'{"request": "status"}': {**said, "listeners": ["tcp:25"]},
        b'{"request": "configuration"}': {**said, "settings": "", "log": str(folder / "log")},
    }
    server = Served(path, lambda asked: json.dumps(answers[asked.strip()]).encode() + b"\n")
    try:
        told = run(SESSION, "--config", "op.toml")
    finally:
        server.end()
    assert (told.exit_code, f"log: {folder}/log\n" in told.output) == (0, True)


def test_bounce_and_its_session_are_explained() -> None:
    """What the words mean, and what the log says of that session."""
    told = run(str(BOUNCES / "gmail.eml"), "--log", "log")
    assert told.exit_code == 0
    lines = told.output.splitlines()
    assert lines[:3] == [
        "The bounce reports the words of mx.here.example.",
        f"These are gomail's words, of session {SESSION}:",
        "550 5.1.1 No such mailbox here   [no such mailbox]",
    ]
    assert f"Session {SESSION}, in the order of the log:" in lines
    assert lines[-2].endswith("('mx.example.org'): ehlo=1, plaintext")
    assert lines[-1] == "log: log"


@pytest.mark.parametrize("way", ["argument", "words", "file", "stdin", "dash"])
def test_bounce_comes_by_any_way(way: str, folder: Path) -> None:
    """In quotes, as words, out of a file, or the standard input."""
    text = f"> 550 5.1.1 No such\n> mailbox here [{SESSION}]\n"
    (folder / "bounce").write_text(text)
    words = text.replace(">", "").split()
    arguments = {"argument": [text], "words": words, "file": ["bounce"], "dash": ["-"]}
    told = run(
        *arguments.get(way, []), given=None if way in {"argument", "words", "file"} else text
    )
    assert told.exit_code == 0
    assert f"These are gomail's words, of session {SESSION}:" in told.output
    assert f"session {SESSION}: there is no journal" in told.output


def test_bounce_in_json() -> None:
    """All that is known, for programs."""
    told = json.loads(run(str(BOUNCES / "gmail.eml"), "--log", "log", "--json").output)
    assert [(each["name"], each["session"]) for each in told["ours"]] == [
        ("no such mailbox", SESSION)
    ]
    assert told["speaker"] == "mx.here.example"
    assert [each["kind"] for each in told["sessions"][SESSION]][-1] == "session"


def test_words_of_others_have_a_status_of_their_own() -> None:
    """A script tells who is to blame."""
    told = run(str(BOUNCES / "other-provider.txt"))
    assert told.exit_code == 3
    assert "Nothing in it is gomail's" in told.output
    assert "554 5.7.1 Daily sending quota exceeded" in told.output


def test_text_without_any_refusal_is_told() -> None:
    """It may be the wrong file."""
    told = run("-", given="Dear Ann,\n")
    assert (told.exit_code, told.output) == (
        1,
        "There is no refusal in it, neither gomail's nor another's.\n",
    )
    assert "Only its beginning was read." in run("-", given="x" * 300_000).output


def test_words_without_an_id_are_doubted() -> None:
    """They may be another gomail's, or cut."""
    told = run(str(BOUNCES / "cut.txt"))
    assert told.exit_code == 0
    assert "These are probably gomail's words" in told.output


def test_deferral_by_a_rule_is_told_as_one() -> None:
    """The code in the bounce counts, not the strictest that the rule could be."""
    text = "451 4.7.25 Your address has no name that leads back to it (iprev-fail) [0123456789]"
    assert "keeps the mail, and tries again" in run(text).output


def test_folder_is_no_bounce(folder: Path) -> None:
    """Nor is a name that no file can have; and nothing on a terminal is asked for."""
    assert run(str(folder)).output == f"Error: {folder}: a file was expected\n"
    assert "There is no refusal" in run("x " * 2500).output


@pytest.mark.parametrize("name", ["missing.txt", "folder/missing"])
def test_file_that_is_not_there_is_told(name: str) -> None:
    """It is not looked for in itself for a refusal."""
    told = run(name)
    assert (told.exit_code, told.output) == (1, f"Error: {name}: No such file or directory\n")


@pytest.mark.parametrize("word", ["nonsense", "999", "dmarc-rejected"])
def test_word_that_is_nothing_is_told(word: str) -> None:
    """With what was expected."""
    told = run(word)
    assert told.exit_code == 1
    assert told.output.startswith(f"Error: {word}: ")
