"""Values as strict JSON and back: exact to the last bit, checked by type, every complaint naming its field.

JSON has no infinity and no NaN: they are written ``"inf"``, ``"-inf"`` and ``null``. The rest is JSON's own,
and a float has as many digits as it takes to read the same float again (Python's ``repr``).
"""

from __future__ import annotations

import json
import math
import types
from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, Literal, NoReturn, TypeAlias, Union, get_args, get_origin, get_type_hints

import numpy as np

from logreg.errors import LoadError, did_you_mean

__all__ = ["Json", "dump", "from_json", "parse", "read_list", "read_object", "refuse", "to_json"]

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

#: Counts above this are no counts: they fit no machine word, and no float exactly.
LARGEST_COUNT = 2**63 - 1

_INFINITIES = {"inf": math.inf, "-inf": -math.inf}


def refuse(field: str, problem: str) -> NoReturn:
    """Raise the `LoadError` of one field."""
    raise LoadError(f"field {field!r}: {problem}")


# Writing ----------------------------------------------------------------------------------------------


def to_json(value: object) -> Json:
    """Return a value made of numbers, text, sequences, mappings, arrays and dataclasses as strict JSON.

    Raises
    ------
    TypeError
        For anything else.

    Examples
    --------
    >>> to_json({"estimate": (0.5, float("-inf"), float("nan"))})
    {'estimate': [0.5, '-inf', None]}
    """
    if type(value) is float:  # first, because a covariance holds a million of them
        return _float_to_json(value)
    if value is None:
        return None
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return _float_to_json(float(value))
    if isinstance(value, np.ndarray):
        return to_json(value.tolist())
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if is_dataclass(value):
        return {field.name: to_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Sequence):
        return [to_json(item) for item in value]
    raise TypeError(f"a {type(value).__name__} has no place in a JSON file")


def _float_to_json(value: float) -> Json:
    if math.isfinite(value):
        return value
    return None if math.isnan(value) else str(value)


def dump(value: Json) -> str:
    """Return JSON text in ASCII, one member or row of numbers per line: diffs stay readable.

    Examples
    --------
    >>> print(dump({"a": [[1.0, 2.0], [2.0, 5.0]], "b": "é"}), end="")
    {
      "a": [
        [1.0, 2.0],
        [2.0, 5.0]
      ],
      "b": "\\u00e9"
    }
    """
    return _laid_out(value, "\n") + "\n"


def _laid_out(value: Json, line: str) -> str:
    inner = line + "  "
    if isinstance(value, dict) and value:
        members = [f"{json.dumps(key)}: {_laid_out(item, inner)}" for key, item in value.items()]
        return "{" + inner + f",{inner}".join(members) + line + "}"
    if isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        return "[" + inner + f",{inner}".join(_laid_out(item, inner) for item in value) + line + "]"
    return json.dumps(value, allow_nan=False)


# Reading ----------------------------------------------------------------------------------------------


def parse(text: str) -> Any:
    """Parse strict JSON.

    Raises
    ------
    LoadError
        With line and column where it ends or breaks; for ``NaN`` and ``Infinity``, members given twice,
        numbers of thousands of digits, and nesting without end.
    """
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno} (character {error.pos})"
        raise LoadError(f"not complete JSON: {error.msg} at {where}") from None
    except RecursionError:
        raise LoadError("nested too deeply to be a model") from None
    except LoadError:
        raise
    except ValueError as error:  # Python's limit on the digits of an integer
        raise LoadError(f"not a model: {error}") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            refuse(key, "is given twice")
        found[key] = value
    return found


def _no_constant(name: str) -> NoReturn:
    raise LoadError(f"not strict JSON: it holds {name}")


def read_object(value: object, names: Collection[str], field: str) -> dict[str, Any]:
    """Return an object that has exactly the members ``names``.

    Raises
    ------
    LoadError
        Naming the member that is missing or not known.
    """
    if not isinstance(value, dict):
        refuse(field, f"is {_kind(value)}, not an object")
    prefix = f"{field}." if field else ""
    for name in names:
        if name not in value:
            refuse(prefix + name, "is missing")
    for name in value:
        if name not in names:
            refuse(prefix + name, f"is not part of the format.{did_you_mean(name[:80], names)}")
    return value


