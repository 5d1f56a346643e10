"""What a whole server needs of its reactor, as one name for annotations."""

from twisted.internet.interfaces import (
    IReactorCore,
    IReactorFDSet,
    IReactorProcess,
    IReactorSocket,
    IReactorThreads,
    IReactorTime,
)


class Reactor(
    IReactorCore,
    IReactorTime,
    IReactorFDSet,
    IReactorSocket,
    IReactorThreads,
    IReactorProcess,
):
    """Keeps the time, listens, starts processes, works with threads: epoll, select, asyncio do."""
