"""``gomail watch``: the steps of a mail out of events, and why none comes; no time passes."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gomail.cli.main import main
from gomail.cli.proposing import propose
from gomail.cli.silence import Reason, explain
from gomail.cli.ticks import MOST_SESSIONS, Session, Tick, Ticks
from gomail.cli.watch import AWAY, SILENCES, Watching
from gomail.config import load, render
from gomail.server.control.client import NotRunning
from tests.cli.test_status import ANSWER, Served

YOU = "you@example.org"
WELL: dict[str, Any] = {
    "health": {"state": "ok", "reasons": {}},
    "listeners": ["0.0.0.0:25"],
    "last-public": None,
}


def connected(session: str = "s", address: str | None = "209.85.222.47") -> dict[str, Any]:
    """Tell that somebody has come."""
    return {"event": "connected", "session": session, "peer": f"{address}:4", "address": address}


def said(line: str, session: str = "s", tls: str | None = None) -> dict[str, Any]:
    """Tell a line, of whoever it must be."""
    return {
        "event": "said",
        "session": session,
        "speaker": "S" if line[:1].isdigit() else "C",
        "line": line,
        "tls": tls,
        "cipher": tls and "AES",
    }


def refused(said: str, status: str, session: str = "s", reason: str = "") -> dict[str, Any]:
    """Tell a refusal."""
    return {
        "event": "refused",
        "session": session,
        "said": said,
        "code": 550,
        "status": status,
        "reply": "No",
        "reason": reason,
    }


FOUND = "spf=pass, dkim=none, iprev=fail (helo), iprev=pass (mailfrom)"


def checked(action: str, rule: str = "") -> dict[str, Any]:
    """Tell what was found out."""
    helo, mail = ({"type": "smtp", "name": name, "value": "x"} for name in ("helo", "mailfrom"))
    findings: list[dict[str, Any]] = [
        {"method": "spf", "result": "pass", "properties": [helo]},
        {"method": "spf", "result": "pass", "properties": [mail]},
        {"method": "dkim", "result": "none", "properties": []},
        {"method": "iprev", "result": "fail", "properties": [helo]},
        {"method": "iprev", "result": "pass", "properties": [mail]},
    ]
    return {"event": "checked", "id": "s.1", "findings": findings, "action": action, "rule": rule}


def stored(to: str = YOU) -> dict[str, Any]:
    """Tell that a message is there."""
    return {
        "event": "stored",
        "id": "s.1",
        "to": [f"<{to}>"],
        "size": 1234,
        "ms": 12.5,
        "copies": [{"mailbox": "you", "path": "/home/you/Mail dir/new/1.M1"}],
    }


def ended(reason: str = "", session: str = "s") -> dict[str, Any]:
    """Tell that a session is over."""
    return {"event": "session", "session": session, "reason": reason}


BEGIN = (
    connected(),
    *map(said, ("220 mx", "EHLO a.example", "250-mx", "250 SIZE", "STARTTLS", "220 Ready")),
    said("EHLO a.example", tls="TLSv1.3"),
    said("250 mx", tls="TLSv1.3"),
    *(said(line, tls="TLSv1.3") for line in ("MAIL FROM:<me@a.example>", f"RCPT TO:<{YOU}>")),
)


def told(*events: dict[str, Any]) -> list[tuple[str, str, bool]]:
    """Give all ticks that are told of events."""
    ticks = Ticks(YOU)
    return [(tick.name, tick.text, tick.well) for event in events for tick in ticks.hear(event)]


def test_steps_are_told_in_their_order_from_where_the_address_is_named() -> None:
    """Pipelined as Gmail does it; what came before is told then, at once."""
    rest = [
        *(said(line, tls="TLSv1.3") for line in ("DATA", "250 OK", "250 OK", "354 Go", "250 ok")),
        checked("mark"),
        stored(),
    ]
    assert told(*BEGIN[:-1]) == []
    assert [name for name, _, _ in told(*BEGIN)] == ["tcp", "ehlo", "tls", "ehlo"]
    assert told(*BEGIN, *rest) == [
        ("tcp", "from 209.85.222.47:4, a public address", True),
        ("ehlo", "EHLO a.example", True),
        ("tls", "TLSv1.3 AES", True),
        ("ehlo", "EHLO a.example", True),
        ("mail", "MAIL FROM:<me@a.example>: 250", True),
        ("rcpt", f"RCPT TO:<{YOU}>: 250", True),
        ("content", "it comes", True),
        ("checks", f"{FOUND}: mark", True),
        ("durable", "1234 octets are on disk, 12.5 ms after the final dot", True),
        ("path", "/home/you/Mail dir/new/1.M1", True),
    ]


def test_sessions_that_are_told_of_together_are_marked() -> None:
    """From where there are two, by a few signs of their ids; JSON always has the whole."""
    ticks = Ticks(YOU)
    one = [tick for event in BEGIN for tick in ticks.hear(event)]
    assert {(tick.session, tick.mark) for tick in one} == {("s", "")}
    second = [{**event, "session": "0123456789"} for event in BEGIN]
    two = [tick for event in second for tick in ticks.hear(event)]
    assert {(tick.session, tick.mark) for tick in two} == {("0123456789", "0123")}
    [left] = ticks.hear(ended())
    assert (left.session, left.mark) == ("s", "s")


def test_domain_that_is_none_of_ours_is_named_in_the_remedy() -> None:
    """To be copied; what can't be one has a placeholder."""
    for line, domain in (
        ("RCPT TO:<you@Example.NET>", "example.net"),
        ("RCPT TO:<x>", "example.org"),
    ):
        [reason] = explain(YOU, WELL, seen(connected(), refused(line, "5.7.1")), lambda: ())
        assert f'[domains."{domain}"]' in reason.remedy


