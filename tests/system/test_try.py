"""``gomail try`` beside the server that it tells of: both answer the same, one hears nothing."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.patience import PATIENCE
from tests.system.conftest import Serve
from tests.system.running import GOMAIL

pytestmark = pytest.mark.system
CONFIGURATION = """
hostname = "mx.here.example"
maildir = "mail/{domain}/{mailbox}"
trusted = []
[checks]
enabled = false
[domains."here.example"]
mailboxes = ["alice", "bob"]
[domains."here.example".aliases]
team = ["alice", "bob"]
"""
RECIPIENTS = (
    *("alice@here.example", "ALICE+x@here.example", "team@here.example", "no@here.example"),
    *("postmaster@here.example", "x@else.example"),
)
MESSAGES = {
    "plain": b"Subject: x\r\n\r\nx\r\n.y\r\n..\r\n",
    "loop": b"Received: x\r\n" * 200 + b"\r\n",
}


@pytest.mark.parametrize("name", MESSAGES)
def test_server_answers_what_was_tried(serve: Serve, tmp_path: Path, name: str) -> None:
    """Word for word but for the session's id, and the message lies where it was said."""
    (tmp_path / "mail").mkdir()
    (tmp_path / "gomail.toml").write_text(CONFIGURATION)
    (tmp_path / "message").write_bytes(MESSAGES[name])
    server = serve("--config", "gomail.toml")
    options = ["--ip", "127.0.0.1", "--from", "me@client.example", "--message", "message"]
    options += [option for each in RECIPIENTS for option in ("--to", each)]
    done = subprocess.run(
        [*GOMAIL[:-1], "try", *options, "--json"],
        cwd=tmp_path,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    tried = json.loads(done.stdout)
    assert done.returncode == {"refuse": 5}[tried["outcome"]]
    assert not list((tmp_path / "mail").rglob("NOT-STORED"))
    client = server.connect()
    assert "client.example" not in server.output
    for step in tried["steps"][1:]:
        line = step["said"]
        if line.startswith("("):
            content = b"\r\n" + MESSAGES[name]
            client.send(content.replace(b"\r\n.", b"\r\n..")[2:] + b".\r\n")
            heard = client.hear()
        else:
            heard = client.say(line)
        words = heard.rpartition(" [")[0] if step["code"] >= 400 else heard.strip()
        expected = step["reply"][-1]
        if "NOT-STORED" in expected:
            words, expected = words[:20], expected[:20]
        assert words.replace("\r\n", "\n").endswith(expected)
    client.quit()
    folders = {str(each.parent.parent) for each in (tmp_path / "mail").rglob("new/*")}
    assert folders == {each["folder"] for each in tried["copies"]}
