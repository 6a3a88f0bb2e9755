"""Columns that are nearly combinations of others: what their coefficients' correlation gives away."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from logreg.inference.estimate import Remark

__all__ = ["LARGEST_CONDITION", "alias_remark", "near_collinearity_remark"]

FloatArray = NDArray[np.float64]

#: Condition number of the coefficients' correlation from which it is worth a word: the square of that of the
#: scaled columns, in which 3e3 means that a column differs from a combination of others by a three-thousandth
#: of its spread. A year and its square stay below; a measurement held twice with different rounding does not.
LARGEST_CONDITION = 1e7

#: Share of the largest element from which a column belongs to the near combination.
SHARE = 0.05

#: How many aliased columns, and parts of their combinations, a message spells out.
ALIASES_SHOWN, PARTS_SHOWN = 10, 8


def near_collinearity_remark(
    vcov: FloatArray | None, names: Sequence[str], *, n_equations: int, intercept: bool
) -> Remark | None:
    """Return the warning that columns are nearly collinear, None if they are not.

    Parameters
    ----------
    vcov : (m p, m p) array or None
        Covariance of the coefficients of centred columns, NaN where one was not estimated.
    names : sequence of str
        Of the p columns.
    n_equations : int
        m; every equation sees the same columns, so the first to suffer speaks for all.
    intercept : bool
        Whether column 0 is the intercept, which centring has made irrelevant.
    """
    if vcov is None:
        return None
    p = len(names)
    for equation in range(n_equations):
        block = vcov[equation * p : (equation + 1) * p, equation * p : (equation + 1) * p]
        deviations = np.sqrt(np.maximum(np.diagonal(block), 0.0))
        kept = np.flatnonzero(np.isfinite(deviations) & (deviations > 0))
        kept = kept[kept > 0] if intercept else kept
        if len(kept) < 2:
            continue
        correlation = block[np.ix_(kept, kept)] / np.outer(deviations[kept], deviations[kept])
        values, vectors = np.linalg.eigh(correlation)
        with np.errstate(over="ignore"):
            condition = values[-1] / max(values[0], np.finfo(float).tiny)
        if condition < LARGEST_CONDITION:
            continue
        size = np.abs(vectors[:, -1])
        involved = [names[k] for k in kept[np.flatnonzero(size > SHARE * size.max())]]
        shown = f"{condition:.1e}" if condition < 1 / np.finfo(float).eps else "beyond 1e15"
        return Remark(
            kind="CollinearityWarning",
            text=f"columns {_listed(involved)} are nearly collinear: the condition number of their "
            f"coefficients' correlation is {shown}. Their separate estimates rest on tiny differences and "
            "have large errors; predictions do not suffer. Leave one out, or combine them (a difference, or "
            "poly() for powers).",
        )
    return None


def alias_remark(aliases: Sequence[tuple[str, Sequence[tuple[str, float]]]]) -> Remark:
    """Return the warning that columns are combinations of others, with each combination."""
    shown = "; ".join(f"{name!r} = {_combination(parts)}" for name, parts in aliases[:ALIASES_SHOWN])
    if len(aliases) > ALIASES_SHOWN:
        shown += f"; and {len(aliases) - ALIASES_SHOWN} more (fit.aliases)"
    if len(aliases) == 1:
        subject, verb, theirs = "1 column is a combination", "was", "Its coefficient is"
    else:
        subject, verb, theirs = f"{len(aliases)} columns are combinations", "were", "Their coefficients are"
    return Remark(
        kind="CollinearityWarning",
        text=f"{subject} of others and {verb} left out: {shown}. {theirs} "
        "not estimated (NaN); the fit and its predictions are those of the remaining columns.",
    )


def _combination(parts: Sequence[tuple[str, float]]) -> str:
    """Spell a combination: ``3 Intercept - x1``."""
    if not parts:
        return "0"
    text = ""
    for name, share in parts[:PARTS_SHOWN]:
        size = f"{abs(share):.6g} " if abs(abs(share) - 1.0) > 1e-6 else ""
        text += f"{' - ' if share < 0 else ' + '}{size}{name}"
    more = f" + {len(parts) - PARTS_SHOWN} more" if len(parts) > PARTS_SHOWN else ""
    first = text.removeprefix(" + ")
    return (first.replace(" - ", "-", 1) if first.startswith(" - ") else first) + more


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - ALIASES_SHOWN} more" if len(names) > ALIASES_SHOWN else ""
    return ", ".join(map(repr, names[:ALIASES_SHOWN])) + more
