"""swaks, which hands a message straight to the MX."""

from pathlib import Path

from tests.interop.server import Gomail
from tests.interop.software import needs, run


def swaks(gomail: Gomail, folder: Path, message: bytes, options: str) -> None:
    """Send a message by swaks, which adds the last line end itself."""
    file = folder / "message"
    file.write_bytes(message.removesuffix(b"\n"))
    server = f"127.0.0.1:{gomail.port}"
    run([needs("swaks"), "--server", server, "--data", f"@{file}", *options.split()])
