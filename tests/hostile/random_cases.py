"""Random calls of `logreg.fit`: a table, a formula, options, and by hand what must come of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import permutations, product
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
from hypothesis import strategies as st
from numpy.typing import NDArray

from .column_types import FAMILIES, Column
from .independent import NEARLY, Problem, span
from .random_tables import (
    LEVEL_SETS,
    NAMES,
    NUMBER_SHAPES,
    Atom,
    Draw,
    Extras,
    Maker,
    Outcome,
    RightSide,
    draw_extras,
    draw_outcome,
    draw_right_side,
    indicators,
    number_column,
)

__all__ = ["Case", "Expected", "cases"]

Array = NDArray[np.float64]

#: Beyond these, squares leave the doubles, and a refusal is in place.
LARGEST, SMALLEST = 1e150, 1e-150
#: A value so many times the median leaves the others few digits.
OUTLYING = 1e10
#: Values so many times the median are beyond the tolerances of a linear programme.
FAR_OUT = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """The model that the independent solve sees: rows used, outcomes by name, baseline first.

    ``spanning`` are columns that span the design, ``named`` those of its columns whose name says what they
    hold; ``doubtful`` tells that some are so nearly combinations of others that doubles may or may not tell.
    ``outlying`` that some rows lie so far out that little can be told about the others in their basis;
    ``loglik_unit`` is what the log-likelihood is reported in: sampling weights are scaled for the solve only.
    """

    problem: Problem
    outcomes: tuple[str, ...]
    named: Mapping[str, Array]
    doubtful: bool
    outlying: bool
    loglik_unit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A call of `logreg.fit`, why it must or may be refused (empty: it must not), and what must come of it.

    ``missing`` tells that rows are left out for a missing value; ``expected`` is None if it must be refused.
    """

    frame: Any
    formula: str
    options: Mapping[str, Any]
    must_refuse: tuple[str, ...]
    may_refuse: tuple[str, ...]
    missing: bool
    expected: Expected | None

    def __repr__(self) -> str:
        return (
            f"logreg.fit({self.formula!r}, frame, **{dict(self.options)!r})\nmust be refused for "
            f"{self.must_refuse}, may be for {self.may_refuse}\nframe:\n{self.frame}"
        )


@st.composite
def cases(draw: Draw) -> Case:
    """Draw a table with a formula and options, and find out by hand what must come of it."""
    n = draw(st.integers(20, 48)) if draw(st.integers(0, 15)) else draw(st.sampled_from([0, 1, 2, 3, 6]))
    maker = Maker(
        draw=draw,
        rng=np.random.default_rng(draw(st.integers(0, 2**32 - 1))),
        n=n,
        family=draw(st.sampled_from(list(FAMILIES))),
    )
    n_levels = maker.choose(2, 2, 2, 3, 4)
    codes = np.floor(n_levels * maker.rng.uniform(size=n)).astype(np.intp)
    codes[:n_levels] = np.arange(n_levels)[:n]
    outcome = draw_outcome(maker, codes, n_levels)
    x = number_column(maker, maker.choose(*NUMBER_SHAPES), codes, None)
    columns = {
        "x": x,
        "z": number_column(maker, maker.choose(*NUMBER_SHAPES), codes, None if x.missing.any() else x.values),
        "v": number_column(maker, "positive", codes, None),
        "g": _label_column(maker),
        "h": _label_column(maker),
    }
    if maker.rarely(25):
        columns[maker.choose("x", "g")] = maker.refused()
    right = draw_right_side(maker, columns)
    extras = draw_extras(maker, outcome, right)
    everything = {**columns, **outcome.columns, **extras.columns}
    return _case(maker, everything, outcome, right, extras)


def _label_column(maker: Maker) -> Column:
    levels = ("only",) if maker.rarely(12) else maker.choose(*LEVEL_SETS)
    return maker.labels(levels, maker.rng.integers(0, len(levels), maker.n))


def _frame(maker: Maker, columns: Mapping[str, Column]) -> Any:
    parts = {NAMES.get(name, name): column.stored for name, column in columns.items()}
    match maker.family:
        case "pandas":
            index = maker.choose(
                pd.RangeIndex(maker.n), maker.rng.permutation(maker.n), np.zeros(maker.n, dtype=int)
            )
            return pd.DataFrame({name: part.array for name, part in parts.items()}, index=index)
        case "polars":
            frame = pl.DataFrame(parts)
            return frame.lazy() if maker.rarely(8) else frame
        case "arrow":
            table = pa.table(parts)
            half = maker.n // 2
            return pa.concat_tables([table[:half], table[half:]]) if maker.rarely(2) else table
    return parts


