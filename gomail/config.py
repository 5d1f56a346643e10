"""
The configuration: TOML → frozen values; a mistake names its key, what was expected, and the line.

`load` reads a file and `with_options` lays the command line over it; `directory` makes of it who
gets what. `render` writes the settings that are in effect. Read by compose, cli and tap alone:
every other part takes plain arguments.
"""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cattrs

from gomail.recipients.directory import Directory, OffReactor
from gomail.recipients.mistake import Mistake
from gomail.recipients.register import build
from gomail.settings.options import with_options
from gomail.settings.paths import anchored
from gomail.settings.positions import lines_of
from gomail.settings.reading import mistakes, read_table
from gomail.settings.render import render
from gomail.settings.values import Configuration, ConfigurationError, Listener

__all__ = [
    "Configuration",
    "ConfigurationError",
    "Listener",
    "directory",
    "load",
    "parse",
    "parse_octets",
    "read_octets",
    "render",
    "with_options",
]

_AT_LINE = re.compile(r" \(at line (\d+), column \d+\)\Z")


def load(path: str) -> Configuration:
    """
    Read the file at *path*; what it leaves out has its default.

    Raises:
        ConfigurationError: it can't be read, or something in it can't be. Of several mistakes the
            first in the file is told.
    """
    return parse_octets(read_octets(path), path)


def read_octets(path: str) -> bytes:
    """
    Read a file as it is.

    Raises:
        ConfigurationError: it can't be read.
    """
    try:
        return Path(path).read_bytes()
    except OSError as error:
        msg = f"{path}: {error.strerror}"
        raise ConfigurationError(msg) from None


def parse_octets(octets: bytes, path: str) -> Configuration:
    """
    Read what stands in a file, or stood there.

    Raises:
        ConfigurationError: something in it can't be.
    """
    return parse(_decoded(octets, path), path)


def parse(text: str, path: str) -> Configuration:
    """
    Read the text of a file; *path* is where it lies, or lay.

    Raises:
        ConfigurationError: something in it can't be.
    """
    table = _table(path, text)
    try:
        configuration = anchored(read_table(table), str(Path(path).parent.absolute()))
    except cattrs.BaseValidationError as error:
        raise _told(path, text, mistakes(error)) from None
    return replace(configuration, source=path, given=frozenset(table))


def directory(configuration: Configuration, off_reactor: OffReactor | None = None) -> Directory:
    """
    Build the directory that is configured; this reads files of mailboxes, and blocks.

    Args:
        configuration: who gets what.
        off_reactor: runs what blocks when a database is asked; None to run it on the spot.

    Raises:
        ConfigurationError: a domain, mailbox or alias can't be.
    """
    source = configuration.source
    option = "--domain {}" if source is None else '[domains."{}"]'
    try:
        return build(
            configuration.domains, configuration.maildir, option=option, off_reactor=off_reactor
        )
    except Mistake as mistake:
        if source is None:
            raise ConfigurationError(_printable(str(mistake))) from None
        raise _told(source, _decoded(read_octets(source), source), [mistake]) from None


def _decoded(octets: bytes, path: str) -> str:
    """Read octets as text."""
    try:
        return octets.decode("utf-8-sig")
    except UnicodeDecodeError:
        msg = f"{path}: text in UTF-8 was expected"
        raise ConfigurationError(msg) from None


def _table(path: str, text: str) -> dict[str, Any]:
    """Read a text as TOML."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _syntax(path, str(error)) from None
    except ValueError:  # of Python's int, which tomllib lets through
        raise _syntax(path, "a number has too many digits") from None
    except RecursionError:
        raise _syntax(path, "it is nested too deeply") from None


def _syntax(path: str, error: str) -> ConfigurationError:
    """Tell what is no TOML, the line first, as everywhere."""
    at = _AT_LINE.search(error)
    where = f"{path}, line {at[1]}" if at else path
    problem = error[: at.start()] if at else error
    return ConfigurationError(_printable(f"{where}: this is no TOML: {problem}"))


def _told(path: str, text: str, found: Iterable[Mistake]) -> ConfigurationError:
    """Tell the mistake that comes first in the file."""
    told = list(found)
    lines = lines_of(text, [mistake.key for mistake in told])
    line, mistake = min(zip(lines, told, strict=True), key=lambda each: each[0] or 0)
    where = f"{path}, line {line}" if line else path
    return ConfigurationError(_printable(f"{where}: {mistake}"))


def _printable(line: str) -> str:
    """Escape what would be no sign on a terminal, such as an override of the direction of text."""
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in line)
