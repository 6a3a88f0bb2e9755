"""Average predictions of a population under several settings, with their derivatives: one pass over the rows.

Everything that is averaged here is a function f of a row's logits l = B x + offset. With weights w and W
their sum, the average and its derivative with respect to the coefficients of equation j are

    mean = sum w f(l) / W                                                       (1)
    d mean / d b_j = sum w (df/dl_j) (x - centre) / W                           (2)

so that a pass adds up values and gradient-weighted rows, whatever the number of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from logreg.errors import SupportError
from logreg.inference.estimate import LogisticEstimate
from logreg.interpret.grouping import GroupedRows, Grouping
from logreg.interpret.population import FloatArray, Piece, Population, Setting, SettingMap, map_settings
from logreg.interpret.row_functions import RowFunction
from logreg.logits.limit import FAR, endless, unsettled

__all__ = [
    "MarginSums",
    "Settled",
    "margin_spread",
    "margin_sums",
    "require_room",
    "settings_of_piece",
    "spread_of_averages",
]

#: Row values held at a time, in numbers (16 MB): settings of a piece are taken in batches of that size.
BATCH_CELLS = 2_000_000

#: Sums kept over all rows, in numbers (400 MB).
MOST_SUMS = 50_000_000
#: Moves along the direction of separation beyond this are told apart from none, and from nothing else.
FARTHEST = 1e300


def setting_logits(
    design: Any, coef: FloatArray, constant: FloatArray, offset: FloatArray | None
) -> FloatArray:
    """Return logits (s, m, n) under s settings: ``coef`` (s, m, p) on the columns kept, plus ``constant``."""
    s, m, p = coef.shape
    logits: FloatArray = design.matvec(coef.reshape(s * m, p)).reshape(s, m, -1)
    logits += constant[:, :, np.newaxis]
    if offset is not None:
        logits += offset
    return logits


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MarginSums:
    """Sums over rows for g groups and s settings; adding two adds the rows.

    ``values`` (g, s, f), ``products`` (g, s, r, p) of products with the columns, ``totals`` (g, s, r) of
    products alone, ``weight`` (g,) and how much of it has an infinite logit, ``infinite`` (g, s).
    """

    values: FloatArray
    products: FloatArray
    totals: FloatArray
    weight: FloatArray
    infinite: FloatArray

    def __add__(self, other: MarginSums) -> MarginSums:
        return MarginSums(
            values=self.values + other.values,
            products=self.products + other.products,
            totals=self.totals + other.totals,
            weight=self.weight + other.weight,
            infinite=self.infinite + other.infinite,
        )


def by_encoding(maps: Sequence[SettingMap]) -> dict[Setting, list[int]]:
    """Return the settings that share one encoding of the rows."""
    found: dict[Setting, list[int]] = {}
    for k, one in enumerate(maps):
        found.setdefault(one.encode, []).append(k)
    return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Settled:
    """Some settings of one piece: their logits (s, m, n) on one encoding of the rows."""

    positions: list[int]
    design: Any
    logits: FloatArray
    infinite: NDArray[np.bool_] | None


def settings_of_piece(
    fit: LogisticEstimate, piece: Piece, maps: Sequence[SettingMap], cells_per_row: int
) -> Iterator[Settled]:
    """Yield the logits of a piece under all settings, in batches that bound memory."""
    coef = fit.filled_coef
    steps = None if fit.separation.direction is None else np.asarray(fit.separation.direction)
    for encode, positions in by_encoding(maps).items():
        design, offset = piece.encoded(encode.columns(piece))
        height = max(1, BATCH_CELLS // max(1, cells_per_row * piece.n_rows))
        for start in range(0, len(positions), height):
            batch = positions[start : start + height]
            keep = np.array([maps[k].keep for k in batch])
            constant = np.array([maps[k].constant for k in batch])
            logits = setting_logits(design, coef * keep[:, np.newaxis], constant @ coef.T, offset)
            infinite = None
            if steps is not None:
                infinite = _go_to_the_limit(fit, logits, steps, design, keep, constant)
            yield Settled(positions=batch, design=design, logits=logits, infinite=infinite)


def _go_to_the_limit(
    fit: LogisticEstimate,
    logits: FloatArray,
    steps: FloatArray,
    design: Any,
    keep: FloatArray,
    constant: FloatArray,
) -> NDArray[np.bool_]:
    """Move logits along the direction of separation, in place; return which rows (s, n) end at infinity.

    Logits (m,) of rows under a setting where one is neither infinite nor known are NaN.
    """
    moved, size = _moves(fit, steps, design, keep, constant)
    logits += endless(np.clip(moved, -FARTHEST, FARTHEST), np.minimum(size, FARTHEST), axis=1)
    if fit.probes is not None:
        shaken = [_moves(fit, probe, design, keep, constant) for probe in fit.probes]
        moves, sizes = (np.stack(parts, axis=1) for parts in zip(*shaken, strict=True))
        for one, k_moved, k_size in zip(logits, moves, sizes, strict=True):
            one[:, unsettled(one, k_moved, k_size)] = np.nan
    return cast("NDArray[np.bool_]", np.abs(logits).max(axis=1) >= FAR)


def _moves(
    fit: LogisticEstimate, changes: FloatArray, design: Any, keep: FloatArray, constant: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return how far changes of coefficients (m, p) move logits (s, m, n), and the sizes of the parts."""
    s, m = len(keep), len(changes)
    steps, centre = fit.around_centre(changes), fit.logit_centre
    kept = (steps * keep[:, np.newaxis]).reshape(s * m, -1)
    # keep * x + constant - centre = keep * (x - centre) + constant + (keep - 1) * centre.
    shift = constant + (keep - 1.0) * centre
    x = design.to_array() - centre[:, np.newaxis]
    # Of numbers near the end of the doubles only the order counts.
    with np.errstate(over="ignore"):
        moved = (kept @ x).reshape(s, m, -1) + (shift @ steps.T)[:, :, np.newaxis]
        size = (np.abs(kept) @ np.abs(x)).reshape(s, m, -1)
        size += (np.abs(shift) @ np.abs(steps).T)[:, :, np.newaxis]
    return moved, size


