"""
What was wanted, found, and can be served: pairs, and the context that is made of them.

`serve` reads whatever is there; `newer` only tells what has changed, by the octets of the files: a
renewal replaces, copies or mounts something, and times and numbers of inodes show that almost
always, octets always. Both block.
"""

import errno
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from OpenSSL import SSL

from gomail.certificates.context import make_context
from gomail.certificates.own import as_pem, kept_own, make_own
from gomail.certificates.pair import Pair, PairError, parse, read_octets
from gomail.certificates.wanted import Files, Wanted

# The names of a certificate's file and of its key's, and what stood in them.
Read = tuple[str, str, bytes, bytes]


@dataclass(frozen=True, slots=True)
class Served:
    """
    Pairs that are whole, and their context.

    Attributes:
        pairs: the first is for clients that name nobody known.
        context: of OpenSSL.
        digest: of what was read, to tell it from what is read later; empty for a self-signed pair.
        note: what people should know of it; may be empty.
        read: the pairs as they were read, for others to serve the same.
    """

    pairs: tuple[Pair, ...]
    context: SSL.Context
    digest: bytes = b""
    note: str = ""
    read: tuple[Read, ...] = ()


@dataclass(frozen=True, slots=True)
class Doubt:
    """What stands in the files and can't be used: told from other such states, and why."""

    state: bytes
    why: str


def serve(wanted: Wanted, now: datetime) -> Served:
    """
    Make a context of what is wanted.

    Raises:
        PairError: files that are named can't be read, or what they hold can't be used.
    """
    if not wanted.files:
        return _serve_own(wanted, now)
    octets = [read_octets(each) for each in wanted.files]
    return _serve_read(wanted, octets, _digest(octets))


def serve_again(wanted: Wanted, read: Sequence[Read]) -> Served:
    """
    Make a context of what was read before, be it other files than those that are wanted.

    Raises:
        PairError: OpenSSL won't have it here.
    """
    files = tuple(Files(certificate, key) for certificate, key, *_ in read)
    octets = [(certificate, key) for *_, certificate, key in read]
    return _serve_read(replace(wanted, files=files), octets, _digest(octets))


def newer(wanted: Wanted, than: bytes) -> Served | Doubt | None:
    """Look at the files: give what is new there, if anything is, or why it can't be used."""
    try:
        octets = [read_octets(each) for each in wanted.files]
    except PairError as error:
        return Doubt(str(error).encode(), str(error))
    digest = _digest(octets)
    if digest == than:
        return None
    try:
        return _serve_read(wanted, octets, digest)
    except PairError as error:
        return Doubt(digest, str(error))


def _serve_read(wanted: Wanted, octets: Sequence[tuple[bytes, bytes]], digest: bytes) -> Served:
    """Make a context of what was read."""
    pairs = tuple(map(parse, octets, wanted.files))
    context = make_context(pairs, session_tickets=wanted.session_tickets)
    read = tuple(
        (files.certificate, files.key, *both)
        for files, both in zip(wanted.files, octets, strict=True)
    )
    return Served(pairs, context, digest, read=read)


def _digest(octets: Sequence[tuple[bytes, bytes]]) -> bytes:
    """Tell what was read from anything else."""
    digest = hashlib.sha256()
    for file in (file for pair in octets for file in pair):
        digest.update(hashlib.sha256(file).digest())
    return digest.digest()


def _serve_own(wanted: Wanted, now: datetime) -> Served:
    """Make a context of the self-signed pair; where it can't be kept, it lives in memory alone."""
    try:
        if wanted.state is None:
            raise FileNotFoundError(errno.ENOENT, "there is no home folder")
        pair, note = kept_own(wanted.state, wanted.hostname, now), ""
    except OSError as error:
        pair, note = make_own(wanted.hostname, now), _only_in_memory(wanted.state, error)
    context, pem = make_context([pair], session_tickets=wanted.session_tickets), as_pem(pair)
    return Served((pair,), context, b"", note, (("", "", pem, pem),))


def _only_in_memory(state: str | None, error: OSError) -> str:
    """Say what follows from a state folder that can't be used."""
    return (
        "the self-signed certificate is made anew with each start: the state folder "
        f"{'' if state is None else f'{state} '}can't be used: {error.strerror or error}"
    )
