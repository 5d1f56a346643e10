"""
HTML → HTML in which nothing acts and nothing loads; in the child process (needs nh3).

nh3 parses as browsers do and writes down what an allow list has, so that there is one reading of
it. Beyond what it does: every image is the message's own (``cid:``) and becomes a ``data:`` URL, or
has no source; links lead to http:, https: or mailto: and nowhere else; styles are plain values.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import unquote

import nh3

from gomail.reading.remote import count_remote
from gomail.reading.sheet import Markup
from gomail.reading.style import PROPERTIES, clean_style

#: Octets of one image that is put into the HTML, and of all, each time that it is shown.
IMAGE_OCTETS = 512 * 1024
IMAGES_OCTETS = 1024 * 1024

#: What images may be, and how they begin: an SVG is a document.
IMAGES = {
    "image/gif": re.compile(rb"GIF8[79]a"),
    "image/jpeg": re.compile(rb"\xff\xd8\xff"),
    "image/png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "image/webp": re.compile(rb"RIFF....WEBP", re.DOTALL),
}

_TAGS_NAMES = """
    a abbr acronym address article aside b bdi bdo big blockquote br caption center cite code col
    colgroup dd del dfn div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i
    img ins kbd li main mark nav ol p pre q rp rt ruby s samp section small span strike strong
    sub sup table tbody td tfoot th thead time tr tt u ul var wbr
"""
_TAGS = set(_TAGS_NAMES.split())
_WITH_CONTENT_NAMES = """
    applet audio canvas datalist embed frame frameset iframe math noembed noframes object
    script select style svg template textarea title video xmp
"""
_WITH_CONTENT = set(_WITH_CONTENT_NAMES.split())
_TABLE = {"align", "bgcolor", "border", "cellpadding", "cellspacing", "height", "valign", "width"}
_ATTRIBUTES = {
    "*": {"align", "dir", "lang", "style", "title"},
    "a": {"href"},
    "col": {"span", "valign", "width"},
    "colgroup": {"span", "valign", "width"},
    "font": {"color", "face", "size"},
    "hr": {"size", "width"},
    "img": {"alt", "border", "height", "src", "width"},
    "li": {"value"},
    "ol": {"start", "type"},
    "table": _TABLE,
    "td": _TABLE | {"colspan", "nowrap", "rowspan"},
    "th": _TABLE | {"colspan", "nowrap", "rowspan"},
    "tr": _TABLE,
    "ul": {"type"},
}
_LINK = re.compile(r"(?:https?://[^/\\]|mailto:)", re.IGNORECASE)
# A URL is read without them (WHATWG URL §4.4), so it is written without them, too.
_NOT_IN_URLS = re.compile(r"[\x00-\x20\x7f]")


class Image:
    """An image of the message, made a URL when it is first shown; *octets* undoes its encoding."""

    def __init__(self, kind: str, octets: Callable[[], bytes]) -> None:
        self._kind = kind
        self._octets = octets
        self._url: str | None = None

    def url(self) -> str | None:
        """Give it as ``data:`` URL, or None if it is too big, or not what it is said to be."""
        if self._url is None:
            octets = self._octets()
            fits = len(octets) <= IMAGE_OCTETS and IMAGES[self._kind].match(octets)
            self._url = f"data:{self._kind};base64,{b64encode(octets).decode()}" if fits else ""
        return self._url or None


def clean_markup(texts: Sequence[str], images: Mapping[str, Image]) -> Markup:
    """Make HTML harmless, each text by itself; *images* are the message's by their Content-ID."""
    # UTF-7 can make lone surrogates, which are no characters.
    plain = [each.encode("utf-8", "replace").decode() for each in texts]
    cleaning = _Cleaning(images)
    html = "\n<hr>\n".join(cleaning.clean(each) for each in plain)
    return Markup(html, sum(map(count_remote, plain)), cleaning.embedded, cleaning.omitted)


class _Cleaning:
    """HTML being cleaned: what of each attribute is kept, and how many images there are."""

    def __init__(self, images: Mapping[str, Image]) -> None:
        self.embedded = self.omitted = 0
        self._images = images
        self._left = IMAGES_OCTETS * 4 // 3

    def clean(self, markup: str) -> str:
        """Give what is harmless of one text."""
        return nh3.clean(
            markup,
            tags=_TAGS,
            clean_content_tags=_WITH_CONTENT,
            attributes=_ATTRIBUTES,
            attribute_filter=self.attribute,
            filter_style_properties=PROPERTIES,
            link_rel="noopener noreferrer nofollow",
            set_tag_attribute_values={"a": {"target": "_blank"}},
            url_schemes={"cid", "http", "https", "mailto"},
        )

    def attribute(self, tag: str, name: str, value: str) -> str | None:
        """Give what an attribute says instead, or None for nothing."""
        if name == "src":
            return self._image(value) if tag == "img" else None
        if name == "href":
            link = _NOT_IN_URLS.sub("", value)
            return link if _LINK.match(link) else None
        if name == "style":
            return clean_style(value) or None
        return value

    def _image(self, value: str) -> str | None:
        """Give the image of the message that *value* names."""
        scheme, _, name = _NOT_IN_URLS.sub("", value).partition(":")
        if scheme.lower() != "cid":
            return None
        image = self._images.get(unquote(name))  # RFC 2392 §2
        url = image.url() if image else None
        if url is None or len(url) > self._left:
            self.omitted += 1
            return None
        self.embedded += 1
        self._left -= len(url)
        return url
