"""Time logreg beside statsmodels, scikit-learn and glum, check that they agree, write reports/benchmarks.md.

Run as ``python tests/benchmarks/run.py`` with the project installed. ``--quick`` is a smoke check on smaller
tables; it prints the report instead of writing it, and so does a run of some cases or some programs only.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cases import CASES
from contenders import CONTENDERS, Contender
from figures import page
from machine import describe_machine

ROOT = Path(__file__).resolve().parents[2]
WORKER = Path(__file__).with_name("worker.py")
IMPORT_RUNS = 7
#: Statements timed in a process that has imported pandas.
IMPORTS = {"import logreg": "import logreg", "import logreg; logreg.fit": "import logreg; logreg.fit"}


@dataclass(slots=True)
class Record:
    """What the processes of one contender reported; ``stopped`` after its limit of seconds, or ``failed``."""

    contender: Contender
    measurements: list[dict[str, Any]] = field(default_factory=list)
    stopped: bool = False
    failed: str = ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller tables, one process each")
    parser.add_argument("--cases", default="A,A2,B,C,D,E", help="which of these, for example A,C")
    parser.add_argument("--only", default="", help="programs whose name contains this")
    parser.add_argument("--date", default="", help="printed at the head of the report")
    parser.add_argument("--output", type=Path, help="where the report goes instead of reports/benchmarks.md")
    arguments = parser.parse_args()

    machine = describe_machine()
    results = {
        case: run_case(case, quick=arguments.quick, only=arguments.only)
        for case in CASES
        if case in arguments.cases.split(",")
    }
    imports = import_times(2 if arguments.quick else IMPORT_RUNS) if "E" in arguments.cases.split(",") else {}
    text = page(results, imports, machine, date=arguments.date, quick=arguments.quick)
    whole = arguments.cases == "A,A2,B,C,D,E" and not arguments.only and not arguments.quick
    output = arguments.output or (ROOT / "reports" / "benchmarks.md" if whole else None)
    if output is None:
        print(text)
    else:
        output.write_text(text, encoding="utf-8")
        tell(f"wrote {output}")


def run_case(case: str, *, quick: bool, only: str) -> list[Record]:
    """Run the contenders in rounds, so that a disturbance of the machine does not hit all runs of one."""
    records = [Record(contender) for contender in CONTENDERS[case] if only in contender.name]
    for this_round in range(1 if quick else max((r.contender.runs for r in records), default=0)):
        for record in records:
            contender = record.contender
            if not contender.available:
                record.failed = f"{contender.module} is not installed"
            if this_round < contender.runs and not record.stopped and not record.failed:
                run_once(case, record, quick=quick)
    return records


def run_once(case: str, record: Record, *, quick: bool) -> None:
    """Start a fresh process for one measurement; stop it when its limit is over."""
    contender = record.contender
    command = [sys.executable, str(WORKER), case, contender.name, *(["--quick"] if quick else [])]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()  # comes when the data are ready and the clock starts
    try:
        out, errors = process.communicate(timeout=contender.limit)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        record.stopped = True
        tell(f"{case}  {contender.name}: stopped after {contender.limit:g} s")
        return
    if process.returncode:
        record.failed = errors.strip().rpartition("\n")[2]
        tell(f"{case}  {contender.name}: {record.failed}")
        return
    measurement = json.loads(out)
    record.measurements.append(measurement)
    tell(f"{case}  {contender.name}: {measurement['seconds']:.4g} s")


def import_times(runs: int) -> dict[str, float]:
    """Return the best seconds of each import statement, in processes that have imported pandas before."""
    best = {}
    for label, statement in IMPORTS.items():
        code = (
            "import pandas, time; start = time.perf_counter()\n"
            f"{statement}\n"
            "print(time.perf_counter() - start)"
        )
        best[label] = min(
            float(
                subprocess.run(
                    [sys.executable, "-c", code], check=True, capture_output=True, text=True
                ).stdout
            )
            for _ in range(runs)
        )
        tell(f"E  {label}: {best[label]:.3g} s")
    return best


def tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
