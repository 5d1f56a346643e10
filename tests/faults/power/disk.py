"""
An ext4 file system in a file: made, and read as it is found behind a power cut.

Nothing is mounted here, so neither root nor loop devices are needed: what the journal holds is
replayed by e2fsck, as the kernel would, and the files are taken out by debugfs.
"""

import shutil
import subprocess
from pathlib import Path

from tests.patience import PATIENCE

SIZE = 256 << 20  # octets; the file has holes where nothing was written
INODES = 30_000
TOOLS = ("mkfs.ext4", "e2fsck", "debugfs")
_MENDED = 1  # e2fsck: what it does at every start behind a power cut, and all is well now


class Damage(Exception):
    """The file system itself has not survived: a fault of kernel or test, and none of gomail's."""


def tool(name: str) -> str | None:
    """Give the path of a program that may lie where only root looks for it."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")


def make(image: Path, size: int = SIZE, inodes: int = INODES) -> None:
    """Make an empty file system."""
    with image.open("wb") as file:
        file.truncate(size)
    # What the kernel would otherwise still initialise behind the scenes is done now.
    lazy = "lazy_itable_init=0,lazy_journal_init=0"
    _run("mkfs.ext4", "-q", "-F", "-N", str(inodes), "-E", lazy, image.name, folder=image.parent)


def recover(image: Path, folder: Path) -> Path:
    """
    Take all files out of *image* as a start behind the cut would find them; it stays as it is.

    Returns:
        The folder with the files, below *folder*, which may not be there yet.

    Raises:
        Damage: the journal is not enough to mend the file system.
    """
    copy, files = folder / "copy", folder / "files"
    files.mkdir(parents=True)
    subprocess.run(
        ["cp", "--sparse=always", str(image), str(copy)], check=True, timeout=3 * PATIENCE
    )
    _run("e2fsck", "-f", "-p", copy.name, folder=folder, most=_MENDED)
    # rdump leaves a folder out that is not there, and says so; everything else is a complaint.
    _run("debugfs", "-R", f"rdump / {files.name}", copy.name, folder=folder)
    copy.unlink()
    return files


def _run(name: str, *arguments: str, folder: Path, most: int = 0) -> None:
    """Run a tool in *folder*; an exit code above *most* is a fault."""
    program = tool(name)
    assert program is not None, name
    done = subprocess.run(
        [program, *arguments],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
        timeout=3 * PATIENCE,
    )
    if done.returncode > most:
        msg = f"{name} {' '.join(arguments)}: exit code {done.returncode}\n{done.stdout}"
        raise Damage(msg)
