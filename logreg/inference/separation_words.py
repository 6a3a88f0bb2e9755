"""What separates an outcome, in words: the levels and the ranges where only some outcomes occur."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from logreg.design.spec import DesignSpec
from logreg.engine.types import Optimum
from logreg.inference.estimate import Remark

__all__ = ["NumberReach", "joined", "separating_rows", "separation_remark"]

FloatArray = NDArray[np.float64]

#: Names that one warning spells out.
NAMES_SHOWN = 12
#: More statements than this are not read; the tables name every infinite coefficient.
MOST_SAID = 4


class NumberReach(Protocol):
    """How far numeric design columns reach among the rows of each outcome, each (K, p)."""

    @property
    def low(self) -> FloatArray:
        """Smallest value."""
        ...

    @property
    def high(self) -> FloatArray:
        """Largest value."""
        ...

    @property
    def above(self) -> FloatArray:
        """Rows above all rows of the other outcomes."""
        ...

    @property
    def below(self) -> FloatArray:
        """Rows below all rows of the other outcomes."""
        ...


def separating_rows(spec: DesignSpec, direction: FloatArray, reach: NumberReach) -> str:
    """Return sentences on the rows that make coefficients infinite; "" where only a combination does.

    Parameters
    ----------
    spec : DesignSpec
        With the counts of every level by outcome.
    direction : (m, p) array
        Where the likelihood keeps growing.
    reach : NumberReach
        Of the numeric design columns, outcomes in spec order.
    """
    used = np.flatnonzero((direction != 0).any(axis=0))
    said = list(dict.fromkeys([*_levels(spec, used), *_ranges(spec, used, reach)]))
    more = f"; and {len(said) - MOST_SAID} more like these" if len(said) > MOST_SAID else ""
    return "; ".join(said[:MOST_SAID]) + more


def _levels(spec: DesignSpec, used: NDArray[np.intp]) -> Iterator[str]:
    """Yield the levels at which an outcome is certain or impossible."""
    variables = {spec.columns[k].variable for k in used}
    outcome = spec.outcome
    for label, counts in spec.level_counts:
        if label not in variables:
            continue
        for one in counts:
            total = sum(one.counts)
            absent = [name for name, n in zip(outcome.names, one.counts, strict=True) if n == 0]
            if not total or not absent:
                continue
            where = f"with {label} = {one.level}"
            if len(absent) == len(outcome.names) - 1:
                (present,) = (name for name in outcome.names if name not in absent)
                yield f"{_every(total)} {where} {_have(total)} {outcome.label} = {present}"
            else:
                never = f"none of the {total:g} rows {where} has" if total > 1 else f"no row {where} has"
                yield f"{never} {outcome.label} = {' or '.join(absent)}"


def _ranges(spec: DesignSpec, used: NDArray[np.intp], reach: NumberReach) -> Iterator[str]:
    """Yield the ranges of single numbers in which one outcome alone occurs."""
    outcome = spec.outcome
    for k in used:
        column = spec.columns[k]
        if column.name not in spec.predictors or np.isnan(reach.low[:, k]).any():
            continue
        for j, name in enumerate(outcome.names):
            others = [i for i in range(len(outcome.names)) if i != j]
            for n, word, bound in (
                (reach.above[j, k], "above", reach.high[others, k].max()),
                (reach.below[j, k], "below", reach.low[others, k].min()),
            ):
                if n:
                    where = f"with {column.name} {word} {bound:g}"
                    yield f"{_every(n)} {where} {_have(n)} {outcome.label} = {name}"


def separation_remark(spec: DesignSpec, optimum: Optimum, reach: NumberReach | None) -> Remark:
    """Return the warning about infinite coefficients: which, by which rows, and what to do."""
    assert optimum.direction is not None
    direction = optimum.direction
    used = np.flatnonzero((direction != 0).any(axis=0))
    slopes = [k for k in used if spec.columns[k].name != "Intercept"] or list(used)
    variables = list(dict.fromkeys(spec.columns[k].variable for k in slopes))
    terms = [spec.column_names[k] for k in slopes]
    outcomes = [spec.outcome.modelled[j] for j in np.flatnonzero((direction != 0).any(axis=1))]
    together = " together" if len(variables) > 1 else ""
    levels = "levels" if len(outcomes) > 1 else "level"
    where = "" if spec.outcome.is_binary else f" of the outcome {levels} {', '.join(map(repr, outcomes))}"
    evidence = "" if reach is None else separating_rows(spec, direction, reach)
    certain = "some outcome has probability 0 in the limit"
    if optimum.perfect_rows:
        rows = "rows are" if optimum.perfect_rows > 1 else "row is"
        certain = f"{optimum.perfect_rows} {rows} fitted perfectly"
    shown = f" ({evidence})" if evidence else ""
    several = (
        "Separation goes several ways: predictions for records unlike all rows, and averages over such, "
        "follow the shortest of them. "
        if optimum.undetermined is not None and len(optimum.undetermined) > 1
        else ""
    )
    return Remark(
        kind="SeparationWarning",
        text=f"{optimum.separation} separation of {spec.outcome.label!r}{where} by "
        f"{joined(list(map(repr, variables)), ' and ')}{together} (terms {joined(terms, ', ')}): "
        f"{certain}{shown}, and the coefficients of these terms have "
        "no finite maximum likelihood estimate. They are shown as infinite and have neither standard error "
        "nor Wald test or interval: fit.anova() tests such terms and interval='profile' bounds them. "
        f"{several}"
        "Remedies: a bias-reduced (Firth) fit by estimator='firth', merging levels, or leaving the term out.",
    )


def _every(n: float) -> str:
    return "the only row" if n == 1 else f"all {n:g} rows"


def _have(n: float) -> str:
    return "has" if n == 1 else "have"


def joined(names: Sequence[str], between: str) -> str:
    """Return names with what stands between two; of very many, the rest is counted."""
    more = f"{between}{len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
    return between.join(names[:NAMES_SHOWN]) + more
