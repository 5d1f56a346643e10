"""``gomail explain``: what a refusal meant, what made it, and what can be done about it."""

import sys
from json import dumps
from pathlib import Path
from stat import S_ISREG
from typing import Any, NoReturn

import click

from gomail.cli.explained import bounce_lines, meaning_lines, plain, plain_line, story_lines
from gomail.cli.usual import usual_file
from gomail.config import Configuration, ConfigurationError, load
from gomail.explaining.bounce import LONGEST, Bounce, read_bounce
from gomail.explaining.catalogue import by_code, by_name, is_code
from gomail.explaining.encoded import decoded
from gomail.explaining.lines import SESSION, Line
from gomail.explaining.logs import NoLog, in_file, in_journal

NOT_OURS = 3  # the status where the words are another server's
_FILES = {".eml", ".txt", ".json", ".html", ".msg"}  # endings by which a word is one's name
_MOST_STORIES = 5  # sessions that are looked for; each may take its time


@click.command()
@click.argument("what", nargs=-1)
@click.option(
    "--log",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Where sessions are looked for [the journal of systemd].",
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
    settings = _settings(file)
    text = " ".join(what).strip()
    octets = _octets(what)
    if octets is not None:
        _explain_bounce(octets, log, settings, json=json)
    elif is_code(text):
        _explain_code(text, settings, json=json)
    elif SESSION.match(text.strip("[]")):
        _explain_session(text.strip("[]"), log, settings, json=json)
    elif by_name(text) is not None:
        _explain_name(text, settings, json=json)
    elif len(text.split()) == 1:
        kinds = "a code, a rule or reply by its name, the id of a session, a file, or a bounce"
        _give_up(f"{text}: {kinds} was expected", {"name": text}, json=json)
    else:
        _explain_bounce(text.encode("utf-8", "surrogateescape"), log, settings, json=json)


def _settings(file: str | None) -> Configuration | None:
    """Read the configuration, for what is set now; one that nobody has named need not be there."""
    named = file or usual_file()
    try:
        return None if named is None else load(named)
    except ConfigurationError as error:
        if file is None:
            return None
        raise click.ClickException(str(error)) from None


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


def _explain_code(text: str, settings: Configuration | None, *, json: bool) -> None:
    """Tell all that a code can mean."""
    meanings = by_code(text)
    if not meanings:
        _give_up(f"{text}: gomail refuses nothing with that", {"code": text}, json=json)
    if json:
        found = [plain(each, settings) for each in meanings]
        click.echo(dumps({"code": text, "meanings": found}, indent=2))
        return
    if len(meanings) > 1:
        click.echo(f"{text} has {len(meanings)} meanings; the words behind it tell which.\n")
    click.echo("\n\n".join("\n".join(meaning_lines(each, settings)) for each in meanings))


def _explain_name(text: str, settings: Configuration | None, *, json: bool) -> None:
    """Tell what a rule, or a reply by its name, means."""
    meaning = by_name(text)
    if meaning is None:
        raise AssertionError(text)
    if json:
        click.echo(dumps({"name": text, "meanings": [plain(meaning, settings)]}, indent=2))
    else:
        click.echo("\n".join(meaning_lines(meaning, settings)))


def _explain_session(
    session: str, log: Path | None, settings: Configuration | None, *, json: bool
) -> None:
    """Tell the story of a session."""
    lines, why = _find(session, log)
    if not lines:
        _give_up(f"session {session}: {why}", {"session": session}, json=json)
    if json:
        told = [plain_line(each, settings) for each in lines]
        click.echo(dumps({"session": session, "lines": told}, indent=2))
    else:
        click.echo("\n".join(story_lines(session, lines, settings)))


def _find(session: str, log: Path | None) -> tuple[tuple[Line, ...], str]:
    """Look for a session in the log; where nothing is found, say why."""
    try:
        lines = in_journal(session) if log is None else in_file(log, session)
    except NoLog as error:
        return (), f"{error}; --log FILE names where the server writes, if that is a file"
    if log is not None:
        return lines, f"it is not in {log}"
    return lines, (
        "it is not in the journal, as far as you may read that (as root, or in the group "
        "systemd-journal, all of it); --log FILE looks into a file"
    )


def _explain_bounce(
    octets: bytes, log: Path | None, settings: Configuration | None, *, json: bool
) -> None:
    """Tell what a bounce says, and the story of the session in it, if the log has that."""
    bounce = read_bounce(decoded(octets[:LONGEST]) + octets[LONGEST:])
    sessions = dict.fromkeys(each.session for each in bounce.ours if each.session)
    stories = {each: _find(each, log) for each in list(sessions)[:_MOST_STORIES]}
    if json:
        click.echo(dumps(_plain_bounce(bounce, stories, settings), indent=2))
    else:
        click.echo("\n".join(bounce_lines(bounce, settings)))
        for session, (lines, why) in stories.items():
            click.echo("")
            told = story_lines(session, lines, settings, briefly=True) if lines else None
            click.echo("\n".join(told) if told else f"session {session}: {why}")
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


def _give_up(why: str, told: dict[str, Any], *, json: bool) -> NoReturn:
    """Say that nothing is known."""
    if json:
        click.echo(dumps({**told, "meanings": [], "problem": why}, indent=2))
        raise SystemExit(1)
    raise click.ClickException(why)
