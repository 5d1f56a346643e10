"""Meanings, bounces and sessions as `gomail explain` and `gomail try` write them."""

import re
import tomllib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from gomail.config import Configuration, render
from gomail.explaining.bounce import Bounce, Refused
from gomail.explaining.catalogue import by_name, by_words
from gomail.explaining.lines import Line
from gomail.explaining.meaning import Meaning

_LONGEST_VALUE = 100
_DOMAINS = 5  # whose settings are told
_KEYS = re.compile(r'"([^"]+)"|([^".]+)')  # of TOML, quoted where they have to be
_RECIPIENT = re.compile(r"['\"]RCPT TO: ?<[^<>]*@([a-z0-9.-]+)>", re.IGNORECASE)
_OF_WHOM = {"stored": "stored", "dropped": "came to nothing", "junk": "junk", "checked": "checked"}


def setting(key: str, configuration: Configuration | None) -> str | None:
    """Give how a setting is now, as TOML has it; None where that is not one value, or unknown."""
    if configuration is None or ".NAME." in key:
        return None
    found = _look(_table(configuration), [quoted or bare for quoted, bare in _KEYS.findall(key)])
    if not found:
        return None
    text = ", ".join(_toml(each) for each in found)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."


@lru_cache(maxsize=1)
def _rendered(text: str) -> dict[str, Any]:
    """Read what is in effect."""
    return tomllib.loads(text)


def _table(configuration: Configuration) -> dict[str, Any]:
    """Give all that is in effect, as a table."""
    return _rendered(render(configuration))


def _look(table: Any, keys: Sequence[str]) -> list[Any]:  # noqa: ANN401 -- TOML
    """Find the values of a key: of a list of tables, one for each."""
    if not keys:
        return [table]
    if isinstance(table, list):
        return [found for each in table for found in _look(each, keys)]
    if not isinstance(table, dict) or keys[0] not in table:
        return []
    return _look(table[keys[0]], keys[1:])


def _toml(value: Any) -> str:  # noqa: ANN401 -- TOML
    """Write a value."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return ", ".join(value)
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def meaning_lines(
    meaning: Meaning,
    configuration: Configuration | None,
    *,
    refused: Refused | None = None,
    of_nobody: bool = False,
) -> Iterator[str]:
    """Write a meaning for people; *of_nobody* is one whose recipient's domain is none of ours."""
    yield f"{meaning.line}   [{meaning.name}]"
    yield f"  {meaning.what}"
    yield f"  {_kept(temporary=(refused or meaning).temporary)}"
    for key in meaning.settings:
        settings = [key] if of_nobody and ".NAME." in key else _settings(key, configuration)
        yield from (f"  setting: {each}" for each in settings)
    yield f"  the sender: {meaning.sender}"
    yield f"  here: {meaning.ours}"


def _settings(key: str, configuration: Configuration | None) -> Iterator[str]:
    """Write a setting; one that each domain has, for the first few domains."""
    keys = _of_domains(key, configuration)
    if not keys:
        yield written(key, configuration)
    yield from (written(each, configuration) for each in keys[:_DOMAINS])
    if len(keys) > _DOMAINS:
        yield f"{key}, of {len(keys) - _DOMAINS:,} more"


def _of_domains(key: str, configuration: Configuration | None) -> list[str]:
    """Give the keys for which one that names no domain stands; none where it names one."""
    if configuration is None or ".NAME." not in key:
        return []
    return [key.replace(".NAME.", f'."{name}".') for name in configuration.domains]


def written(key: str, configuration: Configuration | None) -> str:
    """Write a setting, with its value where that is known."""
    value = setting(key, configuration)
    return key if value is None else f"{key} = {value}"


def _kept(*, temporary: bool) -> str:
    """Say what a sender's server does with a refused message."""
    if temporary:
        return "The sender's server keeps the mail, and tries again."
    return "The sender's server gives up, and tells the author."


def plain(meaning: Meaning, configuration: Configuration | None) -> dict[str, Any]:
    """Give a meaning as JSON has it."""
    return {
        "name": meaning.name,
        "reply": meaning.line,
        "status": meaning.status,
        "temporary": meaning.temporary,
        "what": meaning.what,
        "settings": {
            key: setting(key, configuration)
            for each in meaning.settings
            for key in (each, *_of_domains(each, configuration)[:_DOMAINS])
        },
        "sender": meaning.sender,
        "here": meaning.ours,
    }


def bounce_lines(bounce: Bounce, configuration: Configuration | None) -> Iterator[str]:
    """Write what a bounce says, for people."""
    if bounce.speaker:
        yield f"The bounce reports the words of {bounce.speaker}."
    for each in bounce.ours:
        if each.certain:
            yield f"These are gomail's words, of session {each.session}:"
        else:
            yield "These are probably gomail's words; the session's id, which proves it, is cut:"
        yield from meaning_lines(each.meaning, configuration, refused=each)
    if not bounce.ours and bounce.others:
        yield "Nothing in it is gomail's: another server has refused the message, such as the"
        yield "sender's own, or one on the way. It said:"
        yield from (f"  {each}" for each in bounce.others)
    if not bounce.ours and not bounce.others:
        yield "There is no refusal in it, neither gomail's nor another's."
    if bounce.cut:
        yield "Only its beginning was read."


def meaning_of(line: Line, configuration: Configuration | None) -> Meaning | None:
    """Find what a line of the log means; of a recipient, with the settings of his domain."""
    if line.kind != "refused":
        return by_name(line.rule) if line.rule else None
    meaning, recipient = by_words(line.reply), _RECIPIENT.match(line.said)
    name = recipient and recipient[1].lower()
    if meaning is None or configuration is None or name not in configuration.domains:
        return meaning
    settings = tuple(key.replace(".NAME.", f'."{name}".') for key in meaning.settings)
    return meaning._replace(settings=settings)


def story_lines(
    session: str,
    lines: Sequence[Line],
    configuration: Configuration | None,
    *,
    briefly: bool = False,
) -> Iterator[str]:
    """Write the story of a session; *briefly*, without meanings, which stand before."""
    yield f"Session {session}, in the order of the log:"
    for line in lines:
        yield f"{line.time or '(no time)'} {_event(line)}"
        if not briefly:
            yield from (f"    {each}" for each in _told_of(line, configuration))


def _told_of(line: Line, configuration: Configuration | None) -> Iterator[str]:
    """Write what a line of a story means."""
    meaning = meaning_of(line, configuration)
    if meaning is not None and line.kind == "refused":
        _, *told = meaning_lines(meaning, configuration, of_nobody=True)
        yield from (each.strip() for each in told)
    elif meaning is not None:
        yield f"by the rule {meaning.name}: {meaning.what}"
        yield f"setting: {written(meaning.settings[0], configuration)}"
    elif line.kind == "refused":
        yield "These words are not of gomail's own: a milter's, or a delivery's of your own."


def _event(line: Line) -> str:
    """Write what a line tells."""
    if line.kind == "refused":
        behind = f" after {line.said}" if line.said else ""
        return f"refused{behind}: {line.code} {line.status} {line.reply}"
    if line.kind == "session":
        return f"the end: {line.text}"
    number = "" if line.message is None else f"message {line.message} "
    return f"{number}{_OF_WHOM[line.kind]}: {line.text}"


def plain_line(line: Line, configuration: Configuration | None) -> dict[str, Any]:
    """Give a line as JSON has it, with what it means."""
    meaning = meaning_of(line, configuration)
    told = None if meaning is None else plain(meaning, configuration)
    return {**line._asdict(), "meaning": told}
