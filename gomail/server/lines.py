"""
Events as lines of the log: text for people, or JSON for machines.

Whatever the peer had a hand in is escaped and cut, so that no line can be forged, and no terminal
is told anything (`escaped`). One line a session, one a stored message, one a refusal.
"""

import json
from functools import lru_cache

from gomail.address import Path
from gomail.envelope import Client, Envelope
from gomail.events import (
    CertificateChanged,
    Checked,
    ContentDropped,
    Event,
    HealthChanged,
    Junked,
    LeftOut,
    LoadChanged,
    MessageStored,
    Refusal,
    SessionEnded,
    Trouble,
)
from gomail.finding import Finding

LONGEST = 100  # characters of the peer's in one place
_SHOWN = 3  # recipients of a message that its line names
# What a server says of itself: no client had a part in it.
OURS = (Trouble, LoadChanged, HealthChanged, CertificateChanged, LeftOut)


def escaped(octets: bytes | str) -> str:
    """Give what came from the peer as ASCII without controls, in quotes, cut to `LONGEST`."""
    cut = "..." if len(octets) > LONGEST else ""
    written = ascii(octets[:LONGEST])
    return (written[1:] if isinstance(octets, bytes) else written) + cut


def text(event: Event) -> str | None:
    """Write *event* as a line for people, or None where it has no line."""
    match event:
        case SessionEnded(client, verbs, seconds, octets, reason, _):
            why = f"; {printable(reason)}" if reason else ""
            return (
                f"session {client.session_id} of {_peer(client)}: {verbs or 'nothing said'}, "
                f"{_tls(client)}, {seconds:.3f} s, {octets} octets{why}"
            )
        case MessageStored(envelope, copies, size, seconds, bare):
            where = ", ".join([printable(f"{mailbox} as {path}") for mailbox, path in copies])
            bare_lf = f", {bare} bare-lf" if bare else ""
            return (
                f"stored {envelope.id} from {_path(envelope.reverse_path)} to {_to(envelope)}, "
                f"{size} octets{bare_lf}, in {seconds * 1000:.1f} ms, for {where}"
            )
        case Refusal(client, said, reply, reason):
            what = f" after {escaped(said)}" if said else ""
            why = f": {printable(reason)}" if reason else ""
            status = f"{reply.code // 100}.{reply.detail} " if reply.detail else ""
            return (
                f"refused {client.session_id} of {_peer(client)}{what}: "
                f"{reply.code} {status}{printable(reply.text)}{why}"
            )
        case Checked():
            return _checked(event)
        case ContentDropped(envelope, reason):
            return f"dropped {envelope.id} from {_path(envelope.reverse_path)}: {printable(reason)}"
        case Junked(envelope, reason):
            return f"junk {envelope.id} from {_path(envelope.reverse_path)}: {printable(reason)}"
    return _text_of_ours(event)


def _text_of_ours(event: Event) -> str | None:
    """Write an event in which no client had a part."""
    match event:
        case Trouble(what):
            return f"trouble: {printable(what)}"
        case LoadChanged(load, share, lag):
            return f"load {load}: {share:.0%} of all sessions, the reactor {lag:.3f} s late"
        case LeftOut(counts):
            return "left out of the log: " + ", ".join(f"{name} {count}" for name, count in counts)
        case HealthChanged(health):
            return f"health {printable(str(health))}"
        case CertificateChanged(names, ends, serial):
            of = f"{', '.join(names)} until {ends:%Y-%m-%d %H:%M} UTC"
            return printable(f"certificate of {of} is in force ({serial})")
    return None


def as_json(event: Event) -> str | None:
    """Write *event* as one JSON object, or None where it has no line; the keys are stable."""
    found = values(event)
    return None if found is None else one_object(found)


def one_object(values: dict[str, object]) -> str:
    """Write a JSON object as a line of printable ASCII; DEL is the one control that JSON keeps."""
    return json.dumps(values, ensure_ascii=True).replace("\x7f", "\\u007f")


