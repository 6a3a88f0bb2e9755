"""What a report is ordered with, from flags, from a file, or from both; checked before anything is read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from logreg.cli.options import REPORT_OPTIONS, fit_arguments, flag_of
from logreg.errors import DataError, SupportError, did_you_mean

if TYPE_CHECKING:
    from logreg.fitted import LogisticFit
    from logreg.report.nodes import Section

__all__ = ["Order", "check_order", "fit_ordered", "open_data", "report_arguments"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Data, formula and options of one report.

    ``data`` is sought in ``folder``; None where nothing names it. ``fit`` and ``report`` are values by the
    names of `FIT_OPTIONS` and `REPORT_OPTIONS`, ``own`` sections of the author's by their keys. ``file`` is
    what all of it was read from; "" for the command line.
    """

    data: str | None
    formula: str
    folder: str = ""
    output: tuple[str, ...] = ()
    fit: Mapping[str, Any] = field(default_factory=dict)
    report: Mapping[str, Any] = field(default_factory=dict)
    own: Mapping[str, Section] = field(default_factory=dict)
    file: str = ""

    def changed(
        self,
        *,
        data: str | None,
        output: list[str] | None,
        fit: Mapping[str, Any],
        report: Mapping[str, Any],
    ) -> Order:
        """Return the order with what the command line replaces; paths given there are its own."""
        return replace(
            self,
            data=self.data if data is None else data,
            folder=self.folder if data is None else "",
            output=self.output if output is None else tuple(output),
            fit={**self.fit, **fit},
            report={**self.report, **report},
        )


def check_order(order: Order) -> None:
    """Refuse what can be seen to be at fault before the data are read.

    Raises
    ------
    SupportError
        For suffixes, sections, styles and intervals that are not known, and options of reports where none is
        written.
    """
    from logreg.inference.coefficients import check_interval
    from logreg.report.journals import style_named
    from logreg.report.sections import check_sections
    from logreg.report.write import renderer_for

    if order.data is None:
        raise SupportError(f"{order.file} names no data: add data, or give DATA.")
    for path in order.output:
        renderer_for(Path(path).suffix)
    check_interval(order.report.get("interval", "wald"))
    style_named(order.report.get("style", "report"))
    check_sections(_sections(order))
    # The summary on the screen has intervals too; all else is about files.
    idle = next((name for name in order.report if name not in ("interval", "confidence")), None)
    if order.file and not order.output:
        raise SupportError(f"{order.file} names no report to write: add output, or give -o FILE.")
    if idle is not None and not order.output:
        flag = flag_of(idle, REPORT_OPTIONS[idle])
        raise SupportError(f"{flag} is about reports, and none is written: add -o FILE.")


def report_arguments(order: Order) -> dict[str, Any]:
    """Return the keyword arguments of ``fit.report_document``."""
    arguments = dict(order.report)
    sections = _sections(order)
    return arguments if sections is None else {**arguments, "sections": sections}


def _sections(order: Order) -> list[str | Section] | None:
    """Return the sections asked for; without a list the usual ones, and after them the author's own."""
    names = order.report.get("sections")
    if names is None:
        return ["usual", *order.own.values()] if order.own else None
    return [order.own.get(name, name) for name in ([names] if isinstance(names, str) else names)]


def fit_ordered(order: Order) -> LogisticFit:
    """Fit the model of an order; what was not given is the library's to decide."""
    from logreg.api import fit

    assert order.data is not None  # check_order saw to it
    arguments = fit_arguments(order.fit, in_file=bool(order.file))
    return fit(order.formula, open_data(order.data, order.folder), **arguments)


def open_data(text: str, folder: str = "") -> Any:
    """Return the path of an existing file, or the bundled data set of that name.

    Raises
    ------
    DataError
        If there is neither.
    """
    path = os.path.join(folder, text)
    if os.path.exists(path):
        return path
    from logreg import datasets

    if text in datasets.names():
        return datasets.load(text)
    raise DataError(
        f"there is no file {path!r}, and no bundled data set of that name."
        f"{did_you_mean(text, datasets.names())} 'logreg datasets' lists them."
    )
