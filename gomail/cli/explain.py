"""``gomail explain``: what a refusal meant, what made it, and what can be done about it."""

import sys
from collections.abc import Iterable
from json import dumps
from pathlib import Path
from stat import S_ISREG
from typing import Any, NamedTuple, NoReturn

import click

from gomail.cli.asked import servers
from gomail.cli.basis import Basis, find_basis, read_basis
from gomail.cli.explained import bounce_lines, meaning_lines, plain, plain_line, story_lines
from gomail.config import Configuration, ConfigurationError
from gomail.explaining.bounce import LONGEST, Bounce, read_bounce
from gomail.explaining.catalogue import by_code, by_name, is_code
from gomail.explaining.encoded import decoded
from gomail.explaining.lines import SESSION, Line
from gomail.explaining.logs import NoLog, in_file, in_journal
from gomail.server.control.client import ControlError, ask_configuration

NOT_OURS = 3  # the status where the words are another server's
_FILES = {".eml", ".txt", ".json", ".html", ".msg"}  # endings by which a word is one's name
_MOST_STORIES = 5  # sessions that are looked for; each may take its time


@click.command()
@click.argument("what", nargs=-1)
@click.option(
    "--log",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Where sessions are looked for [the log of the server that runs, or the journal].",
)
@click.option("-c", "--config", "file", metavar="FILE", help="Tells how settings are [the usual].")
@click.option("--json", is_flag=True, help="Write one object in JSON, and no more.")
def explain(what: tuple[str, ...], log: Path | None, file: str | None, *, json: bool) -> None:
    """
    Tell what a refusal meant: why, by which setting, and what can be done.

    WHAT is a code (550 5.1.1, 5.1.1, 421), the name of a rule (dmarc-reject), the id of a session
    (the ten signs in brackets that end each refusal), or a bounce: its text, a file, or the
    standard input (-).

    The status is 0 if it is explained, 1 if nothing is known of it, 2 for options that can't be,
    and 3 if a bounce has no words of this server, but another's.
    """
    way = _way(file, log, json=json)
    text = " ".join(what).strip()
    octets = _octets(what)
    if octets is not None:
        _explain_bounce(octets, way)
    elif is_code(text):
        _explain_code(text, way)
    elif SESSION.match(text.strip("[]")):
        _explain_session(text.strip("[]"), way)
    elif by_name(text) is not None:
        _explain_name(text, way)
    elif len(text.split()) == 1:
        kinds = "a code, a rule or reply by its name, the id of a session, a file, or a bounce"
        way.give_up(f"{text}: {kinds} was expected", {"name": text})
    else:
        _explain_bounce(text.encode("utf-8", "surrogateescape"), way)


class _Way(NamedTuple):
    """
    How it is explained.

    Attributes:
        basis: the configuration; None where there is none.
        log: the file in which sessions are looked for; None for the journal.
        json: whether an object in JSON is written.
    """

    basis: Basis | None
    log: Path | None
    json: bool

    @property
    def settings(self) -> Configuration | None:
        """The settings, as they are now."""
        return None if self.basis is None else self.basis.configuration

    def write(self, told: dict[str, Any], lines: Iterable[str]) -> None:
        """Write what is told, for programs or people."""
        if self.json:
            known = self.basis and self.basis.plain()
            click.echo(dumps({**told, "configuration": known}, indent=2))
            return
        click.echo("\n".join(lines))
        if self.basis is not None:
            click.echo(f"\n{self.basis.line}")

    def give_up(self, why: str, told: dict[str, Any]) -> NoReturn:
        """Say that nothing is known."""
        if self.json:
            click.echo(dumps({**told, "meanings": [], "problem": why}, indent=2))
            raise SystemExit(1)
        raise click.ClickException(why)


def _way(file: str | None, log: Path | None, *, json: bool) -> _Way:
    """Find the settings as they are now; one that nobody has named need not be there."""
    try:
        basis: Basis | None = find_basis(file)
    except ConfigurationError as error:
        if file is not None:
            raise click.ClickException(str(error)) from None
        basis = None
    if basis is not None and basis.file is None and basis.pid is None:
        basis = None
    written = "" if basis is None or log is not None else basis.log or _log_of(file)
    return _Way(basis, Path(written) if written.startswith("/") else log, json)


def _log_of(file: str | None) -> str:
    """Give where the server writes its log that runs by *file*; empty where none says so."""
    if file is None:
        return ""
    try:
        return read_basis(ask_configuration(servers(file)[0].path)).log
    except (ConfigurationError, ControlError):
        return ""


