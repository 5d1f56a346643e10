"""
Messages that want to do something to whoever opens them: to run, to load, to lie, to exhaust.

`hostile()` yields more than 200 of them as (name, octets). Their vectors are written down in
tests/data/hostile. Whatever of them runs calls SCRIPT; whatever loads asks REMOTE, on loopback.
"""

from base64 import b64decode, b64encode
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import quote

VECTORS = Path(__file__).parents[1] / "data" / "hostile"
REMOTE = "http://127.0.0.9:8099"
SCRIPT = "alert(1)"

_PICTURE = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII="
)


def hostile(remote: str = REMOTE, script: str = SCRIPT) -> Iterator[tuple[str, bytes]]:
    """Yield all hostile messages; what loads asks *remote*, and what runs is *script*."""
    for kind in ("script", "mutation", "remote", "style"):
        for name, vector in vectors(kind, remote, script):
            yield f"{kind}-{name}", hypertext(f"{kind}: {name}", vector)
    for name, vector in vectors("text", remote, script):
        yield f"text-{name}", text(vector)
    for name, vector in vectors("names", remote, script):
        yield f"names-{name}", attached(vector)
    yield from charsets(remote, script)
    yield from embedded(remote, script)
    yield from results()
    yield from bombs()


def vectors(kind: str, remote: str = REMOTE, script: str = SCRIPT) -> list[tuple[str, str]]:
    """Read the vectors of a kind."""
    filled = _read(kind)
    for sign, meant in (("{R}", remote), ("{S}", script), ("{0}", "\0"), ("{LONG}", "n" * 300)):
        filled = filled.replace(sign, meant)
    filled = filled.replace("127.0.0.9:8099", remote.rpartition("/")[2])
    named = (each.partition("\n") for each in ("\n" + filled).split("\n%% ")[1:])
    return [(name, vector.removesuffix("\n")) for name, _, vector in named]


@cache
def _read(kind: str) -> str:
    return (VECTORS / f"{kind}.txt").read_text("utf-8")


def headed(subject: str, *fields: str, sender: str = "Mallory <mallory@evil.example>") -> bytes:
    """Write a header block, its end included."""
    head = [f"From: {sender}", "To: you@here.example", f"Subject: {subject}", *fields]
    lines = [*head, "Date: Sat, 28 Nov 2026 16:44:31 +0000", "MIME-Version: 1.0", "", ""]
    return "\n".join(lines).encode()


def encoded(words: str, charset: str = "utf-8") -> str:
    """Write an encoded word (RFC 2047)."""
    return f"=?{charset}?B?{b64encode(words.encode()).decode()}?="


def hypertext(subject: str, markup: str, charset: str = "utf-8") -> bytes:
    """Write a message that has HTML alone."""
    page = f"<html><head></head><body><p>Before.</p>\n{markup}\n<p>After.</p></body></html>\n"
    return headed(subject, f"Content-Type: text/html; charset={charset}") + page.encode()


def text(vector: str) -> bytes:
    """Write a message that has a vector wherever a reader is shown text."""
    words = encoded(vector)
    fields = (
        f"Cc: {words} <{quote(vector)[:60]}@evil.example>",
        f"X-Header: {words}",
        "Content-Type: multipart/mixed; boundary=b",
    )
    disposition = f"Content-Disposition: attachment; filename*=utf-8''{quote(vector)}"
    body = f"--b\nContent-Type: text/plain; charset=utf-8\n\n{vector}\n"
    body += f"--b\nContent-Type: text/x-{quote(vector)[:30]}\n{disposition}\n\n{vector}\n--b--\n"
    return headed(words, *fields, sender=f"{words} <x@evil.example>") + body.encode()


