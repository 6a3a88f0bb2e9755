"""Standardised coefficients: R's sd, var and cor; published figures; every layout of the same data."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import logreg
from logreg.data import open_source
from logreg.errors import SupportError
from logreg.interpret.standardised import STANDARDISATIONS

REFERENCE = json.loads(
    (Path(__file__).parents[1] / "reference/own/interpret/interpret.json").read_text(encoding="utf-8")
)
RTOL = 1e-8
FORMULA = "low ~ age + lwt + race + smoke"


@pytest.fixture(scope="module")
def births() -> pd.DataFrame:
    return logreg.datasets.load("birthwt")


def agrees(fit: logreg.LogisticFit, expected: dict[str, dict[str, list[float]]]) -> None:
    for kind, numbers in expected.items():
        found = fit.standardised(kind)
        for name in ("sd", "estimate", "std_error"):
            np.testing.assert_allclose(found[name], numbers[name], rtol=RTOL, err_msg=f"{kind} {name}")


def test_the_kinds_by_their_formulas(births: pd.DataFrame) -> None:
    fit = logreg.fit(FORMULA, births)
    assert set(REFERENCE["standardised"]) == set(STANDARDISATIONS)
    agrees(fit, REFERENCE["standardised"])
    found, plain = fit.standardised("latent-y"), fit.coefficients().iloc[1:].reset_index()
    columns = "outcome term variable level reference standardisation sd divisor estimate std_error statistic"
    assert list(found.columns) == [*columns.split(), "p_value", "conf_low", "conf_high"]
    np.testing.assert_allclose(found.p_value, plain.p_value, rtol=1e-12)
    np.testing.assert_allclose(found.estimate, plain.estimate * found.sd / found.divisor, rtol=1e-12)
    np.testing.assert_allclose(found.conf_low, plain.conf_low * found.sd / found.divisor, rtol=1e-12)
    assert set(found.standardisation) == {"latent-y"}


def test_frequencies_count_copies_in_every_layout(births: pd.DataFrame) -> None:
    copies = 1 + np.arange(1, len(births) + 1) % 3
    weighted = births.assign(n=copies)
    repeated = births.loc[births.index.repeat(copies)].reset_index(drop=True)
    counted = weighted.assign(event=births.low * copies, other=(1 - births.low) * copies)
    for fit in (
        logreg.fit(FORMULA, weighted, weights="n"),
        logreg.fit(FORMULA, repeated),
        logreg.fit(FORMULA, open_source(repeated, block_rows=7)),
        logreg.fit(FORMULA.replace("low", "cbind(event, other)"), counted),
    ):
        agrees(fit, REFERENCE["standardised_frequency"])


def test_sampling_weights_estimate_the_spread_of_the_population(births: pd.DataFrame) -> None:
    w = 1.0 + births.age % 3
    found = logreg.fit("low ~ lwt", births.assign(w=w), weights="w", weight_kind="sampling").standardised("x")
    n, mean = len(births), np.average(births.lwt, weights=w)
    # As survey::svyvar: the weighted variance times n / (n - 1).
    variance = np.average((births.lwt - mean) ** 2, weights=w) * n / (n - 1)
    assert found.sd[0] == pytest.approx(np.sqrt(variance), rel=1e-12)


def test_published_figures_of_listcoef() -> None:
    from statsmodels.datasets import spector

    data = spector.load_pandas().data.rename(columns=str.lower)
    fit = logreg.fit("grade ~ gpa + tuce + psi", data.assign(grade=data.grade.astype(int)))
    # Williams (Notre Dame), "Standardized Coefficients in Logistic Regression": logit and fitstat of Stata.
    assert fit.coef_array[0].round(6).tolist() == [-13.021347, 2.826113, 0.095158, 2.378688]
    assert fit.standardised("x").sd.round(7).tolist() == [0.4667128, 3.9015092, 0.5040161]
    assert fit.standardised("latent-y").divisor[0] ** 2 == pytest.approx(7.210, abs=5e-4)


def test_each_equation_of_several_outcomes(births: pd.DataFrame) -> None:
    women = logreg.datasets.load("womenlf")
    fit = logreg.fit("partic ~ hincome * children", women, baseline="not.work")
    expected = REFERENCE["standardised_multinomial"]
    found = fit.standardised("x").set_index(["outcome", "term"])
    for outcome, coef in zip(("parttime", "fulltime"), expected["coef"], strict=True):
        for k, term in enumerate(fit.spec.column_names[1:]):
            value = coef[k] * expected["sd"][k]
            assert found.estimate[outcome, term] == pytest.approx(value, rel=RTOL)
            sas = fit.standardised("sas").set_index(["outcome", "term"]).estimate[outcome, term]
            assert sas == pytest.approx(value / (np.pi / np.sqrt(3)), rel=RTOL)
    for kind in ("latent-y", "menard"):
        with pytest.raises(SupportError, match="two outcomes"):
            fit.standardised(kind)


def test_columns_far_from_zero(births: pd.DataFrame) -> None:
    far = logreg.fit("low ~ age", births.assign(age=births.age + 1e8)).standardised("menard")
    near = logreg.fit("low ~ age", births).standardised("menard")
    assert far.sd[0] == pytest.approx(near.sd[0], rel=1e-12)
    assert far.estimate[0] == pytest.approx(near.estimate[0], rel=1e-6)


def test_an_offset_is_part_of_the_logit(births: pd.DataFrame) -> None:
    data = births.assign(shift=births.lwt / 50)
    fit = logreg.fit("low ~ age", data, offset="shift")
    logits = fit.logits().iloc[:, 0]
    assert fit.standardised("latent-y").divisor[0] == pytest.approx(
        np.sqrt(logits.var() + np.pi**2 / 3), rel=1e-12
    )


def test_separation_and_left_out_columns() -> None:
    data = pd.DataFrame(
        {"x": ["yes"] * 5 + ["no"] * 30, "z": [k % 5 for k in range(35)], "y": [1] * 5 + [0, 1, 0] * 10}
    )
    with pytest.warns(logreg.LogregWarning):
        fit = logreg.fit("y ~ x + z + I(2 * z)", data)
    found = fit.standardised("sas").set_index("term")
    assert found.estimate["x[T.yes]"] == np.inf
    assert np.isnan(found.conf_low["x[T.yes]"])
    assert np.isnan(found.estimate["I(2 * z)"])
    with pytest.raises(SupportError, match="separation"):
        fit.standardised("latent-y")


def test_what_is_refused(births: pd.DataFrame, tmp_path: Path) -> None:
    fit = logreg.fit("low ~ age", births)
    with pytest.raises(SupportError, match="Did you mean 'latent-y'"):
        fit.standardised("latent_y")
    with pytest.raises(SupportError, match="'menard'"):
        fit.standardised(None)  # type: ignore[arg-type]
    fit.save(tmp_path / "model.json")
    with pytest.raises(SupportError, match="rows the model was fitted to"):
        logreg.load(tmp_path / "model.json").standardised()
