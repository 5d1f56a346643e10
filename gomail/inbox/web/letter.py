"""A message's page, what is fetched for it (HTML, attachments, its source), and its marks."""

import json
from collections.abc import Iterator

from gomail.inbox.mailbox import Mailbox
from gomail.inbox.web.answers import NOTHING, STRANGER, TEXT, Answer, Download, NoPage, Problem, see
from gomail.inbox.web.downloads import Downloads
from gomail.inbox.web.drawing import Drawing, link, row
from gomail.inbox.web.postbox import Postbox
from gomail.inbox.web.site import NOT_FOUND, Reply, Visit
from gomail.inbox.web.weight import read_light
from gomail.reading.message import Part
from gomail.reading.opened import read_source
from gomail.reading.reader import Unreadable
from gomail.reading.sheet import Markup, Sheet
from gomail.reading.taking import NoSuchAttachment, list_attachments, take_attachment

#: What may be done to a message: the flags of maildir(5) that are set, and those taken away.
MARKS = {
    "read": ("S", ""),
    "unread": ("", "S"),
    "flagged": ("F", ""),
    "unflagged": ("", "F"),
    "deleted": ("T", ""),
    "undeleted": ("", "T"),
}
KEPT = 4  # messages that were read last, 5 MiB each at most: a frame needs what its page has read
PRINCIPAL = ("From", "To", "Cc", "Reply-To", "Date")
NO_HTML = Problem(404, "No HTML", "The message has none that could be made harmless.")
# A list may have been searched, and may have pages: the way back leads there.
_PLACE = ("q", "at")


class Letters:
    """
    Shows messages.

    Args:
        postbox, drawing: ask and draw.
        downloads: have places for those who save attachments.
        host: by which the server calls itself in Authentication-Results; empty for that in
            Received.
    """

    def __init__(
        self, postbox: Postbox, drawing: Drawing, downloads: Downloads, host: str = ""
    ) -> None:
        self._postbox, self._drawing, self._host = postbox, drawing, host
        self._downloads = downloads
        self._read: dict[tuple[str, str], Sheet] = {}

    async def get(self, visit: Visit) -> Reply:
        """Show a message, or give a part of it."""
        match visit.exchange.path:
            case (_, key):
                return await self._page(visit, key)
            case (_, key, "html"):
                return await self._html(visit, key)
            case (_, key, "raw"):
                return await self._raw(visit, key)
            case (_, key, "part", number):
                return await self._part(visit, key, number)
        raise NoPage(NOT_FOUND)

    async def mark(self, visit: Visit) -> Answer:
        """Mark a message; nothing is ever removed."""
        exchange = visit.exchange
        _, key, *rest = (*exchange.path, "")
        marks = MARKS.get(exchange.form("mark"))
        if rest[:-1] != ["mark"] or marks is None:
            raise NoPage(NOT_FOUND)
        add, remove = marks
        folder = exchange.query("folder")
        listed = await self._postbox.ask(Mailbox.mark, folder, key, add=add, remove=remove)
        place = {name: exchange.query(name) for name in _PLACE}
        if exchange.field("accept") == "application/json":
            return Answer(
                json.dumps(row(listed, **place)).encode(), "application/json", policy=NOTHING
            )
        return see(link("message", key, folder=folder, **place))

    async def _page(self, visit: Visit, key: str) -> Answer:
        """Show it."""
        exchange = visit.exchange
        folder = exchange.query("folder")
        place = {name: exchange.query(name) for name in _PLACE}
        listed = await self._postbox.ask(Mailbox.find, folder, key)
        newer, older = await self._postbox.ask(Mailbox.neighbours, folder, key)
        sheet = await self._sheet(folder, key)
        why = sheet.reason if isinstance(sheet, Unreadable) else ""
        body = self._drawing.page(
            "message.html",
            visit=visit,
            folder=folder,
            row=row(listed, **place),
            newer=newer and link("message", newer, folder=folder, **place),
            older=older and link("message", older, folder=folder, **place),
            back=link("", folder=folder, **place),
            part=lambda *path: link("message", key, *path, folder=folder),
            post=link("message", key, "mark", folder=folder, **place),
            why=why,
            sheet=None if isinstance(sheet, Unreadable) else sheet,
            as_html=exchange.query("view") == "html",
            other=link("message", key, folder=folder, view="html", **place),
            itself=link("message", key, folder=folder, **place),
            attached=await self._attached(folder, key, sheet),
            principal=PRINCIPAL,
        )
        return Answer(body)

    async def _sheet(self, folder: str, key: str) -> Sheet | Unreadable:
        """Read it, unless it was read a moment ago: what a message says does not change."""
        sheet: Sheet | Unreadable | None = self._read.pop((folder, key), None)
        if sheet is None:
            sheet = await self._postbox.read(folder, key, read_light, self._host)
        if not isinstance(sheet, Unreadable):  # it may be the machine that was short of something
            self._read[folder, key] = sheet
        if len(self._read) > KEPT:
            del self._read[next(iter(self._read))]
        return sheet

    async def _attached(self, folder: str, key: str, sheet: Sheet | Unreadable) -> object:
        """List what can be saved, where there may be something."""
        if not isinstance(sheet, Unreadable) and not any(map(_is_file, _leaves(sheet))):
            return None
        return await self._postbox.read(folder, key, list_attachments)

    async def _html(self, visit: Visit, key: str) -> Answer:
        """Give its HTML, made harmless: for the frame in its page, and harmless anywhere else."""
        folder = visit.exchange.query("folder")
        await self._postbox.ask(Mailbox.find, folder, key)  # it may be gone by now
        sheet = await self._sheet(folder, key)
        markup = None if isinstance(sheet, Unreadable) else sheet.markup
        if markup is None:
            raise NoPage(NO_HTML)
        return _framed(self._drawing, markup)

    async def _raw(self, visit: Visit, key: str) -> Answer:
        """Give its source, as text."""
        source = await self._postbox.read(visit.exchange.query("folder"), key, read_source)
        end = "\n[there is more of it]\n" if source.cut else ""
        return Answer((source.text + end).encode("utf-8", "replace"), TEXT, policy=NOTHING)

    async def _part(self, visit: Visit, key: str, number: str) -> Download:
        """Give an attachment, to be saved."""
        folder = visit.exchange.query("folder")
        leave = self._downloads.enter()
        try:
            attached, file = await self._postbox.take(folder, key, take_attachment, number)
        except NoSuchAttachment as error:
            leave()
            why = f"It can't be had: {error}."
            raise NoPage(Problem(404, "No such attachment", why)) from None
        except BaseException:
            leave()
            raise
        return Download(file, attached.size, attached.name, leave)


def _leaves(sheet: Sheet) -> Iterator[Part]:
    """Give the parts that hold no others."""
    return (part for _, part in sheet.message.parts() if not part.children)


def _is_file(part: Part) -> bool:
    """Tell whether a part may be one to be saved; a child knows it for certain."""
    is_text = part.content_type.startswith(("text/", "message/"))
    return not is_text or part.filename is not None or part.disposition == "attachment"


def _framed(drawing: Drawing, markup: Markup) -> Answer:
    """Make a document of a message's HTML, in which only our own page may put a frame around it."""
    body = drawing.page("stranger.html", markup=markup.html)
    return Answer(body, policy=STRANGER, fields=(("X-Frame-Options", "SAMEORIGIN"),))
