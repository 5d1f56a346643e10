"""The log of a real server: what it tells, who can't forge it, and what does not hang on it."""

import json
import os
import re
from pathlib import Path

import pytest

from tests.system.conftest import Serve
from tests.system.running import GOMAIL, TWISTD, Client, Server, free_port, patched, until

pytestmark = pytest.mark.system
HOSTILE = (
    "x\ry",
    "x\x1b[2Jy",
    "x\x07y",
    "x\x7fy",
    "x\u2028y",
    "x\u202ey",
    "x\x85y",
    "{x.__class__}",
    "{0.__class__.__init__.__globals__}",
    "%s%n",
    "x\x00y",
    "x\n2026-01-01T00:00:00Z stored 1",
)


def insult(client: Client) -> None:
    """Say hostile octets wherever a client can."""
    for text in HOSTILE:
        for line in (
            f"HELO {text}",
            f"EHLO {text}",
            f"MAIL FROM:<{text}@client.example>",
            f"RCPT TO:<{text}@localhost>",
            text,
        ):
            client.send(line.encode() + b"\r\n")
    client.say("RSET")
    client.say(b"EHLO \xff\xfe")
    client.say("MAIL FROM:<me@client.example>")
    client.say('RCPT TO:<"{x.__class__}\\\x20a"@localhost>')
    client.send(b"DATA\r\n")
    client.send(b"Subject: \x1b]0;owned\x07 {x.__class__}\r\n\r\n\x1b[31mred\r\n.\r\nQUIT\r\n")
    while client.hear():
        pass


def printable(server: Server) -> list[str]:
    """See that the log is printable ASCII, and give its lines, without the announcement."""
    octets = (server.folder / "out").read_bytes()
    assert re.sub(rb"[\x20-\x7e\n]", b"", octets) == b""
    return octets.decode().splitlines()


def test_each_session_message_and_refusal_has_its_line(serve: Serve, tmp_path: Path) -> None:
    """One line tells of a session, one of a message, one of a refusal, with all one asks for."""
    server = serve("--domain", "here.example")
    client = server.connect()
    client.say("EHLO client.example")
    client.say("MAIL FROM:<me@client.example>")
    assert client.say("RCPT TO:<you@elsewhere.example>").startswith("550 5.7.1 ")
    client.say("RCPT TO:<you@here.example>")
    client.say("DATA")
    client.say("Subject: x\r\n\r\nx\r\n.")
    client.quit()
    server.logged("data=1 quit=1, plain")
    lines = server.output.splitlines()
    peer = r"127\.0\.0\.1:\d+"
    (session,) = (line for line in lines if "rcpt=" in line)
    assert re.fullmatch(
        rf"\S+Z session \w+ of {peer} \('client\.example'\): "
        r"ehlo=1 mail=1 rcpt=1/2 data=1 quit=1, plaintext, \d+\.\d{3} s, \d+ octets",
        session,
    )
    (stored,) = (line for line in lines if "Z stored " in line)
    (name,) = (tmp_path / "Maildir" / "new").iterdir()
    assert re.fullmatch(
        r"\S+Z stored \S+ from <me@client\.example> to <you@here\.example>, "
        rf"\d+ octets, in \d+\.\d ms, for \S+ as {re.escape(str(name))}",
        stored,
    )
    (refused,) = (line for line in lines if "Z refused " in line)
    assert "'RCPT TO:<you@elsewhere.example>'" in refused
    assert "550 5.7.1 " in refused
    assert "--domain elsewhere.example" in refused


def test_n5_peer_cannot_forge_the_log_or_reach_the_terminal(serve: Serve) -> None:
    """Whatever a client says, the log is lines of printable ASCII, and only our own (N5)."""
    server = serve("--dialogue")
    insult(server.connect())
    server.logged(" rset=1")
    lines = printable(server)
    assert not [line for line in lines if line.startswith("2026-01-01")]
    assert "Traceback" not in server.output
    assert "<class" not in server.output
    assert "\\x1b" in server.output


