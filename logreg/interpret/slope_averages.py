"""Averages of derivatives of predictions, and the derivatives of rows that they are made of.

With ``d_j`` the derivative of logit j (0 for the baseline), that of the probability of outcome k is

    dp_k/dx = p_k (d_k - sum_l p_l d_l) = sum_l p_k p_l (d_k - d_l)             (1)

where ``d_j = b_j . dX/dx`` moves through every column the variable enters. A variable that is a column of the
design by itself has ``d_j = b_j``, and averages of all such slopes follow from the averages of the products
``p_k p_l``: one pass over the rows for all variables together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from logreg.data.source import NumberColumn
from logreg.inference.estimate import LogisticEstimate
from logreg.interpret.averages import averages_of, check_unconditional
from logreg.interpret.estimands import Estimates, block_diagonal
from logreg.interpret.grids import Plan
from logreg.interpret.grouping import GroupedRows, grouped_products
from logreg.interpret.margins import Settled, require_room, settings_of_piece, spread_of_averages
from logreg.interpret.population import (
    Fixed,
    FloatArray,
    Piece,
    Setting,
    SettingMap,
    map_settings,
    plain_column,
)
from logreg.interpret.row_functions import Scale, pairs_of, row_function, row_probabilities
from logreg.logits.limit import without_rounding

__all__ = ["RowSlopes", "Slopes", "slope_estimates"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slopes:
    """Slopes of q numbers under s settings."""

    fit: LogisticEstimate
    plan: Plan
    names: tuple[str, ...]
    scale: Scale
    kind: str

    @property
    def n_values(self) -> int:
        """Values per row: K probabilities, or m logits."""
        return self.fit.spec.n_equations + (self.scale == "probability")

    def averages(self, *, unconditional: bool, general: bool = False) -> tuple[Estimates, FloatArray]:
        """Return the averages, groups, settings, variables and outcomes, and the weight of each group."""
        plain = [plain_column(self.fit.spec, name) for name in self.names]
        positions = [position for position in plain if position is not None]
        finite = self.fit.separation.direction is None
        easy = finite and self.scale == "probability" and self.kind == "dydx" and bool(positions)
        if general or not easy or (unconditional and len(positions) < len(plain)):
            return self._general(unconditional)
        if len(positions) < len(plain):
            return self._of_both(plain)
        function = row_function("pairs", self.n_values)
        pairs, weight = averages_of(
            self.fit, self.plan, self.plan.settings, function, unconditional=unconditional
        )
        return self._of_pairs(pairs, positions), weight

    def _of_both(self, plain: Sequence[int | None]) -> tuple[Estimates, FloatArray]:
        """Take each variable the shorter way, and put the averages in their order."""
        parts = {
            easy: [v for v, position in enumerate(plain) if (position is not None) == easy]
            for easy in (True, False)
        }
        found = []
        for easy in (True, False):
            part = replace(self, names=tuple(self.names[v] for v in parts[easy]))
            found.append(part.averages(unconditional=False, general=not easy))
        (a, weight), (b, _) = found
        f, mp = self.n_values, a.jacobian.shape[1]
        order = np.argsort([*parts[True], *parts[False]])

        def joined(first: FloatArray, second: FloatArray) -> FloatArray:
            both = [
                part.reshape(-1, len(parts[easy]), f, part.size // len(part))
                for easy, part in ((True, first), (False, second))
            ]
            result: FloatArray = np.concatenate(both, axis=1)[:, order]
            return result

        estimates = Estimates(
            values=joined(a.values, b.values).ravel(),
            jacobian=joined(a.jacobian, b.jacobian).reshape(-1, mp),
            known=joined(a.known.astype(float), b.known.astype(float)).ravel() > 0.0,
        )
        return estimates, weight

    def _of_pairs(self, pairs: Estimates, positions: Sequence[int]) -> Estimates:
        """Form (1) from the averages of ``p_k p_l`` for variables that are columns by themselves."""
        m, p = self.fit.coef_array.shape
        all_pairs = pairs_of(m + 1)
        cells = len(pairs.values) // len(all_pairs)
        q, f = len(positions), m + 1
        slopes = np.vstack([np.zeros(p), self.fit.filled_coef])[:, positions]
        # mixing[v, k, r] = d_k - d_l for the pair r = (k, l), and its derivative in the coefficients.
        mixing = np.zeros((q, f, len(all_pairs)))
        units = np.zeros((q, f, len(all_pairs), m, p))
        for r, (k, j) in enumerate(all_pairs):
            mixing[:, k, r] = slopes[k] - slopes[j]
            mixing[:, j, r] = slopes[j] - slopes[k]
            for v, position in enumerate(positions):
                for outcome, sign in ((k, 1.0), (j, -1.0)):
                    if outcome:
                        units[v, k, r, outcome - 1, position] += sign
                        units[v, j, r, outcome - 1, position] -= sign
        found = None
        if pairs.sampling is not None:
            weights: FloatArray = np.kron(np.eye(cells), mixing.reshape(q * f, -1)).astype(np.float64)
            found = pairs.combined(weights)
        values = pairs.values.reshape(cells, -1)
        jacobian = np.einsum("ver,cra->cvea", mixing, pairs.jacobian.reshape(cells, len(all_pairs), m * p))
        jacobian += np.einsum("cr,vera->cvea", values, units.reshape(q, f, len(all_pairs), m * p))
        return Estimates(
            values=np.einsum("ver,cr->cve", mixing, values).ravel(),
            jacobian=jacobian.reshape(cells * q * f, m * p),
            known=np.repeat(pairs.known.reshape(cells, -1).all(axis=1), q * f),
            sampling=None if found is None else found.sampling,
        )

    def _general(self, unconditional: bool) -> tuple[Estimates, FloatArray]:
        """Differentiate the design row by row."""
        fit, plan = self.fit, self.plan
        check_unconditional(fit, unconditional)
        maps = map_settings(fit.spec, plan.population, plan.settings, encode_all=True)
        g, s, q, f = plan.grouping.n_cells, len(plan.settings), len(self.names), self.n_values
        m, p = fit.coef_array.shape
        require_room(g * s * q * f * m * p)

        def of_piece(piece: Piece) -> _SlopeSums:
            groups = GroupedRows(plan.grouping.codes(piece), g)
            n = piece.n_rows
            weights = np.ones(n) if piece.weights is None else piece.weights
            values = np.zeros((g, s, q, f))
            jacobian = np.zeros((g, s, q, f * m, p))
            limits = np.zeros((g, s))
            for k, x, infinite, rows in self.pieces(piece, maps):
                if infinite is not None:
                    limits[:, k] = groups.sums((infinite * weights)[np.newaxis])[:, 0]
                for v, one in enumerate(rows):
                    values[:, k, v] = groups.sums(one.values * weights)
                    for part, columns in ((one.in_logits, x), (one.in_slopes, one.columns)):
                        flat = (part * weights).reshape(f * m, n)
                        jacobian[:, k, v] += grouped_products(flat, columns, groups)
            return _SlopeSums(values, jacobian, groups.sums(weights[np.newaxis])[:, 0], limits)

        found = plan.population.total(of_piece)
        weight = np.where(found.weight > 0.0, found.weight, np.nan)
        values = found.values / weight[:, np.newaxis, np.newaxis, np.newaxis]
        jacobian = found.jacobian / weight[:, np.newaxis, np.newaxis, np.newaxis, np.newaxis]
        spread = None
        if unconditional:

            def of_rows(piece: Piece) -> FloatArray:
                parts = [one.values for _, _, _, rows in self.pieces(piece, maps) for one in rows]
                return np.concatenate(parts)

            spread = spread_of_averages(plan.population, plan.grouping, of_rows, values.reshape(g, -1))
        estimates = Estimates(
            values=values.ravel(),
            jacobian=jacobian.reshape(values.size, m * p),
            known=np.repeat((found.infinite < found.weight[:, np.newaxis]).ravel(), q * f)
            & np.isfinite(values.ravel()),
            sampling=None if spread is None else block_diagonal(spread),
        )
        return estimates, found.weight

    def pieces(
        self, piece: Piece, maps: Sequence[SettingMap]
    ) -> Iterator[tuple[int, FloatArray, NDArray[np.bool_] | None, list[RowSlopes]]]:
        """Yield (setting, columns less the centre, rows at infinity, slopes of each variable) of a piece."""
        for batch in settings_of_piece(self.fit, piece, maps, self.n_values):
            for k, position in enumerate(batch.positions):
                setting = self.plan.settings[position]
                infinite = None if batch.infinite is None else batch.infinite[k]
                x = batch.design.to_array() - self.fit.logit_centre[:, np.newaxis]
                rows = [self._rows(piece, name, setting, batch, k) for name in self.names]
                yield position, x, infinite, rows

    def _rows(self, piece: Piece, name: str, setting: Setting, batch: Settled, k: int) -> RowSlopes:
        columns, offset = piece.derivative(name, setting.columns(piece))
        steps = self.fit.filled_coef @ columns
        if offset is not None:
            steps = steps + offset
        x = np.ones(piece.n_rows)
        if self.kind in ("eyex", "dyex"):
            x = _values_under(piece, name, setting)
        logits = batch.logits[k]
        found = _row_slopes(self.scale, self.kind, logits, steps, columns, x)
        if self.fit.separation.direction is None:
            return found
        # Along the direction of separation the slope grows without bound, unless the row is at its limit.
        drift = self._drift(np.asarray(self.fit.separation.direction), logits, columns, x)
        endless = (drift != 0.0) & ~np.isnan(drift)
        values = np.where(endless, np.copysign(np.inf, drift), found.values)
        for probe in () if self.fit.probes is None else self.fit.probes:
            values[(drift == 0.0) & (self._drift(probe, logits, columns, x) != 0.0)] = np.nan
        return replace(found, values=values)

    def _drift(self, steps: FloatArray, logits: FloatArray, columns: FloatArray, x: FloatArray) -> FloatArray:
        """Return how a change of coefficients (m, p) changes the slopes, 0 where that is rounding."""
        growth = without_rounding(steps @ columns, np.abs(steps) @ np.abs(columns))
        drift = _row_slopes(self.scale, self.kind, logits, growth, columns, x).values
        # Outcomes that grow alike cancel, but for rounding.
        return without_rounding(drift, np.abs(growth).max(axis=0) * np.maximum(np.abs(x), 1.0))


def _values_under(piece: Piece, name: str, setting: Setting) -> FloatArray:
    for changed, change in setting.changes:
        if changed == name and isinstance(change, Fixed):
            return np.full(piece.n_rows, float(change.value))
    column = piece.column(name)
    assert isinstance(column, NumberColumn)
    return column.values


@dataclass(frozen=True, slots=True, eq=False)
class _SlopeSums:
    values: FloatArray
    jacobian: FloatArray
    weight: FloatArray
    infinite: FloatArray

    def __add__(self, other: _SlopeSums) -> _SlopeSums:
        return _SlopeSums(
            self.values + other.values,
            self.jacobian + other.jacobian,
            self.weight + other.weight,
            self.infinite + other.infinite,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RowSlopes:
    """Slopes (f, n) with derivatives (f, m, n) in the logits and in their slopes ``b_j . columns``."""

    values: FloatArray
    in_logits: FloatArray
    in_slopes: FloatArray
    columns: FloatArray


def _row_slopes(
    scale: Scale, kind: str, logits: FloatArray, steps: FloatArray, columns: FloatArray, x: FloatArray
) -> RowSlopes:
    m, n = logits.shape
    own = np.eye(m)[:, :, np.newaxis]
    if scale != "probability":
        with np.errstate(over="ignore"):  # odds beyond the doubles are infinite
            size = np.ones_like(logits) if scale == "logit" else np.exp(logits)
        in_logits = np.zeros((m, m, n)) if scale == "logit" else own * size * steps
        return RowSlopes(values=size * steps, in_logits=in_logits, in_slopes=own * size, columns=columns)
    p = row_probabilities(logits[np.newaxis])[0]
    full = np.vstack([np.zeros(n), steps])
    ahead = full - (p * full).sum(axis=0)
    slopes = p * ahead
    # [k = j] - p_j, with 1 - p_j as the sum of the other probabilities.
    gap = np.repeat(-p[np.newaxis, 1:], m + 1, axis=0)
    for j in range(m):
        gap[j + 1, j] = np.delete(p, j + 1, axis=0).sum(axis=0)
    if kind in ("eyex", "eydx"):
        # (dp_k/dx) / p_k = d_k - sum_l p_l d_l.
        values, in_logits = ahead, np.repeat(-slopes[np.newaxis, 1:], m + 1, axis=0)
        in_slopes = gap
    else:
        values = slopes
        in_logits = slopes[:, np.newaxis] * gap - p[:, np.newaxis] * slopes[np.newaxis, 1:]
        in_slopes = p[:, np.newaxis] * gap
    return RowSlopes(values=values * x, in_logits=in_logits * x, in_slopes=in_slopes * x, columns=columns)


def slope_estimates(
    fit: LogisticEstimate, plan: Plan, names: Sequence[str], *, general: bool = False
) -> Estimates:
    """Return average slopes of numbers on the probability scale: groups, settings, variables, outcomes.

    ``general`` differentiates the design row by row also where a single pass would do.
    """
    slopes = Slopes(fit=fit, plan=plan, names=tuple(names), scale="probability", kind="dydx")
    return slopes.averages(unconditional=False, general=general)[0]