def margin_sums(
    fit: LogisticEstimate,
    population: Population,
    settings: Sequence[Setting],
    grouping: Grouping,
    function: RowFunction,
    *,
    encode_all: bool = False,
) -> MarginSums:
    """Add up values and gradient-weighted rows under all settings, in one pass.

    ``products`` of the result are with ``x - centre`` where x is the row under the setting.
    """
    maps = map_settings(fit.spec, population, settings, encode_all=encode_all)
    centre = None if fit.centred is None else fit.logit_centre
    n_values, n_products = len(function.unfold), function.unfold.shape[2]
    require_room(grouping.n_cells * len(settings) * n_products * len(fit.spec.columns))

    def of_piece(piece: Piece) -> MarginSums:
        groups = GroupedRows(grouping.codes(piece), grouping.n_cells)
        g, s, n = grouping.n_cells, len(settings), piece.n_rows
        weights = np.ones(n) if piece.weights is None else piece.weights
        values = np.zeros((g, s, n_values))
        products = np.zeros((g, s, n_products, len(fit.spec.columns)))
        totals = np.zeros((g, s, n_products))
        infinite = np.zeros((g, s))
        for batch in settings_of_piece(fit, piece, maps, n_values + n_products):
            here, k = batch.positions, len(batch.positions)
            found, gradient = function(batch.logits)
            found = found * weights
            gradient = gradient if piece.weights is None else gradient * weights
            flat = gradient.reshape(k * n_products, n)
            values[:, here] = groups.sums(found.reshape(k * n_values, n)).reshape(g, k, n_values)
            totals[:, here] = groups.sums(flat).reshape(g, k, n_products)
            products[:, here] = groups.products(flat, batch.design, centre).reshape(g, k, n_products, -1)
            if batch.infinite is not None:
                infinite[:, here] = groups.sums(batch.infinite * weights)
        return MarginSums(
            values=values,
            products=products,
            totals=totals,
            weight=groups.sums(weights[np.newaxis])[:, 0],
            infinite=infinite,
        )

    found = population.total(of_piece)
    keep = np.array([one.keep for one in maps])
    constant = np.array([one.constant for one in maps])
    # keep * x + constant - centre = keep * (x - centre) + constant + (keep - 1) * centre.
    moved = constant + (keep - 1.0) * fit.logit_centre
    under = found.products * keep[:, np.newaxis] + found.totals[..., np.newaxis] * moved[:, np.newaxis]
    return MarginSums(
        values=found.values,
        products=under,
        totals=found.totals,
        weight=found.weight,
        infinite=found.infinite,
    )


