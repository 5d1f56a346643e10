"""The pages of a real inbox, as they come over the wire."""

from pathlib import Path

import pytest

from tests.inbox.web.browsing import Inbox, make_maildir, put

pytestmark = pytest.mark.system
ELSEWHERE = [
    "/message/../../../etc/passwd",
    "/message/..%2f..%2f..%2fetc%2fpasswd/raw",
    "/message/%2e%2e/raw",
    "/message//raw",
    "/message/new%2f1764000001.M1P1Q1.mx.example/raw",
    "/message/1764000001.M1P1Q1.mx.example/raw",
    "/message/KEY/part/..%2f1",
    "/message/KEY/part/99",
    "/message/KEY/raw?folder=..%2f..",
    "/message/KEY/raw?folder=%00",
    "/?folder=../..",
    "/static/../serving.py",
    "/static/..%2fserving.py",
    "/static/%2e%2e/serving.py",
]


def test_nul_is_never_in_a_page(inbox: Inbox) -> None:
    """Nor in a name that is looked for: it is no sign of a text."""
    for path in ("/?q=%00", "/?q=a%00b", "/?folder=%00", "/?at=%00"):
        assert "\0" not in inbox.ask(path).text
    assert 'value="a\ufffdb"' in inbox.ask("/?q=a%00b").text


def test_list_is_newest_first_and_escaped(inbox: Inbox) -> None:
    """Names and subjects are text, whatever markup is in them."""
    page = inbox.ask("/")
    assert page.status == 200
    assert page.text.index("&lt;script&gt;alert(1)") < page.text.index("Both €")
    assert page.text.index("Zöe") < page.text.index(">first<")
    assert "<script>alert" not in page.text
    assert "<b>Eve" not in page.text


def test_w1_all_answers_forbid_what_they_do_not_need(inbox: Inbox) -> None:
    """No script but ours, no sniffing, no referrer, no frame, no cache; on errors, too."""
    key = inbox.find("both")
    paths = ["/", "/live", "/nothing", f"/message/{key}", f"/message/{key}/raw", "/login"]
    for path in [*paths, f"/message/{key}/part/2", "/message/none", "/static/none"]:
        fields = inbox.ask(path).fields
        assert fields["content-security-policy"].startswith(
            ("default-src 'none'", "sandbox; default")
        )
        assert "unsafe" not in fields["content-security-policy"]
        assert fields["x-content-type-options"] == "nosniff"
        assert fields["referrer-policy"] == "no-referrer"
        assert fields["cross-origin-opener-policy"] == "same-origin"
        assert fields["cross-origin-resource-policy"] == "same-origin"
        assert fields["x-frame-options"] == "DENY"
        assert fields["cache-control"] == "no-store"
        assert "access-control-allow-origin" not in fields
        assert "charset=utf-8" in fields["content-type"] or "octet-stream" in fields["content-type"]


def test_message_has_text_first_badges_and_a_tree(inbox: Inbox) -> None:
    """What the server has found out of its sender stands there with its reasons."""
    key = inbox.find("both")
    page = inbox.ask(f"/message/{key}").text
    assert "dkim pass" in page
    assert "no such host" in page
    assert '<a href="https://a.example/x?a=1&amp;b=2" target="_blank" rel="noopener' in page
    assert "&gt; quoted &lt;b&gt;" in page
    assert "<iframe" not in page
    assert "1 remote reference blocked" in page
    for kind in ("multipart/alternative", "text/html", "application/pdf"):
        assert kind in page


def test_w1_html_is_shown_in_a_frame_of_its_own(inbox: Inbox) -> None:
    """It has no script, no handler, and a policy under which nothing could run or load."""
    key = inbox.find("both")
    assert '<iframe class="stranger"' in inbox.ask(f"/message/{key}?view=html").text
    frame = inbox.ask(f"/message/{key}/html")
    assert "Hypertext" in frame.text
    assert "alert" not in frame.text
    assert "onclick" not in frame.text
    assert "t.example" not in frame.text
    policy = frame.fields["content-security-policy"]
    assert policy.startswith(
        "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'"
    )
    assert "script-src" not in policy
    assert "img-src data:;" in policy
    assert frame.fields["x-frame-options"] == "SAMEORIGIN"


