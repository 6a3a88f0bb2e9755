"""Time whole reports by format, and weigh them; write reports/benchmarks-reports.md.

Run as ``python tests/benchmarks/reports.py``. Every run is a fresh process that has imported what it needs
and fitted the model; the clock runs from the fit to the file. The first report of a process finds no font and
no template read; a second one, of a new fit to the same data, does.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from cases import Case, build
from machine import describe_machine

ROOT = Path(__file__).resolve().parents[2]
RUNS = 3
#: Seconds after which a process is stopped.
LIMIT = 300.0
CASES = {
    "R2": Case(
        title="binary, 10,000 rows, 20 coefficients, with its figures",
        n_rows=10_000,
        n_numeric=11,
        n_levels=(4, 4, 3),
        quick_rows=1_000,
    ),
    # With more rows terms would be tested by Wald tests, which take a tenth of the time of likelihood ratios.
    "R7": Case(
        title="seven outcomes, 4,000 rows, 300 coefficients, with its figures",
        n_rows=4_000,
        n_numeric=37,
        n_levels=(5, 5, 5),
        n_outcomes=7,
        quick_rows=2_000,
    ),
}
FORMATS = (".html", ".pdf", ".docx", ".xlsx")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a report may take at most: seconds from fit to file, bytes."""

    seconds: float | None = None
    n_bytes: int | None = None


TARGETS = {
    ("R2", ".html"): Target(seconds=1.5, n_bytes=300_000),
    ("R2", ".pdf"): Target(seconds=2.0),
    ("R2", ".xlsx"): Target(seconds=0.3),
    **{("R7", suffix): Target(seconds=15.0) for suffix in FORMATS},
}
#: Imported before the clock starts, beside what a fit imports.
MODULES = (
    *("jinja2", "matplotlib.figure", "matplotlib.style", "matplotlib.backends.backend_svg"),
    *("typst", "docx", "xlsxwriter", "logreg.report.sections", "logreg.report.write"),
    *("logreg.report.render_html", "logreg.report.render_pdf"),
    *("logreg.report.render_docx", "logreg.report.render_xlsx"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worker", nargs=2, metavar=("CASE", "FORMAT"))
    parser.add_argument("--quick", action="store_true", help="fewer rows, one process each")
    parser.add_argument("--date", default="")
    arguments = parser.parse_args()
    if arguments.worker:
        print(json.dumps(worker(*arguments.worker, quick=arguments.quick)))
        return
    machine = describe_machine()
    found = {
        (case, suffix): measure(case, suffix, quick=arguments.quick) for case in CASES for suffix in FORMATS
    }
    text = page(found, machine, date=arguments.date, quick=arguments.quick)
    if arguments.quick:
        print(text)
    else:
        (ROOT / "reports" / "benchmarks-reports.md").write_text(text, encoding="utf-8")


def measure(case: str, suffix: str, *, quick: bool) -> dict[str, Any]:
    """Return the best of some processes, or why there is none."""
    command = [sys.executable, __file__, "--worker", case, suffix, *(["--quick"] if quick else [])]
    runs = []
    for _ in range(1 if quick else RUNS):
        try:
            done = subprocess.run(
                command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT, check=False
            )
        except subprocess.TimeoutExpired:
            return {"failed": f"stopped after {LIMIT:g} s"}
        if done.returncode:
            return {"failed": done.stderr.strip().rpartition("\n")[2]}
        runs.append(json.loads(done.stdout.strip().rpartition("\n")[2]))
        print(f"{case}  {suffix}: {runs[-1]['first']:.4g} s", file=sys.stderr, flush=True)
    return {key: min(run[key] for run in runs) for key in runs[0]} | {"all": [run["first"] for run in runs]}


def worker(case: str, suffix: str, *, quick: bool) -> dict[str, Any]:
    """Report twice and return the seconds of both, those of writing alone, and the size of the file."""
    import time
    import warnings

    warnings.simplefilter("ignore")
    import logreg
    from logreg.report.write import write_document

    for name in MODULES:
        import_module(name)
    data = build(CASES[case].quick() if quick else CASES[case])
    seconds, writing = [], []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"report{suffix}"
        for _ in range(2):
            fit = logreg.fit(data.formula, data.frame)
            start = time.perf_counter()
            document = fit.report_document()
            middle = time.perf_counter()
            write_document(document, path)
            seconds.append(time.perf_counter() - start)
            writing.append(time.perf_counter() - middle)
        n_bytes = path.stat().st_size
    return {"first": seconds[0], "second": seconds[1], "writing": min(writing), "n_bytes": n_bytes}


def page(
    found: dict[tuple[str, str], dict[str, Any]],
    machine: list[tuple[str, str]],
    *,
    date: str,
    quick: bool,
) -> str:
    facts = ([("Date", date)] if date else []) + machine
    lines = ["# Benchmarks of reports", "", "Written by `make benchmark`; not edited by hand.", ""]
    if quick:
        lines += ["**Quick run on fewer rows: a smoke check, not a measurement.**", ""]
    lines += [f"- {what}: {value}" for what, value in facts]
    lines += [
        "",
        "| Case | Format | First, s | All runs, s | Second, s | Writing alone, s | Size, kB | Target | |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for (case, suffix), result in found.items():
        named = f"{case}. {CASES[case].title}", suffix
        if "failed" in result:
            lines.append(f"| {' | '.join(named)} | {result['failed']} | | | | | | |")
            continue
        cells = [
            *named,
            f"{result['first']:.3g}",
            ", ".join(f"{x:.3g}" for x in result["all"]),
            f"{result['second']:.3g}",
            f"{result['writing']:.3g}",
            f"{result['n_bytes'] / 1000:.0f}",
            *verdict(TARGETS.get((case, suffix), Target()), result),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", *EXPLANATION, ""]
    return "\n".join(lines)


EXPLANATION = (
    "The clock starts after the imports and the fit. The first report of a process reads fonts and",
    "templates; the second, of a new fit to the same data, finds them read. Writing alone turns the",
    "finished document into a file.",
)


def verdict(target: Target, result: dict[str, Any]) -> tuple[str, str]:
    """Return what was aimed at, and whether it was met."""
    aims = [
        (f"≤ {target.seconds:g} s" if target.seconds else "", result["first"], target.seconds),
        (f"≤ {target.n_bytes // 1000} kB" if target.n_bytes else "", result["n_bytes"], target.n_bytes),
    ]
    wanted = [(text, value <= limit) for text, value, limit in aims if limit is not None]
    if not wanted:
        return "", ""
    missed = [text for text, met in wanted if not met]
    return ", ".join(text for text, _ in wanted), "met" if not missed else f"**not met: {', '.join(missed)}**"


if __name__ == "__main__":
    main()
