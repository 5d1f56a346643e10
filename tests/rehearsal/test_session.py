"""Sessions tried: what is answered and why, and that nothing is left of them."""

import sqlite3
from pathlib import Path

import pytest
import pytest_twisted

from gomail.rehearsal.session import Rehearsal
from gomail.smtp.factory import SMTPFactory
from tests.rehearsal.visits import (
    ALICE,
    DOMAIN,
    MESSAGE,
    configured,
    rehearsed,
    replies,
    told,
    tree,
    visit,
)


class Stopping(Rehearsal):
    """A server that is asked to stop before anybody comes."""

    def factory(self) -> SMTPFactory:
        """Make what turns everybody away."""
        made = super().factory()
        made.leave()
        return made


@pytest_twisted.ensureDeferred
async def test_message_that_is_taken_is_stored_nowhere(tmp_path: Path) -> None:
    """It is said where it would lie; no file, folder or certificate is made."""
    configuration = configured(tmp_path)
    before = tree(tmp_path)
    outcome = await rehearsed(configuration, visit(ALICE, tls=True))
    assert replies(outcome) == [
        *("220 mx.here.example", "250-mx.here.example 250-STARTTLS", "220 2.0.0"),
        *("250-mx.here.example 250-PIPELINING", "250 2.1.0", "250 2.1.5", "354 Send", "250 2.0.0"),
    ]
    assert outcome.action == "accept"
    [copy] = outcome.copies
    assert copy.mailbox == ALICE
    folder = f"{tmp_path}/mail/here.example/alice/new"
    assert copy.path == f"{folder}/NOT-STORED"
    assert f"a copy for {ALICE} would lie in {folder}, which would be made ['maildir']" in told(
        outcome, "("
    )
    assert tree(tmp_path) == before


@pytest_twisted.ensureDeferred
async def test_maildir_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    """Not even old files in tmp/ are swept."""
    for name in ("tmp", "new", "cur", ".lists/tmp", ".lists/new", ".lists/cur"):
        (tmp_path / "mail/here.example/alice" / name).mkdir(parents=True)
    (tmp_path / "mail/here.example/alice/tmp/old").write_text("x")
    configuration = configured(tmp_path)
    before = tree(tmp_path)
    outcome = await rehearsed(configuration, visit(ALICE, "alice+lists@here.example"))
    folder = f"{tmp_path}/mail/here.example/alice"
    assert [each.path for each in outcome.copies] == [
        f"{folder}/new/NOT-STORED",
        f"{folder}/.lists/new/NOT-STORED",
    ]
    assert tree(tmp_path) == before


WAYS = (
    DOMAIN
    + """\
catch-all = "bob"
[domains."here.example".aliases]
team = ["alice", "bob"]
[domains."any.example"]
"""
)


@pytest.mark.parametrize(
    ("to", "reasons"),
    [
        (ALICE, ["a mailbox is called so: the mailbox alice@here.example", "mailboxes"]),
        ("ALICE@HERE.example", ["a mailbox is called so: the mailbox alice@here", "mailboxes"]),
        ("alice+x@here.example", ["a sub-address, whose detail", "subaddress-separator"]),
        ("team@here.example", ["the alias team: the mailbox alice", 'aliases."team"']),
        ("team+x@here.example", ["the alias team: the mailbox alice", 'aliases."team"']),
        ("nobody@here.example", ["the catch-all takes what is left: the mailbox bob", "catch-all"]),
        ("<postmaster>", ["the catch-all takes what is left: the mailbox bob", "catch-all"]),
    ],
)
@pytest_twisted.ensureDeferred
async def test_way_of_a_recipient_is_told(tmp_path: Path, to: str, reasons: list[str]) -> None:
    """By which mailbox, alias, sub-address or catch-all, and the setting that has it."""
    text = WAYS.replace('[domains."any.example"]\n', "")
    outcome = await rehearsed(configured(tmp_path, text), visit(to, content=None))
    first = told(outcome, "RCPT")[0]
    assert reasons[0] in first
    assert first.endswith(f"""['domains."here.example".{reasons[1]}']""")
    assert outcome.action == "accept"
    assert outcome.copies == ()


@pytest.mark.parametrize("domain", ["here.example", "other.example"])
@pytest_twisted.ensureDeferred
async def test_postmaster_is_somebody(tmp_path: Path, domain: str) -> None:
    """Where nobody is called so, the first mailbox is meant."""
    text = f'{DOMAIN}[domains."other.example"]\nmailboxes = []\n'
    to = f"postmaster@{domain}"
    outcome = await rehearsed(configured(tmp_path, text), visit(to, content=None))
    assert told(outcome, "RCPT")[0].startswith("everybody has a postmaster")


@pytest_twisted.ensureDeferred
async def test_any_local_part_is_told(tmp_path: Path) -> None:
    """A domain without mailboxes has one for all."""
    text = 'maildir = "mail/x"\n[domains."here.example"]\n'
    outcome = await rehearsed(configured(tmp_path, text), visit("any@here.example", content=None))
    [reason] = told(outcome, "RCPT")
    assert reason.startswith("any local-part of the domain is taken: the mailbox *@here.example")


