"""
The house rules of every test.

Which reactor runs, who needs root, no silent skips in CI, what signals mean to the processes that
tests start, and that a test which fails is the only one that does.
"""

import gc
import os
import signal
import sys
import traceback
import warnings
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import suppress
from functools import wraps
from importlib import import_module
from inspect import isasyncgenfunction, iscoroutinefunction
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from hypothesis import settings
from twisted.internet import default

from tests.waiting import soon

# How long an example takes says more of the machine than of gomail.
settings.register_profile("gomail", deadline=None)
settings.load_profile("gomail")

CI_REQUIRES_ALL = os.environ.get("CI") == "true" and os.environ.get("GOMAIL_CI_REQUIRE") == "1"
HERE = Path(__file__).parent
LONG = (
    HERE / "bench",
    HERE / "faults",
    HERE / "system" / "test_handover.py",
    HERE / "system" / "test_heir.py",
)
_BOUNDED: set[object] = set()  # fixtures
NEVER_SKIPPED_IN_CI = ("interop", "system", "needs_root")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Have pytest-twisted install the reactor that GOMAIL_TEST_REACTOR names: select, asyncio …."""
    name = os.environ.get("GOMAIL_TEST_REACTOR")
    if name == "asyncio":
        config.option.reactor = name
    elif name:
        # pytest-twisted knows "default", and asks Twisted what that is; so we answer.
        default.install = import_module(f"twisted.internet.{name}reactor").install


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave what takes minutes to CI, and to those who name it."""
    if collection_path not in LONG or os.environ.get("CI") == "true":
        return None
    return None if any(collection_path.name in each for each in config.args) else True


@pytest.fixture(scope="session", autouse=True)
def _signals() -> None:
    """
    Have processes that tests start mind the signals that tests send.

    What runs under nohup, or in the background of a script, ignores SIGHUP or SIGINT, and so do its
    children, for ever. A handler of our own ends with exec, and leaves them the default.
    """
    for number in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


@pytest.fixture(scope="session", autouse=True)
def _state_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what servers keep for themselves away from the home of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        environment.delenv("STATE_DIRECTORY", raising=False)
        yield


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Run two tests a core: they wait half of their time, for disks, processes and clocks."""
    return 2 * (os.cpu_count() or 1)


def pytest_report_header() -> str:
    """Name the reactor that really runs."""
    from twisted.internet import reactor

    return f"reactor: {type(reactor).__name__}"


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip the tests that only root can run."""
    if item.get_closest_marker("needs_root") and os.geteuid() != 0:
        pytest.skip("only root can run this")


@pytest.fixture(autouse=True)
def _uncovered_servers(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Have servers of whole tests run as they do elsewhere: counted, each starts twice as slowly.

    What they cover of the rooms that are counted, those rooms' own tests do.
    """
    if any(map(request.node.get_closest_marker, ("interop", "system"))):
        monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> None:
    """Have a test fail that awaits what never comes."""
    test = pyfuncitem.obj
    if not iscoroutinefunction(test):
        return

    @pytest_twisted.ensureDeferred
    @wraps(test)
    async def bounded(**named: object) -> None:
        await soon(test(**named), f"{pyfuncitem.name} to end")

    pyfuncitem.obj = bounded


@pytest.hookimpl(tryfirst=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[object]) -> None:
    """Have a fixture fail likewise, before its test or behind it."""
    fixture: Any = fixturedef.func
    if not isasyncgenfunction(fixture) or fixture in _BOUNDED:
        return

    @wraps(fixture)
    async def bounded(**named: object) -> AsyncIterator[object]:
        given = fixture(**named)
        yield await soon(anext(given), f"the fixture {fixturedef.argname}")
        with suppress(StopAsyncIteration):
            await soon(anext(given), f"the end of the fixture {fixturedef.argname}")
            raise AssertionError(f"the fixture {fixturedef.argname} gave two things")

    _BOUNDED.add(bounded)  # the next test has it
    fixturedef.func = bounded  # type: ignore[misc]  # whatever it is to others, pytest calls it


# The last: within the time that pytest gives a test until it says where that waits.
@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Let go of all that a test which has failed still holds, before it is a fault in another."""
    before = item.session.testsfailed
    outcome = yield
    if item.session.testsfailed > before:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            forget(getattr(sys, "last_value", None))
            gc.collect()
    return outcome


def forget(error: BaseException | None) -> None:
    """
    Free the sockets, files and processes that functions had when they raised an error.

    Whoever sets contexts by hand may make them go round in a circle.
    """
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        for frame, _ in traceback.walk_tb(error.__traceback__):
            with suppress(RuntimeError):  # it is running
                frame.clear()
            _ = frame.f_locals  # brings up to date what pytest has looked at
        error = error.__context__


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a skipped test where every tool is installed: there a skip is a gap in the evidence."""
    report = yield
    expected_to_fail = hasattr(report, "wasxfail")
    if any(map(item.get_closest_marker, NEVER_SKIPPED_IN_CI)) and not expected_to_fail:
        fail_if_skipped(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Fail a module that skips itself likewise."""
    report = yield
    fail_if_skipped(report)
    return report


def fail_if_skipped(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn *report* into a failure if it is of a skip, and skips are not allowed."""
    if CI_REQUIRES_ALL and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"skipped where nothing may be: {report.longreprtext}"
