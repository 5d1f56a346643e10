"""
Style attributes in which nothing loads and nothing lies over something else; in the child process.

A declaration stays if its property is one of a few and its value is made of plain words, numbers
and colours. CSS has escapes for every sign, so a value with a backslash is none.
"""

from __future__ import annotations

import re

#: Properties whose values can't load anything, nor place a box where it does not belong.
_PROPERTIES = """
    background-color border border-bottom border-bottom-color border-bottom-style
    border-bottom-width border-collapse border-color border-left border-left-color
    border-left-style border-left-width border-radius border-right border-right-color
    border-right-style border-right-width border-spacing border-style border-top border-top-color
    border-top-style border-top-width border-width caption-side clear color direction display
    empty-cells float font font-family font-size font-style font-variant font-weight height
    letter-spacing line-height list-style-type margin margin-bottom margin-left margin-right
    margin-top max-height max-width min-height min-width overflow-wrap padding padding-bottom
    padding-left padding-right padding-top table-layout text-align text-decoration text-indent
    text-transform vertical-align white-space width word-break word-spacing word-wrap
"""
PROPERTIES = set(_PROPERTIES.split())
_WORD = r"[A-Za-z0-9#%.,!+'\" -]"
_VALUE = re.compile(rf"{_WORD}*(?:(?:rgb|hsl)a?\([0-9a-z%., /-]*\){_WORD}*)*\Z", re.IGNORECASE)
_DECLARATIONS = 100
_LONGEST = 200


def clean_style(style: str) -> str:
    """Give the declarations of a style attribute that are harmless."""
    kept = []
    for declaration in style.split(";")[:_DECLARATIONS]:
        name, _, value = declaration.partition(":")
        name, value = name.strip().lower(), " ".join(value.split())
        if name in PROPERTIES and value and len(value) <= _LONGEST and _VALUE.match(value):
            kept.append(f"{name}:{value}")
    return ";".join(kept)
