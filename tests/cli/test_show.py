"""``gomail show``: messages of a Maildir, for people and for programs."""

import json
import shutil
import sys
from email.message import EmailMessage
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gomail.cli.main import main

MESSAGES = Path(__file__).parents[1] / "data" / "messages"


@pytest.fixture(autouse=True)
def maildir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Maildir with two messages, one of them read, and an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("gomail.settings.usual.CONFIG", str(tmp_path / "none.toml"))
    place = tmp_path / "Maildir"
    for folder in ("", ".Junk/"):
        for name in ("cur", "new", "tmp"):
            (place / f"{folder}{name}").mkdir(parents=True)
    shutil.copy(MESSAGES / "php.eml", place / "cur" / "100.M1P1.mx:2,S")
    shutil.copy(MESSAGES / "newsletter.eml", place / "new" / "200.M1P1.mx")
    (tmp_path / "gomail.toml").write_text('maildir = "Maildir"\n')
    return place


def show(*options: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, ["show", *options])


def test_newest_message_is_shown(maildir: Path) -> None:
    """Decoded; HTML as text; and it stays new."""
    done = show()
    assert done.exit_code == 0
    assert "Subject: Café au lait" in done.stdout
    assert "our menu" in done.stdout
    assert "alert" not in done.stdout
    assert "What hath god wrought" not in done.stdout
    assert "\033" not in done.stdout
    assert (maildir / "new" / "200.M1P1.mx").exists()


def test_several_are_shown_the_newest_last() -> None:
    """Next to the prompt; no more than there are."""
    told = show("10").stdout
    assert told.index("What hath god wrought") < told.index("Café au lait")


def test_messages_are_a_list_in_json() -> None:
    """With all header fields and the tree."""
    read, new = json.loads(show("2", "--json").stdout)
    assert (read["name"], read["recent"], new["recent"]) == ("100.M1P1.mx", False, True)
    assert {"name": "Subject", "text": "Café au lait", "cut": False} in new["fields"]
    assert new["root"]["content_type"] == "text/html"


def test_all_fields_are_shown_where_that_is_wanted() -> None:
    """Else those that people look at."""
    assert "MIME-Version" not in show().stdout
    assert "MIME-Version: 1.0" in show("--all-fields").stdout


def test_attachments_are_saved(maildir: Path, tmp_path: Path) -> None:
    """And it is said where to."""
    mail = EmailMessage()
    mail["Subject"] = "Plan"
    mail.set_content("Look.\n")
    mail.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="../plan.pdf")
    (maildir / "new" / "300.M1P1.mx").write_bytes(mail.as_bytes())
    (tmp_path / "files").mkdir()
    done = show("--save", "files")
    assert done.stdout.endswith("\nsaved files/plan.pdf\n")
    assert (tmp_path / "files" / "plan.pdf").read_bytes() == b"%PDF"
    [plain] = json.loads(show("--save", "files", "--json").stdout)
    assert plain["saved"] == ["files/plan-2.pdf"]
    assert show("2", "--save", "files").stdout.count("nothing is attached to it") == 1
    missing = show("--save", "nowhere")
    assert missing.exit_code == 2
    assert "there is no folder nowhere" in missing.stderr


def test_attachments_that_cannot_be_saved_are_told(
    maildir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the reason."""
    command = [sys.executable, "-c", 'print(\'{"end": "it took too long"}\')']
    monkeypatch.setattr("gomail.reading.taking.child_command", lambda *_: command)
    told = show("--save", str(maildir)).stdout
    assert told.endswith("not everything that is attached could be saved: it took too long\n")


def test_message_that_cannot_be_shown_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """In its place; the others are shown."""
    monkeypatch.setattr("gomail.reading.reader._BOOT", "import os; os.abort()")
    assert "could not be shown: the reader failed" in show().stdout
    [plain] = json.loads(show("--json").stdout)
    assert plain["unreadable"].startswith("the reader failed")


def test_message_that_goes_meanwhile_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader may move it at any moment."""
    from gomail.reading.maildir import Maildir, NoSuchMessage

    def gone(_: Maildir, name: str, __: str) -> int:
        raise NoSuchMessage(name)

    monkeypatch.setattr(Maildir, "open", gone)
    assert "could not be shown: it has been moved or removed meanwhile" in show().stdout


@pytest.mark.parametrize(
    ("options", "status", "words"),
    [
        (["--folder", "Junk"], 1, "there is no mail in"),
        (["--folder", "Nothing"], 1, "has no folder 'Nothing'; there are 'Junk'\n"),
        (["--maildir", "nowhere"], 1, "nowhere: No such file or directory"),
        (["0"], 2, "a number of messages from 1 to 1000 was expected, not '0'"),
        (["abc"], 2, "a number of messages from 1 to 1000 was expected, not 'abc'"),
        (["--config", "nowhere.toml"], 2, "nowhere.toml: No such file or directory"),
    ],
)
def test_what_is_not_there_is_told(options: list[str], status: int, words: str) -> None:
    """In a line, with a status."""
    done = show(*options)
    assert done.exit_code == status
    assert words in done.stderr


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Junk", ["Junk", ".Junk", "junk"]),
        ("Entw&APw-rfe", ["Entwürfe", "Entw&APw-rfe", "entwürfe"]),
    ],
)
def test_folder_may_be_written_as_the_inbox_shows_it(
    maildir: Path, written: str, shown: list[str]
) -> None:
    """Or as it is on the disk; and small or large letters are all one where nothing else is."""
    for name in ("cur", "new", "tmp"):
        (maildir / f".{written}" / name).mkdir(parents=True, exist_ok=True)
    shutil.copy(MESSAGES / "php.eml", maildir / f".{written}" / "cur" / "300.M1P1.mx:2,S")
    for name in shown:
        done = show("--folder", name, "--json")
        assert [each["name"] for each in json.loads(done.stdout)] == ["300.M1P1.mx"]


def test_folders_are_not_mistaken(maildir: Path) -> None:
    """Of two that are alike somebody has to say which; of none there is only the inbox."""
    (maildir / ".JUNK").mkdir()
    assert "has no folder 'junk'; there are 'JUNK', 'Junk'" in show("--folder", "junk").stderr
    assert "there is no mail in" in show("--folder", "JUNK").stderr
    assert show("--folder", "Inbox").stdout == show().stdout
    for folder in maildir.glob(".*"):
        shutil.rmtree(folder)
    assert "there is none but the inbox" in show("--folder", "junk").stderr


def test_maildir_is_found(tmp_path: Path, maildir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As configured, or at home; of several somebody has to say which."""
    (tmp_path / "gomail.toml").write_text('maildir = "{mailbox}"\n')
    done = show()
    assert done.exit_code == 2
    assert "a Maildir for each mailbox; --maildir says which" in done.stderr
    assert show("--maildir", "Maildir").exit_code == 0
    (tmp_path / "gomail.toml").unlink()
    monkeypatch.setenv("HOME", str(maildir.parent))
    assert show().exit_code == 0
