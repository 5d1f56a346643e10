"""No block of the documentation is left to itself: each is run, or read by whom it is for."""

import importlib.util
import re
import subprocess
from pathlib import Path
from unittest.mock import patch

import click
import pytest

from gomail.cli.inboxing import Options as InboxOptions
from gomail.cli.main import main
from gomail.config import directory, parse
from gomail.tap import Options
from tests.docs.blocks import DOCS, ELSEWHERE, PAGES, ROOT, Block, all_blocks, commands, of_gomail
from tests.docs.story import told
from tests.patience import PATIENCE

# What is shown and never typed or written into a file: output, records, drawings.
SHOWN = {"text", "zone", "json"}
# What is looked at below, wherever it stands; everything else is some page's story.
LOOKED_AT = {"toml", "python", *SHOWN}
# Pages whose commands run for hours, or are told of by tests of their own.
BY_DEVELOPERS = {
    f"docs/{name}.md"
    for name in ("fuzzing", "growth", "mutation", "performance", "reliability", "smuggling")
}
BY_OTHERS = {
    "README.md": "tests/interop/test_units.py and .ci/minbase do what it says",
    "docs/dns.md": "tests/interop/test_dns.py",
    "docs/doctor.md": "tests/interop/test_doctor.py",
    "docs/inbox.md": "tests/inbox/web",
    "docs/monitoring.md": "tests/interop/test_prometheus.py has Prometheus read it",
    "docs/watching.md": "tests/system/test_control.py and tests/interop/test_watch.py",
    "docs/trying.md": "tests/docs/test_trying.py",
    "docs/refusals.md": "tests/cli/test_explain.py has what each of its commands says",
}
# What no test can run, since it needs the world: as few as can be.
NEEDS_THE_WORLD = {
    "docs/howto/certificate.md": 1,  # asks Let's Encrypt
    "docs/howto/dovecot.md": 1,  # installs out of the network, as the next one does
    "docs/howto/reply.md": 1,
    "docs/howto/uninstall.md": 1,  # takes away what would have come out of the network
    "docs/first-mail.md": 3,  # installs out of the network; asks DNS about example.org and others
    "docs/dns.md": 1,  # asks the servers of a domain that we don't have
}
ALL = all_blocks()
TOML = [block for block in ALL if block.language == "toml"]
PYTHON = [block for block in ALL if block.language == "python"]
SHELL = [block for block in ALL if block.language == "sh"]
OURS = [
    (f"{block}: {' '.join(words)}", words)
    for block in SHELL
    for command in commands(block.text)
    if (words := of_gomail(command)) is not None
]


def test_every_block_has_a_language() -> None:
    """And no command hides in what is only shown."""
    assert [str(block) for block in ALL if not block.language] == []
    shown = [block for block in ALL if block.language in SHOWN]
    hidden = r"^(?:\$ |# |sudo |gomail |make |apt |pip |pipx |python)"
    assert [str(block) for block in shown if re.search(hidden, block.text, re.MULTILINE)] == []
    assert len(ALL) > 50


def test_every_page_has_its_story() -> None:
    """Each block that is not looked at below is taken, in order, by the story of its page."""
    pages = {
        block.page
        for block in ALL
        if block.language not in LOOKED_AT and ELSEWHERE not in block.words
    }
    there = {path.relative_to(ROOT).as_posix() for path in PAGES}
    assert pages == (told() | BY_DEVELOPERS | BY_OTHERS.keys()) & there


def test_what_cannot_run_here_is_counted() -> None:
    """Each such block says so in the page."""
    counts: dict[str, int] = {}
    for block in ALL:
        if ELSEWHERE in block.words:
            counts[block.page] = counts.get(block.page, 0) + 1
    assert counts == NEEDS_THE_WORLD


@pytest.mark.parametrize("block", TOML, ids=str)
def test_configuration_is_one(block: Block) -> None:
    """The server's own reader takes it, and finds mailboxes and aliases as they ought to be."""
    configuration = parse(block.text, str(block))
    if not any(isinstance(each.mailboxes, str) for each in configuration.domains.values()):
        directory(configuration)


