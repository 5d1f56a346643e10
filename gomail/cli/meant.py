"""Which server a command is about: what runs, what the units say, and the configuration of it."""

import os
import pwd
import shlex
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import click

from gomail.cli.asked import is_one, is_same, servers
from gomail.cli.basis import Basis, beside, read_basis
from gomail.cli.beginning import program
from gomail.cli.hook import FOLDER
from gomail.config import Configuration, ConfigurationError, load, with_options
from gomail.doctor.server import (
    Unit,
    arguments,
    is_gomail,
    main_process,
    options,
    parted,
    read_unit,
)
from gomail.doctor.survey import Meant
from gomail.machine.processes import Process, processes
from gomail.recipients.mailbox import Template
from gomail.server.control.client import ControlError, ask_configuration
from gomail.server.control.paths import usual_paths
from gomail.server.start import Identity
from gomail.server.state import state_folder
from gomail.settings.usual import CONFIG, HERE, usual_file
from gomail.settings.values import Listener
from gomail.units.shape import STATE

_PATHS = ("maildir", "certificate", "key", "config")
_SYSTEMD = Listener("systemd:domain=INET6:index=0")


def find_meant(file: str | None) -> tuple[Meant, Basis]:
    """
    Find out which server is meant, by the file of its configuration or without one; and its words.

    What runs, or would be started by systemd, goes by its own words alone: a file in the folder of
    who asks is none of theirs.

    Raises:
        ConfigurationError: the configuration can't be.
        click.UsageError: there is none, and nothing runs.
    """
    unit, found = read_unit(), list(processes())
    trusted, others = parted(found)
    process = _process(file, trusted)
    # Of one that we may not look into it counts that it runs, and nothing that it says of itself.
    running = process or _process(file, others)
    if process is not None and file is None:
        basis = beside(_of_process(process), _usual())
    elif process is not None:  # what was edited counts, with the options that are laid over it
        basis = _of_words(process.words, _folder(process))
    elif unit is not None and (file is None or _has_read(unit.words, file)):
        basis = _of_words(unit.words, "/")
    else:
        basis = _of_file(file)
    configuration = basis.configuration
    if running is None and unit is None and "listener" not in configuration.given:
        configuration = replace(configuration, listeners=(_SYSTEMD,))  # as the units will have it
    uid = _uid(process, unit, configuration)
    state = STATE if unit and configuration.state is None else None
    meant = Meant(
        configuration,
        running,
        unit,
        uid,
        state or state_folder(configuration.state, Identity(uid)),
        _start(configuration, unit, uid),
        FOLDER,
        tuple(each for each in found if is_gomail(each.words) and each not in trusted),
    )
    return meant, basis


def _usual() -> str | None:
    """Give the file that counts where nothing runs; none that can't be taken."""
    try:
        return usual_file()
    except ConfigurationError:
        return None


def _of_process(process: Process) -> Basis:
    """Give the configuration of a server that runs: as it says, or as its command line does."""
    basis = replace(_of_words(process.words, _folder(process)), pid=process.pid)
    found = basis.configuration
    state = state_folder(found.state, Identity(process.uid))
    paths = [found.control] if found.control else list(usual_paths(state))
    # Root believes what the kernel vouches for; another user may say of himself what he likes.
    whose = None if process.uid == os.geteuid() else process.pid
    for path in paths:
        with suppress(ControlError):
            said = read_basis(ask_configuration(path, whose))
            if said.pid == process.pid:
                return said
    return basis


def _of_words(words: Sequence[str], folder: str | None) -> Basis:
    """Give the configuration of a server by its command line, and the folder in which it runs."""
    said = _anchored(options(words), folder)
    named = said.pop("config", None)
    if named is None and not said:
        usual = (Path(folder or "/", HERE), Path(CONFIG))
        named = next((str(each) for each in usual if each.exists()), None)
    configuration = _configuration(str(named) if named else None, folder or str(Path.cwd()))
    configuration = with_options(configuration, **said)  # type: ignore[arg-type]  # see options
    return Basis(configuration, configuration.source, options=tuple(arguments(list(words))))