def test_mailbox_that_turns_mail_away_is_a_reason() -> None:
    """Its path stands in the text."""
    reasons = {"mailboxes-refuse": "mail for a mailbox is turned away: /m: no"}
    assert codes(health={"state": "degraded", "reasons": reasons}) == ["mailboxes-refuse"]


def test_what_goes_wrong_is_told_as_such() -> None:
    """A refusal with its reason, content that breaks off, and a session that ends before."""
    events = (
        refused("", "7.1", reason="spam"),
        checked("refuse", "spf-fail"),
        {"event": "dropped", "id": "s.1", "reason": "no message came of it"},
        ended("the client left"),
    )
    assert told(*BEGIN, *events)[4:] == [
        ("refused", "550 7.1 No (spam)", False),
        (
            "checks",
            "spf=pass, dkim=none, iprev=fail (helo), iprev=pass (mailfrom): refuse by spf-fail",
            False,
        ),
        ("left", "no message came of it", False),
        ("left", "the session is over: the client left", False),
    ]
    assert told(*BEGIN, ended())[-1][1] == "the session is over: the client said QUIT"


def test_others_are_seen_and_not_told() -> None:
    """Neither a session for somebody else, nor one that was there before, nor its message."""
    other = (connected("o", "10.0.0.1"), said("RCPT TO:<her@example.org>", "o"), ended("", "o"))
    ticks = Ticks(YOU)
    for event in (*other, said(f"RCPT TO:<{YOU}>", "before"), {"event": "health"}):
        assert list(ticks.hear(event)) == []
    assert [(each.id, each.ended, each.public) for each in ticks.sessions.values()] == [
        ("o", "", False)
    ]
    mine = [tick for event in (*BEGIN, stored("her@example.org")) for tick in ticks.hear(event)]
    assert ticks.arrived is None
    assert "durable" not in [tick.name for tick in mine]


def test_many_sessions_take_little_room() -> None:
    """The oldest are forgotten."""
    ticks = Ticks(YOU)
    for number in range(MOST_SESSIONS + 2):
        assert list(ticks.hear(connected(str(number), None))) == []
    assert len(ticks.sessions) == MOST_SESSIONS
    assert "1" not in ticks.sessions


def seen(*events: dict[str, Any]) -> list[Session]:
    """Give what is known of sessions after events."""
    ticks = Ticks(YOU)
    for event in events:
        list(ticks.hear(event))
    return list(ticks.sessions.values())


