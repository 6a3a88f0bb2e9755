"""A `DesignSpec` as JSON and back: an equal design, which gives equal columns.

What was learned from the data (levels, states, codings) is attached to expressions that are read as formulas
are (`logreg.design.expression_json`), and held against them: labels, columns and names must agree. The layout
is described in ``docs/model-file.md``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, get_type_hints

from logreg.data.source import Level
from logreg.design.ast import Call, Column, Expression, columns_of
from logreg.design.coding import CategoricalFactor, CodedTerm, Factor, NumericFactor
from logreg.design.expression_json import expression_from_json, expression_to_json, formula_from_json, written
from logreg.design.expressions import column_suffixes, is_categorical
from logreg.design.outcome import OutcomeSpec, level_name
from logreg.design.spec import DesignSpec, LevelCount, WeightKind
from logreg.design.spelling import spell
from logreg.design.state_json import states_from_json, states_to_json
from logreg.strict_json import Json, from_json, read_list, read_object, refuse, to_json

__all__ = ["spec_from_json", "spec_to_json"]

_TEXTS = tuple[str, ...]
_NUMBERS = tuple[float, ...]
_CONTRAST = get_type_hints(CategoricalFactor)["contrast"]

# Writing ----------------------------------------------------------------------------------------------


def spec_to_json(spec: DesignSpec) -> dict[str, Json]:
    """Return a design as strict JSON values; see `spec_from_json`.

    Examples
    --------
    >>> import logreg
    >>> fit = logreg.fit("distress ~ temperature", logreg.datasets.load("challenger"))
    >>> stored = spec_to_json(fit.spec)
    >>> stored["factors"]
    [{'expression': 'temperature', 'columns': ['temperature'], 'kind': 'number'}]
    >>> spec_from_json(stored) == fit.spec
    True
    """
    outcome = spec.outcome
    return {
        "formula": spec.formula,
        "outcome": {
            **expression_to_json(outcome.expression),
            "levels": [_level_to_json(level) for level in outcome.levels],
            "grouped": outcome.grouped,
            "rule": outcome.rule,
        },
        "intercept": spec.intercept,
        "factors": [_factor_to_json(factor) for factor in spec.factors],
        "coded_terms": [_coded_term_to_json(coded) for coded in spec.coded_terms],
        "column_names": list(spec.column_names),
        "states": states_to_json(spec.states),
        "offsets": [expression_to_json(offset) for offset in spec.offsets],
        "offset_per_outcome": spec.offset_per_outcome,
        "weights": spec.weights,
        "weight_kind": spec.weight_kind,
        "level_counts": [
            {
                "factor": label,
                "levels": [_level_to_json(count.level) for count in counts],
                "counts": to_json([count.counts for count in counts]),
            }
            for label, counts in spec.level_counts
        ],
        "user_columns": list(spec.user_columns),
    }


def _factor_to_json(factor: Factor) -> dict[str, Json]:
    expression = factor.expression
    if isinstance(factor, NumericFactor):
        return {**expression_to_json(expression), "kind": "number"}
    # C(...) is kept in the label only; a column alone is its own label, without backticks.
    bare = isinstance(expression, Column) and factor.label == expression.name
    return {
        "expression": written(expression) if bare else factor.label,
        "columns": list(columns_of(expression)),
        "kind": "category",
        "levels": [_level_to_json(level) for level in factor.levels],
        "reference": _level_to_json(factor.reference),
        "contrast": factor.contrast,
    }


def _coded_term_to_json(coded: CodedTerm) -> dict[str, Json]:
    full = [label for label in coded.labels if label in coded.full]
    return {"term": coded.term, "factors": list(coded.labels), "full": list[Json](full)}


def _level_to_json(level: Level) -> Json:
    """Return a level by its own type; a float that JSON cannot write is marked, since its name is a text."""
    if isinstance(level, float) and not math.isfinite(level):
        return {"float": str(level)}
    return to_json(level)


# Reading ----------------------------------------------------------------------------------------------


def spec_from_json(value: object, field: str = "design") -> DesignSpec:
    """Return the design that `spec_to_json` stored.

    Parameters
    ----------
    value : object
        JSON as Python values.
    field : str
        The name of the whole, with which fields begin in messages.

    Raises
    ------
    LoadError
        Naming the field that is missing, not known, of another type, or at odds with the rest.
    """
    names = [
        *("formula", "outcome", "intercept", "factors", "coded_terms", "column_names", "states"),
        *("offsets", "offset_per_outcome", "weights", "weight_kind", "level_counts", "user_columns"),
    ]
    stored = read_object(value, names, field)
    expressions = _expressions(stored["factors"], f"{field}.factors")
    offsets = tuple(
        expression_from_json(read_object(entry, ("expression", "columns"), here), "offset", here)
        for here, entry in _entries(stored["offsets"], f"{field}.offsets")
    )
    states = states_from_json(stored["states"], [*expressions.values(), *offsets], f"{field}.states")
    outcome = _outcome(stored["outcome"], f"{field}.outcome")
    factors = tuple(
        _factor(entry, expression, dict(states), here)
        for (here, entry), expression in zip(
            _entries(stored["factors"], f"{field}.factors"), expressions.values(), strict=True
        )
    )
    coded_terms = _coded_terms(stored["coded_terms"], factors, f"{field}.coded_terms")
    intercept = from_json(bool, stored["intercept"], f"{field}.intercept")
    formula = formula_from_json(
        stored["formula"],
        f"{field}.formula",
        outcome=outcome.expression,
        intercept=intercept,
        terms=[
            tuple(map(expressions.__getitem__, labels)) for labels in _labels_by_term(coded_terms).values()
        ],
        offsets=offsets,
    )
    spec = DesignSpec(
        formula=formula,
        outcome=outcome,
        intercept=intercept,
        factors=factors,
        coded_terms=coded_terms,
        states=states,
        offsets=offsets,
        offset_per_outcome=from_json(bool, stored["offset_per_outcome"], f"{field}.offset_per_outcome"),
        weights=from_json(str | None, stored["weights"], f"{field}.weights"),
        weight_kind=from_json(WeightKind, stored["weight_kind"], f"{field}.weight_kind"),
        level_counts=_level_counts(stored["level_counts"], factors, outcome, f"{field}.level_counts"),
        user_columns=from_json(_TEXTS, stored["user_columns"], f"{field}.user_columns"),
    )
    _require_names(spec, stored["column_names"], f"{field}.column_names")
    _require_consistent(spec, field)
    return spec


def _entries(value: object, field: str) -> list[tuple[str, Any]]:
    return [(f"{field}[{k}]", entry) for k, entry in enumerate(read_list(value, field))]


def _require_names(spec: DesignSpec, value: object, field: str) -> None:
    names = from_json(_TEXTS, value, field)
    # Counted before they are made: levels of a damaged file may multiply to more names than memory holds.
    if spec.n_columns != len(names):
        refuse(field, f"has {len(names)} names for a design of {spec.n_columns} columns")
    for made, read in zip(spec.column_names, names, strict=True):
        if made != read:
            refuse(field, f"has {read!r} where the terms give {made!r}")


def _require_consistent(spec: DesignSpec, field: str) -> None:
    if spec.offset_per_outcome and len(spec.offsets) != spec.n_equations:
        refuse(f"{field}.offsets", f"has {len(spec.offsets)} entries for {spec.n_equations} logits")
    if spec.weights is None and spec.weight_kind != "frequency":
        refuse(f"{field}.weight_kind", f"is {spec.weight_kind!r}, but there are no weights")
    for name in spec.user_columns:
        if name not in (*spec.offset_columns, spec.weights):
            refuse(f"{field}.user_columns", f"names {name!r}, which is neither an offset nor the weights")


def _outcome(value: object, field: str) -> OutcomeSpec:
    entry = read_object(value, ("expression", "columns", "levels", "grouped", "rule"), field)
    expression = expression_from_json(entry, "outcome", field)
    label, columns = spell(expression), columns_of(expression)
    levels = _levels(entry["levels"], f"{field}.levels", at_least=2)
    grouped = isinstance(expression, Call) and expression.function == "cbind"
    if from_json(bool, entry["grouped"], f"{field}.grouped") != grouped:
        refuse(f"{field}.grouped", f"is {entry['grouped']}, but the outcome is {label!r}")
    if grouped and sorted(map(str, levels)) != sorted(columns):
        refuse(f"{field}.levels", f"are not the columns of {label}")
    names = tuple(str(level) if grouped else level_name(level) for level in levels)
    return OutcomeSpec(
        label=label,
        expression=expression,
        columns=names if grouped else columns,
        levels=levels,
        names=names,
        grouped=grouped,
        rule=from_json(str, entry["rule"], f"{field}.rule"),
    )


def _expressions(value: object, field: str) -> dict[str, Expression]:
    """Return the factors' expressions by label, ``C(...)`` included."""
    found: dict[str, Expression] = {}
    for here, entry in _entries(value, field):
        names = ["expression", "columns", "kind"]
        if isinstance(entry, dict) and entry.get("kind") == "category":
            names += ["levels", "reference", "contrast"]
        expression = expression_from_json(read_object(entry, names, here), "factor", here)
        if spell(expression) in found:
            refuse(f"{here}.expression", "is there twice")
        found[spell(expression)] = expression
    return found


