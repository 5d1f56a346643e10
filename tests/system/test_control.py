"""The control socket of real servers: asked, followed, and never in the way of mail."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gomail.config import parse
from gomail.server.control.client import NotRunning, ask_configuration, ask_status
from gomail.server.control.service import LONGEST_REQUEST
from tests.patience import PATIENCE
from tests.system.conftest import Serve
from tests.system.crews import configuration, hand_over, pids
from tests.system.following import answers, followed, hear_out, heard_of, is_crowded, next_of
from tests.system.running import Server, until
from tests.waiting import line_of

pytestmark = pytest.mark.system
COUNT = 3  # messages
KINDS = pytest.mark.parametrize("workers", [1, 2])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give the path of the socket."""
    return tmp_path / "control"


@pytest.fixture
def served(serve: Serve, crew: Serve, tmp_path: Path, workers: int) -> Server:
    """Give a server that is asked there: alone, or with workers."""
    options = configuration(tmp_path, 'control = "control"\n')
    return serve(*options) if workers == 1 else crew(*options)


@KINDS
def test_status_counts_what_was_done(served: Server, path: Path, workers: int) -> None:
    """Over all workers, right after the reply; and who is inside."""
    assert path.stat().st_mode & 0o777 == 0o600
    inside = [served.connect() for _ in range(2 * workers)]
    for number in range(COUNT):
        client = served.connect()
        assert client.mail(f"number {number}").startswith("250 ")
        assert client.say("RCPT TO:<nobody@elsewhere.example>").startswith("503 ")
        client.quit()
    until(lambda: ask_status(str(path))["sessions"]["ended"] > COUNT, "sessions have ended")
    found = ask_status(str(path))
    assert (found["messages"], found["pid"]) == (COUNT, served.process.pid)
    assert found["octets"] > COUNT * len("Subject: number 1")
    assert found["refusals"] == {"503 5.5.1 MAIL comes first": COUNT}
    assert found["health"] == {"state": "ok", "reasons": {}}
    assert len(found["clients"]) == len(inside)
    assert found["clients"][0]["peer"].startswith("127.0.0.1:")
    assert [row["number"] for row in found["workers"]] == [1, 2][: workers if workers > 1 else 0]
    assert found["last-public"] is None
    assert served.stopped() == 0
    assert not path.exists()


@KINDS
def test_follower_hears_the_dialogue_and_never_the_content(served: Server, path: Path) -> None:
    """Of sessions that were open before as well; each event as the log names it."""
    before = served.connect()
    with followed(path) as line:
        before.begin("you@localhost")
        assert before.say("Subject: x\r\n\r\na secret word\r\n.").startswith("250 ")
        before.quit()
        heard = [next_of(line, "said", speaker="C", line="RCPT TO:<you@localhost>")]
        while heard[-1]["event"] != "session":
            told = line.hear(PATIENCE)
            assert told is not None
            heard.append(told)
    assert len({each["session"] for each in heard if "session" in each}) == 1
    stored = next(each for each in heard if each["event"] == "stored")
    assert Path(stored["copies"][0]["path"]).read_bytes().endswith(b"a secret word\n")
    assert "secret" not in str(heard)
    assert "Subject" not in str(heard)
    assert served.connect().mail().startswith("250 ")
    assert served.stopped() == 0


@pytest.mark.parametrize("workers", [1])
def test_filters_leave_out_what_others_do(served: Server, path: Path) -> None:
    """A follower of one recipient hears of sessions that name it."""
    with followed(path, recipient="her@localhost") as line:
        for recipient in ("you@localhost", "her@localhost", "you@localhost"):
            client = served.connect()
            assert client.mail("x", recipient).startswith("250 ")
            client.quit()
        stored = next_of(line, "stored")
        assert stored["to"] == ["<her@localhost>"]
        session, _, _ = stored["id"].partition(".")
        while (told := line.hear(PATIENCE)) is not None:
            assert told["event"] in {"said", "session"}
            assert told["session"] == session
            if told["event"] == "session":
                break
        assert served.stopped() == 0
        with pytest.raises(NotRunning):
            line.hear(PATIENCE)


