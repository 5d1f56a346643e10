"""
Mutants of a module: copies of it, each with one small mistake.

The mistakes are mutmut's operators (another number, `<` for `<=`, an argument left out, None for a
value …), and three of ours: a statement left out, a condition turned round, a regular expression
without one of its parts. mutmut by itself changes functions alone, by a switch that it builds into
them; here each mutant is a file, so that patterns and constants of the module are mutated as well,
and processes that tests start have the mutant in them, too.

Nothing is made of what no test should mind: docstrings, annotations, imports, type aliases, texts
for people (a string with a blank between words), what is logged, names of threads, zip's `strict`,
`__slots__`, casts, protocols.
"""

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import libcst as cst
import libcst.matchers as m
from mutmut.mutation.mutators import mutation_operators

_TEXT = re.compile(r"[^\W\d_]:? [^\W\d_]")
_TYPE_NAME = re.compile(r"_?[A-Z]([a-z]|\Z)")
# One part of a regular expression: an item of a class, or an atom, or how often it comes.
_PART = re.compile(
    r"(?:\\x[0-9a-f]{2}|\w)-(?:\\x[0-9a-f]{2}|\w)|\\x[0-9a-f]{2}|\\.|[*+?]+|\{[\d,]+\}|\(\?[^()]*\)"
    r"|[^()\[\]|]"
)


@dataclass(frozen=True, slots=True)
class Mutant:
    """
    A module with one mistake.

    Attributes:
        line: the first that differs, counted from 1.
        was: the text of the lines that differ, as they are …
        becomes: … and as they would be; both in one line.
        source: the whole module.
        number: counts those of the same texts, from 1: a line may be there twice.
    """

    line: int
    was: str
    becomes: str
    source: str
    number: int = 1

    @property
    def key(self) -> str:
        """What tells it from the others of its module, also when lines above have changed."""
        return f"{self.was} → {self.becomes}" + (f" ({self.number})" if self.number > 1 else "")


def make_mutants(source: str) -> list[Mutant]:
    """Make all mutants of a module, in the order of its lines; none twice."""
    finder = _Finder()
    module = cst.parse_module(source)
    module.visit(finder)
    seen = {source}
    mutants = []
    for node, mutated in finder.found:
        changed = _changed(module, node, mutated)
        if changed not in seen:
            seen.add(changed)
            mutants.append(_mutant(source, changed))
    return _numbered(sorted(mutants, key=lambda mutant: mutant.line))


def _numbered(mutants: Iterable[Mutant]) -> list[Mutant]:
    """Tell those apart that have the same texts."""
    alike: Counter[tuple[str, str]] = Counter()
    numbered = []
    for mutant in mutants:
        alike[mutant.was, mutant.becomes] += 1
        numbered.append(replace(mutant, number=alike[mutant.was, mutant.becomes]))
    return numbered


def _changed(module: cst.Module, node: cst.CSTNode, mutated: cst.CSTNode) -> str:
    """Give the module's source with *mutated* in the place of *node*."""
    # What libcst gives is typed only where it is installed, and then as any node.
    return str(module.deep_replace(node, mutated).code)  # type: ignore[attr-defined,unused-ignore]


def _mutant(source: str, changed: str) -> Mutant:
    """Say what the difference is."""
    old, new = source.splitlines(), changed.splitlines()
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    parts = [code for code in matcher.get_opcodes() if code[0] != "equal"]
    first, last, begin, end = parts[0][1], parts[-1][2], parts[0][3], parts[-1][4]
    return Mutant(first + 1, _joined(old[first:last]), _joined(new[begin:end]), changed)


def _joined(lines: Iterable[str]) -> str:
    """Put lines into one."""
    return " ".join(line.strip() for line in lines)


class _Finder(cst.CSTVisitor):
    """Finds what can be mutated, and by what it can be replaced."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[cst.CSTNode, cst.CSTNode]] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        """Make the mutants of one node; tell whether to look into it."""
        if _is_left_alone(node):
            return False
        self.found += ((node, mutated) for mutated in _mutations(node))
        return True


def _is_left_alone(node: cst.CSTNode) -> bool:
    """Tell whether nothing is made of a node, and what is in it."""
    if isinstance(node, cst.Annotation | cst.Import | cst.ImportFrom | cst.Decorator):
        return True
    if isinstance(node, cst.Expr):
        return isinstance(node.value, cst.SimpleString | cst.ConcatenatedString)
    if _is_a_text(node) or (isinstance(node, cst.Arg) and _is_an_aside(node)):
        return True
    if isinstance(node, cst.Call):
        log = m.Attribute(value=m.Name("_log"))
        return m.matches(node.func, log | m.Name("cast") | m.Name("TypeVar") | m.Name("Logger"))
    if isinstance(node, cst.ClassDef):
        return any(m.matches(base.value, m.Name("Protocol")) for base in node.bases)
    return isinstance(node, cst.Assign) and _is_of_types(node)


def _is_a_text(node: cst.CSTNode) -> bool:
    """Tell whether a node is a string that people read."""
    return (
        isinstance(node, cst.SimpleString)
        and isinstance(node.evaluated_value, str)
        and bool(_TEXT.search(node.value))
    )


def _loses_an_aside(node: cst.CSTNode, mutated: cst.CSTNode) -> bool:
    """Tell whether a call differs in an argument by which nothing is done."""
    if not (isinstance(node, cst.Call) and isinstance(mutated, cst.Call)):
        return False
    kept = {id(argument.value) for argument in mutated.args}
    return any(_is_an_aside(each) and id(each.value) not in kept for each in node.args)


def _is_an_aside(argument: cst.Arg) -> bool:
    """Tell whether people read an argument, or it finds out mistakes like ours."""
    named = argument.keyword is not None and argument.keyword.value in {"name", "strict"}
    return named or _is_a_text(argument.value)


def _is_of_types(node: cst.Assign) -> bool:
    """Tell whether an assignment is there for types alone, or for `__slots__` or the log."""
    target = node.targets[0].target
    return isinstance(target, cst.Name) and (
        target.value in {"__slots__", "_log"} or bool(_TYPE_NAME.match(target.value))
    )


def _mutations(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Give all that a node can become."""
    if isinstance(node, cst.SimpleString) and "r" in node.prefix:
        yield from _without_a_part(node)
        return
    for kind, operator in mutation_operators:
        if isinstance(node, kind):
            yield from (mutated for mutated in operator(node) if not _loses_an_aside(node, mutated))
    yield from _without(node)
    if isinstance(node, cst.If | cst.While) and not isinstance(
        node.test, cst.Comparison | cst.BooleanOperation | cst.UnaryOperation
    ):
        parenthesised = cst.ensure_type(node.test, cst.BaseExpression).with_changes(
            lpar=[cst.LeftParen()], rpar=[cst.RightParen()]
        )
        yield node.with_changes(test=cst.UnaryOperation(cst.Not(), parenthesised))


def _without(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Leave a statement out that is there for its effect."""
    if isinstance(node, cst.Expr) and isinstance(node.value, cst.Call | cst.Await):
        if not m.findall(node.value, m.Attribute(value=m.Name("_log"))):
            yield cst.Pass()
    elif isinstance(node, cst.Raise | cst.Del | cst.AugAssign):
        yield cst.Pass()


def _without_a_part(node: cst.SimpleString) -> Iterator[cst.CSTNode]:
    """Leave each part of a regular expression out in turn."""
    text, begin = node.value, len(node.prefix) + len(node.quote)
    for part in _PART.finditer(text, begin, len(text) - len(node.quote)):
        yield node.with_changes(value=text[: part.start()] + text[part.end() :])
