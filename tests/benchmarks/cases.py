"""The data of the benchmark: three large tables and a small one, each drawn from a fixed seed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

__all__ = ["CASES", "Case", "Data", "build"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Sizes of one table and of its reduced version; ``warm_rows`` rows are fitted before the clock.

    ``uneven`` columns share a common part and have different scales, as columns of real tables do;
    independent standard normal ones are the easiest there are for methods that see only gradients.
    """

    title: str
    n_rows: int
    n_numeric: int
    quick_rows: int
    n_outcomes: int = 2
    n_levels: tuple[int, ...] = ()
    uneven: bool = False
    warm_rows: int = 100_000

    def quick(self) -> Case:
        """Return the case with fewer rows."""
        return replace(self, n_rows=self.quick_rows, warm_rows=min(self.warm_rows, self.quick_rows))


CASES = {
    "A": Case(title="binary, 1,000,000 x 50, dense", n_rows=1_000_000, n_numeric=50, quick_rows=100_000),
    "A2": Case(
        title="the same with columns correlated 0.5 and standard deviations from 0.1 to 10",
        n_rows=1_000_000,
        n_numeric=50,
        quick_rows=100_000,
        uneven=True,
    ),
    "B": Case(
        title="multinomial, 300,000 x 30, five outcomes",
        n_rows=300_000,
        n_numeric=30,
        n_outcomes=5,
        quick_rows=30_000,
    ),
    "C": Case(
        title="binary, 1,000,000 rows, 5 numeric and 4 categorical columns with 5, 20, 50 and 200 levels",
        n_rows=1_000_000,
        n_numeric=5,
        n_levels=(5, 20, 50, 200),
        quick_rows=150_000,
    ),
    "D": Case(
        title="binary, 1,000 x 10, by formula", n_rows=1_000, n_numeric=10, quick_rows=1_000, warm_rows=1_000
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """One table in the forms the programs take.

    ``numbers`` (n, q) holds the numeric columns row by row, ``codes`` (n,) the outcome as 0 .. K - 1;
    ``frame`` holds both and the categorical columns, with the outcome in column y.
    """

    frame: pd.DataFrame
    numbers: np.ndarray
    codes: np.ndarray
    n_outcomes: int

    @property
    def predictors(self) -> list[str]:
        return [name for name in self.frame.columns if name != "y"]

    @property
    def formula(self) -> str:
        return "y ~ " + " + ".join(self.predictors)

    def head(self, n_rows: int) -> Data:
        """Return the first rows, copied, so that nothing of the whole is touched."""
        return Data(
            frame=self.frame.iloc[:n_rows].copy(),
            numbers=self.numbers[:n_rows].copy(),
            codes=self.codes[:n_rows].copy(),
            n_outcomes=self.n_outcomes,
        )


def build(case: Case) -> Data:
    """Draw the table: normal predictors, uniform levels, and an outcome from the model that is fitted."""
    random = np.random.default_rng(20240229)
    n, m = case.n_rows, case.n_outcomes - 1
    numbers = random.standard_normal((n, case.n_numeric))
    # The logits keep a standard deviation near 1 whatever the number of columns.
    coef = random.standard_normal((m, case.n_numeric)) / np.sqrt(case.n_numeric)
    logits = coef @ numbers.T + random.uniform(-1.0, 0.0, size=(m, 1))
    if case.uneven:
        numbers += random.standard_normal((n, 1))
        numbers *= np.geomspace(0.1, 10.0, case.n_numeric) / np.sqrt(2.0)
    frame = pd.DataFrame(numbers, columns=[f"x{j}" for j in range(case.n_numeric)])
    for j, n_levels in enumerate(case.n_levels):
        codes = random.integers(n_levels, size=n)
        logits += 0.3 * random.standard_normal((m, n_levels))[:, codes]
        frame[f"c{j}"] = pd.Categorical.from_codes(codes, [f"level {k:03d}" for k in range(n_levels)])
    # A level drawn from softmax(0, logits): the largest of the logits with Gumbel noise.
    scores = np.vstack([np.zeros(n), logits]) + random.gumbel(size=(case.n_outcomes, n))
    outcome = scores.argmax(axis=0)
    if case.n_outcomes == 2:
        frame["y"] = outcome
    else:
        frame["y"] = pd.Categorical.from_codes(outcome, list("abcdefghij"[: case.n_outcomes]))
    return Data(frame=frame, numbers=numbers, codes=outcome, n_outcomes=case.n_outcomes)