@pytest.mark.parametrize("workers", [1])
def test_nonsense_is_answered_and_costs_nothing(served: Server, path: Path) -> None:
    """Nothing, too much, no JSON, nested JSON, no request; and mail goes on."""
    for octets in (
        b"x\n",
        b"[]\n",
        b'{"request": "stop"}\n',
        b'{"request": "follow", "color": 1}\n',
        b"\xff\n",
        b"[" * (LONGEST_REQUEST - 10) + b"\n",
        b"a" * (LONGEST_REQUEST + 10),
    ):
        [told] = answers(path, octets)
        assert set(told) == {"error"}
    [one] = answers(path, b'{"request": "status"}\n{"request": "status"}\nmore')
    assert one["pid"] == served.process.pid
    until(lambda: is_crowded(path), "so many may be there, and no more")
    until(lambda: "error" not in answers(path, b'{"request": "status"}\n')[0], "there is room")
    assert served.connect().mail().startswith("250 ")
    assert served.stopped() == 0
    assert "Traceback" not in served.output


FOLLOW = """
import sys
from gomail.server.control.client import Line
with Line(sys.argv[1], {"request": "follow"}) as line:
    print(line.hear()["event"], flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("workers", [2])
def test_follower_that_dies_is_forgotten(served: Server, path: Path) -> None:
    """Killed while it reads nothing: sessions have nobody to tell their lines any more."""
    with subprocess.Popen(
        [sys.executable, "-c", FOLLOW, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as follower:
        assert line_of(follower) == b"following\n"
        assert served.connect().mail().startswith("250 ")
        follower.kill()
    assert served.connect().mail().startswith("250 ")
    assert ask_status(str(path))["messages"] == 2
    assert served.stopped() == 0
    assert "Traceback" not in served.output


@KINDS
def test_slow_reader_misses_events_and_is_told(served: Server, path: Path) -> None:
    """It reads nothing while a thousand lines are said; the server waits for nobody."""
    with followed(path) as line:
        client = served.connect()
        for _ in range(50):
            client.send((b"NOOP " + 400 * b"x" + b"\r\n") * 20)
            for _ in range(20):
                assert client.hear().startswith("250 ")
        ask_status(str(path))  # by now all has been told, or left out
        left = next_of(line, "left-out")
        assert left["counts"]["said"] > 0
        assert client.mail().startswith("250 ")
        next_of(line, "stored")
    assert served.stopped() == 0


@KINDS
def test_stop_ends_followers(served: Server, path: Path) -> None:
    """They hear nothing more, and the socket is gone."""
    with followed(path) as line:
        served.tell(signal.SIGTERM)
        with pytest.raises(NotRunning):
            hear_out(line)
    assert served.ended() == 0
    assert not path.exists()


@pytest.mark.parametrize("workers", [2])
def test_reload_keeps_followers_and_the_path(served: Server, path: Path, tmp_path: Path) -> None:
    """Another path needs a restart; what was counted stays."""
    assert served.connect().mail().startswith("250 ")
    with followed(path) as line:
        configuration(tmp_path, 'control = "other"\n')
        served.tell(signal.SIGHUP)
        served.logged("but for what needs a restart: control")
        heard_of(line, served, path)
    assert ask_status(str(path))["messages"] == 1
    assert served.stopped() == 0


@pytest.mark.parametrize("workers", [2])
def test_counts_outlive_a_worker(served: Server, path: Path) -> None:
    """One that is killed has told of them with its last sign of life."""
    for _ in range(COUNT):
        assert served.connect().mail().startswith("250 ")
    assert ask_status(str(path))["messages"] == COUNT
    before = pids(served)
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    old = set(before.values())
    until(
        lambda: len(pids(served)) == len(before) and not old & set(pids(served).values()),
        f"others serve: {served.output}",
    )
    assert ask_status(str(path))["messages"] == COUNT
    with followed(path) as line:
        killed = pids(served)["1"]
        os.kill(killed, signal.SIGKILL)
        until(lambda: pids(served).get("1", killed) != killed, f"another serves: {served.output}")
        heard_of(line, served, path)
    assert served.stopped() == 0


@pytest.mark.parametrize("workers", [2])
def test_handover_keeps_the_socket(served: Server, path: Path) -> None:
    """The same file, without a moment in which nobody listens; counts begin anew."""
    inode = path.stat().st_ino
    assert served.connect().mail().startswith("250 ")
    hand_over(served)
    assert path.stat().st_ino == inode
    found = ask_status(str(path))
    assert (found["pid"], found["messages"]) == (served.process.pid, 0)
    assert served.stopped() == 0
    assert not path.exists()


def test_usual_place_is_the_state_folder(serve: Serve, tmp_path: Path) -> None:
    """Or $RUNTIME_DIRECTORY, as systemd sets it. Who comes second has the next number."""
    state = {"XDG_STATE_HOME": str(tmp_path / "state")}
    first = serve(environment=state)
    usual = tmp_path / "state" / "gomail" / "control"
    assert ask_status(str(usual))["pid"] == first.process.pid
    (tmp_path / "second").mkdir()
    second = serve(environment=state, folder=tmp_path / "second")
    assert ask_status(f"{usual}-2")["pid"] == second.process.pid
    assert second.stopped() == 0
    assert not Path(f"{usual}-2").exists()
    assert ask_status(str(usual))["pid"] == first.process.pid
    (tmp_path / "third").mkdir()
    run = state | {"RUNTIME_DIRECTORY": str(tmp_path / "run")}
    third = serve(environment=run, folder=tmp_path / "third")
    assert ask_status(str(tmp_path / "run" / "control"))["pid"] == third.process.pid


@KINDS
def test_configuration_is_said_as_it_is_in_force(
    served: Server, path: Path, tmp_path: Path, workers: int
) -> None:
    """Whole, with its file and what options say; as it is after it was read again."""
    said = ask_configuration(str(path))
    assert said["pid"] == served.process.pid
    file = tmp_path / "gomail.toml"
    assert said["configuration"] == str(file)
    assert said["options"][-2:] == ["--config", str(file)]
    found = parse(said["settings"], "it")
    assert (found.workers, found.control) == (workers, str(path))
    assert found.state == os.environ["XDG_STATE_HOME"] + "/gomail"
    file.write_text(file.read_text() + '[domains."new.example"]\n')
    served.tell(signal.SIGHUP)
    until(lambda: "new.example" in ask_configuration(str(path))["settings"], "not in force")


def test_stale_socket_is_replaced(serve: Serve, start: Serve, tmp_path: Path, path: Path) -> None:
    """A killed server has left it; one that is named and can't be had costs the start."""
    options = configuration(tmp_path, 'control = "control"\n')
    first = serve(*options)
    first.kill()
    assert path.is_socket()
    second = serve(*options)
    assert ask_status(str(path))["pid"] == second.process.pid
    (tmp_path / "third").mkdir()
    third = start("--port", "tcp:0", *options, folder=tmp_path / "third")
    assert third.ended() == 1
    assert third.complaints == f"gomail: control: {path}: another process listens there\n"


def test_no_socket_is_made_where_none_is_wanted(serve: Serve, tmp_path: Path) -> None:
    """And nothing is said of it."""
    options = configuration(tmp_path, 'control = ""\n')
    server = serve(*options, environment={"XDG_STATE_HOME": str(tmp_path / "state")})
    assert not list(tmp_path.rglob("control"))
    assert "gomail status" not in server.output
    assert server.connect().mail().startswith("250 ")
    assert server.stopped() == 0
