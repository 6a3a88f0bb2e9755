"""Tables that other libraries hand over: what goes wrong there reaches the user as a `DataError`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from logreg.errors import DataError, LogregError

__all__ = ["reading"]

#: Characters of another library's message that are repeated in ours.
SHOWN_CHARACTERS = 300

#: Libraries that may stand behind a table, with the root of their errors; looked at only if they are loaded.
_ROOTS = (("pyarrow", "ArrowException"), ("duckdb", "Error"), ("polars.exceptions", "PolarsError"))


@contextmanager
def reading(what: str, remedy: str) -> Iterator[None]:
    """Turn what a foreign table raises while it is read into a `DataError` that names it and the remedy.

    Raises
    ------
    DataError
        For errors of the library behind the table, and of objects that only look like tables.
    OSError
        As the system reports it; what a library calls so without a system's number is a `DataError`.
    """
    try:
        yield
    except LogregError:
        raise
    except OSError as error:
        if error.errno is not None:
            raise
        raise DataError(_message(what, error, remedy)) from error
    except _foreign() as error:
        raise DataError(_message(what, error, remedy)) from error


def _foreign() -> tuple[type[BaseException], ...]:
    """Return the errors of foreign code: those of the loaded libraries, and what any object may raise."""
    roots = tuple(getattr(sys.modules[module], name) for module, name in _ROOTS if module in sys.modules)
    return (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError, *roots)


def _message(what: str, error: BaseException, remedy: str) -> str:
    said = " ".join(str(error).split()) or type(error).__name__
    if len(said) > SHOWN_CHARACTERS:
        said = f"{said[:SHOWN_CHARACTERS]}..."
    return f"{what}: {said.rstrip('.')}. {remedy}"
