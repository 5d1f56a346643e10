"""HTML → text."""

from html.parser import HTMLParser

import pytest

from gomail.reading.hypertext import read_hypertext


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ('<div dir="ltr">What hath god wrought</div>', "What hath god wrought"),
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("<div>one</div><div>two<br>three</div>", "one\n\ntwo\nthree"),
        ("<ul><li>Milk<li>Coffee</ul>after", "* Milk\n* Coffee\n\nafter"),
        ("<table><tr><td>a<td>b</tr></table>", "a b"),
        ("a  \n\t b&nbsp;&amp;", "a b &"),
        ("a<hr>b", "a\n----\nb"),
        ("<style>p {}</style><script>x</script><title>t</title>shown", "shown"),
        ("</style>shown", "shown"),
        ("zero\u200b\u200cwidth&shy;", "zerowidth"),
        ('<img src="x" alt="logo"><img src="y">', "[logo]"),
        ('<a href="https://x.example/">here</a>', "here <https://x.example/>"),
        ('<a href="https://x.example/">https://x.example/</a>', "https://x.example/"),
        ('<a href="mailto:a@b.example">a@b.example</a>', "a@b.example"),
        ('<a href="javascript:alert(1)">click</a><a>no</a>', "clickno"),
        ("</a>", ""),
        ("a<!-- b --!>c<!-->d<!-- > -->e", "acde"),
        ("a<![if !mso]>b<![endif]>c<![CDATA[d]]>e", "abce"),
        ("a<!-- b", "a"),
        ("<style type=x>\n<!-- p {} --></style>a<STYLE><!-- p {}</STYLE>b<!-- c -->d", "abd"),
        ("<p>a</p>b < c & <d", "a\n\nb < c & <d"),
    ],
)
def test_html_is_read_as_text(markup: str, text: str) -> None:
    """Blocks are lines, links show where they lead, scripts and styles are gone."""
    assert read_hypertext(markup) == text


@pytest.mark.parametrize(
    "begun", ["<a b", "<a href='", "<!--", "<![CDATA[", "<?", "</", "<!doctype "]
)
def test_e8_what_never_ends_is_not_looked_for(begun: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand beginnings without an end are a thousand searches through the whole mail."""
    searches: list[int] = []

    def search(_: HTMLParser, at: int, *__: object) -> int:
        searches.append(at)
        return -1

    for name in ("parse_starttag", "parse_endtag", "parse_html_declaration", "parse_pi"):
        monkeypatch.setattr(HTMLParser, name, search)
    read_hypertext("<p" + begun * 1000)
    assert not searches