def _of_file(file: str | None) -> Basis:
    """Give the configuration of a file, where nothing runs."""
    named = file or usual_file()
    if named is None:
        raise click.UsageError("there is no configuration: gomail init you@example.org begins")
    found = _configuration(named, str(Path.cwd()))
    return Basis(found, str(Path(named).absolute()), note="" if file else "no server runs here")


def _process(file: str | None, found: Sequence[Process]) -> Process | None:
    """
    Give the server among processes: where a file is named, that of one which has read it.

    Else of one that has read a copy: `gomail init` writes a file that is then copied to /etc.
    """
    if file is None:
        asked = _asked()
        return main_process([each for each in found if each.pid == asked] or found)
    named = {each: _file_of(each.words, _folder(each)) for each in found}
    for is_it in (is_one, is_same):
        fitting = [each for each, path in named.items() if path and is_it(path, file)]
        if fitting:
            return main_process(fitting)
    return None


def _asked() -> int | None:
    """Give the process of the server that other commands ask, if there is one."""
    try:
        return int(servers(None)[0].status["pid"])
    except (ConfigurationError, ControlError, KeyError, TypeError, ValueError):
        return None


def _has_read(words: Sequence[str], file: str) -> bool:
    """Tell whether a unit's command line names a file, or a copy of it."""
    path = _file_of(words, "/")
    return path is not None and is_same(path, file)


def _file_of(words: Sequence[str], folder: str | None) -> str | None:
    """Give the file that a command line names, if it names one."""
    path = _anchored(options(words), folder).get("config")
    return None if path is None else str(path)


def _configuration(file: str | None, folder: str) -> Configuration:
    """Load a file; without one the defaults, as the server has them where it was started."""
    if file is None:
        return Configuration(maildir=str(Path(folder, "Maildir")))
    found = load(file)
    if "maildir" in found.given:
        return found
    return replace(found, maildir=str(Path(folder, "Maildir")))


def _folder(process: Process) -> str | None:
    """Give the folder in which a server runs; None where this user may not know."""
    try:
        return str(Path(f"/proc/{process.pid}/cwd").readlink())
    except OSError:
        return None


def _anchored(said: dict[str, str | list[str]], folder: str | None) -> dict[str, str | list[str]]:
    """Make the paths of a command line absolute; without a folder those that are not are lost."""
    found = dict(said)
    for key in _PATHS:
        value = found.get(key)
        if isinstance(value, str) and not Path(value).is_absolute():
            del found[key]
            if folder is not None:
                found[key] = str(Path(folder, value))
    return found


def _uid(process: Process | None, unit: Unit | None, configuration: Configuration) -> int:
    """Give the user that the server runs as, or would: of root's typing, who owns the Maildir."""
    if process is not None:
        return process.uid
    with suppress(KeyError):
        if unit is not None:
            return pwd.getpwnam(unit.user).pw_uid if unit.user else 0
    if os.geteuid() != 0 or "SUDO_UID" in os.environ:
        return int(os.environ.get("SUDO_UID", os.geteuid()))
    with suppress(OSError):
        return Path(Template(configuration.maildir).root).stat().st_uid
    return 0


def _start(configuration: Configuration, unit: Unit | None, uid: int) -> str:
    """Give the line that starts it."""
    if unit is not None:
        both = "gomail.socket gomail.service" if unit.listens else "gomail.service"
        return f"sudo systemctl enable --now {both}"
    file = shlex.quote(str(Path(configuration.source or "gomail.toml").absolute()))
    if not Path("/run/systemd/system").exists():
        return f"{program()} run --config {file}"
    try:
        user = pwd.getpwuid(uid).pw_name
    except KeyError:
        user = "NAME"
    return f"sudo {program()} units install --user {shlex.quote(user)} --config {file}"


__all__ = ["ConfigurationError", "find_meant"]
