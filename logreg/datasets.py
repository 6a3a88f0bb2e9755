"""Real data sets that come with `logreg`, each with a sheet that says where it is from and what it means.

A data set is two files: ``NAME.csv`` (UTF-8, a header, an empty field is a missing value) and ``NAME.toml``,
its sheet. The sheet is the only authority on types and level order; nothing is guessed from the values.
"""

from __future__ import annotations

import html
import textwrap
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from logreg.errors import DataError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Column", "DatasetSheet", "describe", "load", "names", "path"]

ColumnType = Literal["number", "integer", "boolean", "category", "text"]

_BOOLEANS = {"true": True, "false": False}
_TEXT_WIDTH = 100  # columns of the printed sheet: fits a terminal beside a margin


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a data set, as its sheet declares it.

    Attributes
    ----------
    name : str
        Name in the file and in formulas.
    type : {"number", "integer", "boolean", "category", "text"}
        How the values are read; an integer column with missing values is loaded as float64.
    meaning : str
        What was measured, in a sentence.
    label : str
        Short heading for reports, with the unit.
    unit : str
        Unit of measurement; empty if there is none.
    levels : tuple of str
        Levels of a category in order, the reference first; empty for other types.
    level_labels : tuple of str
        What the levels are called in reports, parallel to `levels`.
    ordered : bool
        Whether the levels have an order of their own.
    """

    name: str
    type: ColumnType
    meaning: str
    label: str
    unit: str = ""
    levels: tuple[str, ...] = ()
    level_labels: tuple[str, ...] = ()
    ordered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetSheet:
    """Provenance and meaning of a data set; prints as readable text.

    Attributes
    ----------
    name, title : str
        The name to load it by, and what it is.
    source : str
        Citation of whoever collected or published the data.
    origin : str
        The package that carried the file, with its version.
    changes : str
        What differs from the file at its origin.
    licence : str
        SPDX identifier, or in words what is known.
    sha256 : str
        Digest of the CSV file.
    rows : int
        Number of rows, the header not counted.
    description, teaches : str
        What the data are, and what they are good for.
    outcome, formula : str
        The outcome, and a sensible first model in the language of `logreg.fit`.
    fit_options : tuple of (str, str)
        Further arguments of `logreg.fit` that the first model needs.
    cluster : str
        Column that names clusters of dependent rows; empty if rows are independent.
    separated : tuple of str
        Terms of `formula` whose maximum likelihood estimate is infinite.
    columns : tuple of Column
        The columns in file order.
    """

    name: str
    title: str
    source: str
    origin: str
    changes: str
    licence: str
    sha256: str
    rows: int
    description: str
    teaches: str
    outcome: str
    formula: str
    fit_options: tuple[tuple[str, str], ...] = ()
    cluster: str = ""
    separated: tuple[str, ...] = ()
    columns: tuple[Column, ...]

    @property
    def fit(self) -> dict[str, str]:
        """Arguments for ``logreg.fit(sheet.formula, data, **sheet.fit)``, in a fresh dictionary."""
        return dict(self.fit_options)

    @property
    def labels(self) -> dict[str, str]:
        """Heading of each column, in a fresh dictionary."""
        return {column.name: column.label for column in self.columns}

    def __str__(self) -> str:
        return _sheet_text(self)

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


def names() -> tuple[str, ...]:
    """Return the names of the bundled data sets, sorted.

    Raises
    ------
    DataError
        If the data files are not installed.

    Examples
    --------
    >>> "birthwt" in names()
    True
    """
    return tuple(sorted(sheet.stem for sheet in _folder().glob("*.toml")))


def path(name: str) -> Path:
    """Return the path of the CSV file of a data set.

    Raises
    ------
    DataError
        If there is no data set of that name.

    Examples
    --------
    >>> path("birthwt").name
    'birthwt.csv'
    """
    return _folder() / f"{_known(name)}.csv"


def describe(name: str) -> DatasetSheet:
    """Return the sheet of a data set: source, licence, meaning of the columns, a first model.

    Raises
    ------
    DataError
        If there is no data set of that name.

    Examples
    --------
    >>> sheet = describe("challenger")
    >>> sheet.rows, sheet.formula
    (23, 'distress ~ temperature')
    """
    content = tomllib.loads((_folder() / f"{_known(name)}.toml").read_text(encoding="utf-8"))
    options: Mapping[str, str] = content.pop("fit", {})
    content["description"] = " ".join(content["description"].split())
    content["separated"] = tuple(content.get("separated", ()))
    content["columns"] = tuple(_column(entry) for entry in content["columns"])
    return DatasetSheet(**content, fit_options=tuple(options.items()))


def load(name: str) -> pd.DataFrame:
    """Return a data set as a new pandas frame, typed as its sheet says.

    Numbers are float64, integers int64 (float64 where values are missing), booleans bool, categories
    pandas categoricals with the declared levels in the declared order, reference first. ``frame.attrs`` holds
    ``logreg_dataset``, the name, and ``labels``, a heading for each column.

    Raises
    ------
    DataError
        If there is no data set of that name, or the file does not match its sheet.

    Examples
    --------
    >>> births = load("birthwt")
    >>> births.shape
    (189, 9)
    >>> list(births["race"].cat.categories)
    ['white', 'black', 'other']
    """
    import pandas as pd

    sheet = describe(name)
    # Everything is read as text and only an empty field is missing: a level such as "NA" or "1" stays itself.
    raw = pd.read_csv(path(name), dtype=str, keep_default_na=False, na_values=[""], encoding="utf-8")
    declared = [column.name for column in sheet.columns]
    if list(raw.columns) != declared:
        raise DataError(
            f"The file of data set {name!r} has columns {list(raw.columns)}, its sheet {declared}."
        )
    frame = pd.DataFrame({column.name: _typed(raw[column.name], column) for column in sheet.columns})
    frame.attrs.update(logreg_dataset=name, labels=sheet.labels)
    return frame


def _folder() -> Path:
    """Return the folder of the data: inside the installed package, else beside it in a source checkout."""
    package = Path(__file__).resolve().parent
    for folder in (package / "_datasets", package.parent / "datasets"):
        # The second place may be another distribution's package of that name: a sheet tells ours.
        if any(folder.glob("*.toml")):
            return folder
    raise DataError("The bundled data sets are not installed with this copy of logreg; install it again.")


def _known(name: str) -> str:
    known = names()
    if name not in known:
        raise DataError(
            f"There is no data set {name!r}.{did_you_mean(str(name), known)} Bundled are: {', '.join(known)}."
        )
    return name


def _column(entry: Mapping[str, Any]) -> Column:
    levels = tuple(entry.get("levels", ()))
    labels = tuple(entry.get("level_labels", levels))
    return Column(**{**entry, "levels": levels, "level_labels": labels})


def _typed(values: pd.Series[str], column: Column) -> pd.Series[Any]:
    """Convert a column of text to the declared type; refuse a value that the sheet does not allow."""
    import pandas as pd

    match column.type:
        case "number":
            return values.astype("float64")
        case "integer":
            return values.astype("float64" if values.hasnans else "int64")
        case "boolean":
            _refuse_undeclared(values, tuple(_BOOLEANS), column.name)
            return values.map(_BOOLEANS).astype(bool)
        case "category":
            _refuse_undeclared(values.dropna(), column.levels, column.name)
            dtype = pd.CategoricalDtype(list(column.levels), ordered=column.ordered)
            return values.astype(dtype)
        case "text":
            return values


def _refuse_undeclared(values: pd.Series[Any], allowed: tuple[str, ...], column: str) -> None:
    strange = values[~values.isin(allowed)]
    if len(strange):
        raise DataError(
            f"Column {column!r} has {len(strange)} values that its sheet does not declare, the first in row "
            f"{strange.index[0]}: {strange.iloc[0]!r}. Declared are: {', '.join(allowed)}."
        )


def _sheet_text(sheet: DatasetSheet) -> str:
    arguments = "".join(f", {key}={value!r}" for key, value in sheet.fit_options)
    facts = {
        "Model": f"logreg.fit({sheet.formula!r}, data{arguments})",
        "Good for": sheet.teaches,
        "Clusters": sheet.cluster,
        "Separated": ", ".join(sheet.separated),
        "Source": sheet.source,
        "Origin": sheet.origin,
        "Changes": sheet.changes,
        "Licence": sheet.licence,
    }
    lines = [
        f"{sheet.name}: {sheet.title}",
        f"{sheet.rows} rows, {len(sheet.columns)} columns",
        "",
        *textwrap.wrap(sheet.description, _TEXT_WIDTH),
        "",
        *(line for key, value in facts.items() if value for line in _hanging(f"{key:<10}", value)),
        "",
        "Columns",
    ]
    width = max(len(column.name) for column in sheet.columns)
    for column in sheet.columns:
        lines += _hanging(f"  {column.name:<{width}}  {column.type:<8}  ", _column_text(column))
    return "\n".join(lines)


def _column_text(column: Column) -> str:
    unit = f" [{column.unit}]" if column.unit else ""
    order = " < " if column.ordered else ", "
    levels = f" Levels: {order.join(column.levels)}." if column.levels else ""
    return f"{column.meaning}{unit}{levels}"


def _hanging(lead: str, body: str) -> list[str]:
    """Wrap `body` after `lead`, with the following lines under its first word."""
    return textwrap.wrap(body, _TEXT_WIDTH, initial_indent=lead, subsequent_indent=" " * len(lead))
