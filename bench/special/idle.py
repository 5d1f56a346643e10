"""
Sessions that say EHLO and then nothing: the memory of each, and a mail meanwhile.

Servers with a process for each session are asked to hold fewer of them.
"""

import json
import subprocess
from typing import Any

from bench.measuring import environment, module
from bench.peers.peer import Running, Setting
from bench.race import Failed, Loads
from bench.special.context import Context

PEERS = ("gomail", "gomail-null", "postfix", "smtp-sink", "twisted.mail-null", "aiosmtpd-null")
HELD_PEERS = ("gomail",)
_SESSIONS = 5000
_MORE = 1000  # sessions that a server must be able to hold beyond those
_PROBES = 300
_PAUSE = 0.002
_LONGEST = 180.0


def measure(context: Context, name: str) -> dict[str, float]:
    """Hold 5,000 sessions."""
    return _hold(context, name, 100 if context.quick else _SESSIONS)


def measure_held(context: Context, name: str) -> dict[str, float]:
    """Hold 15,000 sessions."""
    return _hold(context, name, 200 if context.quick else 15_000)


def measure_held_tls(context: Context, name: str) -> dict[str, float]:
    """Hold 8,000 sessions under TLS."""
    return _hold(context, name, 100 if context.quick else 8000, "tls")


def _hold(context: Context, name: str, wanted: int, *ways: str) -> dict[str, float]:
    """Open sessions, send mail meanwhile, and close them."""
    with context.running(name, Setting(sessions=wanted + _MORE)) as server:
        wanted = min(wanted, server.peer.most_idle)
        loads = Loads(server)
        probes = 50 if context.quick else _PROBES
        loads.end_probe(loads.begin_probe(0, 5), ask=False)  # what is made once is made now
        quiet = loads.end_probe(loads.begin_probe(_PAUSE, probes), ask=False)
        rest, cpu = server.processes.memory(), server.processes.cpu()
        holder = _holder(server, wanted, *ways)
        try:
            told = _told(holder, wanted)
            opening = server.processes.cpu() - cpu
            held = server.processes.memory()
            probed = loads.end_probe(loads.begin_probe(_PAUSE, probes), ask=False)
        finally:
            holder.terminate()
            holder.communicate()
        loads.drain()
        loads.check()
    return {
        "opened": told["opened"],
        "KB a session": (held - rest) * 1024 / wanted,
        "CPU ms a session": opening / wanted * 1000,
        "opened a second": wanted / told["seconds"],
        "held MiB": held,
        "quiet p99 ms": quiet["p99 ms"],
        **probed,
    }


def _holder(server: Running, wanted: int, *ways: str) -> "subprocess.Popen[str]":
    """Start who holds the sessions."""
    return subprocess.Popen(
        module("bench.loads.idle", server.port, wanted, *ways),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    )


def _told(holder: "subprocess.Popen[str]", wanted: int) -> dict[str, Any]:
    """Wait until all sessions are open, and see that they are."""
    if holder.stdout is None:
        raise Failed("whoever holds the sessions has no output")
    line = holder.stdout.readline()
    if not line:
        raise Failed("whoever holds the sessions has died")
    told: dict[str, Any] = json.loads(line)
    if told["opened"] < wanted:
        raise Failed(f"{told['opened']} of {wanted} sessions were opened: {told['errors'][-1]}")
    return told