def attached(name: str) -> bytes:
    """Write a message with an attachment of that name, in the forms in which names come."""
    plain = name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    forms = (
        f'filename="{plain}"',
        f"filename*=utf-8''{quote(name, safe='')}",
        f"filename*0*=utf-8''{quote(name[:3], safe='')}; filename*1*={quote(name[3:], safe='')}",
    )
    page = b64encode(f"<script>{SCRIPT}</script>".encode()).decode()
    parts = "".join(
        f"--b\nContent-Type: text/html; name*=utf-8''{quote(name, safe='')}\n"
        f"Content-Transfer-Encoding: base64\nContent-Disposition: attachment; {form}\n\n{page}\n"
        for form in forms
    )
    body = f"--b\nContent-Type: text/plain\n\nSee what is attached.\n{parts}--b--\n"
    return headed("attached", "Content-Type: multipart/mixed; boundary=b") + body.encode()


def charsets(remote: str, script: str) -> Iterator[tuple[str, bytes]]:
    """Yield markup that is some in one charset, and none in another."""
    markup = f"<script>{script}</script><img src={remote}/c.png onerror={script}>"
    plus = f"+ADw-script+AD4-{script}+ADw-/script+AD4-"
    yield "charset-utf-7", hypertext("utf-7", plus, "utf-7")
    yield "charset-utf-7-unnamed", headed("utf-7", "Content-Type: text/html") + plus.encode()
    meta = f'<meta charset="utf-7">{plus}'
    yield "charset-utf-7-in-meta", hypertext("meta", meta)
    for name in ("utf-16", "utf-16le", "utf-32", "utf-8-sig", "cp037", "hz", "iso2022_jp"):
        head = headed(name, f"Content-Type: text/html; charset={name}")
        yield f"charset-{name}", head + markup.encode(name)
    for name in ("x-user-defined", "punycode", "unicode-escape", "base64", "x" * 200, "utf-8\0x"):
        yield f"charset-said-to-be-{name[:20]!a}", hypertext("unknown", markup, name)
    overlong = b"\xc0\xbcscript\xc0\xbe" + script.encode() + b"\xc0\xbc/script\xc0\xbe"
    yield (
        "charset-overlong",
        headed("overlong", "Content-Type: text/html; charset=utf-8") + overlong,
    )
    cut = b'<a title="\xe3\x81" onclick="' + script.encode() + b'">x</a>'
    yield "charset-cut", headed("cut", "Content-Type: text/html; charset=shift_jis") + cut
    words = f"=?utf-7?Q?{plus}?= =?iso-2022-jp?B?GyRC?= =?utf-16?B?{b64encode(b'<x>').decode()}?="
    yield "charset-in-fields", headed(words, sender=f"{words} <a@evil.example>") + b"\n"
    yield "charset-surrogates", hypertext("surrogates", "+2D0- +3AA-", "utf-7")


def embedded(remote: str, script: str) -> Iterator[tuple[str, bytes]]:
    """Yield images of the message itself, some of which are none."""
    svg = f"<svg onload='{script}' xmlns='http://www.w3.org/2000/svg'><image href='{remote}/'/>"
    picture = b64encode(f"{svg}</svg>".encode()).decode()
    kinds = {
        "png": ("image/png", _PICTURE),
        "svg": ("image/svg+xml", picture),
        "svg-as-png": ("image/png", picture),
        "html": ("text/html", b64encode(f"<script>{script}</script>".encode()).decode()),
        "html-in-type": ('image/png;x="text/html,<script>"', _PICTURE),
        "huge": ("image/png", big_picture(700_000)),
    }
    for name, (kind, content) in kinds.items():
        it = "cid:it@evil.example"
        page = f'<img src="{it}"><img src="CID:it%40evil.example"><a href="{it}">x</a>'
        page += f'<iframe src="{it}"></iframe>'
        yield f"embedded-{name}", related(page, kind, content)
    yield (
        "embedded-a-thousand-times",
        related('<img src="cid:it@evil.example">' * 1000, "image/png", big_picture(30_000)),
    )


def big_picture(size: int) -> str:
    """Write an image that is so much longer than it would have to be, in base64."""
    return b64encode(b64decode(_PICTURE) + bytes(size)).decode()


def related(page: str, kind: str, content: str) -> bytes:
    """Write a message with HTML and an image that it shows."""
    body = (
        f"--b\nContent-Type: text/html; charset=utf-8\n\n{page}\n"
        f"--b\nContent-Type: {kind}\nContent-ID: <it@evil.example>\n"
        f"Content-Transfer-Encoding: base64\n\n{content}\n--b--\n"
    )
    return headed("embedded", "Content-Type: multipart/related; boundary=b") + body.encode()


