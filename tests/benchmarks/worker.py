"""One fit in a fresh process: ``worker.py CASE CONTENDER [--quick]`` prints JSON.

Two lines in all: ``{"ready": true}`` when the data stand and the warm-up is over, then the measurement.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import threading
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from cases import CASES, Data, build
from contenders import Contender, Estimate, by_name

#: Products timed for the yardstick, of which the best counts.
YARDSTICK_CALLS = 25
STATUS, CLEAR_REFS, ALL_PROCESSORS = (
    Path("/proc/self/status"),
    Path("/proc/self/clear_refs"),
    Path("/proc/stat"),
)
#: Shortest call for which the load of other processes can be told.
LOAD_GRAIN = 0.1
#: Seconds between looks at the memory where the kernel's high-water mark cannot be reset.
LOOK_EVERY = 0.001


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("case", choices=list(CASES))
    parser.add_argument("contender")
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    contender = by_name(arguments.case, arguments.contender)
    case = CASES[arguments.case]
    if arguments.quick:
        case = case.quick()
    # Peers warn of their own deprecations; what matters here is whether the coefficients agree.
    warnings.simplefilter("ignore")
    data = build(case)
    result = (
        first_call(contender, data) if contender.first_call else warm_call(contender, data, case.warm_rows)
    )
    print(json.dumps(result), flush=True)


def first_call(contender: Contender, data: Data) -> dict[str, Any]:
    """Time the first fit of the process, with the imports that it needs beyond pandas."""
    print(json.dumps({"ready": True}), flush=True)
    start = time.perf_counter()
    estimate = contender.prepare(data)()
    seconds = time.perf_counter() - start
    return {"seconds": seconds, **described(estimate)}


def warm_call(contender: Contender, data: Data, warm_rows: int) -> dict[str, Any]:
    """Time fits after a warm-up on some rows, and the memory they add at their peak."""
    contender.prepare(data.head(contender.warm_rows or warm_rows))()
    fit = contender.prepare(data)
    give_memory_back()
    print(json.dumps({"ready": True}), flush=True)
    peak, others = PeakMemory(), OtherLoad()
    seconds, estimate = timed(fit)
    extra = peak.extra()
    for _ in range(contender.calls - 1):
        again, estimate = timed(fit)
        seconds = min(seconds, again)
    result = {
        "seconds": seconds,
        "others": others.cores(),
        "extra_bytes": extra,
        "frame_bytes": int(data.frame.memory_usage(deep=True).sum()),
        **described(estimate),
    }
    if contender.yardstick:
        matrix = data.numbers
        others = OtherLoad()
        result["yardstick"] = min(timed(lambda: matrix.T @ matrix)[0] for _ in range(YARDSTICK_CALLS))
        result["yardstick_others"] = others.cores()
    return result


def timed(function: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    value = function()
    return time.perf_counter() - start, value


def described(estimate: Estimate) -> dict[str, Any]:
    std_error = estimate.finish() if estimate.finish is not None else estimate.std_error
    return {
        "coef": estimate.coef.tolist(),
        "std_error": None if std_error is None else np.asarray(std_error).tolist(),
    }


def give_memory_back() -> None:
    """Return freed memory to the system, so that a fit cannot hide in what the preparation left behind."""
    import ctypes
    import gc

    gc.collect()
    with suppress(OSError, AttributeError):  # only glibc keeps it and has the call
        ctypes.CDLL(None).malloc_trim(0)


def resident(key: str = "VmRSS") -> int:
    """Return a memory figure of this process in bytes."""
    for line in STATUS.read_text().splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1]) * 1024
    raise LookupError(key)


class OtherLoad:
    """Cores that other processes keep busy meanwhile, from the kernel's account of all processors."""

    def __init__(self) -> None:
        self.start = self.now()

    def now(self) -> tuple[float, float, float]:
        return self.busy(), time.process_time(), time.perf_counter()

    @staticmethod
    def busy() -> float:
        if not ALL_PROCESSORS.exists():
            return float("nan")
        user, nice, system, _, _, *rest = map(int, ALL_PROCESSORS.read_text().split("\n", 1)[0].split()[1:])
        return (user + nice + system + sum(rest[:3])) / os.sysconf("SC_CLK_TCK")

    def cores(self) -> float | None:
        busy, own, clock = (b - a for a, b in zip(self.start, self.now(), strict=True))
        # The account has a grain of 10 ms: too coarse for short calls.
        return None if clock < LOAD_GRAIN or math.isnan(busy) else max(0.0, (busy - own) / clock)


class PeakMemory:
    """Peak resident memory above that at the start, by the kernel's high-water mark or by looking often."""

    def __init__(self) -> None:
        self.method = "none"
        if not STATUS.exists():
            return
        self.start = self.highest = resident()
        try:
            CLEAR_REFS.write_text("5")
            self.method = "high-water mark"
        except OSError:
            self.method = "samples"
            self.done = threading.Event()
            self.watcher = threading.Thread(target=self.watch, daemon=True)
            self.watcher.start()

    def watch(self) -> None:
        while not self.done.wait(LOOK_EVERY):
            self.highest = max(self.highest, resident())

    def extra(self) -> int | None:
        if self.method == "none":
            return None
        if self.method == "high-water mark":
            return resident("VmHWM") - self.start
        self.done.set()
        self.watcher.join()
        return self.highest - self.start


if __name__ == "__main__":
    main()
