"""
The page of the Python API, docs/reference/api.md: what stays as it is, out of its own docstrings.

Stable is what the examples of docs/developers.md import, and the interfaces. The page is written by
``python -m tests.catalogue.api``; a test sees that it is.
"""

import ast
import inspect
from collections import defaultdict
from collections.abc import Iterator
from enum import EnumMeta
from importlib import import_module

from zope.interface.interface import InterfaceClass, Method

from gomail import interfaces
from tests.catalogue.docstrings import attributes, first_paragraph
from tests.catalogue.pages import ROOT

PAGE = ROOT / "docs/reference/api.md"
EXAMPLES = ROOT / "docs/examples"
_HEAD = """\
# The Python API

*This page is made of the program's own docstrings (`python -m tests.catalogue.api`).*

What stands here stays as it is: a change that could break a program of yours waits for a new major
version, and is told in the changelog under *Removed*. Everything else in gomail may change any day.
[For developers](../developers.md) shows how it is used.
"""


def page() -> str:
    """Write the page."""
    return "\n".join([_HEAD, *_interfaces(), *_imported()])


def _interfaces() -> Iterator[str]:
    """Write the interfaces, with their methods."""
    yield from ("## gomail.interfaces", "")
    for name, kind in vars(interfaces).items():
        if isinstance(kind, InterfaceClass) and kind.__module__ == interfaces.__name__:
            yield from (f"### {name}", "", first_paragraph(kind), "")
            for method, said in sorted(kind.namesAndDescriptions()):
                assert isinstance(said, Method)
                yield f"* `{method}{said.getSignatureString()}`: {first_paragraph(said)}"
            yield ""


def _imported() -> Iterator[str]:
    """Write what the examples import, by its module."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in [*EXAMPLES.glob("*.py"), *EXAMPLES.glob("*.tac")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("gomail."):
                found[str(node.module)] |= {each.name for each in node.names}
    for module in sorted(found.keys() - {interfaces.__name__}):
        yield from (f"## {module}", "")
        for name in sorted(found[module]):
            yield from _one(name, getattr(import_module(module), name))


def _one(name: str, thing: object) -> Iterator[str]:
    """Write one class, function or value."""
    yield from (f"### {name}", "")
    if isinstance(thing, EnumMeta):
        yield from (
            first_paragraph(thing),
            "",
            ", ".join(f"`{each}`" for each in thing.__members__),
        )
    elif isinstance(thing, InterfaceClass):
        yield first_paragraph(thing)
    elif inspect.isclass(thing) or inspect.isfunction(thing):
        yield from (f"`{name}({_arguments(thing)})`", "", first_paragraph(thing))
    elif isinstance(thing, tuple):
        yield ", ".join(f"`{each}`" for each in thing)
    else:
        yield f"`{thing}`"
    yield ""
    told = attributes(thing)
    if told:
        yield from (f"* `{each}`: {said}" for each, said in told.items())
        yield ""


def _arguments(thing: object) -> str:
    """Write the names of the arguments, as each version of Python does."""
    try:
        parameters = inspect.signature(thing).parameters.values()  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return "…"
    names, keywords = [], False
    for each in parameters:
        if each.kind is each.KEYWORD_ONLY and not keywords:
            names.append("*")
            keywords = True
        star = "*" * (each.kind is each.VAR_POSITIONAL) + "**" * (each.kind is each.VAR_KEYWORD)
        names.append(f"{star}{each.name}{'=…' if each.default is not each.empty else ''}")
    return ", ".join(names)


if __name__ == "__main__":
    PAGE.write_text(page())
