"""The page with the list: a folder's messages, fifty at a time, or what a search finds in it."""

from gomail.inbox.mailbox import Mailbox
from gomail.inbox.web.answers import Answer, NoPage, Problem
from gomail.inbox.web.drawing import Drawing, row
from gomail.inbox.web.postbox import Postbox
from gomail.inbox.web.site import NOT_FOUND, Visit

COUNT = 50  # messages on a page


class Listing:
    """
    Shows lists.

    Args:
        postbox, drawing: ask and draw.
    """

    def __init__(self, postbox: Postbox, drawing: Drawing) -> None:
        self._postbox, self._drawing = postbox, drawing

    async def page(self, visit: Visit) -> Answer:
        """Show a folder."""
        exchange = visit.exchange
        if exchange.path != ("",):
            raise NoPage(NOT_FOUND)
        folder, query = exchange.query("folder"), exchange.query("q").strip()
        at = exchange.query("at") or None
        try:
            found = await self._postbox.ask(Mailbox.page, folder, query, at, COUNT)
        except NoPage as error:
            return await self._elsewhere(visit, folder, error.problem)
        body = self._drawing.page(
            "list.html",
            visit=visit,
            folder=folder,
            query=query,
            at=at or "",
            found=found,
            here=next((each for each in found.folders if each.name == folder), None),
            rows=[row(each, q=query, at=at) for each in found.entries],
        )
        return Answer(body)

    async def _elsewhere(self, visit: Visit, folder: str, problem: Problem) -> Answer:
        """Show why there is no list, beside the folders: others may have one."""
        folders = await self._postbox.ask(Mailbox.folders)
        body = self._drawing.page(
            "elsewhere.html", visit=visit, folder=folder, problem=problem, folders=folders
        )
        return Answer(body, code=problem.code)