@pytest_twisted.ensureDeferred
async def test_mailboxes_of_a_database_are_found(tmp_path: Path) -> None:
    """Off the reactor, as the server asks it."""
    with sqlite3.connect(tmp_path / "mail.db") as database:
        database.execute("CREATE TABLE mailboxes (domain TEXT, name TEXT)")
        database.execute("CREATE TABLE aliases (domain TEXT, name TEXT, target TEXT)")
        database.execute("INSERT INTO mailboxes VALUES ('here.example', 'alice')")
        database.execute("INSERT INTO aliases VALUES ('here.example', 'team', 'alice')")
    database.close()
    text = DOMAIN.replace('["alice", "bob"]', f'"sqlite:{tmp_path}/mail.db"')
    outcome = await rehearsed(
        configured(tmp_path, text), visit(ALICE, "team@here.example", "no@here.example")
    )
    assert told(outcome, "RCPT TO:<team") == [
        """the alias team: the mailbox alice@here.example ['domains."here.example".mailboxes']"""
    ]
    assert told(outcome, "RCPT TO:<alice")[0].startswith("a mailbox is called so")
    assert told(outcome, "RCPT TO:<no@")[0].startswith("there is no mailbox or alias 'no'")
    assert outcome.action == "refuse"


@pytest_twisted.ensureDeferred
async def test_recipients_that_are_refused_do_not_stop_the_others(tmp_path: Path) -> None:
    """Why, and by which settings, with the name of the domain; nothing is hidden by the end."""
    to = (ALICE, "no@here.example", "x@else.example")
    outcome = await rehearsed(configured(tmp_path), visit(*to))
    reason, meaning = told(outcome, "RCPT TO:<no")
    assert reason == "there is no mailbox or alias 'no' in here.example"
    assert meaning.startswith("The domain is one of this server's, and nobody there is called so.")
    for key in ("mailboxes", "aliases", "catch-all"):
        assert f"""domains."here.example".{key}""" in meaning
    assert 'to accept its mail: [domains."else.example"]' in told(outcome, "RCPT TO:<x")[0]
    assert len(outcome.copies) == 1
    assert outcome.action == "refuse"


@pytest_twisted.ensureDeferred
async def test_without_recipients_there_is_no_content(tmp_path: Path) -> None:
    """The client goes, as mail servers do."""
    outcome = await rehearsed(configured(tmp_path), visit("no@here.example"))
    assert outcome.steps[-1].said == "RCPT TO:<no@here.example>"


@pytest_twisted.ensureDeferred
async def test_size_is_declared_and_judged(tmp_path: Path) -> None:
    """As a mail server does it, before the content is sent; 8-bit and UTF-8 are asked for, too."""
    configuration = configured(tmp_path, f'{DOMAIN}[limits]\nsize = "64 KiB"\n')
    content = MESSAGE + "ä\n".encode() + b"x" * 70_000 + b"\n"
    sender = "jö@example.org"
    outcome = await rehearsed(configuration, visit(ALICE, content=content, sender=sender))
    step = outcome.steps[-1]
    assert step.said == "MAIL FROM:<jö@example.org> SIZE=70042 BODY=8BITMIME SMTPUTF8"
    assert step.reply.code == 552
    assert step.reasons[-1].settings == ("limits.size",)


@pytest_twisted.ensureDeferred
async def test_large_message_stays_in_memory(tmp_path: Path) -> None:
    """No spool file is made for it, though the server would make one; under TLS as well."""
    configuration = configured(tmp_path, f'{DOMAIN}[limits]\ncontent-in-memory = "1 KiB"\n')
    before = tree(tmp_path)
    content = MESSAGE + (b"x" * 70 + b"\n") * 20_000
    for tls in (False, True):
        outcome = await rehearsed(configuration, visit(ALICE, content=content, tls=tls))
        assert outcome.action == "accept"
    assert tree(tmp_path) == before


@pytest_twisted.ensureDeferred
async def test_disk_without_room_defers(tmp_path: Path) -> None:
    """As much is to stay free as nobody has."""
    configuration = configured(tmp_path, f'{DOMAIN}[limits]\ndisk-reserve = "1024 GiB"\n')
    outcome = await rehearsed(configuration, visit(ALICE))
    assert (replies(outcome)[-1], outcome.action) == ("452 4.3.1", "defer")
    assert outcome.steps[-1].reasons[-1].settings[0] == "limits.disk-reserve"


@pytest.mark.parametrize("broken", ["mail/here.example", "mail/here.example/alice"])
@pytest_twisted.ensureDeferred
async def test_maildir_that_can_not_be_defers(tmp_path: Path, broken: str) -> None:
    """A file is where a folder should be."""
    configuration = configured(tmp_path)
    (tmp_path / broken).parent.mkdir(exist_ok=True)
    (tmp_path / broken).write_text("x")
    outcome = await rehearsed(configuration, visit(ALICE))
    assert replies(outcome)[-1] == "451 4.2.0"
    assert "Not a directory" in told(outcome, "RCPT")[0]


@pytest_twisted.ensureDeferred
async def test_session_that_the_server_ends_is_told_to_its_end(tmp_path: Path) -> None:
    """Who names many recipients that there are not hears 421, and nothing more is said."""
    limits = "[limits]\nunknown-recipients = 2\n"
    to = [f"no{number}@here.example" for number in range(4)]
    outcome = await rehearsed(configured(tmp_path, DOMAIN + limits), visit(*to))
    assert replies(outcome)[-2:] == ["550 5.1.1", "421 4.7.0"]


@pytest_twisted.ensureDeferred
async def test_client_that_is_turned_away_hears_why(tmp_path: Path) -> None:
    """As at a server that is stopping."""
    outcome = await rehearsed(configured(tmp_path), visit(ALICE), kind=Stopping)
    assert (replies(outcome), outcome.action) == (["421 4.3.2"], "defer")
    assert outcome.steps[0].reasons[-1].text == "The server was being stopped or started anew."
