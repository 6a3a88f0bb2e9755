"""What transforms have learned, as JSON and back: each state checked against the call it belongs to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from logreg.design.ast import Call, Expression
from logreg.design.expressions import arguments_of, stateful_calls
from logreg.design.spelling import spell
from logreg.design.transforms import FrozenState, State
from logreg.errors import FormulaError
from logreg.strict_json import Json, from_json, read_list, read_object, refuse, to_json

__all__ = ["states_from_json", "states_to_json"]

#: What the state of each transform holds; polynomials hold what "poly" says if orthogonal, else their degree.
_ENTRIES: Mapping[str, Mapping[str, Any]] = {
    "center": {"mean": float},
    "scale": {"mean": float, "sd": float},
    "standardize": {"mean": float, "sd": float},
    "poly": {"alpha": tuple[float, ...], "norm2": tuple[float, ...]},
    "raw poly": {"degree": float},
    "bs": {
        "knots": tuple[float, ...],
        "lower": float,
        "upper": float,
        "degree": float,
        "include_intercept": float,
    },
    "ns": {"knots": tuple[float, ...], "lower": float, "upper": float},
}


def states_to_json(states: Sequence[tuple[Call, State]]) -> list[Json]:
    """Return states in their order, each with the spelling of its call."""
    return [{"call": spell(call), "learned": to_json(state)} for call, state in states]


def states_from_json(
    value: object, expressions: Sequence[Expression], field: str
) -> tuple[tuple[Call, State], ...]:
    """Return the states of all stateful calls in some expressions, in the order of the file.

    Raises
    ------
    LoadError
        Naming the field: a call without a state, a state without a call, or numbers that its transform cannot
        have learned.
    """
    try:
        calls = {spell(call): call for expression in expressions for call in stateful_calls(expression)}
    except FormulaError as error:
        refuse(field, str(error))
    states: dict[Call, State] = {}
    for k, entry in enumerate(read_list(value, field)):
        here = f"{field}[{k}]"
        stored = read_object(entry, ("call", "learned"), here)
        text = from_json(str, stored["call"], f"{here}.call")
        call = calls.pop(text, None)
        if call is None:
            refuse(
                f"{here}.call",
                f"is {text[:80]!r}, which the factors do not hold or which has a state already",
            )
        states[call] = _state(call, stored["learned"], f"{here}.learned")
    if calls:
        refuse(field, f"lacks the state of {next(iter(calls))}")
    return tuple(states.items())


def _state(call: Call, value: object, field: str) -> State:
    try:
        arguments = arguments_of(call)
    except FormulaError as error:
        refuse(field, str(error))
    kind = "raw poly" if call.function == "poly" and arguments["raw"] else call.function
    entries = _ENTRIES[kind]
    stored = read_object(value, entries, field)
    state = FrozenState(
        **{name: from_json(entries[name], item, f"{field}.{name}") for name, item in stored.items()}
    )
    fault = _fault(kind, state, arguments)
    if fault:
        refuse(f"{field}.{fault}", f"does not fit the others or {spell(call)}")
    return state


def _fault(kind: str, state: Mapping[str, Any], arguments: Mapping[str, Any]) -> str | None:
    """Return the first entry that a transform with these arguments cannot have learned."""
    if "sd" in state and not state["sd"] > 0:
        return "sd"
    if "degree" in state and state["degree"] != arguments["degree"]:
        return "degree"
    if kind == "poly" and len(state["alpha"]) != arguments["degree"]:
        return "alpha"
    # Sums of squares of the polynomials of degree -1 (by convention 1), 0, 1, ...
    if kind == "poly" and not (len(state["norm2"]) == len(state["alpha"]) + 2 and min(state["norm2"]) > 0):
        return "norm2"
    if "include_intercept" in state and state["include_intercept"] != float(arguments["include_intercept"]):
        return "include_intercept"
    if "knots" in state:
        if not state["lower"] < state["upper"]:
            return "upper"
        if not all(a <= b for a, b in pairwise((state["lower"], *state["knots"], state["upper"]))):
            return "knots"
    return None
