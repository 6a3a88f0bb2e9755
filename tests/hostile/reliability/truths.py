"""The right answers, by the Newton iteration of ``base`` on columns written out one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from .. import test_listed
from ..base import BASE, GONE, PLAIN, N, blanks, newton, newton_multinomial, too_many_levels
from .judging import Truth

KEPT = ~np.isin(np.arange(N), GONE)


def binary(
    columns: list[Any], y: Any = BASE.y, used: Any = None, offset: Any = None, weights: Any = 1.0
) -> Truth:
    """Solve on the rows ``used``; probabilities for all rows."""
    design = np.column_stack([np.asarray(column, dtype=float) for column in columns])
    used = np.ones(len(y), dtype=bool) if used is None else np.asarray(used)
    shift = np.zeros(len(y)) if offset is None else np.asarray(offset)
    coef, error = newton(list(design[used].T), np.asarray(y)[used], shift[used], weights)
    return Truth(
        probabilities=_two(coef[0] + design @ coef[1:] + shift), used=used, coef=coef, std_error=error
    )


def _two(logit: np.ndarray) -> np.ndarray:
    probability = np.exp(-np.logaddexp(0.0, -logit))
    return np.column_stack([1 - probability, probability])


def multinomial(columns: list[Any], codes: Any) -> Truth:
    coef = newton_multinomial(columns, codes)
    design = np.column_stack([np.ones(len(codes)), *columns])
    odds = np.exp(np.column_stack([np.zeros(len(codes)), design @ coef.T]))
    return Truth(probabilities=odds / odds.sum(axis=1, keepdims=True), used=np.ones(len(codes), dtype=bool))


def rescaled(truth: Truth, *factors: float) -> Truth:
    """The same model with columns multiplied by these factors; the intercept is not compared."""
    assert truth.coef is not None
    assert truth.std_error is not None
    by = np.array([1.0, *factors])
    coef = truth.coef / by
    coef[0] = np.nan
    return Truth(
        probabilities=truth.probabilities, used=truth.used, coef=coef, std_error=truth.std_error / by
    )


def predicted(truth: Truth, probabilities: np.ndarray) -> Truth:
    """Predictions for other rows; coefficients are not compared."""
    return Truth(probabilities=probabilities, used=np.ones(len(probabilities), dtype=bool))


def plain(used: Any = None) -> Truth:
    return binary(PLAIN, used=used)


def groups(levels: Any = BASE.g, used: Any = None, first: str = "a") -> Truth:
    """Treatment contrasts against the first level, then x1."""
    others = sorted(set(levels) - {first})
    return binary([*(levels == level for level in others), BASE.x1], used=used)


def without_slopes(truth: Truth) -> Truth:
    """Probabilities alone: which level is the baseline is the system's own choice."""
    return Truth(probabilities=truth.probabilities, used=truth.used)


def two_rows_each() -> Truth:
    """Two rows, one event, per level: the slope is twice the conditional one (Abrevaya 1997)."""
    x1 = too_many_levels().x1.to_numpy()
    apart = x1[1::2] - x1[::2]
    slope = 0.0
    for _ in range(50):
        p = 1 / (1 + np.exp(-slope * apart))
        slope += (apart * (1 - p)).sum() / (apart**2 * p * (1 - p)).sum()
    p = 1 / (1 + np.exp(-slope * apart))
    second = np.column_stack([1 - p, p]).ravel()
    return Truth(probabilities=np.column_stack([1 - second, second]), used=np.ones(len(x1), dtype=bool))


def cube() -> Truth:
    """The slope is of the order of 1e-19 and so is its error: probabilities are compared."""
    million = (3e6 + 1e5 * BASE.x1).astype("int64").astype(float) ** 3
    return without_slopes(binary([(million - million.mean()) / million.std()]))


def code_differences() -> Truth:
    """Integers beyond 2**53 with their last digits: one more unit is one more unit of b."""
    return rescaled(binary([BASE.b, BASE.x2]), 1.0, 1.0)


def far_offsets() -> Truth:
    far = np.asarray(test_listed.UP | test_listed.DOWN)
    offset = np.where(test_listed.UP, 1000.0, np.where(test_listed.DOWN, -1000.0, 0.0))
    return binary(PLAIN, used=~far, offset=offset)


def rare() -> Truth:
    data = test_listed.rare()
    return binary([data.x], data.y)


def invisible() -> Truth:
    levels = pd.Series(np.resize(["a\u202eb", "a\u200bb", "ab"], N))
    return without_slopes(binary([levels == level for level in sorted(set(levels))[1:]]))


def quarters() -> Truth:
    codes = test_listed.quarters().cat.codes
    return binary([*(codes == k for k in (1, 2, 3)), BASE.x1])


def extremes() -> Truth:
    return predicted(plain(), np.array([[0.0, 1.0], [1.0, 0.0]]))


def first_row() -> Truth:
    return predicted(plain(), plain().probabilities[:1])


def second_row_of_groups() -> Truth:
    return predicted(groups(), groups().probabilities[[1]])


TRUTHS: dict[str, Callable[[], Truth]] = {
    **dict.fromkeys(("O03", "O09", "O10", "P15", "P22", "P23", "P26", "P27", "P28", "P33"), plain),
    **dict.fromkeys(("P34", "P39", "W10", "M16", "N11", "D02", "D11"), plain),
    "O06": lambda: plain(KEPT),
    "O20": lambda: multinomial(PLAIN, BASE.y3),
    "O22": lambda: binary([BASE.x1], used=KEPT),
    "P05": lambda: plain(KEPT),
    "P11": plain,
    "P13": lambda: binary([BASE.b, BASE.x2]),
    "P16": lambda: rescaled(plain(), 1e300, 1.0),
    "P17": lambda: rescaled(plain(), 1e-300, 1.0),
    "P20": two_rows_each,
    "P21": groups,
    "P47": lambda: groups(used=KEPT),
    "P48": groups,
    "P49": lambda: without_slopes(groups(blanks())),
    "P53": lambda: binary([BASE.x1]),
    "P35": code_differences,
    "P36": lambda: binary([BASE.x1.astype("float16"), BASE.x2]),
    "P38": lambda: binary([BASE.b, BASE.x2]),
    "P45": lambda: binary([BASE.y3 * 4.0 - 4.0]),
    "P46": cube,
    "P52": quarters,
    "P56": lambda: plain(KEPT),
    "P57": lambda: binary([BASE.g == "b", BASE.g == "c"]),
    "W02": lambda: plain(np.arange(N) >= 5),
    "N01": extremes,
    "N02": far_offsets,
    "N06": rare,
    "N14": lambda: rescaled(plain(), 10.0, 3e4),
    "D08": groups,
    "D09": second_row_of_groups,
    "D10": first_row,
    "H12": invisible,
}
