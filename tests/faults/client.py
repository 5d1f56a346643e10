"""A sending server as the tests beside it need one: plain sockets, and a good memory."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.patience import PATIENCE
from tests.waiting import heard_out, line_of

SERVER = Path(__file__).with_name("server.py")
PROJECT = Path(__file__).parents[2]


def start(root: Path, *cheats: str, before: Sequence[str] = ()) -> subprocess.Popen[bytes]:
    """Start a server; *before* is the command that it runs under."""
    command = [*before, sys.executable, str(SERVER), str(root), *cheats]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    return subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)


def port_and_pid(server: subprocess.Popen[bytes]) -> tuple[int, int]:
    """Wait until a server is ready; give its port, and its process id, whatever it runs under."""
    port, pid = line_of(server).split()
    return int(port), int(pid)


def traced_to_the_end(tracer: subprocess.Popen[bytes]) -> None:
    """
    Wait for strace, whose server was killed, and that server's agent.

    It may wait for ever for a thread of a process that was killed; told to let go, it writes down
    what it has seen.
    """
    try:
        tracer.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        tracer.terminate()
        heard_out(tracer)


class Session:
    """One connection, and what was acknowledged on it."""

    def __init__(self, port: int) -> None:
        """Connect and say EHLO."""
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self._file = self._socket.makefile("rb")
        try:
            self.hear()
            self.say(b"EHLO client.example\r\n")
        except OSError:
            self.close()
            raise

    def send(self, content: bytes, *recipients: str) -> bytes:
        """Send one message; give the verdict on it, or on its MAIL."""
        reply = self.say(b"MAIL FROM:<a@client.example>\r\n")
        if not reply.startswith(b"250"):
            return reply
        for recipient in recipients:
            assert self.say(f"RCPT TO:<{recipient}@here.example>\r\n".encode()).startswith(b"250")
        assert self.say(b"DATA\r\n").startswith(b"354")
        return self.say(content + b".\r\n")

    def offer(self, content: bytes, *recipients: str) -> bytes:
        """Send one message as far as it is welcome; give the last reply."""
        commands = [b"MAIL FROM:<a@client.example>\r\n"]
        commands += [f"RCPT TO:<{each}@here.example>\r\n".encode() for each in recipients]
        for command in [*commands, b"DATA\r\n"]:
            reply = self.say(command)
            if not reply.startswith((b"2", b"354")):
                return reply
        return self.say(content + b".\r\n")

    def say(self, octets: bytes) -> bytes:
        """Send octets, and hear the reply."""
        self._socket.sendall(octets)
        return self.hear()

    def hear(self) -> bytes:
        """Hear a whole reply."""
        lines = b""
        while line := self._file.readline():
            lines += line
            if line[3:4] == b" ":
                return lines
        raise ConnectionResetError

    def close(self) -> None:
        """Hang up."""
        self._file.close()
        self._socket.close()


def name_of(reply: bytes) -> str:
    """Give the name of the file that a 250 tells."""
    stored = re.fullmatch(rb"250 2\.0\.0 stored as (\S+)\r\n", reply)
    assert stored, reply
    return stored[1].decode()
