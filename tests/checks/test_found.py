"""Checks that are installed as plugins of Twisted's, sound and broken ones."""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from gomail.checks.found import Found, found_checks

CHECK = """
from twisted.plugin import IPlugin
from zope.interface import implementer
from gomail.checks.own import ICheck, Look

@implementer(IPlugin, ICheck)
class Check:
    def __init__(self, method):
        self.method = method
    def begin(self, facts):
        return Look()
"""
Installer = Callable[..., ModuleType]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installer]:
    """Install plugins into a package of their own, by name and source."""
    monkeypatch.syspath_prepend(str(tmp_path))
    folder = tmp_path / "gomail_test_plugins"

    def installed(**sources: str) -> ModuleType:
        folder.mkdir()
        (folder / "__init__.py").touch()
        for name, source in sources.items():
            (folder / f"{name}.py").write_text(CHECK + source)
        return importlib.import_module(folder.name)

    yield installed
    for name in [name for name in sys.modules if name.partition(".")[0] == folder.name]:
        del sys.modules[name]


def methods(found: Found) -> list[str]:
    """Give the names of what was found."""
    return [str(check.method) for check in found.checks]


def test_plugins_are_found(install: Installer) -> None:
    """All that provide ICheck, in the order of their names; what is no check is no concern."""
    package = install(
        b="two = Check('zwei'), Check('x')\none = Check('eins')\n", a="drei = Check('drei')"
    )
    found = found_checks(package)
    assert (methods(found), found.notes) == (["drei", "eins"], ())


def test_broken_plugin_is_left_out_and_told_of(install: Installer) -> None:
    """The server starts without it; a line says what is wrong, and where."""
    package = install(good="good = Check('good')", bad="\n\n1 / 0", worse="import nothing.there")
    found = found_checks(package)
    assert methods(found) == ["good"]
    line, left_out = CHECK.count("\n") + 3, "a plugin is left out: "
    bad, worse = (Path(package.__path__[0], name) for name in ("bad.py", "worse.py"))
    assert sorted(found.notes) == [
        f"{left_out}ModuleNotFoundError: No module named 'nothing', in line {line - 2} of {worse}",
        f"{left_out}ZeroDivisionError: division by zero, in line {line} of {bad}",
    ]


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("wrong = Check('spf')", "its method can't be spf, which is one of gomail's own"),
        ("wrong = Check('Not One')", "its method is to be a name of small letters"),
        ("wrong = Check(None)", "its method is to be a name"),
        ("wrong = Check('good')", "there is another check whose method is good"),
    ],
    ids=["ours", "name", "none", "twice"],
)
def test_wrong_check_is_left_out_and_told_of(install: Installer, source: str, why: str) -> None:
    """The others are found all the same."""
    found = found_checks(install(a_good="good = Check('good')", wrong=source))
    assert methods(found) == ["good"]
    [note] = found.notes
    assert note.startswith("a check is left out: <")
    assert why in note


def test_nothing_is_found_where_nothing_is() -> None:
    """In twisted.plugins, where gomail's own plugin is none of these."""
    assert found_checks() == Found((), ())
