"""The input of a case, recorded from the call that the tests make, so that every system gets the same."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import pandas as pd

from .. import test_listed

#: A column name between backticks, with a backslash before what would end it.
BACKTICKS = re.compile(r"`((?:\\.|[^`\\])*)`", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A fit that is asked for, and the new data to predict for (None: the table itself)."""

    formula: str
    data: Any
    options: Mapping[str, Any] = field(default_factory=dict)
    new: Any = None

    @property
    def outcome(self) -> str:
        """The left side, without backticks."""
        return unquoted(self.formula.partition("~")[0].strip())

    @property
    def terms(self) -> list[str]:
        """The right side of a formula that only adds, term by term, without backticks."""
        right = self.formula.partition("~")[2]
        parts = re.findall(r"(?:`(?:\\.|[^`\\])*`|[^`+])+", right, re.DOTALL)
        return [unquoted(part.strip()) for part in parts]


class _Recorded:
    """Stands for a fit and remembers what it was asked."""

    def __init__(self, formula: str, data: Any, **options: Any) -> None:
        self.request = Request(formula=formula, data=data, options=options)

    def probabilities(self, new: Any) -> Any:
        if isinstance(new, dict) and all(isinstance(value, list) for value in new.values()):
            new = pd.DataFrame(new)  # only scalars make a case of dictionaries
        request = self.request
        self.request = Request(formula=request.formula, data=request.data, options=request.options, new=new)
        return self


def recorded(case: str) -> Request:
    """Return the input of a listed case, by its name in ``test_listed.CASES``."""
    with mock.patch.object(test_listed, "fit", _Recorded):
        return test_listed.CASES[case].call().request  # type: ignore[no-any-return]


def unquoted(name: str) -> str:
    """Return a column name without its backticks."""
    found = BACKTICKS.fullmatch(name)
    return re.sub(r"\\(.)", r"\1", found[1], flags=re.DOTALL) if found else name
