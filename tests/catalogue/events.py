"""
The page of events, docs/reference/events.md: what is told, and what the log makes of it.

It is written by ``python -m tests.catalogue.events``; a test sees that it is.
"""

import json
import typing
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from twisted.logger import LogLevel
from twisted.python.failure import Failure

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
from gomail.server.log import JsonEventLog, JsonTwistedLog, as_objects
from tests.catalogue.docstrings import attributes, first_paragraph
from tests.catalogue.pages import ROOT
from tests.server.events import CHECKED, CLIENT, ENDED, ENVELOPE, REFUSED, STORED

PAGE = ROOT / "docs/reference/events.md"
_HEAD = """\
# Events, and lines of the log

*This page is made of the events themselves (`python -m tests.catalogue.events`).*

Whatever happens is an event: a value of `gomail.events`, told to each
[listener](../developers.md#listening-to-events). The log is one of them. It writes a line for
most, with the time in UTC before it; with `log-format = "json"` the line is an object
([its keys](#keys-of-the-objects)). What a sender had a hand in is escaped, and cut to 100
characters.

`id` and `session` belong together: message `0123456789.1` is the first of session `0123456789`,
which stands in each refusal's text as well.
"""
_KEYS_HEAD = """\
## Keys of the objects

**These are stable:** a key that is here keeps its name, its kind of value and its meaning from
version to version, and so do the words that `event`, `action`, `load`, `state` and the keys of
`reasons` and `counts` may be. New keys and new events may come: leave aside what you don't know.
The texts of `reason`, `what`, `text`, `error` and the values of `reasons` are for people, and may
change, as the lines of text may.

| key | in | |
|---|---|---|"""
# What each key says; a test sees that none is left out, and that there is none that isn't written.
KEYS: Mapping[str, str] = {
    "time": "when it was written, in UTC: `2026-11-28T12:00:00Z`",
    "worker": "the number of the worker that says so of itself, where there are several",
    "event": "which of these it is",
    "session": "the id of the session",
    "id": "the id of the message, which begins with that of its session",
    "peer": "address and port of the client: `192.0.2.1:25`, `[2001:db8::1]:25`, or `unix`",
    "helo": "how it calls itself; empty before it does",
    "tls": "version of TLS; null in plaintext",
    "from": "the reverse-path, in angle brackets",
    "to": "the forward-paths, a hundred at most",
    "recipients": "how many forward-paths there are",
    "said": "the command line that was refused, quoted; empty where there was none",
    "code": "of the reply: 400 to 599",
    "status": "the enhanced code of the reply: `5.1.1`; empty without one",
    "reply": "its text, as the peer was told",
    "reason": "why, beyond that; empty where there is nothing to add",
    "findings": "of each check: `method`, `result`, `reason` and `properties`, each of which has `type`, `name` and `value` (RFC 8601)",  # noqa: E501 -- a row
    "action": "what became of it: `none`, `mark`, `junk`, `defer` or `refuse`",
    "rule": "the rule that says so; empty without one",
    "would": "what rules in the shadow would have done: `action` and `rule` of each",
    "size": "octets of the content, as it came",
    "bare-lf": "how many line ends were a bare LF",
    "ms": "milliseconds from the final dot until it was durable",
    "copies": "`mailbox` and `path` of each copy",
    "verbs": "what was said: how often, and accepted/all where they differ",
    "seconds": "from the connection to its end",
    "octets": "that came from the client",
    "what": "what failed, for whom, and what follows",
    "load": "`normal`, `busy` or `overload`",
    "share": "the part of all sessions that is open: 0 to 1",
    "lag": "seconds by which the reactor is late",
    "state": "`ok`, `degraded` or `failing`",
    "reasons": "text by word",
    "names": "the hosts that a certificate is for",
    "ends": "until when it holds, as ISO 8601 has it",
    "serial": "its number, in hexadecimal digits",
    "counts": "how often what was left out, by `event`",
    "system": "which part of gomail, of Twisted or of another library speaks",
    "text": "what it says; or a line of a dialogue, or of a message that is shown",
    "error": "what went wrong, where a traceback stands in it",
}
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
    sections = (line for each in _EXAMPLES for line in _section(each))
    return "\n".join([_HEAD, *sections, _KEYS_HEAD, *_keys(), ""])


def _keys() -> Iterator[str]:
    """Write what each key says, and in which events."""
    objects = written()
    for key, meaning in KEYS.items():
        found = [str(each["event"]) for each in objects if key in each]
        several = " ".join(f"`{each}`" for each in sorted(set(found)))
        where = "all" if len(found) == len(objects) else several
        yield f"| `{key}` | {where} | {meaning} |"


def written() -> list[dict[str, object]]:
    """
    Give an object of each kind, as a worker with `--dialogue` and `--show-messages` logs it.

    Its parent logs how all fare.
    """
    text: list[str] = []
    log, parent = JsonEventLog(text.append, worker=1), JsonEventLog(text.append)
    for each in _EXAMPLES:
        told_by = parent if isinstance(each, HealthChanged) else log
        told_by(each)
    as_objects(text.append, "dialogue")("S: 220")
    as_objects(text.append, "message")("Subject: x")
    failure = Failure(ValueError("x"))
    JsonTwistedLog(text.append, worker=1)(
        {
            "log_namespace": "gomail",
            "log_level": LogLevel.critical,
            "log_format": "x",
            "log_failure": failure,
            "log_time": 0.0,
        }
    )
    return [json.loads(each) for each in text]


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
