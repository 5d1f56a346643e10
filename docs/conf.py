"""
How the documentation becomes a site: ``make docs`` writes it into site/.

Whoever opens a page asks nobody but who serves it: the theme brings its fonts, styles and scripts,
and `tests.docs.alone` sees that it stays so. Links between pages, and to headings, must lead
somewhere: a warning is an error.
"""

import sys
from pathlib import Path

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx
from sphinx.util.logging import getLogger

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.docs.alone import asked_by_site  # noqa: E402 -- the checkout is no package

project = "gomail"
copyright = "The gomail authors"  # noqa: A001 -- so does Sphinx call it
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["examples"]
# Pages that have their place in the navigation as soon as they are written.
TO_COME = ("doctor", "watching", "trying")
# A heading's name is the one that GitHub gives it.
myst_heading_anchors = 3

# Configurations of others are shown as they are; their languages tell the tests who can read them.
LANGUAGES = (
    *("aliases", "clamav-milter", "dovecot", "haproxy", "logrotate", "msmtp", "muttrc", "opendkim"),
    *("rspamd", "virtual"),
)

html_theme = "furo"
html_title = "gomail"
html_favicon = "gomail.svg"
html_show_sourcelink = False
html_show_sphinx = False
# What Furo would offer on each page belongs to hosts that we don't have.
html_theme_options = {"top_of_page_buttons": []}

_log = getLogger(__name__)


def see_that_it_is_alone(app: Sphinx, error: Exception | None) -> None:
    """Warn of each address elsewhere that a browser would ask when it opens a page."""
    if error is None:
        for page, address in asked_by_site(Path(app.outdir)):
            _log.warning("%s: a browser would ask %s", page, address)


def leave_out_what_is_to_come(app: Sphinx, page: str, source: list[str]) -> None:
    """Take out of the navigation what is not there yet."""
    for name in TO_COME:
        if page == "index" and not Path(app.srcdir, f"{name}.md").exists():
            source[0] = source[0].replace(f"\n{name}\n", "\n", 1)


def setup(app: Sphinx) -> None:
    """Name the languages that are no language of Pygments', and have Sphinx call us."""
    for name in LANGUAGES:
        app.add_lexer(name, TextLexer)
    app.connect("source-read", leave_out_what_is_to_come)
    app.connect("build-finished", see_that_it_is_alone)
