"""
The page of events, docs/reference/events.md: what is told, and what the log makes of it.

It is written by ``python -m tests.catalogue.events``; a test sees that it is.
"""

import json
import typing
from collections.abc import Iterator
from datetime import UTC, datetime

from gomail import events
from gomail.events import (
    CertificateChanged,
    ContentDropped,
    Event,
    HealthChanged,
    Junked,
    LeftOut,
    LoadChanged,
    Measured,
    Said,
    SessionStarted,
    Trouble,
)
from gomail.health import Health, Reason, State
from gomail.server import lines
from tests.catalogue.docstrings import attributes, first_paragraph
from tests.catalogue.pages import ROOT
from tests.server.events import CHECKED, CLIENT, ENDED, ENVELOPE, REFUSED, STORED

PAGE = ROOT / "docs/reference/events.md"
_HEAD = """\
# Events, and lines of the log

*This page is made of the events themselves (`python -m tests.catalogue.events`).*

Whatever happens is an event: a value of `gomail.events`, told to each
[listener](../developers.md#listening-to-events). The log is one of them. It writes a line for
most, with the time in UTC before it; with `log-format = "json"` the line is an object, whose keys
stay the same from version to version. What a sender had a hand in is escaped, and cut to 100
characters.

`id` and `session` belong together: message `0123456789.1` is the first of session `0123456789`,
which stands in each refusal's text as well.
"""
_EXAMPLES: tuple[Event, ...] = (
    SessionStarted(CLIENT),
    Said(CLIENT, "C", b"EHLO client.example\r\n"),
    REFUSED,
    CHECKED,
    STORED,
    Junked(ENVELOPE, "milter unix:/run/rspamd/milter.sock: X-Spam: Yes"),
    ContentDropped(ENVELOPE, "the client left"),
    ENDED,
    Trouble("/srv/mail: No space left on device; messages for it are deferred"),
    LoadChanged("busy", 0.85, 0.012),
    HealthChanged(Health((Reason("disk-full", State.FAILING, "12 MiB are free of 16 MiB"),))),
    CertificateChanged(("mx.example.org",), datetime(2027, 2, 26, 12, tzinfo=UTC), "4d2"),
    LeftOut((("refused", 1200),)),
    Measured(),
)


def page() -> str:
    """Write the page."""
    assert {type(each) for each in _EXAMPLES} == set(typing.get_args(events.Event))
    return "\n".join([_HEAD, *(line for each in _EXAMPLES for line in _section(each))])


def _section(event: Event) -> Iterator[str]:
    """Write what there is to say of one kind."""
    kind = type(event)
    yield from (f"## {kind.__name__}", "", first_paragraph(kind), "")
    told = attributes(kind)
    if told:
        yield from (f"* `{name}`: {said}" for name, said in told.items())
        yield ""
    text, as_json = lines.text(event), lines.as_json(event)
    if text is None or as_json is None:
        yield from ("It has no line in the log.", "")
        return
    yield from ("```text", text, "```", "", "```json")
    yield from (json.dumps(json.loads(as_json), indent=2), "```", "")


if __name__ == "__main__":
    PAGE.write_text(page())
