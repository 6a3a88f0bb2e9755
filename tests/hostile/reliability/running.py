"""Every case on every system, each call in a process of its own, with a limit of time and of memory."""

from __future__ import annotations

import multiprocessing
import os
import signal
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection

from .demands import DEMANDS
from .judging import BEYOND, BYTES, SECONDS, Finding, Outcome, judge

#: Imported once; every call is a fork of the process that has them. Nothing here keeps threads of its own.
PRELOADED = ["statsmodels.formula.api", "sklearn.pipeline", "sklearn.compose", "polars", "pytest"]
PRELOADED += ["logreg.api", "logreg.report.write", "logreg.export.prediction_table"]


#: Seconds after which a process that waits for something, and uses no processor time, is given up.
PATIENCE = 10.0 * SECONDS

#: Two trials at a time do not compete for threads, and sums do not depend on how many the machine has.
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def all_findings(systems: Iterable[str], workers: int = 2) -> dict[tuple[str, str], Finding]:
    """Return the finding of every case on every system, by case and system."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    os.environ.update(ONE_THREAD)
    pairs = [(case, system) for case in DEMANDS for system in systems]
    with ThreadPoolExecutor(workers) as pool:
        found = pool.map(lambda pair: _in_a_process(context, *pair), pairs)
        return dict(zip(pairs, found, strict=True))


def _in_a_process(context: multiprocessing.context.ForkServerContext, case: str, system: str) -> Finding:
    here, there = context.Pipe(duplex=False)
    with tempfile.TemporaryDirectory() as folder:
        process = context.Process(target=_call, args=(there, case, system, folder))
        process.start()
        there.close()
        try:
            if here.poll(PATIENCE):
                return here.recv()  # type: ignore[no-any-return]
            stopped = BEYOND
        except EOFError:
            process.join()
            if process.exitcode is not None and process.exitcode > 0:
                # Not a verdict: what a system raises is caught where it is called.
                raise RuntimeError(f"the trial of {case} on {system} failed; see above") from None
            late = process.exitcode == -signal.SIGXCPU
            stopped = BEYOND if late else f"the process was ended by signal {-(process.exitcode or 0)}"
        finally:
            process.kill()
            process.join()
    return judge(DEMANDS[case], Outcome(stopped=stopped), None)


def _call(answer: Connection, case: str, system: str, folder: str) -> None:
    import resource  # not on Windows

    from .systems import SYSTEMS
    from .trials import tried

    os.chdir(folder)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # LAPACK and commands print as they like
    resource.setrlimit(resource.RLIMIT_DATA, (BYTES, BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 10))
    answer.send(tried(case, SYSTEMS[system]))
