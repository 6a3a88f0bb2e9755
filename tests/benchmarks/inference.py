"""Time average comparisons and profile intervals beside their peers; write reports/benchmarks-inference.md.

Run as ``python tests/benchmarks/inference.py``. ``--marginaleffects PYTHON`` names an interpreter that has
marginaleffects and statsmodels (it needs an older polars than the rest); R is used where ``Rscript`` is
found. Whatever is not at hand is left out and said to be. Every run is a fresh process; fitting the model is
outside the clock everywhere.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from cases import Case, Data, build
from machine import describe_machine

ROOT = Path(__file__).resolve().parents[2]
RUNS = 3
#: Fits and proofs that take less, and remember nothing, are timed again in the same process; the best counts.
AGAIN = 0.5
#: Seconds after which a program is stopped, and from which it runs once.
LIMIT, SLOW = 600.0, 20.0
CASES = {
    "F2": Case(title="100,000 x 20, binary", n_rows=100_000, n_numeric=20, quick_rows=5_000),
    "F4": Case(
        title="100,000 x 20, four outcomes", n_rows=100_000, n_numeric=20, n_outcomes=4, quick_rows=5_000
    ),
    "H1": Case(title="Firth, 1,000 x 10", n_rows=1_000, n_numeric=10, quick_rows=1_000),
    "H2": Case(title="Firth, 100,000 x 30", n_rows=100_000, n_numeric=30, quick_rows=5_000),
    "S3": Case(title="separation, 1,000 x 10", n_rows=1_000, n_numeric=10, quick_rows=1_000),
    "S5": Case(title="separation, 100,000 x 10", n_rows=100_000, n_numeric=10, quick_rows=5_000),
    "S6": Case(title="separation, 1,000,000 x 10", n_rows=1_000_000, n_numeric=10, quick_rows=10_000),
    "G": Case(title="10,000 x 19, binary: 20 coefficients", n_rows=10_000, n_numeric=19, quick_rows=1_000),
}
#: Peers that fit Firth's model: from arrays or a frame, to a tolerance of 1e-8 as in the other benchmarks, or
#: to their own of 1e-4.
FIRTHMODELS = (
    "firthmodels",
    "firthmodels from a frame",
    "firthmodels, to 1e-4",
    "firthmodels from a frame, to 1e-4",
)
WAYS = {
    "F2": (
        "logreg comparisons",
        "marginaleffects avg_comparisons",
        "logreg slopes",
        "statsmodels get_margeff",
    ),
    "F4": (
        "logreg comparisons",
        "marginaleffects avg_comparisons",
        "logreg slopes",
        "statsmodels get_margeff",
    ),
    **dict.fromkeys(("H1", "H2"), ("logreg firth", "LogisticClassifier firth", *FIRTHMODELS)),
    **dict.fromkeys(
        ("S3", "S5", "S6"),
        (
            "logreg fit",
            "logreg certificate",
            "logreg proof by sums",
            "logreg fit, a level with events only",
            "logreg proof by sums, a level with events only",
            "logreg fit, all separated",
            "logreg proof by sums, all separated",
            "logreg linear programme, all separated",
        ),
    ),
    "G": ("logreg profile intervals", "R confint"),
}
#: Which of ours each peer is held against, and how many times faster we mean to be.
PEERS = {
    "marginaleffects avg_comparisons": ("logreg comparisons", 10.0),
    "statsmodels get_margeff": ("logreg slopes", 10.0),
    **{
        way: ("logreg firth" if "from a frame" in way else "LogisticClassifier firth", 5.0)
        for way in FIRTHMODELS
    },
    "R confint": ("logreg profile intervals", 5.0),
}
R_SCRIPT = """
suppressMessages(library(MASS))
path <- commandArgs(trailingOnly = TRUE)[1]
data <- read.csv(path)
fit <- glm(y ~ ., data = data, family = binomial)
invisible(suppressMessages(confint(glm(y ~ ., data = data[1:500, ], family = binomial))))
start <- proc.time()[["elapsed"]]
found <- suppressMessages(confint(fit))
seconds <- proc.time()[["elapsed"]] - start
numbers <- function(x) paste(sprintf("%.17g", x), collapse = ", ")
cat(sprintf('{"seconds": %.6f, "estimate": [%s], "std_error": [%s]}',
    seconds, numbers(found[, 1]), numbers(found[, 2])))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worker", nargs=2, metavar=("CASE", "WAY"))
    parser.add_argument("--quick", action="store_true", help="smaller tables, one process each")
    parser.add_argument("--marginaleffects", default="", metavar="PYTHON")
    parser.add_argument("--date", default="")
    arguments = parser.parse_args()
    if arguments.worker:
        worker(*arguments.worker, quick=arguments.quick)
        return
    found = {
        (case, way): measure(case, way, arguments.marginaleffects, quick=arguments.quick)
        for case, ways in WAYS.items()
        for way in ways
    }
    text = page(found, date=arguments.date, quick=arguments.quick)
    if arguments.quick:
        print(text)
    else:
        (ROOT / "reports" / "benchmarks-inference.md").write_text(text, encoding="utf-8")


