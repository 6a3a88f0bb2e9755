"""How often intervals hold the truth and tests reject it: a simulation, written to ``coverage.md``.

Samples of 60, 200 and 1000 rows are drawn from a known binary and a known three-outcome model. Every interval
kind is asked for 95 % intervals of every slope and of an average comparison; every test is asked, at 5 %,
about a predictor that has no effect. Run as ``python reports/coverage.py [--samples N] [--bootstraps N]``;
the same seed gives the same page.
"""

from __future__ import annotations

import argparse
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd

import logreg

SEED = 20261121
SIZES = (60, 200, 1000)
#: Intercept and slopes of x (standard normal), g (0/1, four rows in ten) and z (standard normal, no effect).
TRUTH = {
    "binary": np.array([[-0.5, 0.6, 0.8, 0.0]]),
    "three outcomes": np.array([[-0.2, 0.6, 0.0, 0.0], [-0.5, -0.4, 0.8, 0.0]]),
}
SLOPES = ("x", "g", "z")
#: Rows of the population over which the true average comparison is computed.
POPULATION = 400_000
#: Samples per task of a process.
BATCH = 25
#: Bootstrap replicates per sample.
REPLICATES = 499


def design(n: int, random: np.random.Generator) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "x": random.standard_normal(n),
            "g": (random.random(n) < 0.4).astype(float),
            "z": random.standard_normal(n),
        }
    )


def probabilities(data: pd.DataFrame, coef: np.ndarray) -> np.ndarray:
    columns = np.vstack([np.ones(len(data)), data["x"], data["g"], data["z"]])
    return np.asarray(logreg.logits.softmax(np.vstack([np.zeros(len(data)), coef @ columns]), axis=0))


def sample(kind: str, n: int, random: np.random.Generator) -> pd.DataFrame:
    data = design(n, random)
    shares = probabilities(data, TRUTH[kind]).cumsum(axis=0)
    data["y"] = np.array(["a", "b", "c"])[(random.random(n) > shares[:-1]).sum(axis=0)]
    return data


def true_comparison(kind: str) -> float:
    """Return the difference that g makes to the probability of the last outcome, averaged over rows."""
    data = design(POPULATION, np.random.default_rng(SEED))
    with_g, without = (probabilities(data.assign(g=value), TRUTH[kind])[-1] for value in (1.0, 0.0))
    return float((with_g - without).mean())


class Tally:
    """Counts of hits and of tries by label."""

    def __init__(self) -> None:
        self.hits: Counter[str] = Counter()
        self.tries: Counter[str] = Counter()

    def note(self, label: str, hit: bool) -> None:
        self.tries[label] += 1
        self.hits[label] += hit

    def add(self, other: Tally) -> None:
        self.hits.update(other.hits)
        self.tries.update(other.tries)


def study(kind: str, n: int, seed: int, samples: int, bootstraps: int, effect: float) -> tuple[Tally, Tally]:
    """Return the tallies of some samples: intervals that held the truth, tests that rejected it."""
    random = np.random.default_rng([SEED, n, len(TRUTH[kind]), seed])
    covered, rejected = Tally(), Tally()
    warnings.simplefilter("ignore")
    for k in range(samples):
        data = sample(kind, n, random)
        if data["y"].nunique() < len(TRUTH[kind]) + 1:
            covered.note("(an outcome did not occur)", True)
            continue
        fit = logreg.fit("y ~ x + g + z", data)
        if fit.separation.verdict != "none":
            covered.note("(separated)", True)
        for label, hit in intervals(fit, kind):
            covered.note(label, hit)
        for label, hit in comparisons(fit, effect):
            covered.note(label, hit)
        for test in ("LR", "wald", "score"):
            table = fit.anova(kind=2, test=test)
            p_value = float(table.loc[table["term"] == "z", "p_value"].iloc[0])
            if p_value == p_value:
                rejected.note(test, p_value < 0.05)
        if k < bootstraps and fit.separation.verdict == "none":
            boot = fit.bootstrap(REPLICATES, rng=random)
            for way in ("percentile", "basic", "bca"):
                for hit in holds(boot.intervals(way), kind):
                    covered.note(f"bootstrap, {way}", hit)
    return covered, rejected


