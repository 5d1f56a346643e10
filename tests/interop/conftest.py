"""A folder that daemons may enter, and servers that are stopped in the end."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.interop.server import Gomail

StartGomail = Callable[..., Gomail]


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder that all users may enter, with a name short enough for unix sockets."""
    path = Path(tempfile.mkdtemp(prefix="gomail-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def start_gomail(folder: Path) -> Iterator[StartGomail]:
    """Give what starts a gomail in the folder; it is stopped, and must have been well."""
    started: list[Gomail] = []

    def start(*options: str, **settings: object) -> Gomail:
        started.append(Gomail(folder, options, **settings))  # type: ignore[arg-type]  # see Gomail
        return started[-1]

    yield start
    for each in started:
        each.stop()


@pytest.fixture
def gomail(start_gomail: StartGomail) -> Gomail:
    """Give a gomail that takes all mail for example.org."""
    return start_gomail("--domain", "example.org")
