"""Sessions tried: what is answered and why, and that nothing is left of them."""

import sqlite3
from pathlib import Path

import pytest
import pytest_twisted

from gomail.certificates.keeper import world_time
from gomail.certificates.own import NAME, kept_own
from gomail.certificates.pair import PairError
from gomail.rehearsal.session import Rehearsal
from gomail.smtp.factory import SMTPFactory
from tests.rehearsal.visits import (
    DOMAIN,
    MESSAGE,
    OTHERS,
    Grumpy,
    configured,
    rehearsed,
    replies,
    told,
    tree,
    visit,
)

ALICE = "alice@here.example"


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


@pytest.mark.parametrize(
    ("action", "outcome", "reply"),
    [
        ("refuse", "refuse", "550 5.7.26"),
        ("defer", "defer", "451 4.7.26"),
        ("junk", "junk", "250 2.0.0"),
        ("mark", "accept", "250 2.0.0"),
        ("none", "accept", "250 2.0.0"),
    ],
)
@pytest_twisted.ensureDeferred
async def test_policy_decides(tmp_path: Path, action: str, outcome: str, reply: str) -> None:
    """With what was found, the rule, and the setting of the rule."""
    configuration = configured(tmp_path, f'{DOMAIN}[policy]\ndmarc-reject = "{action}"\n')
    tried = await rehearsed(configuration, visit(ALICE, ip=OTHERS))
    assert (tried.action, replies(tried)[-1]) == (outcome, reply)
    reasons = told(tried, "(")
    assert "spf=fail smtp.mailfrom=example.org" in reasons
    rule = [each for each in reasons if each.startswith("dmarc-reject: DMARC fails")]
    assert len(rule) == (action in {"refuse", "defer", "junk"})
    assert all(each.endswith("['policy.dmarc-reject']") for each in rule)
    if action == "junk":
        assert tried.copies[0].path.endswith("/alice/.Junk/new/NOT-STORED")


@pytest_twisted.ensureDeferred
async def test_rule_in_the_shadow_is_told(tmp_path: Path) -> None:
    """What it would have done."""
    policy = '[policy]\ndmarc-reject = "refuse"\nshadow = ["dmarc-reject"]\n'
    outcome = await rehearsed(configured(tmp_path, DOMAIN + policy), visit(ALICE, ip=OTHERS))
    shadow = "in the shadow: dmarc-reject: else it is refused ['policy.shadow']"
    assert shadow in told(outcome, "(")
    assert outcome.action == "accept"


@pytest_twisted.ensureDeferred
async def test_check_of_ones_own_decides(tmp_path: Path) -> None:
    """Its rule has a setting below policy.own."""
    configuration = configured(tmp_path, f'{DOMAIN}[policy.own]\ngrumpy = "refuse"\n')
    outcome = await rehearsed(configuration, visit(ALICE), own=(Grumpy(),))
    [reason] = [each for each in told(outcome, "(") if each.startswith("grumpy-fail")]
    assert reason.endswith("it is refused ['policy.own.grumpy']")


@pytest_twisted.ensureDeferred
async def test_trusted_client_is_not_examined(tmp_path: Path) -> None:
    """It is said why: the network that it is in."""
    outcome = await rehearsed(configured(tmp_path), visit(ALICE, ip="127.0.0.1"))
    assert "127.0.0.1 is in 127.0.0.0/8: no limits" in told(outcome, "")[1]
    assert "nobody finds out who sent it: its client is trusted ['trusted']" in told(outcome, "(")


@pytest_twisted.ensureDeferred
async def test_checks_that_are_off_are_told(tmp_path: Path) -> None:
    """By their setting; IPv6 is as good as IPv4."""
    configuration = configured(tmp_path, f"{DOMAIN}[checks]\nenabled = false\n")
    outcome = await rehearsed(configuration, visit(ALICE, ip="2001:db8::1"))
    assert "2001:db8::1 is in no trusted network" in told(outcome, "")[1]
    assert "nobody finds out who sent it: checks are off ['checks.enabled']" in told(outcome, "(")


LISTENERS = """
[[listener]]
endpoint = "tcp:25"
[[listener]]
endpoint = "tcp:26"
tls = "required"
bare-newline = "refuse"
proxy = ["192.0.2.9"]
[[listener]]
endpoint = "tcp:27"
tls = "off"
"""


