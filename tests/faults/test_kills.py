"""Killed under load, again and again: what was acknowledged is there, whole."""

import os
import signal
import threading
from pathlib import Path

import pytest

from tests.faults.client import Session, name_of, port_and_pid
from tests.faults.long.crews import kill_crews
from tests.faults.long.kills import WAYS, kill_agents, kill_servers, running
from tests.faults.processes import until_there_is
from tests.faults.server import AGENT
from tests.thorough import often
from tests.waiting import join

pytestmark = pytest.mark.system

KILLS = often(6, 12)


@pytest.mark.parametrize("way", ["thread", "agent"])
def test_r1_killed_server_has_lost_nothing(tmp_path: Path, way: str) -> None:
    """After two dozen kill -9 each acknowledged message is in its mailbox, and no half one is."""
    ledger = kill_servers(tmp_path, KILLS, *WAYS[way])
    assert ledger.wrong == []
    assert ledger.acknowledged > KILLS


def test_r1_killed_agent_has_lost_nothing(tmp_path: Path) -> None:
    """
    The server goes on without it, and with the next one; what it had taken was not acknowledged.

    The kill comes at a moment of its own in each round; senders hear 451 for some, and go on.
    """
    ledger = kill_agents(tmp_path, KILLS)
    assert ledger.wrong == []
    assert ledger.acknowledged > KILLS


def test_r1_killed_crew_has_lost_nothing(tmp_path: Path) -> None:
    """Workers, agents and parents, one after the other; the last workers end with their parent."""
    victims = ["worker", "agent", "parent", "agent", "worker"]
    ledger, killed = kill_crews(tmp_path, len(victims), victims)
    assert ledger.wrong == []
    assert ledger.acknowledged > 0
    assert killed["parent"] == 1
    assert killed.total() == len(victims)


def test_r1_dead_agent_closes_no_door(tmp_path: Path) -> None:
    """Whose message it had taken hears 451; all others are served by the thread, at once."""
    with running(tmp_path, AGENT) as server:
        port, pid = port_and_pid(server)
        unlucky, other = Session(port), Session(port)
        unlucky.say(b"MAIL FROM:<a@client.example>\r\n")
        unlucky.say(b"RCPT TO:<alice@here.example>\r\n")
        unlucky.say(b"DATA\r\n")
        agent = until_there_is(pid)
        os.kill(agent, signal.SIGSTOP)
        verdict = threading.Timer(0.2, os.kill, (agent, signal.SIGKILL))
        verdict.start()
        assert unlucky.say(b"A: b\r\n\r\nbody\r\n.\r\n").startswith(b"451 4.3.0 ")
        name_of(other.send(b"A: b\r\n\r\nbody\r\n", "alice"))
        unlucky.close()
        other.close()
        join(verdict, "the kill")