@pytest.mark.parametrize("block", PYTHON, ids=str)
def test_program_is_an_example(block: Block) -> None:
    """The examples are run by tests of their own."""
    texts = {path.read_text() for path in (DOCS / "examples").iterdir() if path.is_file()}
    assert block.text in texts


@pytest.mark.parametrize(("name", "words"), OURS, ids=[name for name, _ in OURS])
def test_command_of_gomail_is_one(name: str, words: list[str]) -> None:
    """It is there, with its arguments, and each option that stands behind it."""
    if words and words[0] in {"run", "inbox"}:
        made = Options() if words[0] == "run" else InboxOptions()
        with patch("gomail.cli.inboxing.set_password"):
            try:
                made.parseOptions(words[1:])
            except SystemExit as end:
                assert end.code == 0  # noqa: PT017 -- a password was set
        return
    command: click.Command = main
    context = click.Context(main, info_name="gomail")
    rest = words
    while isinstance(command, click.Group) and rest:
        found = command.get_command(context, rest[0])
        assert found is not None, name
        command, rest = found, rest[1:]
        context = click.Context(command, parent=context, info_name=command.name)
    names = {option for each in command.params for option in (*each.opts, *each.secondary_opts)}
    options = {word.partition("=")[0] for word in rest if word.startswith("-") and word != "-"}
    assert options <= names | {"--help"}, name


@pytest.mark.parametrize("block", SHELL, ids=str)
def test_shell_can_read_it(block: Block) -> None:
    """Each is typed into a POSIX shell."""
    done = subprocess.run(
        ["sh", "-n"], input=block.text.encode(), capture_output=True, check=False, timeout=PATIENCE
    )
    assert done.stderr == b""


@pytest.mark.parametrize("block", [b for b in SHELL if b.page in BY_DEVELOPERS], ids=str)
def test_command_of_developers_is_one(block: Block) -> None:
    """There is such a task, or such a module, and its source knows each option."""
    for command in commands(block.text):
        match command:
            case ["make", task, *rest]:
                assert f"\n{task}:" in (ROOT / "Makefile").read_text()
                folder = "bench" if task == "bench" else f"tests/{task}"
                sources = [*(ROOT / folder).rglob("*.py")]
                options = re.findall(r"--[\w-]+", " ".join(rest))
            case [_, "-m", module, *rest]:
                found = importlib.util.find_spec(module)
                assert found is not None
                assert found.origin is not None
                sources = [Path(found.origin), *Path(found.origin).parent.glob("*.py")]
                options = [word for word in rest if word.startswith("--")]
            case _:
                raise AssertionError(command)
        known = set(re.findall(r'"(?:--)?([\w-]+)"', "".join(map(Path.read_text, sources))))
        assert {each.removeprefix("--") for each in options} <= known


def test_commands_are_found() -> None:
    """Comments are none, lines may go on, and quotes keep together."""
    text = "a 'b c' \\\n  d  # e\nsudo \"$(which gomail)\" run && x | y; z\n"
    found = list(commands(text))
    assert found == [["a", "b c", "d"], ["sudo", "$(which gomail)", "run"], ["x"], ["y"], ["z"]]
    assert [of_gomail(each) for each in found] == [None, ["run"], None, None, None]


def test_links_are_called_by_what_they_lead_to() -> None:
    """On the site there are no files: one is called by its page's name."""
    pages = (Path(__file__).parents[2] / "docs").rglob("*.md")
    named = {path: re.findall(r"\[[^\]]*\.md\]\(", path.read_text()) for path in pages}
    assert {path: links for path, links in named.items() if links} == {}


def test_installing_is_told_as_it_works() -> None:
    """Out of its source, as .ci/wheel does it: no index has a package of that name yet."""
    pages = (Path(__file__).parents[2] / name for name in ("README.md", "docs/first-mail.md"))
    for page in pages:
        lines = re.findall(r"pipx? install [^`&\n]*", page.read_text())
        assert lines
        assert [line for line in lines if ".[" not in line and "likewise" not in line] == []
