"""
Macros: what a milter is told besides the commands, by the names that Sendmail gave them.

What is not known is left out, as Postfix does (MILTER_README, "What macros will Postfix send").
"""

from collections.abc import Mapping, Sequence

from gomail.address import Path
from gomail.envelope import Client
from gomail.milters.options import MACROS, Options, Stage
from gomail.milters.packets import packet, texts

_USUAL: Mapping[Stage, Sequence[str]] = {
    Stage.CONNECT: (
        "j",
        "_",
        "v",
        "daemon_name",
        "client_addr",
        "client_name",
        "client_port",
        "client_ptr",
    ),
    Stage.HELO: ("tls_version", "cipher", "cipher_bits"),
    Stage.MAIL: ("i", "mail_addr", "mail_host", "mail_mailer"),
    Stage.RCPT: ("i", "rcpt_addr", "rcpt_host", "rcpt_mailer"),
    Stage.DATA: ("i",),
    Stage.END_OF_HEADER: ("i",),
    Stage.END: ("i",),
}
_UNKNOWN = "unknown"  # the name of a client, which DNS is not asked for before a recipient is known


def of_client(client: Client, hostname: str) -> dict[str, str]:
    """Give the macros of a session: *hostname* is ours."""
    values = {"j": hostname, "daemon_name": hostname, "v": "gomail"}
    if client.address is not None:
        values |= {
            "_": f"{_UNKNOWN} [{client.address}]",
            "client_addr": client.address,
            "client_name": _UNKNOWN,
            "client_ptr": _UNKNOWN,
            "client_port": str(client.port or 0),
        }
    if client.encryption is not None:
        values |= {
            "tls_version": client.encryption.version,
            "cipher": client.encryption.cipher,
            "cipher_bits": str(client.encryption.bits),
        }
    return values


def of_path(path: Path, kind: str, mailer: str) -> dict[str, str]:
    """Give the macros of a path: *kind* is ``mail`` or ``rcpt``."""
    values = {f"{kind}_addr": str(path)[1:-1], f"{kind}_mailer": mailer}
    if path.address is not None:
        values[f"{kind}_host"] = path.address.domain
    return values


def macro_packet(stage: Stage, options: Options, values: Mapping[str, str]) -> bytes:
    """Write the packet that goes ahead of a command; nothing where there is nothing to tell."""
    names = options.macros.get(stage, _USUAL.get(stage, ()))
    pairs: list[bytes] = []
    for name in names:
        value = values.get(name)
        if value is not None:
            written = name if len(name) == 1 else f"{{{name}}}"
            pairs += [written.encode(), value.encode("utf-8", "replace")]
    return packet(MACROS, stage.command + texts(*pairs)) if pairs else b""