def _octets(what: tuple[str, ...]) -> bytes | None:
    """Read a bounce out of a file, or the standard input; None where it is in the arguments."""
    if not what and sys.stdin.isatty():
        raise click.UsageError("say what: a code, a rule, a session's id, or a bounce")
    if what in {(), ("-",)}:
        return sys.stdin.buffer.read(LONGEST + 1)
    if len(what) > 1 or "\n" in what[0]:
        return None
    try:
        path = Path(what[0])
        if S_ISREG(path.stat().st_mode):
            with path.open("rb") as file:
                return file.read(LONGEST + 1)
        problem = "a file was expected"
    except FileNotFoundError as error:
        if path.suffix not in _FILES and "/" not in what[0]:
            return None
        problem = str(error.strerror)
    except PermissionError as error:
        problem = str(error.strerror)
    except (OSError, ValueError):  # too long for a path, or with NUL
        return None
    raise click.ClickException(f"{what[0]}: {problem}")


def _explain_code(text: str, way: _Way) -> None:
    """Tell all that a code can mean."""
    meanings = by_code(text)
    if not meanings:
        way.give_up(f"{text}: gomail refuses nothing with that", {"code": text})
    lines: list[str] = []
    if len(meanings) > 1:
        lines = [f"{text} has {len(meanings)} meanings; the words behind it tell which.", ""]
    lines.append("\n\n".join("\n".join(meaning_lines(each, way.settings)) for each in meanings))
    way.write({"code": text, "meanings": [plain(each, way.settings) for each in meanings]}, lines)


def _explain_name(text: str, way: _Way) -> None:
    """Tell what a rule, or a reply by its name, means."""
    meaning = by_name(text)
    if meaning is None:
        raise AssertionError(text)
    told = {"name": text, "meanings": [plain(meaning, way.settings)]}
    way.write(told, meaning_lines(meaning, way.settings))


def _explain_session(session: str, way: _Way) -> None:
    """Tell the story of a session."""
    lines, why = _find(session, way.log)
    if not lines:
        way.give_up(f"session {session}: {why}", {"session": session})
    told = [plain_line(each, way.settings) for each in lines]
    where = _name(way.log)
    story = [*story_lines(session, lines, way.settings), f"log: {where}"]
    way.write({"session": session, "lines": told, "log": where}, story)


def _name(log: Path | None) -> str:
    """Name a log."""
    return "the journal of systemd" if log is None else str(log)


def _find(session: str, log: Path | None) -> tuple[tuple[Line, ...], str]:
    """Look for a session in the log; where nothing is found, say why."""
    try:
        lines = in_journal(session) if log is None else in_file(log, session)
    except NoLog as error:
        return (), f"{error}; --log FILE names where the server writes, if that is a file"
    if log is not None:
        return lines, f"it is not in {log}; --log FILE names another"
    return lines, (
        "it is not in the journal, as far as you may read that (as root, or in the group "
        "systemd-journal, all of it); --log FILE looks into a file"
    )


def _explain_bounce(octets: bytes, way: _Way) -> None:
    """Tell what a bounce says, and the story of the session in it, if the log has that."""
    bounce = read_bounce(decoded(octets[:LONGEST]) + octets[LONGEST:])
    sessions = dict.fromkeys(each.session for each in bounce.ours if each.session)
    stories = {each: _find(each, way.log) for each in list(sessions)[:_MOST_STORIES]}
    lines = [*bounce_lines(bounce, way.settings)]
    for session, (found, why) in stories.items():
        story = story_lines(session, found, way.settings, briefly=True)
        told = [*story, f"log: {_name(way.log)}"] if found else [f"session {session}: {why}"]
        lines += ["", *told]
    way.write(_plain_bounce(bounce, stories, way.settings), lines)
    if not bounce.ours:
        raise SystemExit(NOT_OURS if bounce.others else 1)


def _plain_bounce(
    bounce: Bounce,
    stories: dict[str, tuple[tuple[Line, ...], str]],
    settings: Configuration | None,
) -> dict[str, Any]:
    """Give a bounce as JSON has it."""
    ours = [
        plain(each.meaning, settings)
        | {"session": each.session, "certain": each.certain, "code": each.code}
        | {"temporary": each.temporary}
        for each in bounce.ours
    ]
    told = {
        each: [plain_line(line, settings) for line in lines] for each, (lines, _) in stories.items()
    }
    return {
        "ours": ours,
        "others": list(bounce.others),
        "speaker": bounce.speaker,
        "cut": bounce.cut,
        "sessions": told,
    }
