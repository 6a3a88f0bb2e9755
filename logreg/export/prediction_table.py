"""Everything a model says about new rows in one long table: logits, odds, probabilities, class."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from logreg.data import open_new_data
from logreg.errors import SupportError, did_you_mean
from logreg.report.write import write_bytes_atomically
from logreg.strict_json import to_json

if TYPE_CHECKING:
    import pandas as pd

    from logreg.fitted import LogisticFit

__all__ = ["prediction_table", "render_csv", "write_predictions", "writer_for"]


#: Integers from here on do not fit the 64 bits of a Parquet column.
LARGEST_LABEL = 2**63

#: What a spreadsheet takes for the beginning of a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def prediction_table(
    fit: LogisticFit, data: Any, *, confidence: float | None = None, threshold: float = 0.5
) -> pd.DataFrame:
    """Return one line per row of the data and outcome, baseline first.

    Parameters
    ----------
    fit : LogisticFit
        A model, also one that was loaded.
    data : table
        What `logreg.data.open_source` accepts.
    confidence : float, optional
        Level of the intervals; by default the fit's own.
    threshold : float
        Two outcomes: the probability from which the event is the class.

    Returns
    -------
    DataFrame
        ``row, outcome``; ``logit, odds, probability``, each with its interval in ``*_low, *_high``; and
        ``class``, the predicted outcome of the row. The baseline has no logit or odds against itself: they
        are NaN, as is everything in rows with a missing value.

    Examples
    --------
    >>> import logreg
    >>> fit = logreg.fit("distress ~ temperature", logreg.datasets.load("challenger"))
    >>> cold = prediction_table(fit, {"temperature": [31.0]})
    >>> cold[["row", "outcome", "class"]]
      row outcome class
    0   0   False  True
    1   0    True  True
    """
    import pandas as pd

    source = open_new_data(data)
    probability = fit.probabilities(source, interval=True, confidence=confidence)
    n_outcomes = len(fit.spec.outcome.names)
    columns: dict[str, Any] = {"row": probability["row"], "outcome": probability["outcome"]}
    for name, found in (
        ("logit", fit.logits(source, interval=True, confidence=confidence)),
        ("odds", fit.odds(source, interval=True, confidence=confidence)),
    ):
        columns |= {key: _beside_baseline(values, n_outcomes) for key, values in _scale(name, found).items()}
    columns |= _scale("probability", probability)
    names = dict(zip(fit.spec.outcome.levels, fit.spec.outcome.names, strict=True))
    classes = np.array([names.get(level) for level in fit.classify(source, threshold)], dtype=object)
    columns["class"] = np.repeat(classes, n_outcomes)
    return pd.DataFrame(columns)


def _scale(name: str, found: pd.DataFrame) -> dict[str, pd.Series[Any]]:
    return {name: found["estimate"], f"{name}_low": found["conf_low"], f"{name}_high": found["conf_high"]}


def _beside_baseline(values: pd.Series[Any], n_outcomes: int) -> Any:
    """Put NaN for the baseline before the other outcomes of each row."""
    others = values.to_numpy(dtype=np.float64).reshape(-1, n_outcomes - 1)
    return np.hstack([np.full((len(others), 1), np.nan), others]).ravel()


def writer_for(path: str | os.PathLike[str]) -> Callable[[pd.DataFrame], bytes]:
    """Return what makes the bytes of a file with this suffix.

    Raises
    ------
    SupportError
        If the suffix is another one.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in _WRITERS:
        raise SupportError(
            f"no predictions can be written with the suffix {suffix!r}: use one of {', '.join(_WRITERS)}."
            + did_you_mean(suffix, _WRITERS)
        )
    return _WRITERS[suffix]


def write_predictions(table: pd.DataFrame, path: str | os.PathLike[str]) -> None:
    """Write a table by the suffix of the path; the file appears whole or not at all.

    Raises
    ------
    SupportError
        If the suffix is not .csv, .json or .parquet.
    OSError
        If the file cannot be written, naming the path.
    """
    write_bytes_atomically(path, writer_for(path)(table))


def render_csv(table: pd.DataFrame, show: Callable[[str], str] = str) -> str:
    r"""Return a table as CSV: '.' decimals in every locale, all digits, nothing where a value is missing.

    ``show`` is applied to every text, for output that must not act on a terminal. Text that a spreadsheet
    would take for a formula (it begins with ``= + - @``, a tab or a line break, and is no number) gets an
    apostrophe in front, which spreadsheets do not show: OWASP, "CSV injection". Numbers stay numbers.

    Examples
    --------
    >>> import pandas as pd
    >>> render_csv(pd.DataFrame({"a": [0.1, float("nan")], "b": ["x,y", None]}))
    'a,b\n0.1,"x,y"\n,\n'
    >>> render_csv(pd.DataFrame({"a": ["=1+1", "-1"]}))
    "a\n'=1+1\n-1\n"
    """

    def cell(value: Any) -> Any:
        if value is None or (isinstance(value, float) and math.isnan(value)):
            return ""
        return inert(show(value)) if isinstance(value, str) else value

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([inert(show(str(name))) for name in table.columns])
    writer.writerows([[cell(value) for value in row] for row in _rows(table)])
    return text.getvalue()


def inert(text: str) -> str:
    """Return text that no spreadsheet takes for a formula."""
    if not text.startswith(FORMULA_STARTS) or _is_number(text):
        return text
    return f"'{text}"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _rows(table: pd.DataFrame) -> Any:
    return zip(*(table[name].tolist() for name in table.columns), strict=True)


def _csv(table: pd.DataFrame) -> bytes:
    # Row labels are the user's own and may hold what is not Unicode.
    return render_csv(table).encode("utf-8", "backslashreplace")


def _json(table: pd.DataFrame) -> bytes:
    """Return strict JSON: a list of objects, null for what is missing, "inf" for infinite odds."""
    table = _with_plain_labels(table)
    names = list(map(str, table.columns))
    lines = [json.dumps(to_json(dict(zip(names, row, strict=True))), allow_nan=False) for row in _rows(table)]
    return ("[\n" + ",\n".join(lines) + "\n]\n").encode("ascii")


def _parquet(table: pd.DataFrame) -> bytes:
    """Return Parquet; a column holds labels of one type, so row labels of several types become text."""
    table = _with_plain_labels(table)
    if "row" in table and len(set(map(type, table["row"].tolist()))) > 1:
        table = table.assign(row=list(map(str, table["row"])))
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    return buffer.getvalue()


def _with_plain_labels(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with row labels that every format has: numbers and text; others by their text."""
    labels = table["row"].tolist() if "row" in table else []
    if all(map(_is_plain, labels)):
        return table
    shown = [label if _is_plain(label) else str(label) for label in labels]
    return table.assign(
        row=[x.encode("utf-8", "backslashreplace").decode() if isinstance(x, str) else x for x in shown]
    )


def _is_plain(label: object) -> bool:
    if isinstance(label, str):
        return label.isascii()
    return isinstance(label, float) or (isinstance(label, int) and abs(label) < LARGEST_LABEL)


_WRITERS: Mapping[str, Callable[[pd.DataFrame], bytes]] = MappingProxyType(
    {".csv": _csv, ".json": _json, ".parquet": _parquet}
)