def intervals(fit: logreg.LogisticFit, kind: str) -> Iterator[tuple[str, bool]]:
    for hit in holds(fit.coefficients(), kind):
        yield "Wald", hit
    for hit in holds(fit.coefficients(interval="profile"), kind):
        yield "profile likelihood", hit
    for covariance in ("HC1", "HC3"):
        for hit in holds(fit.with_covariance(covariance).coefficients(), kind):
            yield f"Wald, {covariance}", hit


def holds(table: pd.DataFrame, kind: str) -> Iterator[bool]:
    """Yield, for every slope, whether its interval holds the truth; those without one are left out."""
    for equation, (_, rows) in enumerate(table.groupby("outcome", sort=False)):
        for slope, truth in zip(SLOPES, TRUTH[kind][equation, 1:], strict=True):
            row = rows[rows["term"] == slope].iloc[0]
            if row["conf_low"] == row["conf_low"]:
                yield bool(row["conf_low"] <= truth <= row["conf_high"])


def comparisons(fit: logreg.LogisticFit, effect: float) -> Iterator[tuple[str, bool]]:
    table = fit.comparisons(["g"])
    row = table[table["outcome"] == fit.spec.outcome.names[-1]].iloc[0]
    if row["conf_low"] == row["conf_low"]:
        yield "average comparison, delta method", bool(row["conf_low"] <= effect <= row["conf_high"])


def percent(hits: int, tries: int) -> str:
    share = hits / tries
    error = np.sqrt(share * (1.0 - share) / tries)
    return f"{100 * share:.1f} ± {100 * error:.1f}"


def page(found: dict[tuple[str, int], tuple[Tally, Tally]], samples: int, bootstraps: int) -> str:
    lines = [
        "# Coverage of intervals and size of tests",
        "",
        "Written by `python reports/coverage.py`; not edited by hand.",
        "",
        f"{samples:,} samples per cell, {bootstraps:,} of them for the bootstrap with {REPLICATES} "
        "replicates each. "
        "Shares are percent with their Monte Carlo standard error as if every interval were a sample of its "
        "own; slopes of one sample are not independent, so that it is a little too small. The models: "
        "`y ~ x + g + z` with coefficients (intercept, x, g, z) "
        f"{TRUTH['binary'][0].tolist()} for two outcomes "
        f"and {TRUTH['three outcomes'].tolist()} for three. Infinite estimates have no Wald interval and are "
        "left out there; their profile intervals count, with an infinite end.",
    ]
    for index, title, nominal in (
        (0, "Intervals that hold the truth", 95),
        (1, "Tests that reject a true hypothesis (no effect of z)", 5),
    ):
        lines += ["", f"## {title}", "", f"Nominal: {nominal} %.", ""]
        columns = list(found)
        lines.append("| | " + " | ".join(f"{kind}, n = {n}" for kind, n in columns) + " |")
        lines.append("|---|" + "---|" * len(columns))
        labels = dict.fromkeys(label for tallies in found.values() for label in tallies[index].tries)
        for label in sorted(labels, key=lambda text: (text.startswith("("), list(labels).index(text))):
            cells = []
            for cell in columns:
                tally = found[cell][index]
                if label.startswith("("):
                    cells.append(str(tally.tries[label]))
                else:
                    cells.append(percent(tally.hits[label], tally.tries[label]) if tally.tries[label] else "")
            lines.append(f"| {label} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--bootstraps", type=int, default=400)
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("coverage.md"))
    arguments = parser.parse_args()
    found: dict[tuple[str, int], tuple[Tally, Tally]] = defaultdict(lambda: (Tally(), Tally()))
    batches = -(-arguments.samples // BATCH)
    each = -(-arguments.bootstraps // batches)
    with ProcessPoolExecutor() as pool:
        jobs = {
            (kind, n, k): pool.submit(study, kind, n, k, BATCH, each, effect)
            for kind in TRUTH
            for effect in [true_comparison(kind)]
            for n in SIZES
            for k in range(batches)
        }
        for (kind, n, _), job in jobs.items():
            for total, part in zip(found[kind, n], job.result(), strict=True):
                total.add(part)
    arguments.output.write_text(page(dict(found), batches * BATCH, batches * each), encoding="utf-8")


if __name__ == "__main__":
    main()
