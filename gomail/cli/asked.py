"""How commands find the control socket of a running server, and what they say without one."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import click

from gomail.config import Configuration, ConfigurationError, load
from gomail.server.control.client import ControlError, NotAllowed, NotRunning, ask_status
from gomail.server.control.paths import usual_paths
from gomail.server.state import state_folder
from gomail.settings.usual import usual_file

NOT_RUNNING, NOT_ALLOWED, NO_ANSWER = 3, 4, 5  # statuses; those of LSB for the first two
_LONGEST_NAME = 100  # signs of a command line that are shown


class Server(NamedTuple):
    """
    A server that runs.

    Attributes:
        path: of its control socket.
        status: how it fares, as it says.
    """

    path: str
    status: dict[str, Any]

    @property
    def name(self) -> str:
        """Say which one it is."""
        return f"pid {self.status['pid']} on {', '.join(self.status['listeners'])}"


def configured(file: str | None) -> Configuration:
    """Give the configuration of *file*, or the usual one; the defaults where there is none."""
    found = file or usual_file()
    return Configuration() if found is None else load(found)


def control_paths(configuration: Configuration, given: str | None = None) -> list[str]:
    """Give the paths at which servers may be asked: as *given*, as configured, or the usual."""
    named = given or configuration.control
    if named is not None:
        return [named] if named else []
    return list(usual_paths(state_folder(configuration.state)))


@contextmanager
def told() -> Iterator[None]:
    """Tell in one line why no server could be asked, with a status of its own."""
    try:
        yield
    except ConfigurationError as error:
        raise click.UsageError(str(error)) from None
    except ControlError as error:
        click.echo(f"Error: {error}", err=True)
        codes = {NotRunning: NOT_RUNNING, NotAllowed: NOT_ALLOWED}
        raise SystemExit(codes.get(type(error), NO_ANSWER)) from None


def ask_all(paths: Iterable[str]) -> list[Server]:
    """
    Ask all servers of several paths that there are.

    Raises:
        ControlError: none can be asked; where we have no right to one, that is why.
    """
    found: list[Server] = []
    failed: NotRunning | NotAllowed | None = None
    for path in paths:
        try:
            found.append(Server(path, ask_status(path)))
        except NotRunning as error:
            failed = failed or error
        except NotAllowed as error:
            failed = failed if isinstance(failed, NotAllowed) else error
    if found:
        return found
    raise failed or NotRunning('there is no control socket: control = ""')


def servers(file: str | None, control: str | None = None) -> list[Server]:
    """
    Give the servers that run, the one first that is meant.

    That is the one that has read *file*, and else, of several, the one that has read the usual one.

    Raises:
        ConfigurationError: the file that says where they may be asked can't be.
        ControlError: none can be asked; or none has read *file*, if one is named.
    """
    configuration = configured(file)
    found = ask_all(control_paths(configuration, control))
    if file is None:
        usual = configuration.source
        return sorted(found, key=lambda each: not (usual and has_read(each.status, usual)))
    # An older server says nothing of its file.
    meant = [
        each
        for each in found
        if control or "configuration" not in each.status or has_read(each.status, file)
    ]
    if not meant:
        read = found[0].status.get("configuration")
        how = "without --config it" if read is None else f"with --config {read} it"
        raise NotRunning(
            f"no server runs by {file}, nor by a copy that says the same; the one that does, "
            f"{found[0].name}, goes by {origin(found[0].status)}; {how} is asked"
        )
    return meant


def has_read(said: Mapping[str, Any], file: str) -> bool:
    """Tell whether a server says that it has read a file, or a copy."""
    path = said.get("configuration")
    return path is not None and is_same(str(path), file)


def is_same(path: str, file: str) -> bool:
    """Tell whether two paths are of one file, or there is the same in both."""
    try:
        return is_one(path, file) or Path(path).read_bytes() == Path(file).read_bytes()
    except OSError:
        return False


def is_one(path: str, file: str) -> bool:
    """Tell whether two paths are of one file."""
    try:
        return Path(path).samefile(file)
    except OSError:
        return path == str(Path(file).absolute())


def origin(said: Mapping[str, Any]) -> str:
    """Say where the configuration of a server is from: its file, and options."""
    return name_origin(said.get("configuration"), said.get("options", ()))


def name_origin(file: str | None, words: Sequence[str]) -> str:
    """Name a file, and what options say beside it."""
    rest = list(words)
    for name in ("--config", "-c"):
        if name in rest:
            at = rest.index(name)
            del rest[at : at + 2]
    rest = [each for each in rest if not each.startswith("--config=")]
    options = ascii(" ".join(rest))[1:-1]
    if len(options) > _LONGEST_NAME:
        options = f"{options[:_LONGEST_NAME]}..."
    if file is None:
        return f"options alone: {options}" if options else "the defaults"
    return f"{file}, with {options}" if options else file
