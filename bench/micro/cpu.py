"""How the cases of a file are measured: CPU seconds, by pyperf, in processes of their own."""

import time
from collections.abc import Callable, Mapping

import pyperf


def cpu(loops: int, call: Callable[[], object]) -> float:
    """Give the CPU seconds of *loops* calls: neighbours on the machine don't count in them."""
    repeated = range(loops)
    began = time.process_time()
    for _ in repeated:
        call()
    return time.process_time() - began


def measure(cases: Mapping[str, Callable[[], object]]) -> None:
    """Measure each of *cases*, as the command line says; pyperf's options are taken."""
    runner = pyperf.Runner(values=3, min_time=0.02)
    if not runner.parse_args().worker:
        for call in cases.values():
            call()  # one that fails says so at once
    for name, call in cases.items():
        runner.bench_time_func(name, cpu, call)