def codes(*events: dict[str, Any], dns: tuple[Reason, ...] = (), **status: object) -> list[str]:
    """Give the codes of the reasons for silence."""
    return [each.code for each in explain(YOU, WELL | status, seen(*events), lambda: dns)]


LAST = {"address": "209.85.222.47", "time": "2026-11-28T12:00:00Z", "session": "s", "at": 1.0}
NO_MX = Reason("mx-missing", "there is none", "add it")


def test_silence_is_explained_by_elimination() -> None:
    """The nearest reason first; DNS is not asked where somebody has come."""
    nobody = refused("RCPT TO:<yuo@example.org>", "5.1.1")
    relayed = refused("RCPT TO:<you@example.net>", "5.7.1")
    tls = ended("the client left in the TLS handshake: Connection was closed")
    failing = {"state": "failing", "reasons": {"disk-full": "0 MiB are free"}}
    assert codes(health=failing) == ["server-failing"]
    assert codes(listeners=[]) == ["not-listening"]
    assert codes(connected(), nobody, dns=(NO_MX,)) == ["unknown-mailbox"]
    assert codes(connected(), relayed) == ["wrong-domain"]
    assert codes(connected(), relayed, connected("t"), nobody | {"session": "t"}) == [
        "unknown-mailbox",
        "wrong-domain",
    ]
    assert codes(connected(), nobody, refused("DATA", "5.1")) == ["unknown-mailbox"]
    assert codes(connected(), tls) == ["tls-failed"]
    assert codes(connected(), refused("", "7.0")) == ["refused"]
    assert codes(connected(), ended()) == ["not-sent"]
    assert codes(dns=(NO_MX,)) == ["mx-missing"]
    assert codes(connected("p", "10.0.0.1"), dns=(NO_MX,)) == ["mx-missing"]
    there = WELL | {"last-public": LAST}
    assert [each.code for each in explain(YOU, there, [], list)] == ["not-sent"]
    assert codes() == ["no-connection"]


class Server:
    """A server out of a list: events, seconds that pass, and a line that breaks (None)."""

    def __init__(self, *script: dict[str, Any] | float | None) -> None:
        self.script = list(script)
        self.now = 1000.0
        self.told: list[str] = []
        self.followed = 0

    def follow(self) -> "Server":
        """Give a line."""
        self.followed += 1
        if not self.script:
            raise NotRunning("it has gone")
        return self

    def hear(self, seconds: float) -> dict[str, Any] | None:
        """Give the next event, unless more time passes before it."""
        if not self.script or self.script[0] is None:
            self.script[:1] = []
            raise NotRunning("it has gone")
        first = self.script[0]
        if isinstance(first, dict):
            del self.script[0]
            return first
        passed = min(first, seconds)
        self.now += passed
        self.script[0] = first - passed
        if not self.script[0]:
            del self.script[0]
        return None

    def wait(self) -> Path:
        """Wait for the mail."""

        def tell(tick: Tick) -> None:
            self.told.append(tick.name)

        def silent(seconds: float) -> None:
            self.told.append(f"{seconds:.0f} s at {self.now - 1000:.0f}")

        return Watching(
            self.follow, Ticks(YOU), tell, silent, SILENCES, clock=lambda: self.now
        ).wait(self)


def test_silence_is_told_at_its_times() -> None:
    """After a minute, five and thirty; and then no more."""
    server = Server(59.0, {"event": "health"}, 2.0, 300.0, 5000.0, *BEGIN, stored())
    assert server.wait() == Path("/home/you/Mail dir/new/1.M1")
    assert server.told[:3] == ["60 s at 60", "300 s at 300", "1800 s at 1800"]
    assert server.told[3:] == ["tcp", "ehlo", "tls", "ehlo", "durable", "path"]


def test_step_ends_a_silence() -> None:
    """The next one is counted from there."""
    server = Server(61.0, *BEGIN, 61.0, stored())
    server.wait()
    assert server.told == [
        "60 s at 60",
        "tcp",
        "ehlo",
        "tls",
        "ehlo",
        "60 s at 121",
        "durable",
        "path",
    ]