def measure(case: str, way: str, marginaleffects: str, *, quick: bool) -> dict[str, Any]:
    """Return the best of some runs, or why there is none."""
    if way.startswith("R "):
        run: Callable[[], dict[str, Any]] = lambda: run_r(CASES[case].quick() if quick else CASES[case])  # noqa: E731
        if shutil.which("Rscript") is None:
            return {"failed": "R is not installed"}
    else:
        python = marginaleffects if way.startswith("marginaleffects") else sys.executable
        if not python:
            return {"failed": "not installed"}
        command = [python, __file__, "--worker", case, way, *(["--quick"] if quick else [])]
        run = lambda: run_process(command)  # noqa: E731
    results = []
    for _ in range(1 if quick else RUNS):
        result = run()
        if "failed" in result:
            return result
        results.append(result)
        print(f"{case}  {way}: {result['seconds']:.4g} s", file=sys.stderr, flush=True)
        if result["seconds"] > SLOW:
            break
    return {**min(results, key=lambda r: r["seconds"]), "all": [r["seconds"] for r in results]}


def run_process(command: list[str]) -> dict[str, Any]:
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT, check=False)
    except subprocess.TimeoutExpired:
        return {"failed": f"stopped after {LIMIT:g} s"}
    if done.returncode:
        return {"failed": done.stderr.strip().rpartition("\n")[2]}
    result: dict[str, Any] = json.loads(done.stdout.strip().rpartition("\n")[2])
    return result


def run_r(case: Case) -> dict[str, Any]:
    data = build(case)
    with tempfile.TemporaryDirectory() as folder:
        path, script = Path(folder) / "data.csv", Path(folder) / "confint.R"
        data.frame.to_csv(path, index=False)
        script.write_text(R_SCRIPT)
        return run_process(["Rscript", str(script), str(path)])


def worker(case: str, way: str, *, quick: bool) -> None:
    """Time one way on one table and print what it found."""
    import time
    import warnings

    warnings.simplefilter("ignore")
    size = CASES[case].quick() if quick else CASES[case]
    data = build(size)
    call, read = PREPARE[way](data.head(2000))
    call()
    call, read = PREPARE[way](data)
    seconds, spent = float("inf"), 0.0
    while spent == 0.0 or (spent < AGAIN and case.startswith(("H", "S"))):
        start = time.perf_counter()
        result = call()
        took = time.perf_counter() - start
        seconds, spent = min(seconds, took), spent + took
    estimate, std_error = read(result)
    print(json.dumps({"seconds": seconds, "estimate": estimate, "std_error": std_error}))


Numbers = tuple[list[float], list[float]]
Prepared = tuple[Callable[[], Any], Callable[[Any], Numbers]]


def ours(data: Data) -> Any:
    import logreg

    return logreg.fit(data.formula, data.frame)


def frame_numbers(table: Any, columns: tuple[str, str] = ("estimate", "std_error")) -> Numbers:
    first, second = (table[name].to_numpy().tolist() for name in columns)
    return first, second


def our_comparisons(data: Data) -> Prepared:
    fit = ours(data)
    return fit.comparisons, by_variable


def our_slopes(data: Data) -> Prepared:
    fit = ours(data)
    return fit.slopes, by_variable


def by_variable(table: Any) -> tuple[list[float], list[float]]:
    order = [int(name[1:]) for name in table["variable"]]
    return frame_numbers(table.assign(order=order).sort_values(["outcome", "order"], kind="stable"))


def our_profiles(data: Data) -> Prepared:
    fit = ours(data)
    return lambda: fit.coefficients(interval="profile"), lambda t: frame_numbers(t, ("conf_low", "conf_high"))


def their_fit(data: Data) -> Any:
    import statsmodels.formula.api as smf

    frame = data.frame.assign(y=data.codes)
    model = smf.logit if data.n_outcomes == 2 else smf.mnlogit
    return model(data.formula, frame).fit(disp=0)


