"""Less of something than this process would have."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quota(octets: int) -> Iterator[None]:
    """Have the kernel let no file grow beyond that, as a disk that is full, or a quota."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (octets, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
