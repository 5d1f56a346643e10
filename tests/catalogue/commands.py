"""
The page of commands, docs/reference/commands.md, out of the commands themselves.

It is written by ``python -m tests.catalogue.commands``; a test sees that it is.
"""

import inspect
from collections.abc import Iterator, Mapping, Sequence

import click

from gomail.cli.inboxing import Options as InboxOptions
from gomail.cli.main import main
from gomail.tap import Options
from tests.catalogue.pages import ROOT

PAGE = ROOT / "docs/reference/commands.md"
# Options of commands that are plugins for twistd; and which of them may be given several times.
_OF_TWISTD: Mapping[str, tuple[type[Options | InboxOptions], Sequence[str]]] = {
    "run": (Options, ("port", "domain")),
    "inbox": (InboxOptions, ("host", "proxy")),
}
_HEAD = """\
# Commands

*This page is made of the commands themselves (`python -m tests.catalogue.commands`).*

`gomail COMMAND --help` says the same. A status of 0 means that all went well, and 2 that the
options can't be.
"""


def page() -> str:
    """Write the page."""
    return "\n".join([_HEAD, *_group("gomail", main)])


def _group(name: str, group: click.Group) -> Iterator[str]:
    """Write all commands of a group, in the order of their names."""
    for each in sorted(group.commands):
        command = group.commands[each]
        whole = f"{name} {each}"
        if command.hidden:
            continue
        if isinstance(command, click.Group):
            yield from _group(whole, command)
        elif each in _OF_TWISTD:
            options = list(_of_twistd(*_OF_TWISTD[each]))
            yield from _command(whole, "[OPTIONS]", _paragraphs(command), options)
        else:
            arguments = [
                param.metavar or (param.name or "").upper()
                for param in command.params
                if isinstance(param, click.Argument)
            ]
            usage = " ".join([command.options_metavar or "", *arguments])
            yield from _command(whole, usage, _paragraphs(command), list(_of(command)))


def _command(
    name: str, usage: str, paragraphs: list[str], options: list[tuple[str, str]]
) -> Iterator[str]:
    """Write one command."""
    yield from (f"## {name}", "", f"`{name} {usage}`", "")
    for paragraph in paragraphs:
        yield from (paragraph, "")
    if options:
        yield from ("| option | |", "|---|---|")
        yield from (f"| `{option}` | {said} |" for option, said in options)
        yield ""


def _paragraphs(command: click.Command) -> list[str]:
    """Give the paragraphs of a command's help, each in one line."""
    text = inspect.cleandoc(command.help or "")
    return [" ".join(each.split()) for each in text.split("\n\n")]


def _of(command: click.Command) -> Iterator[tuple[str, str]]:
    """Give the options of a command: how they are written, and what they do."""
    for param in command.params:
        if isinstance(param, click.Option) and not param.hidden:
            value = "" if param.is_flag else f" {_value(param)}"
            default = f" [default: {param.default}]" if param.show_default is True else ""
            required = " Required." if param.required else ""
            several = " May be given several times." if param.multiple else ""
            said = f"{param.help or ''}{required}{several}{default}".strip()
            yield f"{', '.join(param.opts)}{value}", said.replace("|", r"\|")


def _value(option: click.Option) -> str:
    """Name the value of an option."""
    if option.metavar:
        return option.metavar
    if isinstance(option.type, click.Choice):
        return "|".join(map(str, option.type.choices)).replace("|", r"\|")
    return option.type.name.upper()


def _of_twistd(
    options: type[Options | InboxOptions], several: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """Give the options of a plugin for twistd, and those that may be given several times."""
    for name, _, said in options.optFlags:
        yield f"--{name}", str(said)
    for name, short, default, said in options.optParameters:
        more = f" [default: `{default}`]" if default else ""
        yield f"{f'-{short}, ' if short else ''}--{name} VALUE", f"{said}{more}"
    for name in several:
        method = getattr(options, f"opt_{name}")
        is_short = getattr(options, f"opt_{name[0]}", None) is method
        yield f"{f'-{name[0]}, ' if is_short else ''}--{name} VALUE", inspect.getdoc(method) or ""


if __name__ == "__main__":
    PAGE.write_text(page())
