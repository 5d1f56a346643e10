"""
What a browser asks of others when it opens a page of the site: nothing, or the build fails.

What a page loads by itself (scripts, styles, fonts, pictures, frames) has to come with the site;
links that somebody follows may lead anywhere. What scripts ask when they run is not seen here.
"""

import re
from collections.abc import Iterator
from pathlib import Path

_LOADED = re.compile(
    r"<(?:script|img|iframe|source|video|audio|embed)\b[^>]*?\bsrc=[\"']?((?:https?:)?//[^\"'\s>]+)"
    r"|<link\b(?=[^>]*\brel=[\"']?(?:stylesheet|icon|preload|preconnect|dns-prefetch|prefetch))"
    r"[^>]*?\bhref=[\"']?((?:https?:)?//[^\"'\s>]+)",
    re.IGNORECASE,
)
_STYLED = re.compile(r"(?:url\(\s*[\"']?|@import\s+[\"'])((?:https?:)?//[^\"')\s]+)", re.IGNORECASE)


def asked_by_page(html: str) -> list[str]:
    """Give the addresses elsewhere that a browser asks when it opens a page."""
    return [one or other for one, other in _LOADED.findall(html)] + asked_by_style(html)


def asked_by_style(css: str) -> list[str]:
    """Give the addresses elsewhere that a style sheet asks for, or a style in a page."""
    return _STYLED.findall(css)


def asked_by_site(folder: Path) -> Iterator[tuple[str, str]]:
    """Give the file, and the address, for all pages, style sheets and pictures of a site."""
    kinds = ((".html", asked_by_page), (".css", asked_by_style), (".svg", asked_by_style))
    for suffix, asked in kinds:
        for path in sorted(folder.rglob(f"*{suffix}")):
            for address in asked(path.read_text()):
                yield path.relative_to(folder).as_posix(), address
