"""Command lines → values: each verb's argument, short, long, and meant to be dear."""

from collections.abc import Callable
from functools import partial

from cpu import measure

from gomail.reply import Refused
from gomail.smtp import grammar
from gomail.smtp.verbs import verb_of

LONGEST = 2048  # octets of a command line
LONG = b"a" * 64 + b"@" + b".".join([b"d" * 60] * 4)
LABELS = b".".join([b"a"] * 900)
READ = {
    "EHLO": (grammar.read_greeting, b"mail-wr1-f47.google.com"),
    "EHLO, long": (grammar.read_greeting, b"x" * 255 + b" " + b"y" * 1700),
    "MAIL": (grammar.read_mail, b"FROM:<alice@sender.example>"),
    "MAIL, null": (grammar.read_mail, b"FROM:<>"),
    "MAIL, SIZE": (grammar.read_mail, b"FROM:<alice@sender.example> SIZE=123456"),
    "MAIL, all parameters": (
        grammar.read_mail,
        b"FROM:<alice@sender.example> SIZE=123456 BODY=8BITMIME SMTPUTF8 AUTH=<>",
    ),
    "MAIL, quoted": (grammar.read_mail, b'FROM:<"a \\"b\\" c"@sender.example>'),
    "MAIL, literal": (grammar.read_mail, b"FROM:<alice@[IPv6:2001:db8::1]>"),
    "MAIL, long": (grammar.read_mail, b"FROM:<" + LONG + b"> SIZE=99999999999999999999"),
    "RCPT": (partial(grammar.read_rcpt, utf8=False), b"TO:<bob@bench.example>"),
    "RCPT, UTF-8": (partial(grammar.read_rcpt, utf8=True), "TO:<bärbel@bücher.example>".encode()),
    "RCPT, source route": (
        partial(grammar.read_rcpt, utf8=False),
        b"TO:<@a.example,@b.example:bob@bench.example>",
    ),
    "RCPT, no brackets": (partial(grammar.read_rcpt, utf8=False), b"TO: bob@bench.example"),
    "BDAT": (grammar.read_bdat, b"1048576 LAST"),
    "RSET": (grammar.read_nothing, b""),
    "VRFY": (grammar.read_string, b"bob"),
}
HOSTILE = {
    "MAIL, never closed": (grammar.read_mail, b"FROM:<" + b"a" * 2000),
    "MAIL, quote never closed": (grammar.read_mail, b'FROM:<"' + b"\\a" * 1000),
    "MAIL, dots": (grammar.read_mail, b"FROM:<" + b"." * 2000 + b"@x>"),
    "MAIL, labels": (grammar.read_mail, b"FROM:<a@" + LABELS + b"!>"),
    "MAIL, routes": (grammar.read_mail, b"FROM:<" + b"@a," * 600 + b":b@c>"),
    "MAIL, parameters": (grammar.read_mail, b"FROM:<a@b.example> " + b"A=1 " * 500),
    "MAIL, blanks": (grammar.read_mail, b"FROM:" + b" " * 2000),
    "RCPT, parameters": (
        partial(grammar.read_rcpt, utf8=False),
        b"TO:<a@b.example> " + b"a " * 900,
    ),
    "BDAT, digits": (grammar.read_bdat, b"9" * 2000),
}


def refused(read: Callable[[bytes], object], argument: bytes) -> None:
    """Read what can't be read."""
    try:
        read(argument)
    except Refused:
        return
    raise RuntimeError(f"it was read: {argument!r}")


def main() -> None:
    """Measure them all."""
    if longest := [name for name, (_, octets) in HOSTILE.items() if len(octets) > LONGEST]:
        raise RuntimeError(f"no line is so long: {longest}")
    measure(
        {"verb": partial(verb_of, b"rcpt TO:<bob@bench.example>")}
        | {name: partial(read, argument) for name, (read, argument) in READ.items()}
        | {f"refused: {name}": partial(refused, *each) for name, each in HOSTILE.items()}
    )


if __name__ == "__main__":
    main()