def test_server_that_gives_way_is_followed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """And one that has gone for good ends the waiting."""
    server = Server(connected("x"), None, *BEGIN, stored())
    server.wait()
    assert server.followed == 1
    gone = Server(1.0, None)

    def sleep(seconds: float) -> None:
        gone.now += seconds

    monkeypatch.setattr("gomail.cli.watch.time.sleep", sleep)
    with pytest.raises(NotRunning):
        gone.wait()
    assert gone.now >= 1000 + AWAY


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder of its own, where no server of this machine is found."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("gomail.settings.usual.CONFIG", str(tmp_path / "none.toml"))
    monkeypatch.setattr("gomail.server.control.paths.SYSTEMD", str(tmp_path / "run"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path


MAILDIR = 'maildir = "M/{mailbox}"\n'
DOMAIN = '[domains."example.org"]\n'


@pytest.mark.parametrize(
    ("text", "wanted", "proposed"),
    [
        (f'{DOMAIN}mailboxes = ["you"]', None, ("you+hello-abc@example.org", "")),
        (f'{DOMAIN}mailboxes = ["you"]', "You@EXAMPLE.org", ("You+hello-abc@example.org", "")),
        (
            f'{DOMAIN}mailboxes = ["you"]\nsubaddress-separator = "-"',
            None,
            ("you-hello-abc@example.org", ""),
        ),
        (
            f'{DOMAIN}mailboxes = ["you"]\nsubaddress-separator = ""',
            None,
            (YOU, "hello-abc"),
        ),
        (
            f'{MAILDIR}{DOMAIN}mailboxes = ["you"]\ncatch-all = "you"\nsubaddress-separator = ""',
            None,
            (YOU, "hello-abc"),
        ),
        (DOMAIN, None, ("hello+hello-abc@example.org", "")),
        ('[domains."localhost"]\n', None, ("hello+hello-abc@localhost", "")),
    ],
)
def test_address_has_a_token_where_that_reaches_the_mailbox(
    folder: Path, text: str, wanted: str | None, proposed: tuple[str, str]
) -> None:
    """Else the subject has it."""
    path = folder / "gomail.toml"
    path.write_text(text)
    found = propose(load(str(path)), "abc", wanted)
    assert (str(found.address), found.subject) == proposed


@pytest.mark.parametrize(
    ("text", "options", "problem"),
    [
        (None, (), "say which address: gomail watch --for you@example.org"),
        (f'{DOMAIN}mailboxes = "names"\n', (), "say which address"),
        (f'{DOMAIN}mailboxes = ["you"]\n', ("--for", "her@example.org"), "No such mailbox here"),
        (f'{DOMAIN}mailboxes = ["you"]\n', ("--for", "you@example.net"), "is not taken here"),
        (f'{DOMAIN}mailboxes = ["you"]\n', ("--for", "you"), "an address such as"),
        (f'{DOMAIN}mailboxes = ["you"]\n', ("--for", "ü@example.org"), "an address such as"),
        (f'{DOMAIN}mailboxes = "none"\n', ("--for", YOU), "none"),
    ],
)
def test_address_that_can_not_be_is_told_at_once(
    folder: Path, text: str | None, options: tuple[str, ...], problem: str
) -> None:
    """Before anybody waits: as the server has it that runs, or an older one's file."""
    file = folder / "gomail.toml"
    if text is not None:
        file.write_text(text)
    said = ANSWER | (
        {"settings": render(load(str(file))), "options": [], "configuration": None} if text else {}
    )
    server = Served(folder / "state" / "gomail" / "control", json.dumps(said).encode() + b"\n")
    try:
        done = CliRunner().invoke(main, ["watch", *options])
    finally:
        server.end()
    assert done.exit_code == 2
    assert problem in done.stderr


def test_without_a_server_nobody_waits(folder: Path) -> None:
    """With the status of gomail status; without a configuration the address is believed."""
    done = CliRunner().invoke(main, ["watch", "--json", "--for", YOU])
    assert (done.exit_code, done.stdout) == (3, "")
    assert done.stderr == f"Error: no server listens on {folder}/state/gomail/control\n"
