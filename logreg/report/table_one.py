"""Characteristics of the records by group: "Table 1" of a paper."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from logreg.interpret.characteristics import (
    GroupTest,
    LevelSummary,
    NumberSummary,
)
from logreg.report.context import BLANK
from logreg.report.formats import NumberStyle, fixed, p_value, percent
from logreg.report.nodes import Cell, Document, Row, Table, TableColumn
from logreg.report.presented import Presented
from logreg.report.words import amount, listed
from logreg.tables import table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Characteristic", "TableOne", "present_table_one"]

#: Significant digits of a standard deviation; its mean or its quartiles have as many after the point.
SD_DIGITS = 3
#: Digits after the point at most.
MOST_DIGITS = 4
#: What tests are, for the notes.
TESTS = {
    "Welch t": "Welch's t test",
    "Welch F": "Welch's F test of several means",
    "Kruskal-Wallis": "Kruskal-Wallis test",
    "chi-squared": "Pearson's chi-squared test without correction",
    "Fisher exact": "Fisher's exact test (expected counts below 5)",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Characteristic:
    """One variable: a summary of numbers or of levels, and how the groups differ in it.

    ``differences`` (G, G) are standardised, of all pairs of groups; ``median`` says that numbers are shown by
    their median and quartiles.
    """

    name: str
    numbers: NumberSummary | None = None
    counts: LevelSummary | None = None
    levels: tuple[str, ...] = ()
    median: bool = False
    differences: np.ndarray[tuple[int, ...], np.dtype[np.float64]]
    test: GroupTest | None = None

    @property
    def missing(self) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        """Sums of weights of the records without a value, overall first."""
        found = self.numbers if self.numbers is not None else self.counts
        assert found is not None
        return found.missing

    @property
    def largest_difference(self) -> float:
        """The largest standardised difference of two groups; NaN for a single group."""
        return float(np.max(self.differences)) if len(self.differences) > 1 else math.nan


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TableOne:
    """What a table of characteristics shows.

    ``by`` is the grouping variable (None: overall only), ``groups`` its levels, ``totals`` (G + 1,) their
    sums of weights, overall first; ``left_out`` are remarks on records and columns that were left out.
    """

    by: str | None
    groups: tuple[str, ...]
    totals: np.ndarray[tuple[int, ...], np.dtype[np.float64]]
    characteristics: tuple[Characteristic, ...]
    left_out: tuple[str, ...]
    weighted: str
    tested: bool


def present_table_one(
    found: TableOne,
    *,
    labels: Mapping[str, str],
    style: NumberStyle,
    title: str = "Characteristics",
) -> Presented:
    """Return the table as a document with its numbers; see `logreg.table_one`."""
    layout = _Layout(found=found, labels=labels, style=style)
    by = "" if found.by is None else f" by {layout.label(found.by)}"
    shown = Table(
        key="characteristics",
        caption=f"Characteristics of the records{by}.",
        columns=tuple(layout.columns()),
        rows=tuple(layout.rows()),
        notes=tuple(_notes(found)),
    )
    return Presented(Document(title=title, blocks=(shown,)), _long(found))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Layout:
    found: TableOne
    labels: Mapping[str, str]
    style: NumberStyle

    def label(self, name: str) -> str:
        return self.labels.get(name) or name

    @property
    def compared(self) -> bool:
        return len(self.found.groups) > 1

    def columns(self) -> Iterator[TableColumn]:
        yield TableColumn(key="variable", heading="Characteristic")
        names = ("Overall", *self.found.groups)
        by = "" if self.found.by is None else self.label(self.found.by)
        word = "n" if not self.found.weighted else "weight"
        for k, (name, total) in enumerate(zip(names, self.found.totals, strict=True)):
            yield TableColumn(
                key="overall" if k == 0 else f"group_{k}",
                heading=name,
                unit=f"{word} = {amount(float(total), self.style)}",
                align="right",
                group=by if k else "",
            )
        if self.compared:
            yield TableColumn(key="smd", heading="SMD", align="right")
        if self.found.tested:
            yield TableColumn(key="p_value", heading="p", align="right")

    def rows(self) -> Iterator[Row]:
        for one in self.found.characteristics:
            yield from self._number_rows(one) if one.numbers is not None else self._level_rows(one)
            if one.missing[0] > 0.0:
                cells = (Cell(text=amount(float(x), self.style), value=float(x)) for x in one.missing)
                yield self._row(Cell(text="Missing", value="missing"), tuple(cells), None, indent=1)

    def _number_rows(self, one: Characteristic) -> Iterator[Row]:
        numbers = one.numbers
        assert numbers is not None
        what = "median [IQR]" if one.median else "mean (SD)"
        digits = _digits(float(numbers.sd[0]))
        cells = []
        for k in range(len(numbers.n)):
            middle = float(numbers.median[k] if one.median else numbers.mean[k])
            if math.isnan(middle):
                cells.append(Cell(text=BLANK, value=middle, reason="no record has a value"))
                continue
            shown = [fixed(middle, digits, self.style)]
            if one.median:
                ends = (fixed(float(q), digits, self.style) for q in (numbers.q1[k], numbers.q3[k]))
                shown.append(f"[{', '.join(ends)}]")
            else:
                shown.append(f"({fixed(float(numbers.sd[k]), digits, self.style, reason=BLANK)})")
            cells.append(Cell(text=" ".join(shown), value=middle))
        yield self._row(Cell(text=f"{self.label(one.name)}, {what}", value=one.name), tuple(cells), one)

    def _level_rows(self, one: Characteristic) -> Iterator[Row]:
        counts = one.counts
        assert counts is not None
        empty = tuple(Cell(text="") for _ in counts.missing)
        yield self._row(Cell(text=f"{self.label(one.name)}, n (%)", value=one.name), empty, one)
        shares = counts.shares
        for j, level in enumerate(one.levels):
            cells = []
            for k in range(len(counts.missing)):
                n, share = float(counts.counts[k, j]), float(shares[k, j])
                text = amount(n, self.style)
                if not math.isnan(share):
                    text += f" ({percent(share, self.style)})"
                cells.append(Cell(text=text, value=n))
            yield self._row(Cell(text=level, value=level), tuple(cells), None, indent=1)

    def _row(self, name: Cell, cells: tuple[Cell, ...], one: Characteristic | None, indent: int = 0) -> Row:
        after = []
        if self.compared:
            after.append(Cell(text="") if one is None else self._difference(one.largest_difference))
        if self.found.tested:
            after.append(Cell(text="") if one is None or one.test is None else self._p_value(one.test))
        return Row(cells=(name, *cells, *after), indent=indent)

    def _difference(self, value: float) -> Cell:
        if math.isnan(value):
            return Cell(text=BLANK, value=value, reason="a group does not vary, or is empty")
        return Cell(text=fixed(value, 2, self.style), value=value)

    def _p_value(self, test: GroupTest) -> Cell:
        text = p_value(test.p_value, self.style, reason=BLANK)
        return Cell(text=text, value=test.p_value, reason=test.reason)


def _digits(sd: float) -> int:
    """Return digits after the point that show a standard deviation with three digits that count."""
    if not (math.isfinite(sd) and sd > 0.0):
        return 1
    return min(max(SD_DIGITS - 1 - math.floor(math.log10(sd)), 0), MOST_DIGITS)


def _notes(found: TableOne) -> Iterator[str]:
    kinds = {one.median for one in found.characteristics if one.numbers is not None}
    parts = ["SD: standard deviation"] if False in kinds else []
    parts += ["IQR: first and third quartile"] if True in kinds else []
    if any(one.counts is not None for one in found.characteristics):
        parts.append("%: of the records with a value")
    if parts:
        yield ". ".join(parts) + "."
    if len(found.groups) > 1:
        pairs = " of all pairs of groups the largest," if len(found.groups) > 2 else ""
        yield (
            f"SMD: standardised mean difference,{pairs} in units of the groups' standard deviation "
            "(Austin 2009; for levels Yang and Dalton 2012)."
        )
    if found.tested:
        used: dict[str, list[str]] = {}
        for one in found.characteristics:
            if one.test is not None:
                used.setdefault(one.test.name, []).append(one.name)
        tests = "; ".join(f"{TESTS[name]} ({listed(names)})" for name, names in used.items())
        yield f"p: {tests}. Nothing is adjusted for multiple comparisons."
        poor = {one.name: one.test.reason for one in found.characteristics if one.test and one.test.reason}
        if poor:
            yield "; ".join(f"{name}: {reason}" for name, reason in poor.items()) + "."
    if found.weighted:
        yield found.weighted
    yield from found.left_out


def _long(found: TableOne) -> pd.DataFrame:
    """Return every number in long form: variable, level, group, statistic, value."""
    names: tuple[str | None, ...] = (None, *found.groups)
    rows: list[tuple[str, str | None, str | None, str, float]] = []
    for one in found.characteristics:
        for k, group in enumerate(names):
            if one.numbers is not None:
                for what in ("n", "missing", "mean", "sd", "median", "q1", "q3"):
                    rows.append((one.name, None, group, what, float(getattr(one.numbers, what)[k])))
            elif one.counts is not None:
                for j, level in enumerate(one.levels):
                    rows.append((one.name, level, group, "count", float(one.counts.counts[k, j])))
                    rows.append((one.name, level, group, "share", float(one.counts.shares[k, j])))
                rows.append((one.name, None, group, "missing", float(one.counts.missing[k])))
        if len(found.groups) > 1:
            rows.append((one.name, None, None, "smd", one.largest_difference))
            pairs = combinations(range(len(found.groups)), 2) if len(found.groups) > 2 else ()
            for a, b in pairs:
                pair = f"{found.groups[a]} - {found.groups[b]}"
                rows.append((one.name, None, pair, "smd", float(one.differences[a, b])))
        if one.test is not None:
            rows.append((one.name, None, None, "p_value", one.test.p_value))
    columns = list(zip(*rows, strict=True)) if rows else [()] * 5
    keys = ("variable", "level", "group", "statistic", "value")
    return table(
        {
            key: np.array(column, dtype=float) if key == "value" else np.array(column, dtype=object)
            for key, column in zip(keys, columns, strict=True)
        }
    )
