"""The commands' end of the control socket, where the server says something before it is asked."""

import json
import socket
from pathlib import Path

import pytest

from gomail.server.control.client import ControlError, ask_status


def test_refusal_is_heard_though_the_server_has_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it said before that is why, and not that the pipe is broken."""
    path = tmp_path / "control"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()

        def late(request: object) -> str:
            """Write the request once the server has had its say."""
            connection, _ = listening.accept()
            with connection:
                connection.sendall(b'{"error": "16 connections are open already"}\n')
            return json.JSONEncoder().encode(request)

        monkeypatch.setattr("gomail.server.control.client.json.dumps", late)
        with pytest.raises(ControlError, match=r"^16 connections are open already$"):
            ask_status(str(path))
