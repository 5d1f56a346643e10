"""
``gomail``: the command for those who run gomail by itself.

``gomail run`` is ``twistd --nodaemon gomail`` without twistd on the PATH, and takes the same
options.
"""

import os
import sys

import click

from gomail.cli.certificates import certificates
from gomail.cli.check import check
from gomail.cli.config import config
from gomail.cli.dns import dns
from gomail.cli.doctor import doctor
from gomail.cli.explain import explain
from gomail.cli.init import init
from gomail.cli.output import Told
from gomail.cli.show import show
from gomail.cli.status import status
from gomail.cli.trying import try_session
from gomail.cli.units import units
from gomail.cli.watch import watch
from gomail.server.activation import name_sockets
from gomail.settings.usual import usual_file
from gomail.settings.values import ConfigurationError

_AS_THEY_ARE = {
    "ignore_unknown_options": True,
    "allow_extra_args": True,
    "help_option_names": [],
}


@click.group(
    cls=Told,
    context_settings={"help_option_names": ["-h", "--help"]},
    invoke_without_command=True,
)
@click.version_option(package_name="gomail", message="gomail %(version)s")
@click.pass_context
def main(context: click.Context) -> None:
    """Receive mail for a domain of yours: SMTP in, Maildir out, nothing else."""
    if context.invoked_subcommand is None:
        click.echo(f"{context.get_help()}\n\nNext: {_next()}")


def _next() -> str:
    """Say what to do, by what has been done."""
    try:
        found = usual_file()
    except ConfigurationError:
        found = None
    if found is None:
        return "gomail init you@example.org begins, and says all that follows."
    return (
        f"gomail dns --config {found} sees whether mail can find its way here, and "
        "sudo gomail doctor whether this machine is ready for it."
    )


@main.command(context_settings=_AS_THEY_ARE)
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def run(options: tuple[str, ...]) -> None:
    """Run the server; its options: gomail run --help."""
    name_sockets(os.environ)
    _be_twistd("gomail", *options)


@main.command(context_settings=_AS_THEY_ARE)
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def inbox(options: tuple[str, ...]) -> None:
    """Show the mail in the browser; its options: gomail inbox --help."""
    name_sockets(os.environ)
    _be_twistd("gomail-inbox", *options)


@main.command(hidden=True, context_settings=_AS_THEY_ARE)
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def twistd(options: tuple[str, ...]) -> None:
    """Be twistd in the foreground, without a pid file: so we start ourselves again."""
    _be_twistd(*options)


def _be_twistd(*options: str) -> None:
    """Go on as twistd."""
    from twisted.scripts import twistd  # noqa: PLC0415 -- other commands start faster without

    sys.argv = ["gomail", "--nodaemon", "--pidfile=", *options]
    twistd.run()


main.add_command(config)
main.add_command(certificates)
main.add_command(units)
main.add_command(check)
main.add_command(explain)
main.add_command(dns)
main.add_command(doctor)
main.add_command(init)
main.add_command(show)
main.add_command(status)
main.add_command(try_session)
main.add_command(watch)

if __name__ == "__main__":
    main(prog_name="gomail")
