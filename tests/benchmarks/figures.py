"""From measurements to the page: agreement, ratios, targets met or not, tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from cases import CASES
from contenders import PATIENCE

if TYPE_CHECKING:
    from run import Record

__all__ = ["page"]

#: A solver has solved the problem when no coefficient is further off than this many standard errors.
SOLVED = 1e-2
#: The closest independent program must agree this well with us: coefficients in standard errors, standard
#: errors relative to themselves.
AGREEMENT, AGREEMENT_OF_ERRORS = 1e-4, 1e-5
#: Cores that other processes may keep busy during a run before its time is called disturbed.
DISTURBED = 0.2
OURS = "logreg, formula"


@dataclass(frozen=True, slots=True)
class Target:
    """One line of the table of targets."""

    case: str
    what: str
    figure: float
    limit: float
    at_least: bool
    unit: str = ""
    bound: bool = False
    disturbed: bool = False

    def cells(self) -> list[str]:
        met = self.figure >= self.limit if self.at_least else self.figure <= self.limit
        sign = "≥" if self.at_least else "≤"
        figure = f"{'more than ' if self.bound else ''}{number(self.figure)}{self.unit}"
        return [
            self.case,
            self.what,
            f"{sign} {self.limit:g}{self.unit}",
            figure,
            ("met" if met else "**not met**") + (", but disturbed" if self.disturbed else ""),
        ]


@dataclass(frozen=True, slots=True)
class Best:
    """The best of one contender's processes, and how far its answer is from ours."""

    record: Record
    seconds: float | None
    distance: float | None = None
    distance_of_errors: float | None = None
    others: float | None = None

    @property
    def disturbed(self) -> bool:
        return self.others is not None and self.others > DISTURBED

    @property
    def name(self) -> str:
        return self.record.contender.name

    @property
    def program(self) -> str:
        return self.record.contender.program

    @property
    def solved(self) -> bool:
        return self.seconds is not None and (self.distance is None or self.distance <= SOLVED)

    def least(self, key: str) -> float | None:
        values = [m[key] for m in self.record.measurements if m.get(key) is not None]
        return min(values) if values else None

    def greatest(self, key: str) -> float | None:
        values = [m[key] for m in self.record.measurements if m.get(key) is not None]
        return max(values) if values else None


def page(
    results: Mapping[str, Sequence[Record]],
    imports: Mapping[str, float],
    machine: Sequence[tuple[str, str]],
    *,
    date: str,
    quick: bool,
) -> str:
    """Return the report as Markdown."""
    bests = {case: summarise(records) for case, records in results.items()}
    targets = [target for case in bests for target in TARGETS[case](bests[case])]
    if imports:
        seconds = imports["import logreg"]
        targets.append(Target("E", "`import logreg`, beyond pandas", seconds, 0.15, False, " s"))
    parts = ["# Benchmarks", "Written by `make benchmark`; not edited by hand."]
    if quick:
        parts.append("**Quick run on smaller tables, once each: a smoke check, not a measurement.**")
    facts = [("Date", date), *machine] if date else list(machine)
    parts += ["\n".join(f"- {what}: {value}" for what, value in facts)]
    parts += ["## Targets", table(["Case", "Figure", "Target", "Measured", ""], [t.cells() for t in targets])]
    for case, best in bests.items():
        size = CASES[case].quick() if quick else CASES[case]
        parts += [f"## {case}. {CASES[case].title}", *([f"Here {size.n_rows:,} rows."] if quick else [])]
        parts += [case_table(best)]
    if imports:
        rows = [[f"`{label}`", seconds_text(seconds)] for label, seconds in imports.items()]
        parts += [
            "## E. Import, in a process that has imported pandas",
            table(["Statement", "Seconds"], rows),
        ]
    return "\n\n".join([*parts, DEFINITIONS]) + "\n"


def summarise(records: Iterable[Record]) -> list[Best]:
    """Take the best run of each contender and measure its answer against ours."""
    records = list(records)
    ours = next((r.measurements[0] for r in records if r.contender.name == OURS and r.measurements), None)
    return [summary(record, ours) for record in records]


def summary(record: Record, ours: Mapping[str, Any] | None) -> Best:
    if not record.measurements:
        return Best(record, None)
    fastest = min(record.measurements, key=lambda m: m["seconds"])
    others = fastest.get("others")
    if ours is None or record.contender.name == OURS:
        return Best(record, fastest["seconds"], others=others)
    coef, std_error = np.array(ours["coef"]), np.array(ours["std_error"])
    distance = float(np.max(np.abs(np.array(fastest["coef"]) - coef) / std_error))
    distance_of_errors = None
    if fastest["std_error"] is not None:
        distance_of_errors = float(np.max(np.abs(np.array(fastest["std_error"]) / std_error - 1)))
    return Best(record, fastest["seconds"], distance, distance_of_errors, others)


