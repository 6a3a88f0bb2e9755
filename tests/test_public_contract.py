"""The public face: names, arguments with their defaults, and column names that scripts rely on.

What is written out here is written out on purpose: a change of any of it breaks somebody's script, so it has
to be made twice.
"""

from __future__ import annotations

import inspect
import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest

import logreg

REQUIRED = inspect.Parameter.empty

FIT_ARGUMENTS = {
    "event": None,
    "baseline": None,
    "weights": None,
    "weight_kind": "frequency",
    "offset": None,
    "estimator": "ml",
    "covariance": "model",
    "missing": "drop",
    "confidence": 0.95,
    "max_iterations": 50,
}

METHOD_ARGUMENTS: dict[str, dict[str, Any]] = {
    "coefficients": {"confidence": None, "interval": "wald"},
    "odds_ratios": {"unit": None, "interval": "wald", "versus": None, "intercept": False},
    "logits": {"data": None, "interval": False, "versus": None},
    "odds": {"data": None, "interval": False, "versus": None},
    "probabilities": {"data": None, "interval": False},
    "classify": {"data": None, "threshold": 0.5},
    "fit_statistics": {},
}

ATTRIBUTES = ("loglik", "loglik_null", "deviance", "aic", "bic", "n_rows", "sum_weights", "df_model")

COEFFICIENT_COLUMNS = [
    "outcome",
    "term",
    "variable",
    "level",
    "reference",
    "estimate",
    "std_error",
    "statistic",
    "p_value",
    "conf_low",
    "conf_high",
]
ODDS_RATIO_COLUMNS = [
    "outcome",
    "baseline",
    "term",
    "variable",
    "level",
    "reference",
    "unit",
    "odds_ratio",
    "conf_low",
    "conf_high",
    "p_value",
]
INTERVAL_COLUMNS = ["row", "outcome", "estimate", "std_error", "conf_low", "conf_high"]

STATISTICS = {
    "n_rows",
    "sum_weights",
    "loglik",
    "loglik_null",
    "lr_statistic",
    "lr_df",
    "lr_p_value",
    "deviance",
    "deviance_null",
    "aic",
    "aicc",
    "bic",
    "mcfadden",
    "mcfadden_adjusted",
    "cox_snell",
    "nagelkerke",
    "df_model",
    "n_coef",
}

ERRORS = (
    "OutcomeError",
    "DataError",
    "FormulaError",
    "WeightError",
    "PredictError",
    "LoadError",
    "SupportError",
)
WARNINGS = (
    "SeparationWarning",
    "CollinearityWarning",
    "ConvergenceWarning",
    "MissingDataWarning",
    "SmallClassWarning",
    "DataWarning",
)

LOGIT_FUNCTIONS = (
    "sigmoid",
    "log_sigmoid",
    "softmax",
    "log_softmax",
    "logit",
    "odds",
    "odds_to_probability",
    "cross_entropy",
    "binary_cross_entropy",
    "classify",
)

HEAVY = (
    "formulaic",
    "jinja2",
    "matplotlib",
    "narwhals",
    "pandas",
    "scipy.stats",
    "sklearn",
    "statsmodels",
    "tabmat",
)


def defaults_of(function: Any) -> dict[str, Any]:
    parameters = inspect.signature(function).parameters
    return {name: parameter.default for name, parameter in parameters.items() if name != "self"}


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    n = 240
    i = np.arange(n)
    x = np.sin(i)
    return pd.DataFrame(
        {
            "x": x,
            "group": np.array(["a", "b", "c"])[i % 3],
            "two": np.array(["no", "yes"])[((i * 7) % 11 + 4 * x > 5).astype(int)],
            "three": np.array(["low", "mid", "top"])[((i * 5) % 13 + 2 * x).astype(int) % 3],
        }
    )


@pytest.fixture(scope="module")
def binary(data: pd.DataFrame) -> Any:
    return logreg.fit("two ~ x + group", data)


@pytest.fixture(scope="module")
def multinomial(data: pd.DataFrame) -> Any:
    return logreg.fit("three ~ x + group", data)


