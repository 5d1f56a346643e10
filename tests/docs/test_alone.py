"""The site's pages ask nobody else: what would be asked is found."""

from pathlib import Path

from tests.docs.alone import asked_by_page, asked_by_site


def test_what_a_page_loads_is_found() -> None:
    """Scripts, styles, pictures and frames; however the address is written."""
    page = """
    <script defer src="https://cdn.example/a.js"></script>
    <link href='//fonts.example/css' rel="preconnect">
    <link rel="stylesheet" href=https://cdn.example/b.css>
    <img alt="" src="http://pictures.example/c.png">
    <style>@import "https://d.example/d.css"; body { background: url(//e.example/e.png) }</style>
    """
    assert asked_by_page(page) == [
        "https://cdn.example/a.js",
        "//fonts.example/css",
        "https://cdn.example/b.css",
        "http://pictures.example/c.png",
        "https://d.example/d.css",
        "//e.example/e.png",
    ]


def test_what_comes_with_the_site_is_none_of_it() -> None:
    """Nor is a link that somebody may follow, or a name that only says what something is."""
    assert not asked_by_page(
        '<a href="https://www.rfc-editor.org/"></a><img src="a.svg"><script src="_static/b.js">'
        '</script><link rel="canonical" href="https://gomail.example/">'
        '<svg xmlns="http://www.w3.org/2000/svg"></svg><style>b { background: url(c.png) }</style>'
    )


def test_whole_site_is_looked_at(tmp_path: Path) -> None:
    """Pages in folders, style sheets and pictures, by their names."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a/b.html").write_text('<script src="//x.example/"></script>')
    (tmp_path / "c.css").write_text("@font-face { src: url('https://y.example/f') }")
    (tmp_path / "d.svg").write_text('<svg><style>a { src: url("//z.example/") }</style></svg>')
    found = list(asked_by_site(tmp_path))
    assert found == [
        ("a/b.html", "//x.example/"),
        ("c.css", "https://y.example/f"),
        ("d.svg", "//z.example/"),
    ]
