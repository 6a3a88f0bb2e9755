"""What nodes refuse when they are made, so that no renderer meets it later."""

from __future__ import annotations

import numbers
import re
from collections.abc import Iterable
from typing import Any, TypeAlias

__all__ = [
    "Value",
    "plain_value",
    "require_key",
    "require_one_of",
    "require_text",
    "require_tuple",
    "require_unique",
]

#: A raw value: what a number was before it became text.
Value: TypeAlias = str | int | float | bool | None

_KEY = re.compile(r"[a-z][a-z0-9_]*")


def plain_value(value: object) -> Value:
    """Return a number of numpy as one of Python; refuse what JSON could not hold."""
    if value is None or isinstance(value, (str, bool)):
        return str(value) if isinstance(value, str) else value
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value)
    if type(value).__module__ == "numpy" and type(value).__name__ in ("bool", "bool_"):
        return bool(value)
    raise TypeError(f"a raw value is a string, a number, a truth value or None, not {type(value).__name__}")


def require_text(what: str, *texts: object) -> None:
    """Refuse with a TypeError what is not a string."""
    for text in texts:
        if not isinstance(text, str):
            raise TypeError(f"{what} holds text, not {type(text).__name__}")


def require_tuple(what: str, items: object, *types: type[Any]) -> None:
    """Refuse with a TypeError what is not a tuple of the given types."""
    if not isinstance(items, tuple):
        raise TypeError(f"{what} must be a tuple, not {type(items).__name__}")
    for item in items:
        if not isinstance(item, types):
            raise TypeError(f"{what} cannot hold {type(item).__name__}")


def require_one_of(what: str, value: str, allowed: tuple[str, ...]) -> None:
    """Refuse with a ValueError a word that is not on the list."""
    if value not in allowed:
        raise ValueError(f"{what} is one of {', '.join(allowed)}, not {value!r}")


def require_key(what: str, key: object) -> None:
    """Refuse with a ValueError a key that could not stand in an address or an identifier."""
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise ValueError(f"a {what} key is lower-case letters, digits and underscores, not {key!r}")


def require_unique(what: str, keys: Iterable[object]) -> None:
    """Refuse with a ValueError keys that occur twice."""
    seen = set()
    for key in keys:
        if key in seen:
            raise ValueError(f"{what} must differ by key; {key!r} occurs twice")
        seen.add(key)