def _case(
    maker: Maker, columns: Mapping[str, Column], outcome: Outcome, right: RightSide, extras: Extras
) -> Case:
    options = extras.options
    weights = np.ones(maker.n) if extras.weights is None else extras.weights.values
    must = list(extras.must)
    if maker.n and not (np.isfinite(weights).all() and (weights >= 0).all()):
        must.append("weights")
        weights = np.ones(maker.n)
    gone = np.isnan(outcome.counts).any(axis=0)
    for column in (*(columns[name] for name in right.columns()), *extras.offsets):
        gone = gone | column.missing
        must += ["column type"] if column.refused else []
    missing = bool((gone & (weights > 0)).any())
    if missing and options.get("missing") == "raise":
        must.append("missing values")
    used = ~gone & (weights > 0)
    if used.sum() < (1 if outcome.grouped else 2):
        must.append("rows")
    if options.get("weight_kind") == "frequency" and (weights[used] != np.round(weights[used])).any():
        must.append("fractional frequencies")
    if any(np.isinf(offset.values[used]).any() for offset in extras.offsets):
        must.append("infinite offset")
    order, why = _levels(outcome, used, options)
    must += [*why, *_estimator(options, len(order), right.intercept)]
    if len(order) - 1 != len(extras.offsets) != 1 and isinstance(options.get("offset"), list):
        must.append("offsets per outcome")
    may: list[str] = [] if outcome.counts[:, used].any(axis=1).all() else ["an outcome without trials"]
    expected = None
    if not must:
        must, why, expected = _expected(columns, outcome, order, right, extras, used, weights)
        may += why
    return Case(
        frame=_frame(maker, columns),
        formula=f"{outcome.text} ~ {right.text}{extras.offset_text}",
        options=options,
        must_refuse=tuple(must),
        may_refuse=tuple(may),
        missing=missing,
        expected=expected if not must else None,
    )


def _levels(
    outcome: Outcome, used: NDArray[np.bool_], options: Mapping[str, Any]
) -> tuple[list[int], list[str]]:
    """Return the positions of the levels that occur, baseline first, and what is wrong with the options."""
    present = [k for k in range(len(outcome.levels)) if outcome.counts[k, used].sum() > 0]
    levels = [outcome.levels[k] for k in present]
    if len(levels) < 2:
        return present, ["one class"]
    if "event" in options:
        if len(levels) > 2 or options["event"] not in levels:
            return present, ["event"]
        base = 1 - levels.index(options["event"])
    elif "baseline" in options:
        if options["baseline"] not in levels:
            return present, ["baseline"]
        base = levels.index(options["baseline"])
    else:
        base = 0
    return [present[base], *(k for k in present if k != present[base])], []


def _estimator(options: Mapping[str, Any], n_levels: int, intercept: bool) -> list[str]:
    estimator = options.get("estimator", "ml")
    if estimator == "ml":
        return []
    refused = (
        options.get("covariance", "model") != "model"
        or (options.get("weight_kind") == "sampling")
        or (estimator in ("flac", "median") and n_levels > 2)
        or (estimator in ("flic", "flac") and not intercept)
    )
    return ["estimator"] if refused else []


