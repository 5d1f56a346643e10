"""What never comes back, in servers that are told to stop: they end in time all the same."""

import os
from pathlib import Path
from signal import SIGHUP, SIGUSR2
from textwrap import indent

import pytest

from tests.system.conftest import Serve
from tests.system.crews import WORKERS, pids, replaced
from tests.system.running import patched, until

pytestmark = pytest.mark.system


def hanging(folder: Path) -> str:
    """Write what has the first reload hang, as on a dead disk; a file says that it does."""
    os.mkfifo(folder / "fifo")
    return (
        "import gomail.compose as module\nfrom pathlib import Path\n"
        "def hang(*arguments, build=module.build_directory):\n"
        "    try:\n"
        f"        Path({str(folder / 'hangs')!r}).touch(exist_ok=False)\n"
        "    except FileExistsError:\n"
        "        return build(*arguments)\n"
        f"    Path({str(folder / 'fifo')!r}).read_bytes()\n"
        "module.build_directory = hang\n"
    )


def hanging_workers(folder: Path) -> dict[str, str]:
    """Give an environment in which the first reload of all workers hangs."""
    (folder / "site").mkdir()
    worker = indent(hanging(folder), "    ")
    (folder / "site" / "sitecustomize.py").write_text(
        f"import os\nif 'GOMAIL_WORKER' in os.environ:\n{worker}"
    )
    return {"PYTHONPATH": str(folder / "site")}


def test_r10_thread_that_hangs_is_left_behind(serve: Serve, tmp_path: Path) -> None:
    """The reactor would wait for it, and Python, for ever; mail is served until the stop."""
    server = serve(command=patched(hanging(tmp_path)))
    server.tell(SIGHUP)
    until((tmp_path / "hangs").exists, "a reload that hangs")
    assert server.connect().mail().startswith("250 ")
    assert server.stopped() == 0


def test_r10_reload_that_hangs_is_given_up(serve: Serve, tmp_path: Path) -> None:
    """So are those behind it, until the disk is back; each says so."""
    brief = "import gomail.server.aside as aside\naside.TIME = 1.5\n"
    server = serve(command=patched(brief + hanging(tmp_path)))
    told = "the configuration stays as it was: it took more than 2 s"
    server.tell(SIGHUP)
    server.logged(told)
    server.tell(SIGHUP)
    until(lambda: server.output.count(told) == 2, server.output)
    (tmp_path / "fifo").write_bytes(b"")
    server.tell(SIGHUP)
    server.logged("was read again and is in force")
    assert server.stopped() == 0


def test_r10_worker_whose_reload_hangs_is_replaced(crew: Serve, tmp_path: Path) -> None:
    """The others have the new settings, and so has the one that follows; reloads go on."""
    server = crew(
        command=patched("import gomail.server.workers.changing as it\nit.CHANGE_TIME = 1.0"),
        environment=hanging_workers(tmp_path),
    )
    before = pids(server)
    server.tell(SIGHUP)
    server.logged("was read again and is in force")
    server.logged("has ended (it could not have other settings: no answer within 1 s)")
    until(lambda: len(pids(server)) == WORKERS, f"both serve: {server.output}")
    assert pids(server) != before
    server.tell(SIGHUP)
    until(lambda: server.output.count("is in force") == 2, f"a reload: {server.output}")
    assert server.connect().mail().startswith("250 ")
    assert server.stopped() == 0


def test_worker_whose_reload_hangs_leaves_in_peace(crew: Serve, tmp_path: Path) -> None:
    """In a handover it would be killed else, with the sessions that it has."""
    server = crew(environment=hanging_workers(tmp_path))
    pid = pids(server)["1"]
    server.tell(SIGHUP)
    until((tmp_path / "hangs").exists, "a reload that hangs")
    os.kill(pid, SIGUSR2)
    replaced(server, pid)
    server.logged("was read again and is in force")
    assert server.stopped() == 0
