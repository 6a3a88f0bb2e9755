"""One document, many renderers.

What an author adds to a report is made here: `section`, `figure`, `table`. ``SECTIONS`` are the names of the
sections there are, ``USUAL`` those of a report that asks for none, and ``FORMATS`` the suffixes that a report
can be written with.

Examples
--------
>>> import logreg
>>> fit = logreg.fit("low ~ age + smoke", logreg.datasets.load("birthwt"))
>>> limits = logreg.report.section("Limits", "One hospital, 1986.")
>>> [part.key for part in fit.report_document(sections=["answer", limits]).sections]
['answer', 'limits']
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from logreg.report.own import figure, section, table
    from logreg.report.sections import SECTIONS, USUAL
    from logreg.report.write import FORMATS

_HOMES = {
    "FORMATS": "logreg.report.write",
    "figure": "logreg.report.own",
    "section": "logreg.report.own",
    "table": "logreg.report.own",
    "SECTIONS": "logreg.report.sections",
    "USUAL": "logreg.report.sections",
}

__all__ = ["FORMATS", "SECTIONS", "USUAL", "figure", "section", "table"]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'logreg.report' has no attribute {name!r}")
    found: object = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = found
    return found
