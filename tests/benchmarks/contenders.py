"""The programs side by side: each fits one case and returns coefficients in one common order.

A contender imports its program when called, so that a fresh process pays for one program only. What it must
build to suit the program (a constant column, an array instead of a frame) happens in ``prepare``, outside
the clock; what an analyst would wait for happens in the function that ``prepare`` returns.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from cases import Data

__all__ = ["CONTENDERS", "PATIENCE", "Contender", "Estimate", "by_name"]

Array = np.ndarray
#: Seconds after which a solver of the slow kind is stopped.
PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """Coefficients equation by equation, intercept first, and standard errors where the program gives them.

    ``finish`` computes standard errors on the scale of the others, outside the clock.
    """

    coef: Array
    std_error: Array | None = None
    finish: Callable[[], Array] | None = None


Fit = Callable[[], Estimate]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One row of the table: ``prepare(data)`` returns what is timed.

    ``runs`` fresh processes are started, ``calls`` calls timed in each, a process being stopped ``limit``
    seconds after its data are ready. ``warm_rows`` overrides the rows of the first, untimed fit; with
    ``first_call`` there is none, and the clock includes the imports. ``yardstick`` also times ``X.T @ X``.
    ``module`` must be importable for the contender to take part.
    """

    program: str
    way: str
    prepare: Callable[[Data], Fit]
    runs: int = 3
    calls: int = 1
    limit: float = 300.0
    warm_rows: int | None = None
    yardstick: bool = False
    module: str | None = None
    first_call: bool = False

    @property
    def name(self) -> str:
        return f"{self.program}, {self.way}"

    @property
    def available(self) -> bool:
        if self.module is None:
            return True
        try:
            return importlib.util.find_spec(self.module) is not None
        except ModuleNotFoundError:
            return False


# logreg


def logreg_formula(data: Data) -> Fit:
    import logreg

    def fit() -> Estimate:
        model = logreg.fit(data.formula, data.frame)
        return Estimate(model.coef_array.ravel(), model.std_error_array.ravel())

    return fit


def logreg_array(data: Data) -> Fit:
    from logreg.adapters.sklearn import LogisticClassifier

    def fit() -> Estimate:
        model = LogisticClassifier().fit(data.numbers, data.codes).fit_
        return Estimate(model.coef_array.ravel(), model.std_error_array.ravel())

    return fit


def logreg_kernel(data: Data) -> Fit:
    """Find the optimum from prepared arrays: rank check, ascent, covariance."""
    from logreg.design.matrices import DenseMatrix
    from logreg.engine.optimum import find_optimum
    from logreg.engine.types import DesignBlock
    from logreg.passes.sums import objective_of

    matrix = DenseMatrix(np.ascontiguousarray(data.numbers.T), leading_one=True)
    blocks = [DesignBlock(matrix=matrix, n_outcomes=2, codes=data.codes.astype(np.int8))]
    share = data.codes.mean()
    null_logits = np.log([share / (1 - share)])

    def fit() -> Estimate:
        optimum = find_optimum(
            blocks, objective_of, null_logits=null_logits, intercept=True, max_iterations=50
        )
        return Estimate(optimum.coef.ravel(), np.sqrt(np.diagonal(optimum.vcov)))

    return fit


# statsmodels


def statsmodels_array(data: Data, model: str) -> Fit:
    import statsmodels.api as sm

    design = sm.add_constant(data.numbers)

    def fit() -> Estimate:
        result = getattr(sm, model)(data.codes, design).fit(disp=0)
        return Estimate(np.asarray(result.params).T.ravel(), np.asarray(result.bse).T.ravel())

    return fit


def statsmodels_glm(data: Data) -> Fit:
    import statsmodels.api as sm

    design = sm.add_constant(data.numbers)

    def fit() -> Estimate:
        result = sm.GLM(data.codes, design, family=sm.families.Binomial()).fit()
        return Estimate(np.asarray(result.params), np.asarray(result.bse))

    return fit


def statsmodels_formula(data: Data) -> Fit:
    import statsmodels.formula.api as smf

    def fit() -> Estimate:
        result = smf.logit(data.formula, data.frame).fit(disp=0)
        return Estimate(result.params.to_numpy(), result.bse.to_numpy())

    return fit


# scikit-learn


def sklearn_array(data: Data, solver: str) -> Fit:
    from sklearn.linear_model import LogisticRegression

    def fit() -> Estimate:
        model = LogisticRegression(C=np.inf, solver=solver, tol=1e-8, max_iter=10_000)
        model.fit(data.numbers, data.codes)
        coef = np.column_stack([model.intercept_, model.coef_])
        if data.n_outcomes > 2:
            # One row per outcome, summing to zero: the difference from the first is the logit against it.
            coef = coef[1:] - coef[0]
        return Estimate(coef.ravel())

    return fit


