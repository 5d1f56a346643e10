"""``gomail explain`` and the log of a real server: the id in a refusal leads to its story."""

import json
import re
import subprocess

import pytest

from tests.patience import PATIENCE
from tests.system.conftest import Serve
from tests.system.running import GOMAIL, Server

pytestmark = pytest.mark.system


def explained(server: Server, what: str) -> dict[str, object]:
    """Ask about a session, or a bounce, by the log of a server."""
    done = subprocess.run(
        [*GOMAIL[:-1], "explain", what, "--log", "out", "--json"],
        cwd=server.folder,
        capture_output=True,
        check=True,
        timeout=PATIENCE,
    )
    told = json.loads(done.stdout)
    assert isinstance(told, dict)
    return told


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_id_in_a_refusal_leads_to_the_session(serve: Serve, log_format: str) -> None:
    """Refused and stored, in one session, in the order in which it was."""
    server = serve("--domain", "here.example", "--log-format", log_format)
    client = server.connect()
    client.say("EHLO it's.example")
    client.say("MAIL FROM:<me@client.example>")
    refused = client.say("RCPT TO:<you@elsewhere.example>")
    client.say("RCPT TO:<you@here.example>")
    client.say("DATA")
    client.say("Subject: x\r\n\r\nx\r\n.")
    client.quit()
    server.logged('"data": "1", "quit": "1"' if log_format == "json" else "data=1 quit=1, plain")
    [session] = re.findall(r"\[([0-9a-f]{10})\]", refused)
    lines = explained(server, session)["lines"]
    assert isinstance(lines, list)
    assert [(each["kind"], each["message"]) for each in lines if each["kind"] != "checked"] == [
        ("refused", None),
        ("stored", 1),
        ("session", None),
    ]
    assert lines[0]["meaning"]["name"] == "relaying denied"
    assert "--domain elsewhere.example" in lines[0]["reply"]
    bounce = f"host mx.here.example[192.0.2.25] said: {refused}"
    assert explained(server, bounce)["sessions"] == {session: lines}
