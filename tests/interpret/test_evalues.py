"""E-values: the published examples and the closed form."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import logreg
from logreg.errors import SupportError
from logreg.interpret.evalues import e_value


@pytest.mark.parametrize(
    ("ratio", "expected"),
    [
        # VanderWeele and Ding (2017): formula feeding and infant death; maternal breastfeeding and ovarian
        # cancer; the EValue package's vignette on smoking and lung cancer.
        (3.9, "7.26"),
        (1.8, "3.00"),
        (0.5, "3.41"),
        (0.8, "1.81"),
        (0.91, "1.43"),
        (10.73, "20.95"),
        (8.02, "15.52"),
        (1.0, "1.00"),
    ],
)
def test_published_examples(ratio: float, expected: str) -> None:
    assert f"{float(e_value(ratio)):.2f}" == expected


def test_the_ends() -> None:
    assert e_value([0.0, np.inf, 1e300]).tolist() == [np.inf, np.inf, 2e300]
    assert np.isnan(e_value(np.nan))
    np.testing.assert_allclose(e_value([0.25, 4.0]), [4 + np.sqrt(12)] * 2, rtol=1e-15)
    with pytest.raises(SupportError, match="negative"):
        e_value([-1.0])


def two_by_two(a: int, b: int, c: int, d: int) -> pd.DataFrame:
    x = ["yes"] * (a + b) + ["no"] * (c + d)
    return pd.DataFrame({"x": x, "y": [1] * a + [0] * b + [1] * c + [0] * d})


def test_a_common_outcome_takes_the_square_root() -> None:
    fit = logreg.fit("y ~ x", two_by_two(30, 10, 20, 40))
    half = 1.959963984540054 * np.sqrt(1 / 30 + 1 / 10 + 1 / 20 + 1 / 40)
    low = np.sqrt(6.0 * np.exp(-half))
    [line] = fit.e_values().to_dict("records")
    assert line["risk_ratio"] == pytest.approx(np.sqrt(6.0), rel=1e-9)
    assert line["e_value"] == pytest.approx(np.sqrt(6) + np.sqrt(np.sqrt(6) * (np.sqrt(6) - 1)), rel=1e-9)
    assert line["e_value_limit"] == pytest.approx(low + np.sqrt(low * (low - 1)), rel=1e-9)
    assert line["approximation"].startswith("common outcome")
    assert line["reason"] == ""
    as_rare = fit.e_values(rare=True)
    assert as_rare.risk_ratio[0] == pytest.approx(6.0, rel=1e-9)
    assert as_rare.approximation[0].startswith("rare outcome")


def test_a_rare_outcome_takes_the_odds_ratio_and_a_protective_one_its_upper_limit() -> None:
    fit = logreg.fit("y ~ x", two_by_two(10, 490, 30, 470))
    ratio = (10 * 470) / (30 * 490)
    half = 1.959963984540054 * np.sqrt(1 / 10 + 1 / 490 + 1 / 30 + 1 / 470)
    [line] = fit.e_values().to_dict("records")
    assert line["approximation"].startswith("rare outcome")
    assert line["e_value"] == pytest.approx(float(e_value(ratio)), rel=1e-9)
    assert line["e_value_limit"] == pytest.approx(float(e_value(ratio * np.exp(half))), rel=1e-9)
    assert fit.e_values(rare=False).risk_ratio[0] == pytest.approx(np.sqrt(ratio), rel=1e-9)


def test_an_interval_that_holds_one_needs_no_confounder() -> None:
    fit = logreg.fit("y ~ x", two_by_two(12, 10, 10, 10))
    assert fit.e_values().e_value_limit[0] == 1.0
    assert fit.e_values(confidence=0.01).e_value_limit[0] > 1.0


def test_the_share_counts_weights_and_trials() -> None:
    cells = pd.DataFrame({"x": ["yes", "yes", "no", "no"], "y": [1, 0, 1, 0], "n": [5, 95, 10, 90]})
    weighted = logreg.fit("y ~ x", cells, weights="n").e_values()
    assert weighted.approximation[0].startswith("rare")
    wide = pd.DataFrame({"x": ["yes", "no"], "event": [5, 10], "other": [95, 90]})
    grouped = logreg.fit("cbind(event, other) ~ x", wide).e_values()
    assert grouped.approximation[0].startswith("rare")
    np.testing.assert_allclose(grouped.e_value, weighted.e_value, rtol=1e-8)


def test_joint_terms_get_theirs_at_stated_values() -> None:
    births = logreg.datasets.load("birthwt")
    fit = logreg.fit("low ~ age * smoke + race", births)
    found = fit.e_values().set_index("term")
    assert found.e_value.isna().tolist() == [
        name in ("age", "smoke[T.yes]", "age:smoke[T.yes]") for name in found.index
    ]
    assert set(found.reason[found.e_value.isna()]) == {
        "acts jointly with other terms: name variables= and at="
    }
    assert (found.reason[["race[T.black]", "race[T.other]"]] == "").all()
    at = fit.e_values(variables="smoke", at={"age": [20, 30]})
    ratios = fit.odds_ratios(variables="smoke", at={"age": [20, 30]})
    np.testing.assert_allclose(at.e_value, e_value(np.sqrt(ratios.odds_ratio)), rtol=1e-12)
    assert at.age.tolist() == [20, 30]
    per_ten = logreg.fit("low ~ lwt", births).e_values(unit={"lwt": -10})
    assert per_ten.unit[0] == -10


def test_what_has_no_finite_estimate_says_why() -> None:
    data = two_by_two(5, 0, 10, 20).assign(z=[k % 5 for k in range(35)])
    with pytest.warns(logreg.LogregWarning):
        fit = logreg.fit("y ~ x + z + I(2 * z)", data)
    found = fit.e_values().set_index("term")
    assert found.e_value["x[T.yes]"] == np.inf
    assert np.isnan(found.e_value_limit["x[T.yes]"])
    assert found.reason["x[T.yes]"] == "no interval: the data separate the outcomes along it"
    assert found.reason["I(2 * z)"] != ""
    assert np.isnan(found.e_value["I(2 * z)"])


def test_levels_without_a_reference_level(tmp_path: Path) -> None:
    births = logreg.datasets.load("birthwt")
    for formula in ("low ~ C(race, Sum) + age", "low ~ 0 + race + age"):
        found = logreg.fit(formula, births).e_values()
        assert found.e_value[found.variable == "race"].isna().all()
        assert np.isfinite(found.e_value[found.variable == "age"]).all()


def test_what_is_refused() -> None:
    fit = logreg.fit("partic ~ hincome", logreg.datasets.load("womenlf"))
    with pytest.raises(SupportError, match="more than two outcomes"):
        fit.e_values()
    with pytest.raises(SupportError, match="rare="):
        logreg.fit("y ~ x", two_by_two(3, 4, 5, 6)).e_values(rare=0.1)  # type: ignore[arg-type]