@pytest_twisted.ensureDeferred
async def test_listener_that_requires_tls_refuses_plaintext(tmp_path: Path) -> None:
    """And takes the mail under TLS."""
    configuration = configured(tmp_path, DOMAIN + LISTENERS)
    outcome = await rehearsed(configuration, visit(ALICE), listener=1)
    assert replies(outcome)[-1] == "530 5.7.0"
    assert told(outcome, "MAIL")[-1].endswith("['listener.tls']")
    assert "the client is the one that a proxy names ['listener.proxy']" in told(outcome, "")
    outcome = await rehearsed(configuration, visit(ALICE, tls=True), listener=1)
    assert outcome.action == "accept"


@pytest_twisted.ensureDeferred
async def test_listener_without_tls_refuses_it(tmp_path: Path) -> None:
    """The session ends there, since the client wanted it."""
    configuration = configured(tmp_path, DOMAIN + LISTENERS)
    outcome = await rehearsed(configuration, visit(ALICE, tls=True), listener=2)
    assert (replies(outcome)[-1], outcome.steps[-1].said) == ("502 5.5.1", "STARTTLS")
    assert outcome.action == "refuse"


@pytest.mark.parametrize(("listener", "reply"), [(0, "250 2.0.0"), (1, "550 5.6.0")])
@pytest_twisted.ensureDeferred
async def test_bare_newlines_are_told(tmp_path: Path, listener: int, reply: str) -> None:
    """They are in what was sent with CRLF elsewhere; a file of this system has them throughout."""
    configuration = configured(tmp_path, DOMAIN + LISTENERS)
    content = MESSAGE.replace(b"\n", b"\r\n") + b"x\ny\r\n"
    tried = await rehearsed(
        configuration, visit(ALICE, content=content, tls=True), listener=listener
    )
    assert replies(tried)[-1] == reply
    assert any("listener.bare-newline" in each for each in told(tried, "("))


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
async def test_milters_are_left_out_and_that_is_told(tmp_path: Path) -> None:
    """Nobody listens there, and no mail is deferred for that."""
    milter = '[[milter]]\nendpoint = "tcp:127.0.0.1:1"\non-failure = "defer"\n'
    outcome = await rehearsed(configured(tmp_path, DOMAIN + milter), visit(ALICE))
    [reason] = [each for each in told(outcome, "MAIL") if "is not asked" in each]
    assert reason.startswith("the milter at tcp:127.0.0.1:1 is not asked")
    assert outcome.action == "accept"


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
async def test_junk_folder_that_can_not_be_is_told(tmp_path: Path) -> None:
    """The message goes to the inbox, as it would."""
    for name in ("tmp", "new", "cur"):
        (tmp_path / "mail/here.example/alice" / name).mkdir(parents=True)
    (tmp_path / "mail/here.example/alice/.Junk").mkdir()
    (tmp_path / "mail/here.example/alice/.Junk/new").mkdir()
    outcome = await rehearsed(configured(tmp_path), visit(ALICE, ip=OTHERS))
    assert outcome.copies[0].path.endswith("/alice/new/NOT-STORED")
    assert any(
        each.startswith("junk for alice@here.example is stored") for each in told(outcome, "(")
    )


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


@pytest_twisted.ensureDeferred
async def test_certificate_is_the_servers(tmp_path: Path) -> None:
    """The self-signed one that it keeps, or the one that is named."""
    configuration = configured(tmp_path)
    kept_own(str(tmp_path / "state"), "kept.example", world_time())
    outcome = await rehearsed(configuration, visit(ALICE, tls=True))
    assert told(outcome, "STARTTLS")[0].startswith(
        "a self-signed certificate of kept.example until"
    )
    pem = tmp_path / "state" / NAME
    named = f'{DOMAIN}[tls]\ncertificate = "{pem}"\nkey = "{pem}"\n'
    outcome = await rehearsed(configured(tmp_path, named), visit(ALICE, tls=True))
    assert "kept.example" in told(outcome, "STARTTLS")[0]
    pem.write_text("x")
    with pytest.raises(PairError):
        await rehearsed(configured(tmp_path, named), visit(ALICE, tls=True))