def _factor(
    entry: Mapping[str, Any], expression: Expression, states: Mapping[Call, Any], field: str
) -> Factor:
    label = spell(expression)
    variable = ":".join(columns_of(expression)) or label
    kind = from_json(str, entry["kind"], f"{field}.kind")
    if kind == "number" and not is_categorical(expression):
        suffixes = column_suffixes(expression, states)
        return NumericFactor(label=label, expression=expression, variable=variable, suffixes=suffixes)
    if kind != "category" or not (isinstance(expression, Column) or is_categorical(expression)):
        refuse(f"{field}.kind", f"is {kind!r}, which {label!r} cannot be")
    levels = _levels(entry["levels"], f"{field}.levels", at_least=1)
    reference = _level(entry["reference"], f"{field}.reference")
    if reference not in levels:
        refuse(f"{field}.reference", f"is {reference!r}, which is not one of the levels")
    return CategoricalFactor(
        label=label,
        expression=expression.arguments[0] if isinstance(expression, Call) else expression,
        variable=variable,
        levels=levels,
        reference=levels[levels.index(reference)],
        contrast=from_json(_CONTRAST, entry["contrast"], f"{field}.contrast"),
    )


def _levels(value: object, field: str, *, at_least: int) -> tuple[Level, ...]:
    levels = tuple(_level(entry, here) for here, entry in _entries(value, field))
    if len(levels) < at_least:
        refuse(field, f"has {len(levels)} entries, fewer than {at_least}")
    if len(set(levels)) < len(levels):
        refuse(field, "has a level twice")
    return levels


