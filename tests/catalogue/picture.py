"""
The picture of a terminal in the tutorial, docs/init.svg, out of what ``gomail init`` says.

It is written by ``python -m tests.catalogue.picture``; a test sees that it is.
"""

import os
import pwd
import socket
import tempfile
from io import StringIO
from pathlib import Path
from unittest.mock import patch

from click.testing import CliRunner
from rich.console import Console
from rich.text import Text

from gomail.cli.main import main
from gomail.machine.netlink import Address
from tests.catalogue.pages import ROOT

PAGE = ROOT / "docs/init.svg"
HOME, PROGRAM = "/home/you", "/home/you/.local/bin/gomail"
TYPED = "gomail init you@example.org"
_WIDTH = 108  # signs
# Rich's own would have a browser fetch its font from elsewhere.
_SVG = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, monospace;
font-size: {char_height}px; line-height: {line_height}px; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" /></clipPath>
{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g></g></svg>
"""


def page() -> str:
    """Draw the picture."""
    console = Console(record=True, width=_WIDTH, file=StringIO(), highlight=False)
    console.print(Text.assemble(("$ ", "green"), (TYPED, "bold")))
    console.print(Text(said().rstrip()))
    svg = console.export_svg(title="", code_format=_SVG, unique_id="init")
    return "".join(f"{line.rstrip()}\n" for line in svg.splitlines())


def said() -> str:
    """Have a machine with one public address say it, to a user whose name is you."""
    user = next(each for each in pwd.getpwall() if each.pw_uid)
    address = Address("5.9.1.1", "eth0", stable=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        patch("gomail.cli.init.addresses", lambda: (address,)),
        patch("gomail.cli.init.program", lambda: PROGRAM),
        patch("gomail.cli.beginning.program", lambda: PROGRAM),
        patch("gomail.cli.beginning.Beginning._give_away"),
        patch.object(os, "geteuid", lambda: 0),
        patch.object(socket, "gethostname", lambda: "vps"),
    ):
        here = ("--config", f"{folder}/gomail.toml", "--maildir", f"{folder}/Maildir")
        done = CliRunner().invoke(main, [*TYPED.split()[1:], "--user", user.pw_name, *here])
        assert done.exit_code == 0, done.output
        whole = done.output.replace(str(Path(folder)), HOME)
    return whole.replace(f"--user {user.pw_name} ", "--user you ")


if __name__ == "__main__":
    PAGE.write_text(page())
