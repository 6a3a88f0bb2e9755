"""The errors and warnings of `logreg`, readable in a minute.

Every error is a `LogregError` and the builtin it belongs to, so both ``except LogregError`` and
``except ValueError`` work. A message says what is wrong, which column (in quotes), how many rows and the
first of them, and the remedy.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "CollinearityWarning",
    "ConvergenceWarning",
    "DataError",
    "DataWarning",
    "FormulaError",
    "LoadError",
    "LogregError",
    "LogregWarning",
    "MissingDataWarning",
    "OutcomeError",
    "PredictError",
    "SeparationWarning",
    "SmallClassWarning",
    "SupportError",
    "WeightError",
    "did_you_mean",
    "rows_of",
]


class LogregError(ValueError):
    """Root of all errors that `logreg` raises on purpose."""


class OutcomeError(LogregError):
    """The outcome column cannot be modelled as asked."""


class DataError(LogregError):
    """A table, a predictor column or an offset cannot be used."""


class FormulaError(LogregError):
    """The formula cannot be understood, or asks for what a formula may not do."""


class WeightError(LogregError):
    """The weights are not valid for the kind of weight that was named."""


class PredictError(DataError):
    """New data cannot be matched to the model."""


class LoadError(LogregError):
    """A file is not a model saved by `logreg`, or is damaged."""


class SupportError(LogregError):
    """A combination of options that `logreg` does not support, said in one sentence."""


class LogregWarning(UserWarning):
    """Root of all warnings that `logreg` gives."""


class SeparationWarning(LogregWarning):
    """Some coefficients have no finite maximum likelihood estimate."""


class CollinearityWarning(LogregWarning):
    """Some columns of the design are combinations of others."""


class ConvergenceWarning(LogregWarning):
    """The optimum was not certified."""


class MissingDataWarning(LogregWarning):
    """Rows were left out because a value is missing."""


class SmallClassWarning(LogregWarning):
    """An outcome has very few rows for the number of coefficients."""


class DataWarning(LogregWarning):
    """Something in the data deserves a look; the fit goes on."""


def rows_of(count: int) -> str:
    """Return a number of rows in words.

    Examples
    --------
    >>> rows_of(1), rows_of(2)
    ('1 row', '2 rows')
    """
    return "1 row" if count == 1 else f"{count} rows"


#: Longer names are not compared: the time that takes grows with the product of their lengths.
LONGEST_COMPARED = 200


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a hint with the nearest known spelling, or an empty string.

    Examples
    --------
    >>> did_you_mean("agee", ["age", "lwt"])
    " Did you mean 'age'?"
    """
    if len(word) > LONGEST_COMPARED:
        return ""
    names = [name for name in known if len(name) <= LONGEST_COMPARED]
    nearest = difflib.get_close_matches(word, names, n=1)
    return f" Did you mean {nearest[0]!r}?" if nearest else ""
