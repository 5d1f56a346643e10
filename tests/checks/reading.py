"""A reader of Authentication-Results, by the grammar of RFC 8601 §2.2 and nothing else."""

import re

from gomail.finding import Finding, Property

_TOKEN = r"[^\x00-\x20\x7f()<>@,;:\\\"/\[\]?=]+"
_QUOTED = r'"(?:[^"\\\n]|\\.)*"'
_ADDRESS = rf"(?:{_TOKEN})?@[A-Za-z0-9_.-]+|(?:[\w!#$%&'*+/=?^`{{|}}~.-]+)@[A-Za-z0-9_.-]+"
_VALUE = rf"(?:{_QUOTED}|{_ADDRESS}|{_TOKEN})"
_NAME = re.compile(rf"Authentication-Results: (?P<id>{_VALUE});")
_METHOD = re.compile(rf" (?P<method>[a-z]+)=(?P<result>[a-z]+)(?: reason=(?P<reason>{_VALUE}))?")
_PROPERTY = re.compile(rf" (?P<type>[a-z]+)\.(?P<name>[a-z-]+)=(?P<value>{_VALUE})(?=[ ;\n]|\Z)")


def read_results(field: bytes) -> tuple[str, list[Finding]]:
    """Read a field with its last line end; give the authserv-id, and what was found."""
    text = re.sub(r"\n(?=[ \t])", "", field.decode()).removesuffix("\n")
    assert "\n" not in text
    match = _NAME.match(text)
    assert match, text
    name, findings = _plain(match["id"]), []
    if text[match.end() :] == " none":
        return name, []
    while True:
        match = _METHOD.match(text, match.end())
        assert match, text
        said, properties = match, []
        while more := _PROPERTY.match(text, match.end()):
            properties.append(Property(more["type"], more["name"], _plain(more["value"])))
            match = more
        reason = _plain(said["reason"] or "")
        findings.append(Finding(said["method"], said["result"], tuple(properties), reason))
        if match.end() == len(text):
            return name, findings
        assert text[match.end()] == ";", text
        match = re.compile(";").match(text, match.end())
        assert match


def _plain(value: str) -> str:
    """Take the quotes off."""
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