def results() -> Iterator[tuple[str, bytes]]:
    """Yield messages that say themselves that they are genuine."""
    pass_ = "dmarc=pass header.from=bank.example"
    field = f"Authentication-Results: mx.here.example; {pass_}\n".encode()
    received = b"Received: from evil.example ([127.0.0.9])\n\tby mx.here.example with ESMTP id 1\n"
    yield "results-below-received", received + field + headed("below") + b"x\n"
    yield "results-without-received", field + headed("alone") + b"x\n"
    other = field.replace(b"mx.here.example", b"mx.here.example.evil.example")
    yield "results-of-another", other + received + headed("another") + b"x\n"
    markup = encoded("<script>alert(1)</script>")
    shown = f'{field.decode()[:-1]};\n spf=fail reason="{markup} <b>" smtp.helo="<i>"\n'
    yield "results-with-markup", shown.encode() + received + headed("markup") + b"x\n"


def bombs() -> Iterator[tuple[str, bytes]]:
    """Yield messages that are small, or not, and much work."""
    nested = "".join(
        f"--{n}\nContent-Type: multipart/mixed; boundary={n + 1}\n\n" for n in range(3000)
    )
    mixed = "Content-Type: multipart/mixed; boundary=0"
    yield "bomb-depth", headed("depth", mixed) + nested.encode()
    inner = "Content-Type: message/rfc822\n\n" * 2000
    yield "bomb-messages", headed("messages", "Content-Type: message/rfc822") + inner.encode()
    yield "bomb-parts", headed("parts", mixed) + b"--0\n\nx\n" * 50_000
    same = "Content-Type: multipart/alternative; boundary=0"
    yield "bomb-boundary-in-boundary", headed("same", same) + f"--0\n{same}\n\n".encode() * 20_000
    sections = "".join(f' x*{n}="y";' for n in range(20_000))
    yield "bomb-rfc-2231", headed("2231", f"Content-Type: text/html;{sections} a=b") + b"<p>x\n"
    names = "".join(f" filename*{n}*=%3Cscript%3E;" for n in range(5_000))
    yield "bomb-file-name", headed("name", f"Content-Disposition: attachment;{names}") + b"x\n"
    yield "bomb-encoded-words", headed("=?utf-8?q?=3Cb?= " * 20_000) + b"x\n"
    yield "bomb-words-unfinished", headed("=?a?q?" * 100_000) + b"x\n"
    yield "bomb-quotes", headed("q", sender='"' + "\\" * 100_001) + b"x\n"
    yield "bomb-comments", headed("c", sender="(" * 200_000) + b"x\n"
    yield "bomb-fields", headed("f", *["X: y"] * 100_000) + b"x\n"
    sixty_four = "Content-Transfer-Encoding: base64\nContent-Type: text/html"
    yield "bomb-base64", headed("base64", sixty_four) + b"=" * 500_000 + b"\n" + b"PGI+" * 200_000
    page = "Content-Type: text/html"
    yield "bomb-divisions", headed("divisions", page) + b"<div>" * 60_000
    yield "bomb-tables", headed("tables", page) + b"<table><tr><td>" * 20_000
    yield "bomb-formatting", headed("formatting", page) + b"<b><i><font><a href=x>" * 12_000
    yield "bomb-attributes", headed("attributes", page) + b"<p " + b"a=b " * 100_000 + b">"
    yield "bomb-comments-unfinished", headed("unfinished", page) + b"<!--" * 100_000
    yield "bomb-entities", headed("entities", page) + b"&amp" * 100_000 + b"&#x41" * 50_000
    yield "bomb-styles", headed("styles", page) + b'<p style="' + b"color:red;" * 50_000 + b'">'
    yield "bomb-urls", headed("urls", page) + b"<style>a{b:url(" + b"url((" * 80_000 + b"</style>"
    yield "bomb-one-line", headed("line") + b"x" * 3_000_000
