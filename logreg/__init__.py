"""Logistic regression on tabular data: logits, odds ratios, probabilities, and a report.

Names are imported on first use, so that ``import logreg`` costs next to nothing.

Examples
--------
>>> import logreg
>>> fit = logreg.fit("low ~ age + smoke", logreg.datasets.load("birthwt"))
>>> fit.n_rows
189
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from logreg import errors

__version__ = "0.1.0"

if TYPE_CHECKING:
    from logreg import datasets, logits, report
    from logreg.adapters.describe import table_one
    from logreg.adapters.from_sklearn import from_sklearn
    from logreg.adapters.from_statsmodels import from_statsmodels
    from logreg.api import fit, load
    from logreg.errors import (
        CollinearityWarning,
        ConvergenceWarning,
        DataError,
        DataWarning,
        FormulaError,
        LoadError,
        LogregError,
        LogregWarning,
        MissingDataWarning,
        OutcomeError,
        PredictError,
        SeparationWarning,
        SmallClassWarning,
        SupportError,
        WeightError,
    )
    from logreg.fitted import LogisticFit
    from logreg.inference.clusters import cluster
    from logreg.inference.multiplicity import adjust_p_values, simultaneous
    from logreg.inference.survey import survey
    from logreg.report.compare_table import compare_table

_HOMES = {
    "fit": "logreg.api",
    "load": "logreg.api",
    "LogisticFit": "logreg.fitted",
    "adjust_p_values": "logreg.inference.multiplicity",
    "simultaneous": "logreg.inference.multiplicity",
    "LogisticClassifier": "logreg.adapters.sklearn",
    "cluster": "logreg.inference.clusters",
    "survey": "logreg.inference.survey",
    "compare_table": "logreg.report.compare_table",
    "from_sklearn": "logreg.adapters.from_sklearn",
    "from_statsmodels": "logreg.adapters.from_statsmodels",
    "table_one": "logreg.adapters.describe",
    "datasets": "",
    "logits": "",
    "report": "",
    **{name: "logreg.errors" for name in errors.__all__ if name[0].isupper()},
}

__all__ = [*sorted(_HOMES), "__version__"]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'logreg' has no attribute {name!r}")
    home = _HOMES[name]
    found: object = (
        getattr(importlib.import_module(home), name) if home else importlib.import_module(f"logreg.{name}")
    )
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
