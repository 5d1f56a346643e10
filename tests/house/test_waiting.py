"""What tests wait for: in vain they fail, say what it was, and hold up no other."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.conftest import forget
from tests.waiting import ended, heard_out, join, line_of, said_by, within

ROOT = Path(__file__).parents[2]
SILENT = (sys.executable, "-c", "import sys; sys.stdin.read()")
AWAITS = """
import pytest_twisted
from twisted.internet.defer import Deferred

@pytest_twisted.async_yield_fixture
async def never_given():
    await Deferred()
    yield

@pytest_twisted.async_yield_fixture
async def never_ended():
    yield 7
    await Deferred()

@pytest_twisted.async_yield_fixture(params=[1, 2])
async def sound(request):
    yield request.param
    await Deferred.fromCoroutine(_nothing())

async def _nothing():
    pass

@pytest_twisted.ensureDeferred
async def test_that_awaits():
    await Deferred()

def test_whose_fixture_awaits(never_given):
    pass

def test_whose_fixture_never_ends(never_ended):
    assert never_ended == 7

def test_that_is_sound(sound):
    assert sound in {1, 2}
"""


def silent() -> subprocess.Popen[str]:
    """Start a process that says nothing, and does not end by itself."""
    return subprocess.Popen(SILENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_circle_of_errors_is_walked_once() -> None:
    """Whoever sets a context by hand may close a circle; what functions held is let go of."""
    held = [object()]

    def fail(what: list[object]) -> None:
        raise ValueError(what)

    errors: list[BaseException] = []
    for _ in range(3):
        with pytest.raises(ValueError, match="object") as caught:
            fail(held)
        errors.append(caught.value)
    for number, error in enumerate(errors):
        error.__context__ = errors[number - 1]
    within(lambda: forget(errors[0]), "the end of the circle", 10)


def test_process_that_says_nothing_is_killed() -> None:
    """Whoever reads a line of it, or some of one, or waits for its end, is told what it was."""
    for wait in (
        lambda process: line_of(process, 0.1),
        lambda process: said_by(process, 1, 0.1),
        lambda process: ended(process, 0.1),
        lambda process: heard_out(process, seconds=0.1),
    ):
        with silent() as process:
            # A pipe that is open has them wait: communicate() closes it.
            assert process.stdin is not None
            own, process.stdin = process.stdin, None
            with (
                own,
                pytest.raises((AssertionError, subprocess.TimeoutExpired), match=r"sys\.stdin"),
            ):
                wait(process)
            assert process.wait(10) < 0


def test_process_that_speaks_is_heard() -> None:
    """Line by line, or to its end."""
    command = [sys.executable, "-c", "print('one'); print('two')"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert line_of(process) == "one\n"
        assert said_by(process, 3) == "two"
        assert ended(process) == 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert heard_out(process)[0] == "one\ntwo\n"


def test_what_blocks_fails_in_time() -> None:
    """What is called gives, or raises, what it would; what hangs is named."""
    go_on = threading.Event()
    assert within(lambda: 7, "a number") == 7
    with pytest.raises(ZeroDivisionError):
        within(lambda: 1 / 0, "a number")
    with pytest.raises(AssertionError, match="in vain for a word"):
        within(go_on.wait, "a word", 0.05)
    thread = threading.Thread(target=go_on.wait, daemon=True)
    thread.start()
    with pytest.raises(AssertionError, match="in vain for the thread"):
        join(thread, "the thread", 0.05)
    go_on.set()
    join(thread, "the thread")


def test_what_is_awaited_fails_in_time(tmp_path: Path) -> None:
    """A test or fixture that is never told of anything fails by itself, and others go on."""
    (tmp_path / "conftest.py").write_text(
        "from tests.conftest import pytest_fixture_setup, pytest_pyfunc_call\n"
        "from tests import waiting\n"
        "waiting.soon.__defaults__ = (0.3,)\n"
    )
    (tmp_path / "test_awaits.py").write_text(AWAITS)
    options = ["--rootdir", str(tmp_path), "-o", f"pythonpath={ROOT}", str(tmp_path)]
    options += ["-p", "no:cacheprovider", "-p", "no:xdist"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), *options],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "1 failed, 3 passed, 2 errors" in done.stdout
    for what in ("test_that_awaits to end", "the fixture never_given", "the end of the fixture"):
        assert f"in vain for {what}" in done.stdout