def test_json_log_can_be_parsed_line_by_line(serve: Serve) -> None:
    """Every line is an object: ours, Twisted's own, dialogues, messages and tracebacks."""
    server = serve("--log-format", "json", "--dialogue", "--show-messages")
    assert server.complaints.startswith("gomail is ")
    client = server.connect()
    assert client.mail("shown").startswith("250 ")
    insult(client)
    server.logged('"event": "message"')
    assert server.stopped() == 0
    events = [json.loads(line) for line in printable(server)]
    kinds = {event["event"] for event in events}
    assert {"session", "stored", "refused", "dialogue", "message", "log"} <= kinds
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", event["time"]) for event in events)
    stored = next(event for event in events if event["event"] == "stored")
    assert stored["from"] == "<me@client.example>"
    assert stored["to"] == ["<you@localhost>"]
    assert Path(stored["copies"][0]["path"]).exists()
    shown = next(event["text"] for event in events if event["event"] == "message")
    assert "shown" in shown


def test_traceback_is_one_object(serve: Serve) -> None:
    """A fault of ours is one line of JSON with its traceback, and 451 to the peer."""
    fault = patched(
        "from gomail.recipients.directory import Directory\n"
        "Directory.find = lambda self, address: 1 / 0"
    )
    server = serve("--log-format", "json", command=fault)
    client = server.connect()
    client.say("EHLO client.example")
    client.say("MAIL FROM:<me@client.example>")
    assert client.say("RCPT TO:<you@localhost>").startswith("451 4.3.0 ")
    server.logged("ZeroDivisionError")
    server.stopped()
    events = [json.loads(line) for line in printable(server)]
    (failure,) = (event for event in events if "ZeroDivisionError" in event.get("text", ""))
    assert "Traceback" in failure["text"]
    assert failure["error"] == "division by zero"


def test_dialogue_is_shown_live(serve: Serve) -> None:
    """--dialogue shows each line of a session, with its number and its peer."""
    server = serve("--dialogue")
    client = server.connect()
    client.mail("x")
    client.quit()
    server.logged("2: 127.0.0.1")
    until(lambda: server.output.count(" closed\n") == 2, "the session's end")
    peer = "127.0.0.1:[0-9]+"
    told = [line.partition("] ")[2] for line in re.findall(rf"\[2: {peer}\].*", server.output)]
    assert told[0] == "connected"
    assert told[1].startswith("S: 220 ")
    assert "C: MAIL FROM:<me@client.example>" in told
    assert "S: 354 Send the message, end it with <CRLF>.<CRLF>" in told
    assert any(re.fullmatch(r"\(\d+ octets of content\)", line) for line in told)
    assert told[-3:] == ["C: QUIT", "S: 221 2.0.0 Bye", "closed"]


def test_messages_are_shown(serve: Serve) -> None:
    """--show-messages shows fields and text of what was stored."""
    server = serve("--show-messages")
    server.connect().mail("a subject to be seen")
    server.logged("a subject to be seen")
    assert server.stopped() == 0


@pytest.mark.parametrize("options", [[], ["--dialogue", "--show-messages"]])
def test_r22_terminal_that_has_gone_costs_no_mail(start: Serve, options: list[str]) -> None:
    """Where nobody reads the output any more, mail goes on, and the exit is clean."""
    read, write = os.pipe()
    port = free_port()
    server = start("--port", str(port), *options, output=write)
    os.close(write)
    Client.connect(port).quit()
    os.close(read)
    for number in range(3):
        assert Client.connect(port).mail(f"nobody looks {number}").startswith("250 ")
    assert server.stopped() == 0
    assert server.complaints == ""
    assert len(server.messages()) == 3


def test_r22_closed_output_costs_no_mail(start: Serve) -> None:
    """Where the output was closed from the start, nothing is written into what took its number."""
    port = free_port()
    closed = ("sh", "-c", 'exec "$0" "$@" >&-', *GOMAIL)
    server = start("--port", str(port), command=closed)
    assert Client.connect(port).mail("nobody looks").startswith("250 ")
    assert server.stopped() == 0
    assert server.complaints == ""


@pytest.mark.parametrize("twistd", [False, True], ids=["output", "logfile"])
def test_r22_full_log_costs_no_mail(start: Serve, *, twistd: bool) -> None:
    """Where the log can't be written, on a disk that is full, mail goes on (R22)."""
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    before, port = full.stat(), free_port()
    with full.open("wb") as output:
        if twistd:
            command = (*TWISTD, "--nodaemon", "--logfile", str(full), "gomail")
            server = start("--port", str(port), command=command)
        else:
            server = start("--port", str(port), output=output.fileno())
        assert Client.connect(port).mail("unseen").startswith("250 ")
        assert server.stopped() == 0
    assert server.complaints == ""
    assert len(server.messages()) == 1
    after = full.stat()
    assert (after.st_mode, after.st_uid) == (before.st_mode, before.st_uid)
