"""From the tally of all rows to the frozen design: the outcome's levels, every factor's levels and coding."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain

from logreg.data.source import Level
from logreg.design.ast import Call, Column, Expression, Text, columns_of
from logreg.design.coding import CategoricalFactor, Factor, NumericFactor, code_terms
from logreg.design.expressions import (
    column_suffixes,
    is_categorical,
)
from logreg.design.factors import Labelling, literal
from logreg.design.fence import quote
from logreg.design.outcome import (
    MOST_NUMERIC_LEVELS,
    OutcomeSpec,
    check_numeric_levels,
    choose_levels,
    level_name,
    quoted,
)
from logreg.design.rows import ZERO_WEIGHT
from logreg.design.size import check_size
from logreg.design.spec import DesignSpec, LevelCount
from logreg.design.tally import DesignRequest, Tally
from logreg.design.transforms import State
from logreg.errors import DataError, FormulaError, LogregError, OutcomeError, rows_of

__all__ = ["freeze"]


def freeze(request: DesignRequest, tally: Tally, states: Mapping[Call, State]) -> DesignSpec:
    """Return the design that the request and the tally of all rows determine.

    Raises
    ------
    OutcomeError, DataError, FormulaError
        For an outcome, a factor or a coding that cannot be modelled; for a model too large for the memory.
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
    spec = DesignSpec(
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
        level_counts=(),
        user_columns=request.user_columns,
    )
    # Before anything is written out that has an entry per coefficient.
    check_size(spec, tally.n_used)
    _check_names(spec)
    categorical = spec.categorical()
    if not categorical:
        return spec
    return replace(
        spec,
        level_counts=tuple(
            (factor.label, _level_counts(factor, tally.factors[factor.label], outcome))
            for factor in categorical
        ),
    )


def _check_names(spec: DesignSpec) -> None:
    """Refuse two columns of the design, or two levels of the outcome, that no table could tell apart."""
    if len(set(spec.column_names)) < len(spec.column_names):
        name = Counter(spec.column_names).most_common(1)[0][0]
        variables = dict.fromkeys(column.variable for column in spec.columns if column.name == name)
        raise DataError(
            f"two columns of the model would be called {name!r}: they come from "
            f"{' and '.join(map(repr, variables))}. Rename a column of the data, or recode levels that "
            "are written alike."
        )
    levels = {factor.variable: tuple(map(level_name, factor.levels)) for factor in spec.categorical()}
    for variable, names in levels.items():
        if len(set(names)) < len(names):
            name = Counter(names).most_common(1)[0][0]
            raise DataError(
                f"two levels of column {variable!r} are written {name!r}, such as a number and a text. "
                "Recode them to one type."
            )
    texts = (spec.outcome.label, *spec.outcome.names, *spec.column_names, *chain(*levels.values()))
    try:
        "".join(texts).encode("utf-8")
    except UnicodeEncodeError:
        _refuse_text(spec.outcome.label, spec.outcome.names, OutcomeError)
        for factor in spec.factors:
            _refuse_text(factor.variable, levels.get(factor.variable, ()), DataError)
    names = spec.outcome.names
    if len(set(names)) < len(names):
        name = Counter(names).most_common(1)[0][0]
        raise OutcomeError(
            f"two levels of the outcome {spec.outcome.label!r} are written {name!r}, such as a number and a "
            "text. Recode them to one type."
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
        if len(counts) >= 2:
            raise
        left_out = ""
        if request.weights is not None:
            left_out = f" Only rows with a positive weight in {request.weights!r} count."
        for name, count in tally.dropped.items():
            if name != ZERO_WEIGHT:
                left_out += f" {rows_of(count)} left out because {name!r} is missing."
        raise OutcomeError(f"{error}{left_out}") from None
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
        if isinstance(expression, Column) and found.declared is None:
            _check_numbers_as_text(variable, levels)
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
    if len(names) < len(wanted):
        twice = next(level for k, level in enumerate(wanted) if level in wanted[:k])
        raise FormulaError(f"{label}: levels= lists {twice!r} twice. List every level once.")
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
    _check_numbers_as_text(variable, levels)
    raise DataError(
        f"column {variable!r} has {len(levels)} distinct labels in {n_rows} rows: an identifier, not a "
        "category. Leave it out of the formula, or group it."
    )


def _refuse_text(name: str, levels: Sequence[str], error: type[LogregError]) -> None:
    """Refuse text that is not Unicode (lone surrogates): tables and files cannot hold it."""
    for text in (name, *levels):
        if not _is_unicode(text):
            where = f"the column name {text!a}" if text is name else f"the label {text!a} of column {name!a}"
            raise error(
                f"{where} is not valid Unicode text (a lone surrogate, left by reading with the wrong "
                "encoding). Read the data again with the right encoding, or rename it."
            )


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


#: One in so many of the values of a text column may be something else, and it still is a column of numbers.
STRAY_SHARE = 10

#: A number as people write it: with a sign, a currency, a percent sign, groups of thousands, a decimal comma.
#: With a leading zero ("007") it is a code.
_WRITTEN_NUMBER = re.compile(
    r"[-+\u2212]?\s?[$\u20ac\u00a3]?\s?[-+\u2212]?"
    r"(?:(?!0\d)(?:\d{1,3}(?:[ ,.'\u2019]\d{3})+|\d+)(?:[.,]\d*)?|[.,]\d+)"
    r"(?:[eE][-+]?\d+)?\s?%?"
)


def _check_numbers_as_text(variable: str, levels: Sequence[Level]) -> None:
    """Refuse a text column that holds numbers: as categories it would be a quietly different model."""
    if len(levels) <= MOST_NUMERIC_LEVELS:
        return
    others = [level for level in levels if not _WRITTEN_NUMBER.fullmatch(str(level).strip())]
    if len(others) * STRAY_SHARE > len(levels):
        return
    which = f"look like numbers, all but {quoted(others)}" if others else "all look like numbers"
    raise DataError(
        f"column {variable!r} is text with {len(levels)} distinct values that {which}. Convert it to numbers "
        f"(pandas.to_numeric), or write C({quote(variable)}) if they are categories."
    )


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
