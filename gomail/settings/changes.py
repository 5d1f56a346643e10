"""What changes when the configuration is read again, and what needs a restart."""

from dataclasses import replace

from gomail.settings.reading import key_of
from gomail.settings.values import Configuration

# What stays as it is when the configuration is read again; new sessions go by all the rest.
_NEEDS_RESTART = (
    "hostname",
    "maildir",
    "listeners",
    "log_format",
    "state",
    "control",
    "group",
    "sync",
    "storing",
    "workers",
    "metrics",
)
_LIMITS_NEED_RESTART = (
    "sessions",
    "sessions_per_address",
    "sessions_per_network",
    "disk_reserve",
    "memory",
)


def without_restart(old: Configuration, new: Configuration) -> tuple[Configuration, list[str]]:
    """Give *new*, with what needs a restart as it is in *old*; and the keys of that."""
    kept = {
        name: getattr(old, name)
        for name in _NEEDS_RESTART
        if getattr(old, name) != getattr(new, name)
    }
    limits = {
        name: getattr(old.limits, name)
        for name in _LIMITS_NEED_RESTART
        if getattr(old.limits, name) != getattr(new.limits, name)
    }
    keys = [*map(key_of, kept), *(f"limits.{key_of(name)}" for name in limits)]
    return replace(new, **kept, limits=replace(new.limits, **limits)), keys