def read_list(value: object, field: str, length: int | None = None) -> list[Any]:
    """Return a list, of the given length if any.

    Raises
    ------
    LoadError
        If it is not.
    """
    if not isinstance(value, list):
        refuse(field, f"is {_kind(value)}, not a list")
    if length is not None and len(value) != length:
        refuse(field, f"has {len(value)} entries instead of {length}")
    return value


def from_json(kind: Any, value: object, field: str, *, finite: bool = True) -> Any:
    """Return a JSON value as what an annotation says.

    Parameters
    ----------
    kind : annotation
        str, int (a count, 0 or more), float, bool, a Literal, a union with None, a tuple, a Mapping from str,
        or a dataclass of these.
    value : object
        From `parse`.
    field : str
        Where it stands, for messages.
    finite : bool
        Whether floats must be finite; otherwise ``"inf"``, ``"-inf"`` and ``null`` (NaN) are read too.

    Raises
    ------
    LoadError
        Naming the field, when the value is of another type.
    """
    if kind in _SCALARS:
        return _SCALARS[kind](value, field, finite)
    if is_dataclass(kind):
        return _dataclass_from_json(kind, value, field, finite)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        if not isinstance(value, str) or value not in arguments:
            refuse(field, f"is {_shown(value)}, not one of {', '.join(map(repr, arguments))}")
        return value
    if origin in (types.UnionType, Union) and type(None) in arguments:
        (inner,) = (part for part in arguments if part is not type(None))
        return None if value is None else from_json(inner, value, field, finite=finite)
    if origin is tuple and arguments[-1] is Ellipsis:
        return tuple(
            from_json(arguments[0], item, f"{field}[{k}]", finite=finite)
            for k, item in enumerate(read_list(value, field))
        )
    if origin is tuple:
        items = zip(arguments, read_list(value, field, len(arguments)), strict=True)
        return tuple(
            from_json(part, item, f"{field}[{k}]", finite=finite) for k, (part, item) in enumerate(items)
        )
    if isinstance(origin, type) and issubclass(origin, Mapping):
        members = read_object(value, value if isinstance(value, dict) else (), field)
        return {
            name: from_json(arguments[1], item, f"{field}.{name}", finite=finite)
            for name, item in members.items()
        }
    raise TypeError(f"no way to read {kind!r} from JSON")


def _dataclass_from_json(kind: Any, value: object, field: str, finite: bool) -> Any:
    hints = get_type_hints(kind)
    names = [part.name for part in fields(kind)]
    members = read_object(value, names, field)
    found = {name: from_json(hints[name], members[name], f"{field}.{name}", finite=finite) for name in names}
    try:
        return kind(**found)
    except (AssertionError, ValueError) as error:
        refuse(field, str(error))


def _text(value: object, field: str, _: bool) -> str:
    if not isinstance(value, str):
        refuse(field, f"is {_kind(value)}, not a text")
    return value


def _flag(value: object, field: str, _: bool) -> bool:
    if not isinstance(value, bool):
        refuse(field, f"is {_kind(value)}, not true or false")
    return value


def _count(value: object, field: str, _: bool) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        refuse(field, f"is {_shown(value)}, not a whole number")
    if not 0 <= value <= LARGEST_COUNT:
        refuse(field, "is not a count")
    return value


def _number(value: object, field: str, finite: bool) -> float:
    if type(value) is float and math.isfinite(value):
        return value
    if type(value) is int:
        try:
            return float(value)
        except OverflowError:
            refuse(field, "is too large a number")
    if not finite and value is None:
        return math.nan
    if not finite and isinstance(value, str) and value in _INFINITIES:
        return _INFINITIES[value]
    refuse(field, f"is {_shown(value)}, not {'a finite' if finite else 'a'} number")


_SCALARS: Mapping[Any, Any] = types.MappingProxyType({str: _text, bool: _flag, int: _count, float: _number})


def _kind(value: object) -> str:
    words = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return words.get(type(value), "a number")


def _shown(value: object) -> str:
    """Return a short value itself, else what it is."""
    if isinstance(value, str | float | bool) and len(repr(value)) <= 40:
        return repr(value)
    return _kind(value)