@pytest.fixture(params=["binary", "multinomial"])
def fit(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


def test_fit_arguments() -> None:
    parameters = inspect.signature(logreg.fit).parameters
    positional = [p for p in parameters.values() if p.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
    assert [(p.name, p.default) for p in positional] == [("formula", REQUIRED), ("data", REQUIRED)]
    keywords = [p for p in parameters.values() if p.kind is inspect.Parameter.KEYWORD_ONLY]
    assert {p.name: p.default for p in keywords} == FIT_ARGUMENTS
    assert len(positional) + len(keywords) == len(parameters)


@pytest.mark.parametrize("method", METHOD_ARGUMENTS)
def test_method_arguments(binary: Any, method: str) -> None:
    promised = METHOD_ARGUMENTS[method]
    actual = defaults_of(getattr(binary, method))
    # more may be added behind, as long as nobody has to give it
    assert list(actual)[: len(promised)] == list(promised)
    assert {name: actual[name] for name in promised} == promised
    assert REQUIRED not in actual.values()


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("freq_weigths", "weight_kind='frequency'"),
        ("sample_weight", "weights='column'"),
        ("cov_type", "covariance='HC1'"),
        ("weigths", "Did you mean 'weights'"),
        ("zzz", "Arguments are: formula, data, event"),
    ],
)
def test_unknown_argument_is_named(data: pd.DataFrame, name: str, meant: str) -> None:
    with pytest.raises(TypeError) as caught:
        logreg.fit("two ~ x", data, **{name: "x"})
    assert repr(name) in str(caught.value)
    assert meant in str(caught.value)


def test_coefficient_columns(fit: Any) -> None:
    table = fit.coefficients()
    assert list(table.columns) == COEFFICIENT_COLUMNS
    for column in COEFFICIENT_COLUMNS[5:]:
        assert table[column].dtype == np.float64


def test_confidence_level_can_be_given_late(fit: Any) -> None:
    wide, narrow = fit.coefficients(confidence=0.99), fit.coefficients(confidence=0.5)
    assert (wide["conf_low"] < narrow["conf_low"]).all()
    assert (wide["conf_high"] > narrow["conf_high"]).all()
    pd.testing.assert_frame_equal(fit.coefficients(), fit.coefficients(confidence=0.95))


def test_term_variable_level_and_reference(binary: Any) -> None:
    table = binary.coefficients()
    assert list(table["term"]) == ["Intercept", "x", "group[T.b]", "group[T.c]"]
    groups = table[table["variable"] == "group"]
    assert list(groups["level"]) == ["b", "c"]
    assert list(groups["reference"]) == ["a", "a"]
    assert list(table.loc[table["variable"] == "x", "term"]) == ["x"]


def test_odds_ratio_columns(fit: Any) -> None:
    table = fit.odds_ratios()
    assert list(table.columns) == ODDS_RATIO_COLUMNS
    for column in ODDS_RATIO_COLUMNS[7:]:
        assert table[column].dtype == np.float64
    assert "Intercept" not in set(table["term"])
    assert "Intercept" in set(fit.odds_ratios(intercept=True)["term"])


def test_odds_ratio_per_unit(binary: Any) -> None:
    one, ten = binary.odds_ratios().set_index("term"), binary.odds_ratios(unit={"x": 10}).set_index("term")
    for column in ("odds_ratio", "conf_low", "conf_high"):
        assert ten.loc["x", column] == pytest.approx(one.loc["x", column] ** 10, rel=1e-12)
        assert ten.loc["group[T.b]", column] == one.loc["group[T.b]", column]
    assert ten.loc["x", "unit"] == 10
    assert ten.loc["x", "p_value"] == one.loc["x", "p_value"]


@pytest.mark.parametrize("scale", ["logits", "odds", "probabilities"])
def test_interval_columns(fit: Any, data: pd.DataFrame, scale: str) -> None:
    long = getattr(fit, scale)(data, interval=True)
    assert list(long.columns) == INTERVAL_COLUMNS


