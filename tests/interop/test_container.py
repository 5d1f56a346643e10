"""The Containerfile's commands, run without a container: no engine is needed, and none is tried."""

import json
import re
import shlex
import shutil
import signal
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.server import wait_for
from tests.patience import PATIENCE
from tests.system.running import free_port

pytestmark = pytest.mark.interop
CHECKOUT = Path(__file__).parents[2]
LARGEST = 60 * 1024 * 1024  # octets that gomail adds to its image
BUILD_TIME = 400.0


def instructions() -> list[tuple[str, str]]:
    """Give the instructions of the file, without comments, each on one line."""
    text = (CHECKOUT / "docs/examples/Containerfile").read_text()
    text = re.sub(r"(?m)^#.*\n", "", text).replace("\\\n", " ")
    return [
        (line.split(" ", 1)[0], line.split(" ", 1)[1].strip()) for line in text.splitlines() if line
    ]


def the(name: str, part: str = "") -> str:
    """Give what stands behind the only instruction of a name, with *part* in it."""
    (found,) = (rest for each, rest in instructions() if each == name and part in rest)
    return found


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give /opt/gomail, as the build stage makes it, somewhere else."""
    folder = tmp_path_factory.mktemp("container")
    copied = [rest.split() for name, rest in instructions() if name == "COPY"]
    for *sources, target in (each for each in copied if not each[0].startswith("--from")):
        place = folder / target.strip("/")
        for source in sources:
            if (CHECKOUT / source).is_dir():
                shutil.copytree(CHECKOUT / source, place)
            else:
                place.mkdir(exist_ok=True)
                shutil.copy(CHECKOUT / source, place)
    command = (
        the("RUN", "venv")
        .replace("/opt/gomail", f"{folder}/opt")
        .replace("/checkout", f"{folder}/checkout")
    )
    # Here there is a wheel of zope.interface, and pip is this Python's.
    command = command.replace("--no-binary zope.interface", "")
    command = command.replace("&& pip ", f"&& {sys.executable} -m pip ")
    command = command.replace("python3 -m venv", f"{sys.executable} -m venv")
    subprocess.run(["sh", "-ec", command], check=True, timeout=BUILD_TIME)
    yield folder / "opt"
    shutil.rmtree(folder)


def test_what_gomail_adds_to_the_image_is_small(home: Path) -> None:
    """No pip, no tests, no headers: what is left is what runs."""
    files = [path for path in home.rglob("*") if path.is_file() and not path.is_symlink()]
    size = sum(path.stat().st_size for path in files if path.suffix != ".pyc")
    assert size < LARGEST
    assert not [path for path in files if "/tests/" in str(path) or path.suffix == ".h"]
    assert not list(home.glob("lib/python*/site-packages/pip"))


def test_image_has_what_checks_the_inbox_and_monitoring_need(home: Path) -> None:
    """Whoever runs it can install nothing there."""
    needed = "import argon2, dns, jinja2, nh3, prometheus_client, spftrace"
    subprocess.run([home / "bin/python", "-c", needed], check=True, timeout=PATIENCE)


def test_container_receives_is_healthy_and_stops(home: Path, tmp_path: Path) -> None:
    """The command of the image, its check of health and its stop signal do what they say."""
    port = free_port()
    settings = tmp_path / "gomail.toml"
    settings.write_text(
        f'maildir = "{tmp_path}/mail/{{domain}}/{{mailbox}}"\n'
        f'[[listener]]\nendpoint = "tcp:{port}:interface=127.0.0.1"\n'
        '[domains."example.org"]\nmailboxes = ["alice"]\n'
    )

    def here(words: str) -> list[str]:
        """Give an instruction's command, as it is here."""
        replaced = {
            "/opt/gomail/": f"{home}/",
            "/etc/gomail.toml": str(settings),
            "2525": str(port),
        }
        for old, new in replaced.items():
            words = words.replace(old, new)
        return json.loads(words)

    server = subprocess.Popen(here(the("CMD")), cwd=tmp_path)
    try:
        check = here(the("HEALTHCHECK").partition(" CMD ")[2])
        wait_for(
            "health",
            lambda: subprocess.call(check, stderr=subprocess.DEVNULL, timeout=PATIENCE) == 0,
        )
        with smtplib.SMTP("127.0.0.1", port, timeout=PATIENCE) as session:
            session.sendmail("me@client.example", "alice@example.org", b"Subject: x\r\n\r\nx\r\n")
        server.send_signal(signal.Signals[the("STOPSIGNAL")])
        assert server.wait(PATIENCE) == 0
    finally:
        server.kill()
        server.wait(PATIENCE)
    assert len(list((tmp_path / "mail/example.org/alice/new").iterdir())) == 1
    assert subprocess.call(check, stderr=subprocess.DEVNULL, timeout=PATIENCE) != 0


def test_container_runs_without_rights_and_keeps_mail_and_state_outside() -> None:
    """The last user is not root, and may write to the volumes."""
    names = [name for name, _ in instructions()]
    assert names.index("USER") < names.index("CMD")
    assert the("USER") not in {"root", "0"}
    made = shlex.split(the("RUN", "adduser"))
    assert set(the("VOLUME").split()) <= set(made)
    assert the("EXPOSE") == "2525"
