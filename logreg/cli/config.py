"""A report defined by a file: TOML with data, formula, options, and sections of the author's own.

Every key is checked by name and by kind before anything is read or written.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from logreg.cli.options import FIT_OPTIONS, KINDS, REPORT_OPTIONS, Option
from logreg.cli.order import Order
from logreg.errors import DataError, SupportError, did_you_mean

if TYPE_CHECKING:
    from logreg.report.nodes import Block, Section

__all__ = ["read_config"]

#: Keys at the top of a file.
TOP: Mapping[str, Option] = MappingProxyType(
    {
        "data": Option(kind="text"),
        "formula": Option(kind="text", required=True),
        "output": Option(kind="texts"),
        "fit": Option(kind="table"),
        "report": Option(kind="table"),
        "section": Option(kind="tables"),
    }
)
#: Keys of a section of the author's own, of its figures and of its tables.
SECTION: Mapping[str, Option] = MappingProxyType(
    {
        "title": Option(kind="text", required=True),
        "key": Option(kind="text"),
        "text": Option(kind="text"),
        "figure": Option(kind="tables"),
        "table": Option(kind="tables"),
    }
)
FIGURE: Mapping[str, Option] = MappingProxyType(
    {
        "file": Option(kind="text", required=True),
        "alt": Option(kind="text", required=True),
        "caption": Option(kind="text"),
        "key": Option(kind="text"),
    }
)
TABLE: Mapping[str, Option] = MappingProxyType(
    {
        "file": Option(kind="text", required=True),
        "caption": Option(kind="text", required=True),
        "notes": Option(kind="texts"),
        "key": Option(kind="text"),
    }
)
#: Where a key belongs that was found elsewhere.
_BELONGS: Mapping[str, Mapping[str, Option]] = MappingProxyType(
    {
        "at the top, before the first [table]": TOP,
        "in [fit]": FIT_OPTIONS,
        "in [report]": REPORT_OPTIONS,
        "in a [[section]]": SECTION,
    }
)


def read_config(path: str | os.PathLike[str], *, style: str | None = None) -> Order:
    """Return what a file orders; the paths in it are relative to it.

    Parameters
    ----------
    path : path
        TOML in UTF-8; see ``docs/reports.md`` for its keys.
    style : str, optional
        Of the numbers in the author's own tables, instead of that of the file.

    Raises
    ------
    SupportError
        For a file that is not TOML, keys that are not known or missing, and values of another kind than the
        key takes; the message names the place.
    DataError
        For tables and drawings that cannot be read.
    OSError
        For files that cannot be opened.
    """
    name = os.fspath(path)
    try:
        found = tomllib.loads(Path(path).read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else error
        raise SupportError(f"{name} cannot be read as TOML: {reason}.") from None
    top = _checked(found, TOP, name)
    folder = os.path.dirname(name)
    report = _checked(top.get("report", {}), REPORT_OPTIONS, f"{name}, [report]")
    return Order(
        data=top.get("data"),
        formula=top["formula"],
        folder=folder,
        output=tuple(os.path.join(folder, one) for one in _listed(top.get("output", ()))),
        fit=_checked(top.get("fit", {}), FIT_OPTIONS, f"{name}, [fit]"),
        report=report,
        own=_own_sections(
            _listed(top.get("section", ())),
            name,
            report.get("style", "report") if style is None else style,
            report.get("sections"),
        ),
        file=name,
    )


def _checked(found: Mapping[str, Any], known: Mapping[str, Option], place: str) -> dict[str, Any]:
    """Return a table whose keys are known, of the kind they take, and complete."""
    for key, value in found.items():
        if key not in known:
            raise SupportError(f"{place}: there is no {key!r} here.{_remedy(key, known)}")
        kind = KINDS[known[key].kind]
        if not kind.holds(value):
            raise SupportError(f"{place}: {key!r} takes {kind.takes}, not {_shown(value)}.")
    missing = [key for key, option in known.items() if option.required and key not in found]
    if missing:
        raise SupportError(f"{place}: {' and '.join(map(repr, missing))} must be given.")
    return dict(found)


def _remedy(key: str, known: Mapping[str, Option]) -> str:
    elsewhere = [where for where, keys in _BELONGS.items() if key in keys and keys is not known]
    if elsewhere:
        return f" It belongs {' or '.join(elsewhere)}."
    return f"{did_you_mean(key, known)} Known are: {', '.join(known)}."


def _shown(value: object) -> str:
    """Return a value as a message names it, without copying all of a long one."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f"the text {value!r}" if len(value) <= 60 else "a text"
    return str(value) if isinstance(value, int | float) else f"the {type(value).__name__} {value}"


def _listed(value: Any) -> list[Any]:
    return [value] if isinstance(value, str | dict) else list(value)


# Sections of the author's own ---------------------------------------------------------------------------


def _own_sections(found: list[dict[str, Any]], name: str, style: str, wanted: Any) -> Mapping[str, Section]:
    """Return the sections of a file by their keys; each must stand among the sections ``wanted``, if any are
    named.
    """
    from logreg.report.chosen import USUAL_ONES
    from logreg.report.sections import SECTIONS

    own: dict[str, Section] = {}
    for number, one in enumerate(found, 1):
        place = f"{name}, [[section]] {number}"
        made = _own_section(_checked(one, SECTION, place), os.path.dirname(name), style, place)
        if made.key in (*SECTIONS, USUAL_ONES):
            raise SupportError(f"{place}: the report has a section {made.key!r} already; give another key.")
        if made.key in own:
            raise SupportError(f"{place}: two sections have the key {made.key!r}; give one of them another.")
        if wanted is not None and made.key not in _listed(wanted):
            raise SupportError(
                f"{place}: {made.key!r} is not among the sections of [report], so that it would not be shown."
            )
        own[made.key] = made
    return own


def _own_section(found: Mapping[str, Any], folder: str, style: str, place: str) -> Section:
    """Return a section with its text, figures and tables in the order of the file."""
    from logreg.report.own import section

    inner = {"figure": FIGURE, "table": TABLE}
    parts = [(key, one) for key in found if key not in ("title", "key") for one in _listed(found[key])]
    for key, one in parts:
        if key in inner:
            _checked(one, inner[key], f"{place}, {key}")
    make: Mapping[str, Callable[[Any], str | Block]] = {
        "text": lambda one: str(one),
        "figure": lambda one: _figure(one, folder),
        "table": lambda one: _table(one, folder, style),
    }
    try:
        return section(found["title"], *(make[key](one) for key, one in parts), key=found.get("key"))
    except SupportError as error:
        raise SupportError(f"{place}: {error}") from None


def _figure(found: Mapping[str, Any], folder: str) -> Block:
    from logreg.report.own import figure

    path = os.path.join(folder, found["file"])
    try:
        drawing = Path(path).read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is no drawing in SVG: {error}.") from None
    return figure(drawing, **{key: value for key, value in found.items() if key != "file"})


def _table(found: Mapping[str, Any], folder: str, style: str) -> Block:
    import pandas as pd

    from logreg.report.own import table

    path = os.path.join(folder, found["file"])
    content = BytesIO(Path(path).read_bytes())  # of a name, pandas might make a download
    try:
        frame = pd.read_csv(content)
    except ValueError as error:
        raise DataError(f"{path} cannot be read as a table: {error}.") from None
    notes = tuple(_listed(found.get("notes", ())))
    return table(frame, caption=found["caption"], key=found.get("key"), notes=notes, style=style)