def require_room(n_numbers: int) -> None:
    """Refuse what would not fit in memory.

    Raises
    ------
    SupportError
        For more sums than are kept.
    """
    if n_numbers > MOST_SUMS:
        raise SupportError(
            f"this many groups, values and variables need {n_numbers:,} sums at a time, more than the "
            f"{MOST_SUMS:,} supported. Ask for fewer at a time, or cut a number in by= into classes."
        )


def spread_of_averages(
    population: Population,
    grouping: Grouping,
    values: Callable[[Piece], FloatArray],
    means: FloatArray,
) -> FloatArray:
    """Return the sampling variance (g, k, k) of k weighted averages in g groups, in a second pass.

    For independent trials i with weight w_i, ``n / (n - 1) sum w_i^2 (f_i - mean) (f_i - mean)' / W^2``: the
    linearised variance of a ratio of sums (Cochran 1977, *Sampling Techniques*, 3rd ed., 6.13); trials with
    the same row count one by one.

    Parameters
    ----------
    values : callable
        From a piece of n rows to the values averaged (k, n).
    means : (g, k) array
        The averages, from the first pass.
    """
    g, k = means.shape

    def of_piece(piece: Piece) -> FloatArray:
        codes = grouping.codes(piece)
        codes = np.zeros(piece.n_rows, dtype=np.intp) if codes is None else codes
        found = values(piece)
        ones = np.ones(piece.n_rows)
        weights = ones if piece.weights is None else piece.weights
        squares = ones if piece.squared_weights is None else piece.squared_weights
        # The number of trials: weight^2 / sum of squared weights, row by row.
        trials = np.divide(weights**2, squares, out=np.zeros_like(ones), where=squares > 0.0)
        result = np.zeros((g, k * k + 2))
        for cell in range(g):
            here = codes == cell
            distance = found[:, here] - means[cell][:, np.newaxis]
            result[cell, :-2] = ((distance * squares[here]) @ distance.T).ravel()
            result[cell, -2:] = weights[here].sum(), trials[here].sum()
        return result

    total = population.total(of_piece)
    weight, n = total[:, -2], total[:, -1]
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where(n > 1.0, n / (n - 1.0), np.nan) / weight**2
        return (total[:, :-2] * factor[:, np.newaxis]).reshape(g, k, k)


def margin_spread(
    fit: LogisticEstimate,
    population: Population,
    settings: Sequence[Setting],
    grouping: Grouping,
    function: RowFunction,
    sums: MarginSums,
) -> FloatArray:
    """Return the sampling variance (g, s f, s f) of the averages of `margin_sums`."""
    maps = map_settings(fit.spec, population, settings)
    f = len(function.unfold)

    def values(piece: Piece) -> FloatArray:
        result = np.empty((len(settings), f, piece.n_rows))
        for batch in settings_of_piece(fit, piece, maps, 2 * f):
            result[batch.positions], _ = function(batch.logits)
        return result.reshape(-1, piece.n_rows)

    weight = np.where(sums.weight > 0.0, sums.weight, np.nan)
    means = sums.values.reshape(len(weight), -1) / weight[:, np.newaxis]
    return spread_of_averages(population, grouping, values, means)