def test_one_column_per_outcome_on_the_index_of_the_data(
    data: pd.DataFrame, binary: Any, multinomial: Any
) -> None:
    rows = data.set_index(pd.Index(np.arange(len(data)) * 3 + 7, name="id"))
    for scale, two, three in (
        ("logits", ["yes"], ["mid", "top"]),
        ("odds", ["yes"], ["mid", "top"]),
        ("probabilities", ["no", "yes"], ["low", "mid", "top"]),
    ):
        for fit, columns in ((binary, two), (multinomial, three)):
            wide = getattr(fit, scale)(rows)
            assert list(wide.columns) == columns
            assert wide.index.equals(rows.index)


def test_versus_names_the_other_outcomes(multinomial: Any, data: pd.DataFrame) -> None:
    table = multinomial.odds_ratios(versus="top")
    assert set(table["baseline"]) == {"top"}
    assert set(table["outcome"]) == {"low", "mid"}
    assert set(multinomial.logits(data, versus="top").columns) == {"low", "mid"}


def test_fit_statistics(fit: Any, binary: Any) -> None:
    table = fit.fit_statistics()
    assert list(table.columns) == ["statistic", "value"]
    names = list(table["statistic"])
    assert len(names) == len(set(names))
    assert set(names) >= STATISTICS
    assert "tjur" in set(binary.fit_statistics()["statistic"])
    values = dict(zip(names, table["value"], strict=True))
    for name in ATTRIBUTES:
        assert getattr(fit, name) == values[name]


def test_coef_and_vcov_are_labelled_by_outcome_and_term(fit: Any) -> None:
    keys = list(zip(fit.coefficients()["outcome"], fit.coefficients()["term"], strict=True))
    assert list(fit.vcov.index) == list(fit.vcov.columns) == keys
    assert list(fit.coef.index) == keys


def test_classify_returns_labels(binary: Any, multinomial: Any, data: pd.DataFrame) -> None:
    assert set(np.ravel(binary.classify(data))) == {"no", "yes"}
    assert set(np.ravel(multinomial.classify(data))) <= {"low", "mid", "top"}
    assert set(np.ravel(binary.classify(data, threshold=1e-9))) == {"yes"}


def test_a_fit_is_immutable(fit: Any) -> None:
    with pytest.raises(AttributeError):
        fit.loglik = 0.0
    mine = fit.coefficients()
    mine["estimate"] = 0.0
    assert (fit.coefficients()["estimate"] != 0.0).all()


def test_errors_are_value_errors() -> None:
    assert issubclass(logreg.LogregError, ValueError)
    for name in ERRORS:
        error = getattr(logreg, name)
        assert issubclass(error, logreg.LogregError), name
        assert name in logreg.__all__
    assert "LogregError" in logreg.__all__


def test_warnings_are_user_warnings() -> None:
    assert issubclass(logreg.LogregWarning, UserWarning)
    for name in WARNINGS:
        warning = getattr(logreg, name)
        assert issubclass(warning, logreg.LogregWarning), name
        assert name in logreg.__all__
    assert "LogregWarning" in logreg.__all__


def test_logits_of_any_origin_are_there() -> None:
    for name in LOGIT_FUNCTIONS:
        assert callable(getattr(logreg.logits, name)), name


def test_every_public_name_is_reachable() -> None:
    assert {"fit", "logits"} <= set(logreg.__all__)
    assert len(logreg.__all__) == len(set(logreg.__all__))
    for name in logreg.__all__:
        assert getattr(logreg, name) is getattr(logreg, name)
    assert set(logreg.__all__) <= set(dir(logreg))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="fti"):
        _ = logreg.fti


def modules_after(statement: str) -> set[str]:
    """Return the modules that a fresh interpreter holds after a statement."""
    code = f"import sys; {statement}; sys.stdout.write(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_logreg_is_light() -> None:
    assert modules_after("import logreg") & set(HEAVY) == set()


def test_the_errors_are_light() -> None:
    assert (
        modules_after("import logreg; logreg.OutcomeError, logreg.MissingDataWarning") & set(HEAVY) == set()
    )


def test_the_functions_on_logits_need_no_table_library() -> None:
    loaded = modules_after("import logreg; logreg.logits.sigmoid(0.0)")
    assert loaded & (set(HEAVY) - {"scipy.stats"}) == set()
