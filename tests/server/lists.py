"""A reactor that only keeps lists."""


class Lists:
    """Whom a reactor would watch."""

    def __init__(self) -> None:
        self.readers: set[object] = set()
        self.writers: set[object] = set()

    def addReader(self, reader: object) -> None:
        """Read from it."""
        self.readers.add(reader)

    def removeReader(self, reader: object) -> None:
        """Read from it no more."""
        self.readers.discard(reader)

    def addWriter(self, writer: object) -> None:
        """Write to it."""
        self.writers.add(writer)

    def removeWriter(self, writer: object) -> None:
        """Write to it no more."""
        self.writers.discard(writer)
