"""What docstrings say, as text for a page."""

import inspect
import re

_ATTRIBUTE = re.compile(r"^    (\w+): (.+(?:\n {8,}.+)*)", re.MULTILINE)
_ROLE = re.compile(r"``([^`]+)``")
# A value that is None is a key that is not there.
_ABSENT = re.compile(r"\bNone (?:for|if)\b")
_OTHER = re.compile(r"\*(\w+)\*")


def attributes(kind: object) -> dict[str, str]:
    """Give what the docstring of a class says of each attribute, or of each argument."""
    text = inspect.getdoc(kind) or ""
    _, _, told = text.partition("Attributes:\n")
    return {name: sentence(said) for name, said in _ATTRIBUTE.findall(told)}


def first_paragraph(kind: object) -> str:
    """Give what the docstring says first."""
    return sentence((inspect.getdoc(kind) or "").partition("\n\n")[0])


def setting(text: str) -> str:
    """Write what is said of a value as it is said of a key in a file."""
    return _ABSENT.sub("without it,", text).rstrip(".")


def sentence(text: str) -> str:
    """Write one paragraph of a docstring as Markdown, in one line, fit for a table."""
    one = " ".join(text.split())
    one = _OTHER.sub(lambda match: f"`{match[1].replace('_', '-')}`", _ROLE.sub(r"`\1`", one))
    return one.replace("|", r"\|")