def margeff(data: Data) -> Prepared:
    result = their_fit(data)

    def read(found: Any) -> Numbers:
        # One row per variable, one column per outcome.
        first, second = (np.asarray(a).T.ravel().tolist() for a in (found.margeff, found.margeff_se))
        return first, second

    return result.get_margeff, read


def avg_comparisons(data: Data) -> Prepared:
    import marginaleffects

    result = their_fit(data)

    def read(found: Any) -> Numbers:
        table = found.to_pandas() if hasattr(found, "to_pandas") else found
        table = table.assign(variable=table["term"])
        group = table["group"].astype(str) if "group" in table else "1"
        return by_variable(table.assign(outcome=group))

    return lambda: marginaleffects.avg_comparisons(result), read


def our_firth(data: Data) -> Prepared:
    """Time the whole fit by formula, as an analyst calls it."""
    import logreg

    def read(fit: Any) -> Numbers:
        return fit.coef_array.ravel().tolist(), fit.std_error_array.ravel().tolist()

    return lambda: logreg.fit(data.formula, data.frame, estimator="firth"), read


def our_classifier(data: Data) -> Prepared:
    """Time a fit from arrays."""
    from logreg import LogisticClassifier

    def read(model: Any) -> Numbers:
        fit = model.fit_
        return fit.coef_array.ravel().tolist(), fit.std_error_array.ravel().tolist()

    return lambda: LogisticClassifier(estimator="firth").fit(data.numbers, data.codes), read


def their_firth(data: Data, way: str) -> Prepared:
    """Time firthmodels without its tests and intervals."""
    from firthmodels import FirthLogisticRegression

    tolerance = 1e-4 if way.endswith("to 1e-4") else 1e-8
    model = FirthLogisticRegression(gtol=tolerance, xtol=tolerance)
    names = data.predictors

    def read(fit: Any) -> Numbers:
        coef = [float(fit.intercept_), *np.ravel(fit.coef_).tolist()]
        bse = np.ravel(fit.bse_).tolist()
        return coef, [bse[-1], *bse[:-1]]

    if "from a frame" in way:
        return lambda: model.fit(data.frame[names], data.frame["y"]), read
    return lambda: model.fit(data.numbers, data.codes), read


def nothing(_: Any) -> Numbers:
    return [], []


def our_fit(data: Data) -> Prepared:
    return lambda: ours(data), nothing


def one_level_separated(data: Data) -> Data:
    """Return the data with a column that is 1 in one row of 50, all of them events."""
    level = np.arange(len(data.codes)) % 50 == 0
    numbers, codes = data.numbers.copy(), np.where(level, 1, data.codes)
    numbers[:, 0] = level
    return with_numbers(data, numbers, codes)


def all_separated(data: Data) -> Data:
    """Return the data with an outcome that one combination of the columns tells exactly."""
    toward = np.linspace(-1.0, 1.0, data.numbers.shape[1])
    return with_numbers(data, data.numbers, (data.numbers @ toward > 0.3).astype(int))


def with_numbers(data: Data, numbers: np.ndarray, codes: np.ndarray) -> Data:
    import pandas as pd

    frame = pd.DataFrame(numbers, columns=data.predictors).assign(y=codes)
    return Data(frame=frame, numbers=numbers, codes=codes, n_outcomes=2)


def prepared_blocks(data: Data) -> tuple[Any, Any]:
    """Return the encoded rows and the end of the climb, as the fit has them when it decides on separation."""
    from logreg.design.matrices import DenseMatrix
    from logreg.engine.newton import Ascent, climb
    from logreg.engine.types import DesignBlock
    from logreg.passes.sums import objective_of

    matrix = DenseMatrix(np.ascontiguousarray(data.numbers.T), leading_one=True)
    blocks = [DesignBlock(matrix=matrix, n_outcomes=2, codes=data.codes.astype(np.int8))]
    size = matrix.shape[1]
    start = np.zeros((1, size))
    share = data.codes.mean()
    start[0, 0] = np.log(share / (1 - share))
    return blocks, climb(objective_of(blocks), Ascent(coef=start), np.arange(size))


def certificate(data: Data) -> Prepared:
    from logreg.engine.separation import certified_finite

    _, end = prepared_blocks(data)
    return lambda: certified_finite(end.decrement, end.current.smallest_weight), nothing


def proof(data: Data) -> Prepared:
    """Time what runs where the certificate fails."""
    from logreg.engine.separation import find_separation

    blocks, end = prepared_blocks(data)
    kept = np.arange(blocks[0].matrix.shape[1])
    return lambda: find_separation(blocks, kept, end.coef), nothing


