"""``gomail inbox``: the mail in the browser."""

import os
import sys

import click

from gomail.server.activation import name_sockets


@click.command(
    context_settings={
        "ignore_unknown_options": True,
        "allow_extra_args": True,
        "help_option_names": [],
    }
)
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def inbox(options: tuple[str, ...]) -> None:
    """Show the mail in the browser; its options: gomail inbox --help."""
    name_sockets(os.environ)
    from twisted.scripts import twistd  # noqa: PLC0415 -- other commands start faster without

    sys.argv = ["gomail", "--nodaemon", "--pidfile=", "gomail-inbox", *options]
    twistd.run()