def _expected(
    columns: Mapping[str, Column],
    outcome: Outcome,
    order: list[int],
    right: RightSide,
    extras: Extras,
    used: NDArray[np.bool_],
    weights: Array,
) -> tuple[list[str], list[str], Expected | None]:
    """Return why the fit must, and why it may be refused, and the model that is fitted if it is not."""
    must: list[str] = []
    may: list[str] = []
    n = int(used.sum())
    spanned: dict[str, list[Array]] = {}
    with np.errstate(all="ignore"):
        for atom in {atom.text: atom for term in right.terms for atom in term}.values():
            values = columns[atom.needs].values[used]
            if not columns[atom.needs].is_text:
                values = values.astype(float)
                if not np.isfinite(values).all() or np.abs(values).max(initial=0.0) > LARGEST:
                    must.append("infinite values")
                    continue
                knot = np.median(values) if n else 0.0
                tied = atom.learned and not values.min(initial=0.0) < knot < values.max(initial=0.0)
                # Beside a value of 1e30, all others are one: what is learned sees distances.
                apart = np.unique(values - values.mean()) if atom.learned and n else np.unique(values)
                if len(apart) < (6 if atom.learned else 2) or tied:
                    may.append("few distinct values")
                    if atom.learned:
                        continue
                if atom.text.startswith("bs") and extras.weights is not None:
                    # Knots are at quantiles of weighted rows, which may be ties at an end.
                    order_of = np.argsort(values)
                    mass = np.cumsum(weights[used][order_of]) / weights[used].sum()
                    middle = values[order_of][np.searchsorted(mass, [0.5 - 1e-9, 0.5 + 1e-9]).clip(max=n - 1)]
                    if middle.min() <= values.min() or middle.max() >= values.max():
                        may.append("a knot at an end")
                    continue
            elif len(set(values.tolist())) < 2:
                may.append("one level")
            if atom.reference and atom.reference not in values:
                must.append("reference level")
            if len(set(values.tolist())) == n and atom.spans is indicators:
                may.append("as many levels as rows")
            spanned[atom.text] = atom.spans(values)
            sizes = np.array([np.abs(part).max(initial=0.0) for part in spanned[atom.text]])
            if not all(np.isfinite(part).all() for part in spanned[atom.text]) or (sizes > LARGEST).any():
                must.append("undefined values")
        if must:
            return must, may, None
        known = [term for term in right.terms if all(atom.text in spanned for atom in term)]
        spanning = [np.ones(n)] if right.intercept else []
        for term in sorted(known, key=len):
            spanning += [np.prod(parts, axis=0) for parts in product(*(spanned[atom.text] for atom in term))]
        sizes = np.array([np.abs(column).max(initial=0.0) for column in spanning])
        if any(_outlying(column, OUTLYING) or _beyond_digits(column) for column in spanning):
            may.append("outlying values")
    if extras.options.get("covariance") in ("HC1", "HC2", "HC3"):
        may.append("leverage of one, or no residual degrees of freedom")
    if ((sizes > LARGEST) | ((sizes > 0) & (sizes < SMALLEST))).any():
        return must, ["scale"], None
    if len(known) < len(right.terms):
        return must, may, None
    basis = span(spanning, n)
    kind = extras.options.get("weight_kind", "frequency")
    scale = 1.0 if kind == "frequency" else n / weights[used].sum()
    m = len(order) - 1
    offset = np.zeros((m, n))
    if extras.offsets:
        offset = offset + np.array([one.values[used] for one in extras.offsets])
    return (
        must,
        may,
        Expected(
            problem=Problem(
                basis=basis.columns,
                counts=outcome.counts[order][:, used],
                weights=weights[used] * scale,
                offset=offset,
            ),
            outcomes=tuple(str(outcome.levels[k]) for k in order),
            named=_named(right, columns, used),
            loglik_unit=1.0 / scale if kind == "sampling" else 1.0,
            outlying=any(_outlying(column, FAR_OUT) for column in spanning),
            doubtful=basis.smallest_share < NEARLY,
        ),
    )


def _outlying(column: Array, times: float) -> bool:
    """Tell whether some values lie so many times as far from the middle as others, or the middle from 0."""
    sizes = np.abs(column[column != 0.0])
    apart = np.abs(column - np.median(column))
    apart = apart[apart > 0.0]
    return any(len(part) > 0 and part.max() > times * np.median(part) for part in (sizes, apart))


def _beyond_digits(column: Array) -> bool:
    """Tell whether some values, not 0, have no digits beside the largest."""
    sizes = np.abs(column[column != 0.0])
    return len(sizes) > 0 and bool(sizes.min() < 1e-12 * sizes.max())


def _named(right: RightSide, columns: Mapping[str, Column], used: NDArray[np.bool_]) -> dict[str, Array]:
    """Return the columns that a term of plain variables may have in a design, under any coding, by name."""
    found = {"Intercept": np.ones(int(used.sum()))}

    def pieces(atom: Atom) -> list[tuple[str, Array]]:
        name = NAMES.get(atom.needs, atom.needs)
        values = columns[atom.needs].values[used]
        if not columns[atom.needs].is_text:
            return [(name, values.astype(float))]
        levels = sorted(set(values.tolist()))
        return [
            (f"{name}[{sign}{level}]", (values == level).astype(float))
            for level in levels
            for sign in ("", "T.")
        ]

    for term in right.terms:
        if not all(atom.plain for atom in term):
            continue
        for order in permutations(term):
            for chosen in product(*map(pieces, order)):
                found[":".join(name for name, _ in chosen)] = np.prod([part for _, part in chosen], axis=0)
    return found
