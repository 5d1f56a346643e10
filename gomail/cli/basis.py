"""
Which configuration a command goes by, and how it says so.

What is asked of a server goes by the one that runs, as it says itself; where none runs, by the file
with which ``gomail run`` would start: `gomail.toml` in this folder, or else that in /etc.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gomail.cli.asked import Server, is_same, name_origin, servers
from gomail.config import Configuration, ConfigurationError, load, parse
from gomail.server.control.client import ControlError, NotRunning, ask_configuration
from gomail.settings.usual import CONFIG, HERE, usual_file


@dataclass(frozen=True, slots=True)
class Basis:
    """
    A configuration, and where it is from.

    Attributes:
        configuration: what is in force, or would be.
        file: that was read, by us or the server; None for none.
        pid: of the server that runs by it, and has said so; None for none.
        options: of that server's command line.
        note: what people should know beside.
        log: where that server writes its log: a path, if that is a file.
    """

    configuration: Configuration
    file: str | None
    pid: int | None = None
    options: tuple[str, ...] = ()
    note: str = ""
    log: str = ""

    @property
    def line(self) -> str:
        """Say it in one line."""
        where = name_origin(self.file, self.options)
        if self.pid is not None:
            where = f"of the server that runs, pid {self.pid}: {where}"
        return f"configuration: {where}{f' ({self.note})' if self.note else ''}"

    def plain(self) -> dict[str, Any]:
        """Give it as JSON has it."""
        return {
            "file": self.file,
            "pid": self.pid,
            "options": list(self.options),
            "note": self.note,
        }


def find_basis(file: str | None) -> Basis:
    """
    Find the configuration to go by: that of *file*, or what runs, or what would.

    Raises:
        ConfigurationError: a file can't be.
    """
    if file is not None:
        return Basis(load(file), str(Path(file).absolute()))
    usual = usual_file()
    try:
        return of_server(servers(None)[0], usual)
    except NotRunning:
        note = "no server runs that could be asked"
    except ControlError as error:
        note = str(error)
    if usual is None:
        note = f"{note}; there is neither {HERE} here nor {CONFIG}"
        return Basis(Configuration(), None, note=note)
    return Basis(load(usual), str(Path(usual).absolute()), note=note)


def of_server(server: Server, usual: str | None = None) -> Basis:
    """
    Give the configuration of a server that runs; where the *usual* file is another, say so.

    Raises:
        ControlError: it can't be asked for it.
    """
    return beside(read_basis(ask_configuration(server.path)), usual)


def beside(basis: Basis, usual: str | None) -> Basis:
    """Have the configuration of a server say that the *usual* file is another, if it is."""
    if usual is None or (basis.file is not None and is_same(basis.file, usual)):
        return basis
    return replace(basis, note=f"{usual} is another: --config {usual}")


def read_basis(said: Mapping[str, Any]) -> Basis:
    """
    Read the configuration as a server says it.

    Raises:
        ControlError: it makes no sense.
    """
    try:
        file = said["configuration"]
        found = replace(parse(said["settings"], "the server's settings"), source=file)
        options = tuple(map(str, said["options"]))
        return Basis(found, file, int(said["pid"]), options, log=str(said.get("log", "")))
    except (ConfigurationError, KeyError, TypeError, ValueError, AttributeError):
        raise ControlError("the configuration that the server says can't be read") from None