def values(event: Event) -> dict[str, object] | None:
    """Give the fields of an event's line, or None where it has none; the keys are stable."""
    match event:
        case SessionEnded(client, verbs, seconds, octets, reason, _):
            counts = dict(pair.split("=") for pair in verbs.split())
            return {
                "event": "session",
                **_client(client),
                "verbs": counts,
                "seconds": round(seconds, 6),
                "octets": octets,
                "reason": reason,
            }
        case MessageStored(envelope, copies, size, seconds, bare):
            return {
                "event": "stored",
                **_envelope(envelope),
                "size": size,
                "bare-lf": bare,
                "ms": round(seconds * 1000, 3),
                "copies": [{"mailbox": copy.mailbox, "path": copy.path} for copy in copies],
            }
        case Refusal(client, said, reply, reason):
            return {
                "event": "refused",
                **_client(client),
                "said": escaped(said) if said else "",
                "code": reply.code,
                "status": f"{reply.code // 100}.{reply.detail}" if reply.detail else "",
                "reply": reply.text,
                "reason": reason,
            }
        case Checked():
            return _values_checked(event)
        case ContentDropped(envelope, reason):
            return {"event": "dropped", **_envelope(envelope), "reason": reason}
        case Junked(envelope, reason):
            return {"event": "junk", **_envelope(envelope), "reason": reason}
    return _values_of_ours(event)


def _values_of_ours(event: Event) -> dict[str, object] | None:
    """Give the fields of an event in which no client had a part."""
    match event:
        case Trouble(what):
            return {"event": "trouble", "what": what}
        case LoadChanged(load, share, lag):
            return {"event": "load", "load": load, "share": round(share, 4), "lag": round(lag, 6)}
        case LeftOut(counts):
            return {"event": "left-out", "counts": dict(counts)}
        case HealthChanged(health):
            reasons = {reason.word: reason.text for reason in health.reasons}
            return {"event": "health", "state": str(health.state), "reasons": reasons}
        case CertificateChanged(names, ends, serial):
            return {
                "event": "certificate",
                "names": list(names),
                "ends": ends.isoformat(),
                "serial": serial,
            }
    return None


def _checked(event: Checked) -> str:
    """Write what was found out of a message, and what becomes of it."""
    by = f" by {event.rule}" if event.rule else ""
    would = "".join(f"; would {action} by {rule}" for action, rule in event.shadows)
    results = ", ".join(map(_result, event.findings)) or "nothing"
    return printable(f"checked {event.envelope.id}: {results}: {event.action}{by}{would}")


def _values_checked(event: Checked) -> dict[str, object]:
    """Give the same as values."""
    return {
        "event": "checked",
        **_envelope(event.envelope),
        "findings": [_cut(finding).plain() for finding in event.findings],
        "action": event.action,
        "rule": event.rule,
        "would": [{"action": action, "rule": rule} for action, rule in event.shadows],
    }


def _result(finding: Finding) -> str:
    """Write what a check has found, and of whom."""
    of = " ".join([f"{name}={value}" for _, name, value in _cut(finding).properties])
    why = finding.reason and f" ({finding.reason})"
    return f"{finding.method}={finding.result}{why}{of and f' {of}'}"


def _cut(finding: Finding) -> Finding:
    """Give a finding with values that are no longer than anything else in a line."""
    properties = tuple(each._replace(value=each.value[:LONGEST]) for each in finding.properties)
    return finding._replace(properties=properties)


def _client(client: Client) -> dict[str, object]:
    """Give what a line tells of a client."""
    return {
        "session": client.session_id,
        "peer": str(client),
        "helo": client.helo[:LONGEST],
        "tls": client.encryption.version if client.encryption else None,
    }


def _envelope(envelope: Envelope) -> dict[str, object]:
    """Give what a line tells of an envelope."""
    return {
        "id": envelope.id,
        "peer": str(envelope.client),
        "from": str(envelope.reverse_path),
        "to": [str(path) for path in envelope.forward_paths[:LONGEST]],
        "recipients": len(envelope.forward_paths),
    }


def _peer(client: Client) -> str:
    """Write address and name of a client."""
    return f"{client} ({escaped(client.helo)})" if client.helo else str(client)


def _tls(client: Client) -> str:
    """Write how the session was encrypted."""
    encryption = client.encryption
    return f"{encryption.version} {encryption.cipher}" if encryption else "plaintext"


@lru_cache(maxsize=256)  # the owner of a domain gets mail for the same few addresses all day
def _path(path: Path) -> str:
    """Write a path, as ASCII without controls."""
    return printable(str(path))


def _to(envelope: Envelope) -> str:
    """Write the recipients: the first few, and how many more there are."""
    paths = envelope.forward_paths
    shown = " ".join(map(_path, paths[:_SHOWN]))
    return f"{shown} and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else shown


def printable(line: str) -> str:
    """Give a text that may hold something of the peer's, as one line of ASCII without controls."""
    if line.isascii() and line.isprintable():
        return line
    return line.encode("unicode_escape").decode("ascii")