def _level(value: object, field: str) -> Level:
    if isinstance(value, str | bool):
        return value
    if isinstance(value, dict):
        marked: float = from_json(
            float, read_object(value, ("float",), field)["float"], f"{field}.float", finite=False
        )
        return marked
    number: float = from_json(float, value, field)
    return value if isinstance(value, int) else number


def _coded_terms(value: object, factors: Sequence[Factor], field: str) -> tuple[CodedTerm, ...]:
    categorical = {factor.label: isinstance(factor, CategoricalFactor) for factor in factors}
    coded_terms = []
    for here, entry in _entries(value, field):
        part = read_object(entry, ("term", "factors", "full"), here)
        labels = from_json(_TEXTS, part["factors"], f"{here}.factors")
        full = from_json(_TEXTS, part["full"], f"{here}.full")
        if not labels or len(set(labels)) < len(labels) or not categorical.keys() >= set(labels):
            refuse(f"{here}.factors", f"is {list(labels)}, not distinct factors of the design")
        if not all(label in labels and categorical[label] for label in full):
            refuse(f"{here}.full", f"is {list(full)}, not categories of this term")
        term = from_json(str, part["term"], f"{here}.term")
        coded_terms.append(CodedTerm(term=term, labels=labels, full=frozenset(full)))
    by_term = _labels_by_term(coded_terms)
    wrong = [term for term, labels in by_term.items() if term != ":".join(labels)]
    if wrong:
        refuse(field, f"has a term {wrong[0]!r} with the factors {list(by_term[wrong[0]])}")
    unused = categorical.keys() - {label for labels in by_term.values() for label in labels}
    if unused:
        refuse(field, f"does not use the factor {min(unused)!r}")
    return tuple(coded_terms)


def _labels_by_term(coded_terms: Sequence[CodedTerm]) -> dict[str, tuple[str, ...]]:
    """Return the factors of each term: those of its largest piece."""
    found: dict[str, tuple[str, ...]] = {}
    for coded in coded_terms:
        if len(coded.labels) > len(found.get(coded.term, ())):
            found[coded.term] = coded.labels
    return found


def _level_counts(
    value: object, factors: Sequence[Factor], outcome: OutcomeSpec, field: str
) -> tuple[tuple[str, tuple[LevelCount, ...]], ...]:
    categorical = [factor for factor in factors if isinstance(factor, CategoricalFactor)]
    entries = zip(categorical, read_list(value, field, len(categorical)), strict=True)
    found = []
    for k, (factor, entry) in enumerate(entries):
        here = f"{field}[{k}]"
        part = read_object(entry, ("factor", "levels", "counts"), here)
        if part["factor"] != factor.label:
            refuse(f"{here}.factor", f"is not {factor.label!r}")
        if _levels(part["levels"], f"{here}.levels", at_least=1) != factor.levels:
            refuse(f"{here}.levels", f"are not those of {factor.label!r}")
        rows = read_list(part["counts"], f"{here}.counts", len(factor.levels))
        counts = [
            from_json(
                _NUMBERS, read_list(row, f"{here}.counts[{i}]", len(outcome.levels)), f"{here}.counts[{i}]"
            )
            for i, row in enumerate(rows)
        ]
        found.append(
            (
                factor.label,
                tuple(
                    LevelCount(level=level, counts=row)
                    for level, row in zip(factor.levels, counts, strict=True)
                ),
            )
        )
    return tuple(found)
