"""Which certificates a server is to have, as plain values; nothing of TLS is imported for them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Files:
    """
    Where a certificate and its key lie; both may be the same file.

    Attributes:
        certificate: the path of the certificate with its chain, in PEM.
        key: the path of its key, in PEM.
    """

    certificate: str
    key: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """
    What is asked for.

    Attributes:
        hostname: the name that a self-signed certificate is for.
        state: the folder in which that is kept; None where there is none.
        files: pairs to be read; the first is for clients that name nobody or somebody unknown, the
            others for those who name them (SNI). None of them: a self-signed one.
        session_tickets: whether clients may take up an old session.
    """

    hostname: str
    state: str | None = None
    files: tuple[Files, ...] = ()
    session_tickets: bool = False
