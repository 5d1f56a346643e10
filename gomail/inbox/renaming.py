"""
A file given another name that must be free; nothing is ever renamed over something.

Linux can do it in one step (renameat2(2) with RENAME_NOREPLACE), which no other reader can come
between. Where the system or the file system can't, the file gets a second name first and loses its
own then. Another reader may rename or remove it between the two: then the second name is taken
back, else there would be two messages of one, or one again that somebody has removed.
"""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Callable
from functools import cache

_RENAME_NOREPLACE = 1
_CAN_NOT = frozenset({errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM})


def rename(folder: int, name: str, new_folder: int, new_name: str) -> None:
    """
    Rename a file from one open folder to another, or within one.

    Raises:
        FileNotFoundError: it has no longer that name.
        FileExistsError: there is another of the new one.
        OSError: it can't be renamed.
    """
    renameat2 = _renameat2()
    arguments = folder, os.fsencode(name), new_folder, os.fsencode(new_name), _RENAME_NOREPLACE
    if renameat2 is not None:
        if renameat2(*arguments) == 0:
            return
        number = ctypes.get_errno()
        if number not in _CAN_NOT:
            raise OSError(number, os.strerror(number), new_name)
    rename_by_links(folder, name, new_folder, new_name)


def rename_by_links(folder: int, name: str, new_folder: int, new_name: str) -> None:
    """Rename in two steps; raises as `rename` does."""
    try:
        os.link(name, new_name, src_dir_fd=folder, dst_dir_fd=new_folder, follow_symlinks=False)
    except FileExistsError:
        # Ours, if somebody stopped between the two steps.
        if not _are_one(folder, name, new_folder, new_name):
            raise
    try:
        os.unlink(name, dir_fd=folder)
    except FileNotFoundError:
        os.unlink(new_name, dir_fd=new_folder)
        raise


def _are_one(folder: int, name: str, new_folder: int, new_name: str) -> bool:
    """Tell whether two names are those of one file."""
    one = os.stat(name, dir_fd=folder, follow_symlinks=False)
    other = os.stat(new_name, dir_fd=new_folder, follow_symlinks=False)
    return os.path.samestat(one, other)


@cache
def _renameat2() -> Callable[..., int] | None:
    """Find the C library's renameat2(2), of Linux alone."""
    function = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if function is None:
        return None
    function.argtypes = (
        ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint,
    )  # fmt: skip
    function.restype = ctypes.c_int
    found: Callable[..., int] = function
    return found
