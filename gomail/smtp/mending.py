"""
CR CR LF, as this machine's own programs send it, made CR LF.

PHP writes CRLF to a sendmail that puts a CR before each LF once more. From the internet that is no
line end, and might smuggle; a listener for local programs forgives it.
"""


class Mender:
    """Mends octets that come in pieces, commands and content alike."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        """Begin with nothing held back."""
        self._held = b""  # CRs at the end, whose LF may follow

    def feed(self, octets: bytes) -> bytes:
        """Give the next octets with every CR CR LF mended; CRs at the end are held back."""
        octets = self._held + octets
        sure = max(len(octets.rstrip(b"\r")), len(octets) - 2)
        self._held = octets[sure:]
        return octets[:sure].replace(b"\r\r\n", b"\r\n")

    def end(self) -> bytes:
        """Give what is held back."""
        held, self._held = self._held, b""
        return held
