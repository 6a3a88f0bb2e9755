"""The left side of a formula: which levels there are, which is the baseline, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from logreg.data.source import Level
from logreg.design.ast import Expression
from logreg.errors import OutcomeError

__all__ = ["OutcomeSpec", "choose_levels", "level_name", "lookalikes"]

#: A numeric outcome with more distinct values than this is a measurement, not a class.
MOST_NUMERIC_LEVELS = 20
#: How many levels a message lists before it stops.
LEVELS_SHOWN = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeSpec:
    """The outcome of a fit: baseline first, then the other levels in order.

    ``grouped`` says that each level has a column of counts (``columns`` in level order). ``names`` are the
    levels as text, used in every table. ``rule`` is one sentence on how event and baseline were chosen.
    """

    label: str
    expression: Expression
    columns: tuple[str, ...]
    levels: tuple[Level, ...]
    names: tuple[str, ...]
    grouped: bool
    rule: str

    @property
    def baseline(self) -> str:
        """The level that logits are measured against."""
        return self.names[0]

    @property
    def modelled(self) -> tuple[str, ...]:
        """The levels with a logit of their own: all but the baseline."""
        return self.names[1:]

    @property
    def is_binary(self) -> bool:
        """Whether there are two levels."""
        return len(self.levels) == 2


def level_name(level: Level) -> str:
    """Return a level as text: 1 and 1.0 both read 1, True reads True."""
    if isinstance(level, float) and level.is_integer():
        return str(int(level))
    return str(level)


def quoted(levels: Sequence[Level]) -> str:
    """List levels for a message, text in quotes so that blanks show."""
    shown = [repr(level) if isinstance(level, str) else level_name(level) for level in levels[:LEVELS_SHOWN]]
    more = len(levels) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def lookalikes(levels: Sequence[Level]) -> list[tuple[str, str]]:
    """Return pairs of text levels that differ only by case, blanks, Unicode form or invisible characters."""
    import unicodedata

    seen: dict[str, str] = {}
    pairs = []
    for level in levels:
        if not isinstance(level, str):
            continue
        visible = "".join(c for c in unicodedata.normalize("NFKC", level) if unicodedata.category(c) != "Cf")
        key = " ".join(visible.split()).casefold()
        if key in seen:
            pairs.append((seen[key], level))
        else:
            seen[key] = level
    return pairs


def _find(wanted: object, levels: Sequence[Level], role: str, label: str) -> int:
    """Return the position of the level a user named, by value or by its text."""
    if isinstance(wanted, str | int | float | np.generic):
        for position, level in enumerate(levels):
            if wanted == level and isinstance(wanted, bool) == isinstance(level, bool):
                return position
    for position, level in enumerate(levels):
        if level_name(level) == str(wanted):
            return position
    raise OutcomeError(
        f"{role}={wanted!r} is not a level of the outcome {label!r}. Its levels are {quoted(levels)}."
    )


def choose_levels(
    label: str,
    counts: Mapping[Level, float],
    *,
    declared: Sequence[Level] | None,
    numeric: bool,
    event: object,
    baseline: object,
) -> tuple[tuple[Level, ...], str]:
    """Put the levels in order, baseline first, and say why.

    Parameters
    ----------
    label : str
        The outcome as written in the formula.
    counts : mapping
        Every level that occurs in the rows used.
    declared : sequence, optional
        Level order of a categorical type.
    numeric : bool
        Whether the levels are numbers or bools, where 1 and True are the event.
    event, baseline : object
        What the user asked for, or None.

    Raises
    ------
    OutcomeError
        One class only, an unknown level, an event of an outcome with more than two levels, or a
        contradiction.
    """
    present = Counter(counts)
    if declared is not None:
        levels: list[Level] = [level for level in declared if present[level] > 0]
        order = "the first declared level"
    else:
        levels = sorted(k for k in present if present[k] > 0)
        order = "the smallest code" if numeric else "the first level in sorted order"
    if len(levels) < 2:
        raise OutcomeError(
            f"the outcome {label!r} has only one class, {quoted(levels)}, in the {sum(present.values()):g} "
            "rows used. A model needs at least two; check the filter or the coding."
        )
    if event is not None and len(levels) > 2:
        pairs = lookalikes(levels)
        hint = "".join(f" {a!r} and {b!r} look like the same level written twice." for a, b in pairs[:3])
        raise OutcomeError(
            f"event= needs an outcome with two levels, but {label!r} has {len(levels)}: "
            f"{quoted(levels)}.{hint} Recode it to two levels, or leave event= out for a multinomial model "
            "and name the baseline= instead."
        )
    if event is not None:
        chosen = _find(event, levels, "event", label)
        base = 1 - chosen
        if baseline is not None and _find(baseline, levels, "baseline", label) != base:
            raise OutcomeError(
                f"event={event!r} and baseline={baseline!r} name the same level of {label!r}; give one of "
                "them."
            )
        rule = f"the event {level_name(levels[chosen])} was named by the user"
    elif baseline is not None:
        base = _find(baseline, levels, "baseline", label)
        rule = f"the baseline {level_name(levels[base])} was named by the user"
    else:
        base = 0
        rule = f"the baseline {level_name(levels[0])} is {order}"
    ordered = (levels[base], *(level for k, level in enumerate(levels) if k != base))
    return ordered, rule


def check_numeric_levels(label: str, levels: Sequence[float]) -> None:
    """Refuse numbers that are not classes.

    Raises
    ------
    OutcomeError
        For fractions and for many distinct values.
    """
    if len(levels) > MOST_NUMERIC_LEVELS:
        raise OutcomeError(
            f"the outcome {label!r} has {len(levels)} distinct numeric values: these are not classes. If "
            "they are labels, declare the column categorical; to model a threshold, write I(column > value) "
            "on the left side."
        )
    fractions = [x for x in levels if x != round(x)]
    if fractions:
        raise OutcomeError(
            f"the outcome {label!r} holds fractions such as {fractions[0]:g} without a number of trials. "
            "Give counts as cbind(success, failure), or recode the outcome to labels."
        )
