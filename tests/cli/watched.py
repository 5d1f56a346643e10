"""What a server tells those who watch it, for tests."""

from typing import Any

YOU = "you@example.org"
WELL: dict[str, Any] = {
    "health": {"state": "ok", "reasons": {}},
    "listeners": ["0.0.0.0:25"],
    "last-public": None,
}


def connected(session: str = "s", address: str | None = "209.85.222.47") -> dict[str, Any]:
    """Tell that somebody has come."""
    return {"event": "connected", "session": session, "peer": f"{address}:4", "address": address}


def said(line: str, session: str = "s", tls: str | None = None) -> dict[str, Any]:
    """Tell a line, of whoever it must be."""
    return {
        "event": "said",
        "session": session,
        "speaker": "S" if line[:1].isdigit() else "C",
        "line": line,
        "tls": tls,
        "cipher": tls and "AES",
    }


def refused(said: str, status: str, session: str = "s", reason: str = "") -> dict[str, Any]:
    """Tell a refusal."""
    return {
        "event": "refused",
        "session": session,
        "said": said,
        "code": 550,
        "status": status,
        "reply": "No",
        "reason": reason,
    }


def checked(action: str, rule: str = "") -> dict[str, Any]:
    """Tell what was found out."""
    helo, mail = ({"type": "smtp", "name": name, "value": "x"} for name in ("helo", "mailfrom"))
    findings: list[dict[str, Any]] = [
        {"method": "spf", "result": "pass", "properties": [helo]},
        {"method": "spf", "result": "pass", "properties": [mail]},
        {"method": "dkim", "result": "none", "properties": []},
        {"method": "iprev", "result": "fail", "properties": [helo]},
        {"method": "iprev", "result": "pass", "properties": [mail]},
    ]
    return {"event": "checked", "id": "s.1", "findings": findings, "action": action, "rule": rule}


def stored(to: str = YOU) -> dict[str, Any]:
    """Tell that a message is there."""
    return {
        "event": "stored",
        "id": "s.1",
        "to": [f"<{to}>"],
        "size": 1234,
        "ms": 12.5,
        "copies": [{"mailbox": "you", "path": "/home/you/Mail dir/new/1.M1"}],
    }


def ended(reason: str = "", session: str = "s") -> dict[str, Any]:
    """Tell that a session is over."""
    return {"event": "session", "session": session, "reason": reason}


BEGIN = (
    connected(),
    *map(said, ("220 mx", "EHLO a.example", "250-mx", "250 SIZE", "STARTTLS", "220 Ready")),
    said("EHLO a.example", tls="TLSv1.3"),
    said("250 mx", tls="TLSv1.3"),
    *(said(line, tls="TLSv1.3") for line in ("MAIL FROM:<me@a.example>", f"RCPT TO:<{YOU}>")),
)
