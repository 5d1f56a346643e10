"""From exec to the 220, memory at rest, and the size of what was installed."""

import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import distributions
from pathlib import Path

ROUNDS = 7
TWISTD = "from twisted.scripts.twistd import run; run()"


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_and_rest(folder: str) -> tuple[float, float]:
    """Start a server; give the seconds to its 220, and its PSS in MiB a moment later."""
    port = free_port()
    command = [sys.executable, "-c", TWISTD, "--nodaemon", "--pidfile=", "gomail"]
    began = time.perf_counter()
    server = subprocess.Popen(
        [*command, "--port", f"tcp:{port}:interface=127.0.0.1"],
        cwd=folder,
        stdout=subprocess.DEVNULL,
    )
    try:
        while True:
            try:
                with socket.create_connection(("127.0.0.1", port)) as connection:
                    if connection.recv(3) == b"220":
                        seconds = time.perf_counter() - began
                        break
            except ConnectionRefusedError:
                time.sleep(0.002)
        time.sleep(1)
        rollup = Path(f"/proc/{server.pid}/smaps_rollup").read_text()
        return seconds, int(re.search(r"^Pss:\s+(\d+)", rollup, re.MULTILINE)[1]) / 1024
    finally:
        server.terminate()
        server.wait()


def installed() -> dict[str, float]:
    """Give the MB of each package that gomail needs, pip and the test tools left out."""
    needed, todo = {}, ["gomail"]
    packages = {each.metadata["Name"].lower().replace("_", "-"): each for each in distributions()}
    while todo:
        name = todo.pop()
        if name in needed or name not in packages:
            continue
        files = packages[name].files or []
        paths = [path for file in files if (path := Path(file.locate())).is_file()]
        needed[name] = sum(path.stat().st_size for path in paths) / 1e6
        todo += [
            re.match(r"[\w.-]+", requirement)[0].lower().replace("_", "-")
            for requirement in packages[name].requires or []
            if "extra ==" not in requirement or (name == "twisted" and '"tls"' in requirement)
        ]
    return needed


def main() -> None:
    """Print the three."""
    with tempfile.TemporaryDirectory() as folder:
        measured = [start_and_rest(folder) for _ in range(ROUNDS)]
    print(f"exec to 220   {statistics.median(each[0] for each in measured):6.2f} s")
    print(f"PSS at rest   {statistics.median(each[1] for each in measured):6.1f} MiB")
    sizes = installed()
    print(f"installed     {sum(sizes.values()):6.1f} MB in {len(sizes)} packages")


if __name__ == "__main__":
    main()
