"""HTML in which nothing acts and nothing loads; hostile messages are in tests/inbox."""

import re
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gomail.reading.markup import IMAGE_OCTETS, IMAGES_OCTETS, Image, clean_markup
from gomail.reading.remote import count_remote
from gomail.reading.sheet import Markup
from gomail.reading.style import clean_style

_SOURCE = re.compile(r'<[a-z]+(?: [a-z]+="[^"]*")* src=')
PNG = b"\x89PNG\r\n\x1a\n"


def clean(markup: str, **images: bytes) -> Markup:
    """Clean HTML that may show some images."""
    shown = {f"{name}@x": Image("image/png", partial(bytes, each)) for name, each in images.items()}
    return clean_markup([markup], shown)


def test_what_is_harmless_stays() -> None:
    """A newsletter looks as it was meant to."""
    for page in (
        '<table width="600" bgcolor="#fff"><tbody><tr><td>x</td></tr></tbody></table>',
        '<p style="padding:0 10px;color:rgb(1, 2, 3);font-family:Arial">x</p>',
        '<h1 dir="rtl" lang="he">x</h1><font color="red" face="Arial" size="2">y</font>',
    ):
        assert clean(page).html == page


def test_links_lead_out_and_tell_nothing() -> None:
    """They open beside the message, and the page that they lead to does not learn from where."""
    for link in ("https://a.example/?b=c&amp;d#e", "mailto:a@b.example", "http://a.example"):
        html = clean(f'<a href="{link}">x</a>').html
        assert f'href="{link}"' in html
        assert 'target="_blank"' in html
        assert 'rel="noopener noreferrer nofollow"' in html


def test_image_of_the_message_is_shown() -> None:
    """By its Content-ID, whatever is percent-encoded in the reference (RFC 2392 §2)."""
    markup = clean('<img src="cid:a@x" alt="A"><img src="CID:a%40x"><img src="cid:b@x">', a=PNG)
    assert markup.html.count('src="data:image/png;base64,iVBORw0KGgo="') == 2
    assert (markup.remote, markup.embedded, markup.omitted) == (0, 2, 1)


def test_images_are_bounded() -> None:
    """One by one and together, however often each is shown."""
    assert clean('<img src="cid:a@x">', a=PNG + bytes(IMAGE_OCTETS)).omitted == 1
    markup = clean('<img src="cid:a@x">' * 100, a=PNG + bytes(100_000))
    assert markup.embedded == IMAGES_OCTETS // 100_008
    assert markup.embedded + markup.omitted == 100
    assert len(markup.html) < IMAGES_OCTETS * 3 // 2


def test_texts_are_cleaned_each_by_itself() -> None:
    """An element that one leaves open does not swallow the next."""
    assert clean_markup(["<b>x<plaintext>", "<i>y</i>"], {}).html == "<b>x</b>\n<hr>\n<i>y</i>"


@pytest.mark.parametrize(
    ("style", "cleaned"),
    [
        ("color: red; Padding:1PX", "color:red;padding:1PX"),
        (
            "color:rgba(1,2,3,.5) ; margin: 0 auto !important",
            "color:rgba(1,2,3,.5);margin:0 auto !important",
        ),
        ("position:fixed;z-index:9;color:blue", "color:blue"),
        ("background:url(x)", ""),
        ("background-color:url(x)", ""),
        ("color:r\\65d", ""),
        ("color:expression(1)", ""),
        ("--x:1;color:var(--x)", ""),
        ("color", ""),
        ("color:" + "x" * 300, ""),
        ("width:calc(100% - 1px)", ""),
    ],
)
def test_styles_are_plain_values(style: str, cleaned: str) -> None:
    """Of properties that load nothing and lie over nothing."""
    assert clean_style(style) == cleaned


@pytest.mark.parametrize(
    ("markup", "count"),
    [
        ("", 0),
        ("<p>http://a.example/", 0),
        ('<img src="http://a/"><img src=//a><img src="data:,x"><img src="cid:x"><img src>', 2),
        ('<a href="http://a/">x</a><area href="http://a/">', 0),
        ('<link href="http://a/"><base href="http://a/">', 1),
        ("<p style=\"background:url(http://a/) url('//b')\">", 2),
        ("<style>@import 'a'; a{b:url( \"c\" )}</style>url(d)", 2),
        ("<style>\n<!-- a{b:url(c)} --></style><style><!-- </style><img src=http://a>", 2),
        ('<meta http-equiv=refresh content="0; URL = http://a">', 1),
        ("<!-- <img src=http://a> --><img src=http://a", 0),
        ("<svg><image xlink:href=http://a /></svg>", 1),
    ],
)
def test_what_is_elsewhere_is_counted(markup: str, count: int) -> None:
    """What would be loaded without a click."""
    assert count_remote(markup) == count


@given(st.text(st.sampled_from("<>/='\" abimgsrcstyleurl()!-&;:#")))
def test_any_markup_is_cleaned(markup: str) -> None:
    """Cleaned HTML is harmless, so it stays as it is when it is cleaned again."""
    once = clean(markup).html
    assert clean(once).html == once
    assert not _SOURCE.search(once)
