"""A worker that follows another one has the certificate in force, whatever the files say."""

import os
import signal
from pathlib import Path

import pytest

from gomail.certificates.pair import Pair
from tests.certificates.pairs import MX, pair, with_other_key, written
from tests.system.conftest import Serve
from tests.system.crews import WORKERS, configuration, heir_has_begun, pids, replaced
from tests.system.encrypted import shown
from tests.system.running import Server, until

pytestmark = pytest.mark.system
NAMED = ("--certificate", "mx.crt", "--key", "mx.key")


def follow(server: Server) -> None:
    """Have each worker be followed by another one."""
    for pid in pids(server).values():
        os.kill(pid, signal.SIGKILL)
        replaced(server, pid)


def shows_only(server: Server, served: Pair) -> bool:
    """Tell whether a few clients are all shown a certificate."""
    return all(shown(server.port) == served.certificate for _ in range(4 * WORKERS))


def test_renewed_pair_is_the_one_that_is_handed_on(crew: Serve, tmp_path: Path) -> None:
    """Workers have read it by themselves, and the parent knows it from them."""
    written(tmp_path, pair(MX))
    server = crew(*NAMED)
    renewed = pair(MX)
    written(tmp_path, renewed)
    until(lambda: server.output.count(f"({renewed.serial})") == WORKERS, server.output)
    written(tmp_path, with_other_key(renewed))
    follow(server)
    assert shows_only(server, renewed)
    assert server.stopped() == 0


def test_reload_to_a_pair_that_can_not_be_leaves_the_former_one(
    serve: Serve, tmp_path: Path
) -> None:
    """It stays so in workers that begin later, when the former files have gone; it is said why."""
    served = pair(MX)
    files = written(tmp_path, served)
    text = 'workers = 2\n[tls]\ncertificate = "{0}.crt"\nkey = "{0}.key"\n'
    server = serve(*configuration(tmp_path, text.format("mx")))
    until(lambda: len(pids(server)) == WORKERS, server.output)
    configuration(tmp_path, text.format("other"))
    server.tell(signal.SIGHUP)
    server.logged("was read again")
    why = f"trouble: the certificate of {MX} stays in force: the certificate "
    until(lambda: server.output.count(why) == WORKERS, server.output)
    Path(files.key).unlink()
    follow(server)
    assert shows_only(server, served)
    until(lambda: server.output.count(why) == 2 * WORKERS, server.output)
    assert server.stopped() == 0


def test_heir_has_the_pair_that_was_tried(crew: Serve, tmp_path: Path) -> None:
    """Its files are broken at that very moment."""
    served = pair(MX)
    files = written(tmp_path, served)
    server = crew(*NAMED)
    old = set(pids(server).values())
    heir_has_begun(server)
    Path(files.key).write_bytes(b"")
    until(lambda: len(set(pids(server).values()) - old) == WORKERS, server.output)
    assert "can't begin" not in server.output
    assert shows_only(server, served)
    assert server.stopped() == 0
