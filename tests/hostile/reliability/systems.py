"""The systems compared, each called the way its documentation says, with its defaults."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np  # `np.log` in the formulas of statsmodels is looked up here
import pandas as pd

import logreg
from logreg.report.write import render_as

from .judging import Answer
from .requests import BACKTICKS, Request, unquoted


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """A system under trial.

    ``lacks``: what it does not have, out of *formulas, weights, offsets, counts, multinomial, binary* (an
    outcome that is declared to be binary) *and tables* (results as text for other programs); ``fit`` makes a
    model; ``answer`` reads it; ``predict`` gives probabilities (n, K); ``save`` and ``load`` as documented;
    ``table`` is the result in the format of a suffix; ``remarks`` are printed with it, outside its tables.
    """

    name: str
    lacks: frozenset[str]
    fit: Callable[[Request], Any]
    answer: Callable[[Any], Answer]
    predict: Callable[[Any, Any], np.ndarray]
    save: Callable[[Any, Path], None]
    load: Callable[[Path], Any]
    table: Callable[[Any, str], str]
    remarks: Callable[[Any], tuple[str, ...]]


def nothing_said(model: Any) -> tuple[str, ...]:
    """Return no remark: whatever is said is a warning."""
    return ()


# logreg ------------------------------------------------------------------------------------------------


def _logreg_answer(model: Any) -> Answer:
    rows = model.coefficients()
    return Answer(
        probabilities=model.probabilities().to_numpy(),
        coef=rows["estimate"].to_numpy(float),
        std_error=rows["std_error"].to_numpy(float),
        names=tuple(rows["variable"]),
    )


def _logreg_table(model: Any, suffix: str) -> str:
    return render_as(model.report_document(), suffix).decode()


LOGREG = System(
    name="logreg",
    lacks=frozenset(),
    fit=lambda request: logreg.fit(request.formula, request.data, **request.options),
    answer=_logreg_answer,
    predict=lambda model, new: model.probabilities(new).to_numpy(),
    save=lambda model, path: model.save(path),
    load=logreg.load,
    table=_logreg_table,
    remarks=nothing_said,
)


# statsmodels -------------------------------------------------------------------------------------------


def in_patsy(formula: str) -> str:
    """Return the formula in the language of patsy, the default of statsmodels."""
    formula = BACKTICKS.sub(lambda found: f"Q({unquoted(found[0])!r})", formula)
    formula = re.sub(r"\bcbind\((.*?), (.*?)\)", r"\1 + \2", formula)
    return re.sub(r"(?<!\.)\blog\(", "np.log(", formula)


def _columns_of(request: Request) -> dict[str, Any]:
    """Return options that are columns, by the names of statsmodels; unknown ones as they are."""
    chosen = {}
    for option, value in request.options.items():
        if option == "weights":
            option = "var_weights" if request.options.get("weight_kind") == "precision" else "freq_weights"
        elif option in ("event", "weight_kind", "max_iterations"):
            continue
        chosen[option] = request.data[value] if isinstance(value, str) else value
    return chosen


def _limit(request: Request) -> dict[str, int]:
    limit = request.options.get("max_iterations")
    return {} if limit is None else {"maxiter": limit}


def _discrete(request: Request) -> Any:
    import statsmodels.formula.api as smf

    multinomial = request.outcome in ("y3", "y3s", "x3")
    kind = smf.mnlogit if multinomial else smf.logit
    return kind(in_patsy(request.formula), request.data, **_columns_of(request)).fit(
        disp=0, **_limit(request)
    )


def _glm(request: Request) -> Any:
    import statsmodels.api as sm
    import statsmodels.formula.api as smf

    options = _columns_of(request)
    return smf.glm(in_patsy(request.formula), request.data, family=sm.families.Binomial(), **options).fit(
        **_limit(request)
    )


def _both_outcomes(found: Any) -> np.ndarray:
    values = np.asarray(found, dtype=float)
    return np.column_stack([1 - values, values]) if values.ndim == 1 else values


def _statsmodels_answer(model: Any) -> Answer:
    return Answer(
        probabilities=_both_outcomes(model.predict()),
        coef=np.asarray(model.params, dtype=float).ravel(order="F"),
        std_error=np.asarray(model.bse, dtype=float).ravel(order="F"),
        names=tuple(map(str, model.params.index)),
    )


def _statsmodels_load(path: Path) -> Any:
    import statsmodels.api as sm

    return sm.load(path)


def _statsmodels_table(model: Any, suffix: str) -> str:
    summary = model.summary()
    return str({".html": summary.as_html, ".tex": summary.as_latex, ".txt": summary.as_text}[suffix]())


def _under_the_summary(model: Any) -> tuple[str, ...]:
    """Return the text that statsmodels prints under its summary, where separation is suspected."""
    text = model.summary().extra_txt
    return (text,) if text else ()


def _statsmodels(name: str, fit: Callable[[Request], Any], lacks: set[str]) -> System:
    return System(
        name=name,
        lacks=frozenset(lacks),
        fit=fit,
        answer=_statsmodels_answer,
        predict=lambda model, new: _both_outcomes(model.predict(new)),
        save=lambda model, path: model.save(path),
        load=_statsmodels_load,
        table=_statsmodels_table,
        remarks=_under_the_summary,
    )


DISCRETE = _statsmodels("statsmodels Logit, MNLogit", _discrete, {"weights", "counts", "Markdown"})
GLM = _statsmodels("statsmodels GLM", _glm, {"multinomial", "Markdown"})


# scikit-learn ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Trained:
    """An estimator with the table it was trained on, which its users keep themselves."""

    estimator: Any
    features: Any


#: Tighter than the defaults (1e-4, 100 steps), so that no ordinary stopping rule counts as a wrong answer.
TIGHT = {"tol": 1e-8, "max_iter": 10_000}


def _sklearn(request: Request, solver: str) -> Any:
    from sklearn.compose import ColumnTransformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    names = [re.sub(r"C\((.*)\)", r"\1", term) for term in request.terms]
    labelled = [
        name
        for name, term in zip(names, request.terms, strict=True)
        if term.startswith("C(") or name in ("g", "q")
    ]
    stopping = {**TIGHT, "max_iter": request.options.get("max_iterations", TIGHT["max_iter"])}
    estimator: Any = LogisticRegression(C=np.inf, solver=solver, **stopping)
    parameter = "sample_weight"
    if labelled:
        columns = ColumnTransformer(
            [("labels", OneHotEncoder(drop="first"), labelled)], remainder="passthrough"
        )
        estimator = make_pipeline(columns, estimator)
        parameter = "logisticregression__sample_weight"
    extra = {
        parameter if option == "weights" else option: request.data[value]
        for option, value in request.options.items()
        if isinstance(value, str) and option not in ("weight_kind", "event")
    }
    features = request.data[names]
    return _Trained(estimator.fit(features, request.data[request.outcome], **extra), features)


def _sklearn_answer(model: Any) -> Answer:
    last = model.estimator[-1] if hasattr(model.estimator, "steps") else model.estimator
    coef = np.column_stack([last.intercept_, last.coef_])
    return Answer(
        probabilities=model.estimator.predict_proba(model.features),
        coef=coef.ravel() if len(coef) == 1 else None,
        names=tuple(model.estimator.feature_names_in_),
    )


def _sklearn_predict(model: Any, new: Any) -> np.ndarray:
    names = list(model.estimator.feature_names_in_)
    if hasattr(new, "columns") and set(names) < set(new.columns):
        new = new[names]  # the columns of the model, out of a table that has more
    return np.asarray(model.estimator.predict_proba(new))


def _sklearn_save(model: Any, path: Path) -> None:
    with open(path, "wb") as file:
        pickle.dump(model.estimator, file)


def _sklearn_load(path: Path) -> Any:
    with open(path, "rb") as file:
        return _Trained(pickle.load(file), None)


def _no_table(model: Any, suffix: str) -> str:
    raise NotImplementedError("results are arrays")  # never asked: it stands in `lacks`


def _scikit_learn(solver: str) -> System:
    return System(
        name=f"scikit-learn, {solver}",
        lacks=frozenset({"formulas", "offsets", "counts", "binary", "tables"}),
        fit=lambda request: _sklearn(request, solver),
        answer=_sklearn_answer,
        predict=_sklearn_predict,
        save=_sklearn_save,
        load=_sklearn_load,
        table=_no_table,
        remarks=nothing_said,
    )


SYSTEMS = {
    "logreg": LOGREG,
    "discrete": DISCRETE,
    "glm": GLM,
    "lbfgs": _scikit_learn("lbfgs"),
    "newton-cholesky": _scikit_learn("newton-cholesky"),
}


def versions() -> list[tuple[str, str]]:
    """Return the packages that take part and their versions."""
    import patsy
    import sklearn
    import statsmodels

    packages = (logreg, statsmodels, patsy, sklearn, np, pd)
    return [
        (package.__name__.replace("sklearn", "scikit-learn"), package.__version__) for package in packages
    ]
