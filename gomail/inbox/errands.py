"""Work done in threads of its own, for which those who asked wait as long as they like."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from threading import Lock


class Errands:
    """So many *threads* that do one thing after the other."""

    def __init__(self, threads: int, name: str) -> None:
        self._pool = ThreadPoolExecutor(threads, name)
        self._lock = Lock()
        self._waiting: dict[object, Future[None]] = {}

    def run(self, key: object, work: Callable[[], object], patience: float) -> bool:
        """
        Have work done, and wait so many seconds; tell whether it is done.

        What waits to be begun under the same *key* is not done twice. Whatever *work* raises within
        that time is raised here; behind that time it is nobody's.
        """
        with self._lock:
            future = self._waiting.get(key)
            if future is None:
                future = self._waiting[key] = self._pool.submit(self._begin, key, work)
        wait_for([future], max(patience, 0.0))
        if not future.done():
            return False
        future.result()
        return True

    def _begin(self, key: object, work: Callable[[], object]) -> None:
        with self._lock:
            del self._waiting[key]
        work()

    def close(self) -> None:
        """Begin nothing more, and wait for what is under way."""
        self._pool.shutdown(cancel_futures=True)
