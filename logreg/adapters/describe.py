"""Tables of characteristics from the user's data, and from the rows of a fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
from numpy.typing import NDArray

from logreg.adapters.whole_columns import WholeColumn, as_levels, is_flag, joined
from logreg.data import open_source
from logreg.data.given import given_column
from logreg.data.source import Source
from logreg.design.spec import WeightKind
from logreg.errors import DataError, SupportError, WeightError, did_you_mean, rows_of
from logreg.interpret.characteristics import (
    chi_squared_test,
    kruskal_test,
    level_differences,
    number_differences,
    summarise_levels,
    summarise_numbers,
    welch_test,
)
from logreg.report.formats import NumberStyle
from logreg.report.journals import style_named
from logreg.report.outline import level_text
from logreg.report.presented import Presented
from logreg.report.table_one import Characteristic, TableOne, present_table_one

if TYPE_CHECKING:
    from logreg.fitted import LogisticFit

__all__ = ["table_one", "table_one_of"]

FloatArray = NDArray[np.float64]

#: More groups than this are no table.
MOST_GROUPS = 20
#: Text columns with more levels are names or texts, and left out unless they are asked for.
MOST_LEVELS = 50


def table_one(
    data: Any,
    by: str | None,
    variables: Sequence[str] | None = None,
    *,
    weights: Any = None,
    weight_kind: str = "frequency",
    median: Sequence[str] | bool = False,
    categorical: Sequence[str] = (),
    tests: bool = False,
    labels: Mapping[str, str] | None = None,
    style: str | NumberStyle = "report",
    title: str = "Characteristics",
) -> Presented:
    """Return the characteristics of records by group: "Table 1" of a paper.

    Parameters
    ----------
    data : table
        Anything `logreg.fit` reads.
    by : str or None
        The column of the groups; None for the overall column alone. Records without a group are left out.
    variables : sequence of str, optional
        Columns to show; all others by default, apart from texts with more than 50 levels.
    weights : str or array of shape (n,), optional
        Column name or values; ``weight_kind`` as in `logreg.fit`.
    median : sequence of str, or True
        Numeric columns shown by median and quartiles instead of mean and standard deviation (True: all).
    categorical : sequence of str
        Numeric columns whose values are levels. Booleans, labels, and columns of 0 and 1 are so anyway.
    tests : bool
        Whether to test each variable: Welch's test, Kruskal-Wallis for medians, chi-squared for levels, and
        Fisher's exact test for a two by two table with an expected count below 5.
    labels : mapping, optional
        Headings of columns, beside those that the data carry.
    style : str or NumberStyle
        "report", "plain", or a journal: "apa", "jama", "lancet", "nejm".
    title : str
        Of the document.

    Returns
    -------
    Presented
        ``print`` it, ``write("table1.docx")``, or take ``to_frame()``: ``variable, level, group, statistic,
        value`` in long form with "n", "missing", "mean", "sd", "median", "q1", "q3", "count", "share", "smd"
        and "p_value"; the group is None for overall.

    Raises
    ------
    DataError, WeightError
        For columns that are not there or cannot be used.
    SupportError
        For tests with weights that are not frequencies, for no groups to test, and for too many groups.

    Examples
    --------
    >>> import logreg
    >>> found = table_one(logreg.datasets.load("birthwt"), by="low", variables=["age", "smoke"])
    >>> frame = found.to_frame()
    >>> frame[frame.statistic == "smd"][["variable", "value"]].round(3)
       variable  value
    21      age  0.267
    37    smoke  0.349
    """
    source = open_source(data)
    names = _known(source, "variables", variables) if variables is not None else list(source.column_names)
    if by is not None:
        _known(source, "by", [by])
    weight_column, weight_values = _weight_column(weights, weight_kind, source)
    skipped = {by, weight_column}
    names = [name for name in names if name not in skipped]
    for role, wanted in (("median", median), ("categorical", categorical)):
        if not isinstance(wanted, bool):
            _known(source, role, wanted)
    columns = _gathered(source, [n for n in (*names, by, weight_column) if n is not None])
    n = source.n_rows if source.n_rows is not None else _length(columns)
    weight = np.ones(n) if weight_values is None else weight_values
    if weight_column is not None:
        weight = _weight_values(columns[weight_column], weight_column)
    groups = _Groups.of(by, columns, weight, weight_kind, given=weights is not None)
    request = _Request(
        groups=groups,
        median=median if isinstance(median, bool) else frozenset(median),
        categorical=frozenset(categorical),
        tests=tests,
        named=variables is not None,
    )
    found = request.run({name: columns[name] for name in names})
    headings = {**getattr(source, "labels", {}), **(labels or {})}
    return present_table_one(found, labels=headings, style=style_named(style), title=title)


def table_one_of(
    fit: LogisticFit,
    variables: Sequence[str] | None = None,
    *,
    median: Sequence[str] | bool = False,
    categorical: Sequence[str] = (),
    tests: bool = False,
    labels: Mapping[str, str] | None = None,
    style: str | NumberStyle = "report",
    title: str = "Characteristics",
) -> Presented:
    """Return the characteristics of the rows of a fit by outcome, with its weights; see `table_one`.

    Without ``variables`` those of the model are shown. Columns of counts put each row into every outcome, as
    often as it was counted there.

    Raises
    ------
    SupportError
        For a loaded model, and for tests under weights that are not frequencies.
    DataError
        If a column is not in the data.
    """
    spec = fit.spec
    names = list(spec.predictors if variables is None else variables)
    rows = fit._rows.training("table_one()", also=names)
    n_outcomes = len(spec.outcome.levels)
    weights = []
    for block in rows.blocks:
        one = np.ones(block.n_rows) if block.weights is None else block.weights
        if block.counts is not None:
            weights.append(block.counts * one)
        else:
            assert block.codes is not None
            weights.append((np.arange(n_outcomes)[:, np.newaxis] == block.codes) * one)
    of_rows = np.concatenate(weights, axis=1)
    groups = _Groups(
        by=spec.outcome.label,
        names=tuple(map(level_text, spec.outcome.levels)),
        # Weights that are not frequencies have mean 1 in the likelihood: back to the user's unit.
        weights=of_rows if spec.weight_kind == "frequency" else of_rows * (fit.sum_weights / of_rows.sum()),
        kind=spec.weight_kind,
        given=spec.weights is not None,
        left_out=(),
    )
    request = _Request(
        groups=groups,
        median=median if isinstance(median, bool) else frozenset(median),
        categorical=frozenset(categorical),
        tests=tests,
        named=True,
    )
    found = request.run({name: joined([part[name] for part in rows.others]) for name in names})
    return present_table_one(
        found, labels={**fit.labels, **(labels or {})}, style=style_named(style), title=title
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Groups:
    """The groups and the weights (G, n) of every record in each."""

    by: str | None
    names: tuple[str, ...]
    weights: FloatArray
    kind: str
    given: bool
    left_out: tuple[str, ...]

    @classmethod
    def of(
        cls, by: str | None, columns: Mapping[str, WholeColumn], weight: FloatArray, kind: str, *, given: bool
    ) -> _Groups:
        if by is None:
            return cls(by=None, names=(), weights=weight[np.newaxis], kind=kind, given=given, left_out=())
        values = as_levels(columns[by])
        if values is None or not values.levels:
            why = columns[by].unusable or "it has no values"
            raise DataError(f"by={by!r} cannot group the records: {why}.")
        if len(values.levels) > MOST_GROUPS:
            raise SupportError(
                f"by={by!r} has {len(values.levels)} distinct values; a table has at most {MOST_GROUPS} "
                "groups."
            )
        assert values.codes is not None
        members = np.arange(len(values.levels))[:, np.newaxis] == values.codes
        without = int(np.sum((values.codes < 0) & (weight > 0.0)))
        left_out = (f"{rows_of(without)} without a value of {by} left out.",) if without else ()
        return cls(
            by=by,
            names=tuple(map(level_text, values.levels)),
            weights=members * weight,
            kind=kind,
            given=given,
            left_out=left_out,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Request:
    groups: _Groups
    median: bool | frozenset[str]
    categorical: frozenset[str]
    tests: bool
    named: bool

    def run(self, columns: Mapping[str, WholeColumn]) -> TableOne:
        groups = self.groups
        frequencies = groups.kind == "frequency"
        if self.tests and not frequencies:
            raise SupportError(
                f"tests=True treats weights as numbers of records, and weight_kind={groups.kind!r} are none. "
                "Leave tests out."
            )
        if self.tests and len(groups.names) < 2:
            raise SupportError("tests=True compares groups, and there are fewer than two. Give by=.")
        found, left_out = [], list(groups.left_out)
        for name, values in columns.items():
            why = self._unusable(values)
            if why and self.named:
                raise DataError(f"variables=: {name!r} cannot be shown: {why}.")
            if why:
                left_out.append(f"{name} left out: {why}.")
                continue
            found.append(self._characteristic(name, values, frequencies))
        totals = groups.weights.sum(axis=1)
        weighted = ""
        if groups.given:
            weighted = f"Weighted ({groups.kind} weights): counts are sums of weights."
            if not frequencies:
                weighted += " Quartiles invert the weighted distribution function."
        return TableOne(
            by=groups.by,
            groups=groups.names,
            totals=np.concatenate([[totals.sum()], totals]) if groups.names else totals,
            characteristics=tuple(found),
            left_out=tuple(left_out),
            weighted=weighted,
            tested=self.tests,
        )

    def _unusable(self, values: WholeColumn) -> str:
        if values.unusable:
            return values.unusable
        if values.codes is not None and len(values.levels) > MOST_LEVELS and not self.named:
            return f"it has {len(values.levels)} levels"
        return ""

    def _characteristic(self, name: str, values: WholeColumn, frequencies: bool) -> Characteristic:
        weights = self.groups.weights
        alone = not self.groups.names
        numeric = values.numbers is not None and name not in self.categorical and not is_flag(values)
        if numeric:
            assert values.numbers is not None
            numbers = summarise_numbers(values.numbers, weights, frequencies=frequencies)
            median = self.median if isinstance(self.median, bool) else name in self.median
            test = None
            if self.tests:
                test = kruskal_test(values.numbers, weights) if median else welch_test(numbers)
            return Characteristic(
                name=name,
                numbers=_first(numbers) if alone else numbers,
                median=median,
                differences=np.zeros((0, 0)) if alone else number_differences(numbers),
                test=test,
            )
        leveled = as_levels(values)
        assert leveled is not None
        assert leveled.codes is not None
        counts = summarise_levels(leveled.codes, len(leveled.levels), weights)
        return Characteristic(
            name=name,
            counts=_first(counts) if alone else counts,
            levels=tuple(map(level_text, leveled.levels)),
            differences=np.zeros((0, 0)) if alone else level_differences(counts),
            test=chi_squared_test(counts) if self.tests else None,
        )


def _first(summary: Any) -> Any:
    """Return the summary of the overall group alone."""
    return replace(summary, **{f.name: getattr(summary, f.name)[:1] for f in fields(summary)})


def _gathered(source: Source, names: Sequence[str]) -> dict[str, WholeColumn]:
    wanted = tuple(dict.fromkeys(names))
    parts = [block.columns for block in source.blocks(wanted)]
    if not parts:
        raise DataError("the data have no rows.")
    return {name: joined([part[name] for part in parts]) for name in wanted}


def _length(columns: Mapping[str, WholeColumn]) -> int:
    for values in columns.values():
        found = values.numbers if values.numbers is not None else values.codes
        if found is not None:
            return len(found)
    raise DataError("none of the columns can be shown.")


def _known(source: Source, role: str, names: Sequence[str]) -> list[str]:
    for name in names:
        if name not in source.column_names:
            hint = did_you_mean(str(name), source.column_names)
            raise DataError(f"{role}: {name!r} is not a column of the data.{hint}")
    return list(names)


def _weight_column(weights: Any, kind: str, source: Source) -> tuple[str | None, FloatArray | None]:
    if kind not in get_args(WeightKind):
        raise WeightError(f"weight_kind={kind!r} is not one of {', '.join(map(repr, get_args(WeightKind)))}.")
    if weights is None:
        if kind != "frequency":
            raise WeightError(f"weight_kind={kind!r} was given without weights.")
        return None, None
    if isinstance(weights, str):
        return _known(source, "weights", [weights])[0], None
    column = given_column(weights, source, role="weights", error=WeightError)
    return None, _checked_weights(column.values, "weights")


def _weight_values(values: WholeColumn, name: str) -> FloatArray:
    if values.numbers is None:
        raise WeightError(f"weights={name!r} is not a numeric column.")
    return _checked_weights(values.numbers, name)


def _checked_weights(values: FloatArray, name: str) -> FloatArray:
    known = np.nan_to_num(values, nan=0.0)
    if not np.isfinite(known).all() or (known < 0.0).any():
        raise WeightError(f"weights: {name!r} holds negative or infinite values.")
    return known
