"""``gomail certificates``: what certificates are, and how gomail gets at those of certbot."""

import os
import pwd
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gomail.certificates.wanted import Files
from gomail.cli import hook
from gomail.config import Configuration, ConfigurationError, load
from gomail.server.state import state_folder

if TYPE_CHECKING:
    from gomail.certificates.pair import Pair

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\Z")


@click.group()
def certificates() -> None:
    """Show certificates, or give gomail a copy of those that certbot renews."""


@certificates.command()
@click.option("--user", default="gomail", show_default=True, help="Who gomail runs as.")
@click.option(
    "--name", "names", multiple=True, help="A certificate of certbot's [default: its only one]."
)
@click.option("--folder", default=hook.FOLDER, show_default=True, help="Where the copies go.")
@click.option("--unit", default="gomail.service", show_default=True, help="Of systemd, to reload.")
@click.option("--pidfile", default="", help="Of a gomail without systemd, to send SIGHUP.")
@click.option(
    "--letsencrypt", default="/etc/letsencrypt", show_default=True, help="certbot's folder."
)
def install(  # noqa: PLR0913, PLR0917 -- click gives them by name
    user: str, names: tuple[str, ...], folder: str, unit: str, pidfile: str, letsencrypt: str
) -> None:
    """Have certbot copy what it renews for gomail, and do so now; as root."""
    if os.geteuid() != 0:
        raise click.ClickException(
            "root alone may read certbot's keys: put sudo before it, with gomail's full path"
        )
    try:
        uid = pwd.getpwnam(user).pw_uid
    except KeyError:
        msg = f"there is no user {user}; --user names the one that gomail runs as"
        raise click.ClickException(msg) from None
    live = Path(letsencrypt).absolute() / "live"
    names = names or _only_name(live)
    for name in names:
        if not _NAME.match(name) or not (live / name / "fullchain.pem").exists():
            raise click.ClickException(f"certbot has no certificate {name!r} in {live}")
    script = live.parent / "renewal-hooks" / "deploy" / "gomail"
    copies = Path(folder).absolute()
    wanted = hook.Hook(user, uid, names, copies, unit, pidfile and str(Path(pidfile).absolute()))
    try:
        hook.see_that_all_is_roots(live.parent)
        hook.make_root_folder(copies)
        hook.install(script, wanted)
        for name in names:
            hook.run(script, live / name)
    except hook.HookError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"certbot will run {script} after each renewal; it has copied:")
    pairs = [_copy(copies / name) for name in names]
    for files in pairs:
        _show(files)
    click.echo("\nIn the configuration file of gomail:\n")
    click.echo("\n".join(_toml(pairs)))


def _only_name(live: Path) -> tuple[str, ...]:
    """Give the name of the only certificate that certbot has."""
    names = sorted(each.parent.name for each in live.glob("*/fullchain.pem"))
    if not names:
        how = "certbot certonly --standalone -d mx.example.org"
        msg = f"certbot has no certificate in {live}; it gets one so: {how}"
        raise click.ClickException(msg)
    if len(names) > 1:
        msg = f"certbot has several certificates; --name says which: {', '.join(names)}"
        raise click.ClickException(msg)
    return tuple(names)


def _copy(folder: Path) -> Files:
    """Name the files that the script makes."""
    return Files(str(folder / "fullchain.pem"), str(folder / "privkey.pem"))


def _toml(pairs: list[Files]) -> Iterator[str]:
    """Write what the settings are to be."""
    for number, files in enumerate(pairs):
        yield "[[tls.sni]]" if number else "[tls]"
        yield f'certificate = "{files.certificate}"'
        yield f'key = "{files.key}"'


@certificates.command()
@click.argument("files", nargs=-1, metavar="[CERTIFICATE [KEY]]")
@click.option("-c", "--config", "path", metavar="FILE", help="Those that this file names.")
def show(files: tuple[str, ...], path: str | None) -> None:
    """Show the certificates of a configuration, or of files: whose they are, and for how long."""
    if len(files) > 2 or (files and path):
        raise click.UsageError("a certificate and its key were expected, or --config with a file")
    if len(files) == 1 and not _has_key(files[0]):
        _show_alone(files[0])
        return
    pairs = [Files(files[0], files[-1])] if files else _configured(path)
    fit = [_show(each) for each in pairs]
    if not all(fit):
        raise SystemExit(1)


def _has_key(path: str) -> bool:
    """Tell whether a file has a key beside its certificate; what can't be read is told later."""
    try:
        return b"PRIVATE KEY" in Path(path).read_bytes()
    except OSError:
        return False


def _show_alone(path: str) -> None:
    """Show a certificate, of whose key nothing was said."""
    from gomail.certificates.pair import Pair, PairError, read_chain  # noqa: PLC0415 -- likewise

    try:
        pair = Pair(read_chain(path), None)  # type: ignore[arg-type]  # its key is no matter
    except PairError as error:
        hint = f"; for a configuration file: --config {path}" if path.endswith(".toml") else ""
        raise click.ClickException(f"{error}{hint}") from None
    _tell(path, pair, f"none was named; gomail certificates show {path} KEY says whether it fits")


def _configured(path: str | None) -> list[Files]:
    """Give the pairs that a configuration names, or the one that gomail has made itself."""
    from gomail.certificates.own import NAME  # noqa: PLC0415 -- other commands are faster without

    try:
        configuration = Configuration() if path is None else load(path)
    except ConfigurationError as error:
        raise click.ClickException(str(error)) from None
    if configuration.tls.files:
        return list(configuration.tls.files)
    own = str(Path(state_folder(configuration.state) or "", NAME))
    return [Files(own, own)]


def _show(files: Files) -> bool:
    """Show one pair; tell whether it is one."""
    from gomail.certificates.pair import Pair, PairError, read_chain, read_pair  # noqa: PLC0415 -- likewise

    try:
        pair = Pair(read_chain(files.certificate), None)  # type: ignore[arg-type]  # its key is no matter yet
    except PairError as error:
        raise click.ClickException(str(error)) from None
    try:
        read_pair(files)
        fits, key = True, f"{files.key} fits"
    except PairError as error:
        fits, key = False, str(error)
    _tell(files.certificate, pair, key)
    return fits


def _tell(path: str, pair: "Pair", key: str) -> None:
    """Write what is known of a pair."""
    click.echo(path)
    for name, value in (*_facts(pair), ("key", key)):
        click.echo(f"  {name:<8}{value}")


def _facts(pair: "Pair") -> Iterator[tuple[str, str]]:
    """Tell what people want to know of a certificate."""
    from gomail.certificates.expiry import until  # noqa: PLC0415 -- likewise
    from gomail.certificates.keeper import world_time  # noqa: PLC0415 -- likewise

    yield "names", ", ".join(pair.names)
    yield "issuer", "nobody else" if pair.self_signed else pair.certificate.issuer.rfc4514_string()
    yield "ends", f"{until(pair)}, {pair.left(world_time()).days} days left"
    yield "serial", pair.serial