def test_w4_attachment_is_saved_under_a_safe_name(inbox: Inbox) -> None:
    """A browser opens none of them, whatever type or name they say they have."""
    key = inbox.find("both")
    part = inbox.ask(f"/message/{key}/part/2")
    assert part.body == b"Hello"
    assert part.fields["content-type"] == "application/octet-stream"
    assert part.fields["content-disposition"] == 'attachment; filename="pass_wd.pdf"'
    assert part.fields["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("folder", ["", "?folder=Junk"])
def test_w4_no_path_leads_out(inbox: Inbox, folder: str) -> None:
    """Keys, folders and numbers are compared with what there is, and never made into paths."""
    key = inbox.find("both")
    for path in ELSEWHERE:
        answer = inbox.ask(path.replace("KEY", key) + (folder if "?" not in path else ""))
        assert answer.status == 404, (path, answer.text)
        assert "root:" not in answer.text
        assert "Traceback" not in answer.text


def test_source_is_text(inbox: Inbox) -> None:
    """Markup in it is none to a browser."""
    key = inbox.find("alert")
    raw = inbox.ask(f"/message/{key}/raw")
    assert raw.fields["content-type"] == "text/plain; charset=utf-8"
    assert raw.text.endswith("</pre><b>x\n")


def test_mark_is_a_flag_in_the_name(inbox: Inbox, maildir: Path) -> None:
    """As mutt has it; a form goes back to the message, and a program is told what is so now."""
    put(maildir, 20, "Subject: marking\n\n")
    key, token = inbox.find("marking"), inbox.ask("/").token
    for mark, flags in (("flagged", "F"), ("read", "FS"), ("deleted", "FST"), ("unread", "FT")):
        answer = inbox.ask(f"/message/{key}/mark", {"token": token, "mark": mark})
        assert answer.status == 303
        assert answer.fields["location"] == f"/message/{key}"
        [file] = (maildir / "cur").iterdir()
        assert file.name.endswith(f":2,{flags}")
    form = {"token": token, "mark": "undeleted"}
    told = inbox.ask(f"/message/{key}/mark", form, Accept="application/json")
    assert '"flagged": true, "deleted": false' in told.text
    for mark in ("", "purged", "S"):
        form = {"token": token, "mark": mark}
        assert inbox.ask(f"/message/{key}/mark", form).status == 404
    assert file.with_name(f"{file.name[:-1]}").exists()  # FT without T: nothing is ever removed


def test_get_changes_nothing(inbox: Inbox, maildir: Path) -> None:
    """A browser may ask for pages by itself: that marks nothing as read."""
    before = sorted(path.name for path in maildir.glob("*/1*"))
    for key in inbox.ask("/").keys:
        assert inbox.ask(f"/message/{key}").status == 200
        assert inbox.ask(f"/message/{key}/mark").status == 404
    assert before == sorted(path.name for path in maildir.glob("*/1*"))


def test_search_and_folders(inbox: Inbox, maildir: Path) -> None:
    """A folder is one of the Maildir's; what is looked for is kept in the page, as text."""
    put(make_maildir(maildir / ".Junk"), 9, "Subject: spam\n\n")
    page = inbox.ask("/?folder=Junk")
    assert "spam" in page.text
    assert len(page.keys) == 1
    found = inbox.ask("/?q=%22%3E%3Cscript%3E")
    assert found.status == 200
    assert '"><script>' not in found.text
    assert "Nothing is found" in found.text


def test_long_list_has_pages(inbox: Inbox, maildir: Path) -> None:
    """Fifty on each; a place that no page has given is none."""
    folder = make_maildir(maildir / ".Long")
    for number in range(63):
        put(folder, number, f"Subject: number {number}\n\n")
    page = inbox.ask("/?folder=Long")
    assert len(page.keys) == 50
    older = page.text.partition('id="older"')[2].partition('href="')[2].partition('"')[0]
    assert len(inbox.ask(older.replace("&amp;", "&")).keys) == 13
    assert inbox.ask("/?folder=Long&at=nonsense").status == 404


def test_message_that_is_gone_is_told(inbox: Inbox, maildir: Path) -> None:
    """It may have been moved or removed by another reader."""
    path = put(maildir, 21, "Subject: leaving\n\n")
    key = inbox.find("leaving")
    path.unlink()
    gone = inbox.ask(f"/message/{key}")
    assert gone.status == 404
    assert "moved or removed" in gone.text


def test_maildir_that_is_gone_is_told(inbox: Inbox, maildir: Path) -> None:
    """The inbox goes on, and shows it again when it is there again."""
    maildir.rename(maildir.with_name("away"))
    away = inbox.ask("/")
    assert away.status == 503
    assert "The Maildir can&#39;t be used" in away.text
    maildir.with_name("away").rename(maildir)
    assert inbox.ask("/").status == 200


def test_w6_too_many_cookies_are_told(inbox: Inbox) -> None:
    """All that listen on a machine share them in a browser; none of it is read, all is answered."""
    for length in (5000, 20_000, 1_000_000):
        answer = inbox.ask("/", Cookie="a=" + "b" * length)
        assert answer.status == 431
        assert "cookies that the browser has of other pages" in answer.text
    assert inbox.ask("/", Cookie="a=" + "b" * 4000).status == 200
    assert inbox.ask("/?q=" + "b" * 5000).status == 414


def test_head_has_no_body(inbox: Inbox) -> None:
    """It has the same header, and nothing else is said on the connection."""
    octets = inbox.raw(b"HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert octets.startswith(b"HTTP/1.1 200 OK")
    assert octets.endswith(b"\r\n\r\n")
    assert b"Content-Length" in octets


def test_static_files_are_kept_by_browsers(inbox: Inbox) -> None:
    """Their names change with what is in them."""
    name = inbox.ask("/").text.partition("/static/inbox.")[2].partition('"')[0]
    file = inbox.ask(f"/static/inbox.{name}")
    assert file.status == 200
    assert "immutable" in file.fields["cache-control"]
    assert file.fields["content-type"].startswith("text/")


def test_arrival_is_told_at_once(inbox: Inbox, maildir: Path) -> None:
    """Server-sent events, with what the row shows."""
    with inbox.connect() as connection:
        connection.sendall(b"GET /arrivals HTTP/1.1\r\nHost: localhost\r\n\r\n")
        heard = b""
        while b'"folders"' not in heard:
            heard += connection.recv(65536)
        assert b"text/event-stream; charset=utf-8" in heard
        put(maildir, 77, "Subject: just come\n\n")
        while b"just come" not in heard:
            octets = connection.recv(65536)
            assert octets
            heard += octets


def test_list_that_can_not_be_had_names_the_folders(inbox: Inbox, maildir: Path) -> None:
    """One of them may be read; only where the Maildir itself has gone there is none to name."""
    junk = make_maildir(maildir / ".Beside")
    put(junk, 1, "Subject: beside\n\n")
    assert inbox.ask("/?folder=Beside").status == 200
    (maildir / "cur").rename(maildir / "away")
    try:
        page = inbox.ask("/")
    finally:
        (maildir / "away").rename(maildir / "cur")
    assert page.status == 503
    assert "The Maildir can&#39;t be used: " in page.text
    assert 'data-folder="Beside"' in page.text
    assert "can't be read" in page.text.partition('data-folder="Beside"')[0]
    assert inbox.ask("/").status == 200
    gone = inbox.ask("/?folder=None")
    assert gone.status == 404
    assert 'data-folder="Beside"' in gone.text
    maildir.rename(maildir.with_name("away"))
    try:
        page = inbox.ask("/")
    finally:
        maildir.with_name("away").rename(maildir)
    assert page.status == 503
    assert "data-folder" not in page.text