# Targets


def find(bests: Sequence[Best], name: str) -> Best | None:
    return next((best for best in bests if best.name == name and best.seconds is not None), None)


def faster_than(
    case: str, bests: Sequence[Best], program: str, limit: float, prefix: str = ""
) -> list[Target]:
    """Compare our formula route with the fastest way of a program that solves the problem."""
    ours = find(bests, OURS)
    peers = [b for b in bests if b.program == program and b.name.startswith(prefix)]
    solved = [b for b in peers if b.solved]
    if ours is None or ours.seconds is None or not peers:
        return []
    if not solved:
        # All were stopped: the ratio is at least that of the limit.
        patience = min((b.record.contender.limit for b in peers if b.record.stopped), default=float("nan"))
        return [
            Target(case, f"times faster than {program}", patience / ours.seconds, limit, True, bound=True)
        ]
    fastest = min(solved, key=lambda b: b.seconds or np.inf)
    assert fastest.seconds is not None
    return [
        Target(
            case,
            f"times faster than {fastest.name}",
            fastest.seconds / ours.seconds,
            limit,
            True,
            disturbed=ours.disturbed or fastest.disturbed,
        )
    ]


def agreement(case: str, bests: Sequence[Best]) -> list[Target]:
    peers = [b for b in bests if b.program != "logreg" and b.distance is not None]
    if not peers:
        return []
    closest = min(peers, key=lambda b: b.distance or 0.0)
    assert closest.distance is not None
    targets = [
        Target(
            case,
            f"largest difference of a coefficient from {closest.name}, in standard errors",
            closest.distance,
            AGREEMENT,
            False,
        )
    ]
    with_errors = [b for b in peers if b.distance_of_errors is not None]
    if with_errors:
        closest = min(with_errors, key=lambda b: b.distance_of_errors or 0.0)
        assert closest.distance_of_errors is not None
        what = f"largest relative difference of a standard error from {closest.name}"
        targets.append(Target(case, what, closest.distance_of_errors, AGREEMENT_OF_ERRORS, False))
    return targets


def targets_a(bests: Sequence[Best]) -> list[Target]:
    targets = []
    for best in bests:
        yardstick, load = best.least("yardstick"), best.least("yardstick_others")
        if best.seconds is not None and yardstick is not None:
            # A yardstick that others slowed down would flatter us.
            disturbed = best.disturbed or (load or 0.0) > DISTURBED
            what, ratio = f"{best.name}: times one `X.T @ X`", best.seconds / yardstick
            targets.append(Target("A", what, ratio, 4, False, disturbed=disturbed))
    return [
        *targets,
        *faster_than("A", bests, "scikit-learn", 5),
        *faster_than("A", bests, "statsmodels", 15, "statsmodels, Logit"),
        *agreement("A", bests),
    ]


def targets_a2(bests: Sequence[Best]) -> list[Target]:
    return [*faster_than("A2", bests, "scikit-learn", 5), *agreement("A2", bests)]


def targets_b(bests: Sequence[Best]) -> list[Target]:
    return [
        *faster_than("B", bests, "scikit-learn", 5),
        *faster_than("B", bests, "statsmodels", 15),
        *agreement("B", bests),
    ]


def targets_c(bests: Sequence[Best]) -> list[Target]:
    memory = []
    ours = find(bests, OURS)
    if ours is not None:
        extra, frame = ours.greatest("extra_bytes"), ours.greatest("frame_bytes")
        if extra is not None and frame is not None:
            memory = [
                Target("C", "peak memory, frame included, per frame", (frame + extra) / frame, 1.5, False),
                Target("C", "peak memory beyond the frame, per frame", extra / frame, 1.5, False),
            ]
    return [*faster_than("C", bests, "glum", 5), *memory, *agreement("C", bests)]


def targets_d(bests: Sequence[Best]) -> list[Target]:
    targets = []
    for ours, theirs, what in (
        (OURS, "statsmodels, smf.logit", "time relative to smf.logit, warm"),
        (
            "logreg, formula, first call",
            "statsmodels, smf.logit, first call",
            "time relative to smf.logit, first call",
        ),
    ):
        mine, yours = find(bests, ours), find(bests, theirs)
        if mine and yours and mine.seconds and yours.seconds:
            disturbed = mine.disturbed or yours.disturbed
            targets.append(Target("D", what, mine.seconds / yours.seconds, 1, False, disturbed=disturbed))
    kernel = find(bests, "logreg, kernel alone")
    if kernel and kernel.seconds:
        milliseconds = kernel.seconds * 1e3
        targets.append(
            Target("D", "kernel alone", milliseconds, 0.5, False, " ms", disturbed=kernel.disturbed)
        )
    return [*targets, *agreement("D", bests)]


