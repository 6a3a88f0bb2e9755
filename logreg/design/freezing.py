"""From the tally of all rows to the frozen design: the outcome's levels, every factor's levels and coding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from logreg.data.source import Level
from logreg.design.ast import Call, Column, Expression, Text, columns_of
from logreg.design.coding import CategoricalFactor, Factor, NumericFactor, code_terms
from logreg.design.expressions import (
    column_suffixes,
    is_categorical,
)
from logreg.design.factors import Labelling, literal
from logreg.design.outcome import (
    MOST_NUMERIC_LEVELS,
    OutcomeSpec,
    check_numeric_levels,
    choose_levels,
    level_name,
)
from logreg.design.spec import DesignSpec, LevelCount
from logreg.design.tally import DesignRequest, Tally
from logreg.design.transforms import State
from logreg.errors import DataError, FormulaError, OutcomeError

__all__ = ["freeze"]


def freeze(request: DesignRequest, tally: Tally, states: Mapping[Call, State]) -> DesignSpec:
    """Return the design that the request and the tally of all rows determine.

    Raises
    ------
    OutcomeError, DataError, FormulaError
        For an outcome, a factor or a coding that cannot be modelled.
    """
    outcome = _outcome_spec(request, tally)
    factors: list[Factor] = []
    seen: set[str] = set()
    for term in request.formula.terms:
        for label, expression in zip(term.labels, term.factors, strict=True):
            if label not in seen:
                seen.add(label)
                factors.append(_factor(label, expression, tally, states, grouped=request.is_grouped))
    by_label = {factor.label: factor for factor in factors}
    formula = request.formula
    return DesignSpec(
        formula=formula.text,
        outcome=outcome,
        intercept=formula.intercept,
        factors=tuple(factors),
        coded_terms=code_terms(formula.terms, by_label, intercept=formula.intercept),
        states=tuple(states.items()),
        offsets=request.offsets,
        offset_per_outcome=request.offset_per_outcome,
        weights=request.weights,
        weight_kind=request.weight_kind,
        level_counts=tuple(
            (factor.label, _level_counts(factor, tally.factors[factor.label], outcome))
            for factor in factors
            if isinstance(factor, CategoricalFactor)
        ),
        user_columns=request.user_columns,
    )


def _outcome_spec(request: DesignRequest, tally: Tally) -> OutcomeSpec:
    formula = request.formula
    assert formula.response is not None
    label, columns = formula.response_label, columns_of(formula.response)
    if request.is_grouped:
        return _grouped_outcome(request, tally, columns)
    numeric = tally.outcome.numeric
    counts = {level: sum(by.values()) for level, by in tally.outcome.counts.items()}
    chosen_as_labels = tally.outcome.declared is not None or is_categorical(formula.response)
    if numeric and not chosen_as_labels:
        check_numeric_levels(label, sorted(float(x) for x in counts))
    if len(counts) > MOST_NUMERIC_LEVELS and len(counts) == tally.n_used:
        raise OutcomeError(
            f"the outcome {label!r} has {len(counts)} distinct labels in {tally.n_used} rows: an identifier, "
            "not a class."
        )
    try:
        levels, rule = choose_levels(
            label,
            counts,
            declared=tally.outcome.declared,
            numeric=numeric,
            event=request.event,
            baseline=request.baseline,
        )
    except OutcomeError as error:
        if request.weights is not None and len(counts) < 2:
            raise OutcomeError(
                f"{error} Only rows with a positive weight in {request.weights!r} count."
            ) from None
        raise
    return OutcomeSpec(
        label=label,
        expression=formula.response,
        columns=columns,
        levels=levels,
        names=tuple(level_name(level) for level in levels),
        grouped=False,
        rule=rule,
    )


def _grouped_outcome(request: DesignRequest, tally: Tally, columns: tuple[str, ...]) -> OutcomeSpec:
    """cbind(a, b): the first is the event, as in R; cbind(a, b, c, ...): the first is the baseline."""
    assert request.formula.response is not None
    totals: dict[Level, float] = {name: sum(tally.outcome.counts.get(name, {}).values()) for name in columns}
    empty = [name for name in columns if totals[name] == 0]
    label = request.formula.response_label
    if empty:
        raise OutcomeError(
            f"the outcome {label!r} has no trial in {empty[0]!r}: all its counts are 0. Leave the column "
            "out, or check it."
        )
    declared = (columns[1], columns[0]) if len(columns) == 2 else columns
    levels, rule = choose_levels(
        label, totals, declared=declared, numeric=False, event=request.event, baseline=request.baseline
    )
    if request.event is None and request.baseline is None:
        rule = (
            f"the first count, {columns[0]}, is the event"
            if len(columns) == 2
            else f"the first count, {columns[0]}, is the baseline"
        )
    names = tuple(str(level) for level in levels)
    return OutcomeSpec(
        label=label,
        expression=request.formula.response,
        columns=names,
        levels=levels,
        names=names,
        grouped=True,
        rule=rule,
    )


def _factor(
    label: str, expression: Expression, tally: Tally, states: Mapping[Call, State], *, grouped: bool
) -> Factor:
    variable = ":".join(columns_of(expression)) or label
    if label not in tally.factors:
        return NumericFactor(
            label=label,
            expression=expression,
            variable=variable,
            suffixes=column_suffixes(expression, states),
        )
    found = tally.factors[label]
    present = [level for level, by in found.counts.items() if sum(by.values()) > 0 or found.rows.get(level)]
    if found.declared is not None:
        levels = [level for level in found.declared if level in set(present)]
    else:
        levels = sorted(present, key=lambda x: x if found.numeric else str(x))
    contrast, reference, wanted = _coding_options(label, expression)
    if wanted is not None:
        levels = _reordered(label, levels, wanted)
    if not grouped:  # a row of counts per level is how such tables are written
        _check_levels(label, variable, levels, tally, found)
    chosen = levels[0] if reference is None else _matching(label, levels, reference)
    return CategoricalFactor(
        label=label,
        expression=expression.arguments[0] if isinstance(expression, Call) else expression,
        variable=variable,
        levels=tuple(levels),
        reference=chosen,
        contrast="sum" if contrast == "sum" else "treatment",
    )


def _coding_options(label: str, expression: Expression) -> tuple[str, Level | None, tuple[Level, ...] | None]:
    """Read contrast, reference and levels from ``C(x, Treatment("a"), levels=[...])``."""
    contrast: str = "treatment"
    reference: Level | None = None
    levels: tuple[Level, ...] | None = None
    if not isinstance(expression, Call):
        return contrast, reference, levels
    for name, value in [("contrasts", v) for v in expression.arguments[1:]] + list(expression.keywords):
        if name == "levels" and isinstance(value, Call):
            levels = tuple(literal(part) for part in value.arguments)
        elif name in ("reference", "base"):
            reference = literal(value)
        elif isinstance(value, Column | Call):
            function = value.name if isinstance(value, Column) else value.function
            if function.lower() in ("sum", "contr.sum"):
                contrast = "sum"
            elif function.lower() in ("treatment", "contr.treatment"):
                given = [*value.arguments, *(v for _, v in value.keywords)] if isinstance(value, Call) else []
                reference = literal(given[0]) if given else None
            else:
                raise FormulaError(
                    f"{label}: the contrast {function} is not known; use Treatment(...) or Sum."
                )
        elif isinstance(value, Text):
            reference = value.value
    return contrast, reference, levels


def _matching(label: str, levels: Sequence[Level], wanted: Level) -> Level:
    for level in levels:
        if level == wanted or level_name(level) == level_name(wanted):
            return level
    shown = ", ".join(repr(level) for level in levels[:12])
    raise FormulaError(f"{label}: {wanted!r} is not a level in the rows used. The levels are {shown}.")


def _reordered(label: str, levels: Sequence[Level], wanted: Sequence[Level]) -> list[Level]:
    names = {level_name(level) for level in wanted}
    unlisted = [level for level in levels if level_name(level) not in names]
    if unlisted:
        raise FormulaError(f"{label}: the data hold the level {unlisted[0]!r}, which levels= does not list.")
    by_name = {level_name(level): level for level in levels}
    return [by_name[level_name(level)] for level in wanted if level_name(level) in by_name]


def _check_levels(label: str, variable: str, levels: Sequence[Level], tally: Tally, found: Labelling) -> None:
    """Refuse a category in every row of its own: an identifier, or numbers held as text."""
    n_rows = tally.n_used
    if len(levels) < n_rows or n_rows <= 2 or sum(found.rows.values()) < n_rows:
        return
    if found.numeric:
        raise FormulaError(
            f"{label} makes categories of {len(levels)} distinct numbers in {variable!r}: as many levels as "
            f"rows. Use {variable} as a number, or cut it into groups first."
        )
    if all(_looks_numeric(level) for level in levels):
        raise DataError(
            f"column {variable!r} is text with {len(levels)} distinct values that all look like numbers. "
            "Convert it with pandas.to_numeric, or write C(...) of a coarser grouping."
        )
    raise DataError(
        f"column {variable!r} has {len(levels)} distinct labels in {n_rows} rows: an identifier, not a "
        "category. Leave it out of the formula, or group it."
    )


def _looks_numeric(level: Level) -> bool:
    try:
        float(str(level))
    except ValueError:
        return False
    return True


def _level_counts(
    factor: CategoricalFactor, found: Labelling, outcome: OutcomeSpec
) -> tuple[LevelCount, ...]:
    return tuple(
        LevelCount(
            level=level,
            counts=tuple(float(found.counts.get(level, {}).get(o, 0.0)) for o in outcome.levels),
        )
        for level in factor.levels
    )