# glum


def glum_model(data: Data, by: str, gradient_tol: float | None = None) -> Fit:
    import glum

    options: dict[str, Any] = {
        "family": "binomial",
        "alpha": 0,
        "robust": False,
        "drop_first": True,
        "gradient_tol": gradient_tol,
    }
    if by == "formula":
        options["formula"] = data.formula

    def fit() -> Estimate:
        model = glum.GeneralizedLinearRegressor(**options)
        if by == "formula":
            model.fit(data.frame, store_covariance_matrix=True)
        elif by == "frame":
            model.fit(data.frame[data.predictors], data.codes, store_covariance_matrix=True)
        else:
            model.fit(data.numbers, data.codes, store_covariance_matrix=True)
        std_error = model.std_errors()
        coef = np.concatenate([[model.intercept_], model.coef_])
        return Estimate(coef, finish=lambda: std_error / dispersion_factor(model))

    def dispersion_factor(model: Any) -> float:
        # glum multiplies the covariance by Pearson's dispersion and n / (n - p); neither belongs to a logit.
        source = data.numbers if by == "array" else data.frame
        mean = model.predict(source if by != "frame" else data.frame[data.predictors])
        n, p = len(data.codes), len(model.coef_) + 1
        dispersion = ((data.codes - mean) ** 2 / (mean * (1 - mean))).sum() / (n - p)
        return float(np.sqrt(dispersion * n / (n - p)))

    return fit


# Who takes part where

FORMULA = Contender(program="logreg", way="formula", prepare=logreg_formula)
ARRAY = Contender(
    program="logreg", way="LogisticClassifier", prepare=logreg_array, module="logreg.adapters.sklearn"
)
SKLEARN = (
    *(
        Contender(program="scikit-learn", way=solver, prepare=partial(sklearn_array, solver=solver))
        for solver in ("lbfgs", "newton-cg", "newton-cholesky")
    ),
    *(
        Contender(
            program="scikit-learn",
            way=solver,
            prepare=partial(sklearn_array, solver=solver),
            runs=1,
            limit=PATIENCE,
            warm_rows=2_000,
        )
        for solver in ("sag", "saga")
    ),
)
CONTENDERS: dict[str, tuple[Contender, ...]] = {
    "A": (
        replace(FORMULA, yardstick=True),
        replace(ARRAY, yardstick=True),
        *SKLEARN,
        Contender(
            program="statsmodels",
            way="Logit",
            prepare=partial(statsmodels_array, model="Logit"),
            runs=2,
            warm_rows=10_000,
        ),
        Contender(program="statsmodels", way="GLM", prepare=statsmodels_glm, runs=1, warm_rows=10_000),
        Contender(program="glum", way="array", prepare=partial(glum_model, by="array"), runs=2),
    ),
    "A2": (
        replace(FORMULA, yardstick=True),
        *(
            Contender(
                program="scikit-learn",
                way=solver,
                prepare=partial(sklearn_array, solver=solver),
                runs=1,
                limit=PATIENCE,
                warm_rows=2_000,
            )
            for solver in ("lbfgs", "newton-cg", "newton-cholesky")
        ),
    ),
    "B": (
        FORMULA,
        ARRAY,
        *SKLEARN,
        Contender(
            program="statsmodels",
            way="MNLogit",
            prepare=partial(statsmodels_array, model="MNLogit"),
            runs=1,
            warm_rows=3_000,
        ),
    ),
    "C": (
        FORMULA,
        Contender(program="glum", way="formula", prepare=partial(glum_model, by="formula")),
        Contender(program="glum", way="frame", prepare=partial(glum_model, by="frame")),
        Contender(
            program="glum",
            way="frame, gradient_tol=1e-8",
            prepare=partial(glum_model, by="frame", gradient_tol=1e-8),
            runs=1,
        ),
    ),
    "D": (
        Contender(program="logreg", way="formula", prepare=logreg_formula, calls=300),
        Contender(program="logreg", way="kernel alone", prepare=logreg_kernel, calls=1_000),
        Contender(program="statsmodels", way="smf.logit", prepare=statsmodels_formula, calls=300),
        Contender(program="logreg", way="formula, first call", prepare=logreg_formula, first_call=True),
        Contender(
            program="statsmodels", way="smf.logit, first call", prepare=statsmodels_formula, first_call=True
        ),
    ),
}


def by_name(case: str, name: str) -> Contender:
    """Return the contender of a case by the name it has in the table."""
    return next(contender for contender in CONTENDERS[case] if contender.name == name)