def programme(data: Data) -> Prepared:
    """Time what runs where that proof fails too."""
    from logreg.engine.separation import find_separation

    blocks, _ = prepared_blocks(data)
    kept = np.arange(blocks[0].matrix.shape[1])
    return lambda: find_separation(blocks, kept), nothing


PREPARE: dict[str, Callable[[Data], Prepared]] = {
    "logreg comparisons": our_comparisons,
    "logreg slopes": our_slopes,
    "logreg profile intervals": our_profiles,
    "logreg firth": our_firth,
    "LogisticClassifier firth": our_classifier,
    **{way: partial(their_firth, way=way) for way in FIRTHMODELS},
    "logreg fit": our_fit,
    "logreg certificate": certificate,
    "logreg proof by sums": proof,
    "logreg fit, a level with events only": lambda data: our_fit(one_level_separated(data)),
    "logreg proof by sums, a level with events only": lambda data: proof(one_level_separated(data)),
    "logreg fit, all separated": lambda data: our_fit(all_separated(data)),
    "logreg proof by sums, all separated": lambda data: proof(all_separated(data)),
    "logreg linear programme, all separated": lambda data: programme(all_separated(data)),
    "statsmodels get_margeff": margeff,
    "marginaleffects avg_comparisons": avg_comparisons,
}


def distance(peer: dict[str, Any], mine: dict[str, Any], key: str) -> float:
    a, b = np.array(peer[key]), np.array(mine[key])
    return (
        float("nan") if a.shape != b.shape or not a.size else float(np.max(np.abs(a - b) / np.abs(b).max()))
    )


#: Checks timed on data whose fit does without them: the certificate proves overlap there, sums separation.
FORCED = ("logreg proof by sums", "logreg linear programme, all separated")


def page(found: dict[tuple[str, str], dict[str, Any]], *, date: str, quick: bool) -> str:
    facts = ([("Date", date)] if date else []) + list(describe_machine())
    lines = ["# Benchmarks of inference", "", "Written by `make benchmark`; not edited by hand.", ""]
    if quick:
        lines += ["**Quick run on smaller tables: a smoke check, not a measurement.**", ""]
    lines += [f"- {what}: {value}" for what, value in facts]
    lines += [
        "",
        "| Case | Way | Best, s | All runs, s | Times ours | Target | | Estimates off | Errors off |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for (case, way), result in found.items():
        cells = [f"{case}. {CASES[case].title}", way]
        if "failed" in result:
            lines.append("| " + " | ".join([*cells, f"({result['failed']})", *[""] * 6]) + " |")
            continue
        cells += [f"{result['seconds']:.3g}", ", ".join(f"{s:.3g}" for s in result["all"])]
        mine = found.get((case, PEERS[way][0])) if way in PEERS else None
        _, comma, which = way.partition(", ")
        fit = found.get((case, "logreg fit" + comma + which), {})
        if case.startswith("S") and not way.startswith("logreg fit") and "seconds" in fit:
            share = result["seconds"] / fit["seconds"]
            verdict = ["< 1", "met" if share < 1.0 else "**not met**"]
            # What this fit does without costs it nothing.
            cells += [f"{share:.2g} of the fit", *(["forced", ""] if way in FORCED else verdict), "", ""]
        elif mine is None or "failed" in mine:
            cells += [""] * 5
        else:
            limit = 1.0 if case == "H1" else PEERS[way][1]
            ratio = result["seconds"] / mine["seconds"]
            cells += [f"{ratio:.3g}", f"≥ {limit:g}", "met" if ratio >= limit else "**not met**"]
            cells += [f"{distance(result, mine, key):.1e}" for key in ("estimate", "std_error")]
        lines.append("| " + " | ".join(cells) + " |")
    lines += [
        "",
        "Differences are relative to the largest value of the column; for R they are those of the lower and",
        "upper ends (its `confint` interpolates a spline). marginaleffects differentiates numerically. All",
        "average over the rows of the fit; fitting is outside the clock there. Firth: the whole fit, by",
        "formula for logreg, from arrays and from a frame for firthmodels, whose gradient and step end at",
        "1e-8 as elsewhere, or at its own 1e-4 (logreg ends at 1e-10 standard errors). Separation: the",
        "certificate is what a fit without extreme logits pays; where it fails, sums over the rows prove",
        "what the end of the climb shows; the linear programme runs where they prove nothing. A check that",
        "the fit beside it does without is forced, and has no target. Shares are of the fit to the same",
        "data, the check included. marginaleffects compares numbers half a unit below and above by default,",
        "logreg at the value and one unit above: hence their differences; firthmodels inverts the augmented",
        "information.",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