TARGETS = {"A": targets_a, "A2": targets_a2, "B": targets_b, "C": targets_c, "D": targets_d}


# Tables


def case_table(bests: Sequence[Best]) -> str:
    ours = find(bests, OURS)
    rows = [
        [
            best.record.contender.program,
            best.record.contender.way,
            outcome_text(best),
            spread_text(best),
            "" if best.others is None else f"{best.others:.1f}",
            ""
            if ours is None or best.seconds is None or not ours.seconds
            else f"{best.seconds / ours.seconds:.3g}",
            errors_text(best),
            *memory_texts(best),
            "" if best.distance is None else f"{best.distance:.1e}",
            "" if best.distance_of_errors is None else f"{best.distance_of_errors:.1e}",
        ]
        for best in bests
    ]
    header = [
        "Program",
        "Way",
        "Best, s",
        "All runs, s",
        "Others, cores",
        "Relative to ours",
        "Std. errors",
        "Extra peak, MB",
        "Extra / frame",
        "(Frame + extra) / frame",
        "Coef. off, s.e.",
        "S.e. off, relative",
    ]
    parts = [table(header, rows)]
    yardsticks = [y for best in bests if (y := best.least("yardstick")) is not None]
    if yardsticks:
        parts.append(f"One `X.T @ X` in the processes of logreg: {seconds_text(min(yardsticks))} s at best.")
    return "\n\n".join(parts)


def outcome_text(best: Best) -> str:
    if best.record.failed:
        return f"({best.record.failed})"
    if best.record.stopped:
        return f"stopped after {best.record.contender.limit:g}"
    assert best.seconds is not None
    text = seconds_text(best.seconds)
    return text if best.solved else f"{text} (not solved)"


def spread_text(best: Best) -> str:
    return ", ".join(seconds_text(m["seconds"]) for m in best.record.measurements)


def errors_text(best: Best) -> str:
    if not best.record.measurements:
        return ""
    return "yes" if best.record.measurements[0]["std_error"] is not None else "no"


def memory_texts(best: Best) -> list[str]:
    extra, frame = best.greatest("extra_bytes"), best.greatest("frame_bytes")
    if extra is None or frame is None:
        return ["", "", ""]
    return [f"{extra / 1e6:.1f}", f"{extra / frame:.2f}", f"{(frame + extra) / frame:.2f}"]


def seconds_text(seconds: float) -> str:
    return f"{seconds:.3g}" if seconds >= 1e-2 else f"{seconds:.6f}"


def number(value: float) -> str:
    return f"{value:.1e}" if 0 < abs(value) < 1e-2 else f"{value:.3g}"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; cells may hold bars."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


DEFINITIONS = f"""## Definitions

- Every run is a fresh process that draws the same data from a fixed seed. Before the clock starts, the
  program is imported and fits some of the rows once, so that imports and threads do not count; *first
  call* in case D is the exception: there the clock runs from before the import of the program (pandas is
  loaded) to the fitted model. The best run counts; slow programs run once or twice, as the column *All
  runs* shows. In case D each process times hundreds of calls and gives the best.
- Programs run one at a time, in rounds, with the threads they choose by themselves. *Others* is how many
  cores other processes kept busy during the best run; above {DISTURBED:g} a figure is called disturbed.
- Numeric predictors are independent standard normal columns. Newton's method does not depend on that;
  lbfgs, sag and saga do, and need fewest iterations there.
- logreg is given the frame and a formula, `LogisticClassifier` an array. statsmodels (except smf.logit)
  is given an array with the constant column already in it, scikit-learn an array, glum the form named:
  preparing these is not on the clock.
- Where *Std. errors* says yes, the time includes them; all of ours do.
- scikit-learn: `C=inf` (no penalty), `tol=1e-8`, its solvers except liblinear, which always penalises.
  sag and saga are stopped after {PATIENCE:g} s. glum: `alpha=0`, non-robust covariance, its
  default tolerance, and a tight one to compare coefficients. statsmodels: its defaults.
- *Coef. off*: the largest difference of a coefficient from that of logreg, in standard errors. A solver
  whose answer is more than {SOLVED:g} standard errors off has not solved the problem and does not count
  as fastest. *S.e. off*: the largest relative difference of a standard error; glum's are first divided
  by its estimate of dispersion and n / (n - p), which a logistic regression does not have.
- *Frame*: `frame.memory_usage(deep=True).sum()`, the outcome included. *Extra peak*: the highest
  resident memory during the first timed call minus that just before it (the kernel's high-water mark,
  reset before the call; freed memory is given back to the system first), the largest of the runs.
- The yardstick `X.T @ X` is the best of several calls after the fit, in the same process, X being the
  row-major array the frame was made from; the best over processes counts.
- statsmodels and scikit-learn are left out of case C: their design of 277 dense columns alone would take
  2.2 GB."""
