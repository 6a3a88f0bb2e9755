"""Whole models side by side: published nested pairs, pscl's Vuong test, and spans by hand."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

import logreg
from logreg.data import open_source
from logreg.errors import DataError, SupportError

from ..reference.comparison import HERE, read_json
from ..reference.test_cases import NESTED, case_of, fitted_to

OWN = read_json(HERE / "own" / "anova" / "anova.json")


def generated(n: int = 240, seed: int = 5) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    data = pd.DataFrame(
        {
            "a": rng.choice(list("pqr"), n),
            "b": rng.choice(list("uv"), n),
            "dose": rng.integers(0, 4, n).astype(float),
            "x": rng.normal(size=n),
            "z": rng.normal(size=n),
            "w": rng.integers(1, 4, n),
        }
    )
    logit = 0.7 * data.x + 0.4 * (data.a == "p") - 0.2 * data.dose
    data["y"] = (rng.random(n) < 1 / (1 + np.exp(-logit))).astype(int)
    data["m"] = np.where(rng.random(n) < 0.4, "A", np.where(data.y == 1, "B", "C"))
    return data


@pytest.mark.parametrize("name", NESTED)
def test_published_nested_pairs(name: str) -> None:
    case = case_of(name)
    expected = case["expected"]["nested_lr"]
    full, restricted = fitted_to(case), fitted_to(case, NESTED[name])
    for table in (full.compare(restricted), restricted.compare(full)):
        assert list(table.model) == [restricted.spec.formula, full.spec.formula]
        assert list(table.n_coef) == [restricted.n_coef, full.n_coef]
        assert table.test[1] == "LR"
        assert table.versus[1] == restricted.spec.formula
        assert table.df[1] == expected["df"]
        assert table.statistic[1] == pytest.approx(expected["chi2"], rel=1e-9)
        assert table.p_value[1] == pytest.approx(expected["p"], rel=1e-8)
        assert np.isnan(table.statistic[0])


def test_larger_published_model_with_frequencies() -> None:
    case = case_of("a10_alligators")
    expected = case["expected"]["larger_model"]["lr_gender"]
    table = fitted_to(case).compare(fitted_to(case, "lake + size + gender"))
    assert (table.df[1], table.test[1]) == (expected["df"], "LR")
    assert table.statistic[1] == pytest.approx(expected["chi2"], rel=1e-9)


def test_criteria_and_their_weights() -> None:
    data = generated()
    fits = [logreg.fit(f"y ~ {right}", data) for right in ("x", "x + a", "x + z + b")]
    table = fits[2].compare(fits[0], fits[1])
    by_formula = {fit.spec.formula: fit for fit in fits}
    for row in table.itertuples():
        fit = by_formula[row.model]
        assert (row.n_rows, row.loglik, row.aic, row.bic) == (fit.n_rows, fit.loglik, fit.aic, fit.bic)
    share = np.exp(-0.5 * table.aic)
    np.testing.assert_allclose(table.aic_weight, share / share.sum(), rtol=1e-12)


def test_the_largest_nested_model_is_chosen() -> None:
    data = generated()
    fits = [logreg.fit(f"y ~ {right}", data) for right in ("x", "x + a", "z + b", "x + a * b + z")]
    table = fits[0].compare(*fits[1:])
    assert list(table.n_coef) == [2, 3, 4, 8]
    found = table.set_index("model")
    assert found.versus["y ~ x + a"] == "y ~ x"
    assert found.test["y ~ z + b"] == "Vuong"
    assert found.versus["y ~ x + a * b + z"] == "y ~ x + a"
    assert found.statistic["y ~ x + a * b + z"] == pytest.approx(2 * (fits[3].loglik - fits[1].loglik))


#: Larger and smaller models, and whether the smaller is nested: the columns decide, not the spelling.
SPANS = [
    ("C(dose)", "dose", True),
    ("dose", "C(dose)", False),
    ("poly(x, 2)", "x", True),
    ("poly(x, 2)", "I(x ** 2)", True),
    ("C(a, Treatment('r')) * b", "a + b", True),
    ("C(a, contr.sum) + b", "a", True),
    ("0 + a:b", "a * b", True),
    ("a + x", "0 + a", True),
    ("x + z", "I(3 * x - 2 * z)", True),
    ("x + z", "I(x * z)", False),
    ("0 + x", "1", False),
    ("a:x", "a", False),
    ("bs(x, df=6)", "x", True),
    ("ns(x, df=3)", "x", True),
]


@pytest.mark.parametrize(("large", "small", "nested"), SPANS)
@pytest.mark.parametrize("outcome", ["y", "m"])
def test_nesting_is_about_spans(large: str, small: str, nested: bool, outcome: str) -> None:
    data = generated()
    one, other = logreg.fit(f"{outcome} ~ {large}", data), logreg.fit(f"{outcome} ~ {small}", data)
    table = one.compare(other)
    if one.n_coef < other.n_coef:
        assert table.test[1] == "LR"
    elif one.n_coef == other.n_coef and nested:
        assert table.test[1] is None
        assert table.reason[1] == "the same model in other columns"
        assert one.loglik == pytest.approx(other.loglik, rel=1e-12)
    else:
        assert (table.test[1] == "LR") is nested
    blocks = logreg.fit(f"{outcome} ~ {large}", open_source(data, block_rows=7))
    again = blocks.compare(other)
    assert list(again.test) == list(table.test)
    np.testing.assert_allclose(again.statistic, table.statistic, rtol=1e-8)


def test_far_from_zero_a_number_is_not_the_constant() -> None:
    data = generated().assign(far=lambda d: 1e7 + d.z)
    table = logreg.fit("y ~ x + a", data).compare(logreg.fit("y ~ far", data))
    assert table.test[1] == "Vuong"


def test_aliased_columns_do_not_count() -> None:
    data = generated().assign(double=lambda d: 2 * d.x)
    with pytest.warns(logreg.CollinearityWarning):
        aliased = logreg.fit("y ~ x + double + z", data)
    table = aliased.compare(logreg.fit("y ~ x", data), logreg.fit("y ~ double + z", data))
    assert list(table.n_coef) == [2, 3, 3]
    assert table.df[1] == 1
    assert table.reason[2] == "the same model in other columns"


def test_offsets_belong_to_the_span() -> None:
    data = generated().assign(o=lambda d: 0.5 * d.x, p=lambda d: d.z / 3)
    free, fixed = logreg.fit("y ~ x + a", data), logreg.fit("y ~ a", data, offset="o")
    assert free.compare(fixed).test[1] == "LR"
    assert free.compare(fixed).statistic[1] == pytest.approx(2 * (free.loglik - fixed.loglik), rel=1e-9)
    assert free.compare(logreg.fit("y ~ a", data, offset="p")).test[1] == "Vuong"
    both = logreg.fit("m ~ x + a", data, offset=["o", "p"]), logreg.fit("m ~ a", data, offset=["o", "p"])
    assert both[0].compare(both[1]).test[1] == "LR"
    other = logreg.fit("m ~ a", data, offset=["p", "o"])
    assert both[0].compare(other).test[1] == "Vuong"


def test_the_baseline_does_not_matter() -> None:
    data = generated()
    small = logreg.fit("m ~ a", data, baseline="C")
    expected = logreg.fit("m ~ a + x", data).compare(logreg.fit("m ~ a", data))
    found = logreg.fit("m ~ a + x", data, baseline="B").compare(small)
    np.testing.assert_allclose(found.statistic[1], expected.statistic[1], rtol=1e-9)
    one = logreg.fit("m ~ x", data).vuong(logreg.fit("m ~ z", data))
    other = logreg.fit("m ~ x", data, baseline="B").vuong(logreg.fit("m ~ z", data, baseline="C"))
    np.testing.assert_allclose(one.statistic, other.statistic, rtol=1e-9)
    event = logreg.fit("y ~ x", data, event=0).vuong(logreg.fit("y ~ z", data))
    np.testing.assert_allclose(
        event.statistic, logreg.fit("y ~ x", data).vuong(logreg.fit("y ~ z", data)).statistic, rtol=1e-9
    )


@pytest.mark.parametrize("expected", OWN["vuong"], ids=lambda case: case["one"])
def test_vuong_agrees_with_pscl(expected: Mapping[str, Any]) -> None:
    data = pd.read_csv(HERE / "data" / f"{expected['data']}.csv")
    one, other = (logreg.fit(f"low ~ {expected[side]}", data) for side in ("one", "other"))
    table = one.vuong(other).set_index("correction")
    for correction in ("none", "AIC", "BIC"):
        z = expected[correction]
        assert table.statistic[correction] == pytest.approx(z, rel=1e-9)
        assert table.p_value[correction] == pytest.approx(2 * norm.sf(abs(z)), rel=1e-8)
        assert table.favours[correction] == (one if z > 0 else other).spec.formula
    swapped = other.vuong(one).set_index("correction")
    np.testing.assert_allclose(swapped.statistic, -table.statistic, rtol=1e-12)
    assert list(swapped.favours) == list(table.favours)
    beside = one.compare(other)
    assert abs(beside.statistic[1]) == pytest.approx(abs(expected["none"]), rel=1e-9)
    assert beside.p_value[1] == pytest.approx(table.p_value["none"], rel=1e-12)


def by_rows(one: Any, other: Any, data: pd.DataFrame, outcome: str, copies: Any = 1) -> np.ndarray:
    """Vuong's statistics from the predicted probabilities of what happened."""
    repeated = data.loc[data.index.repeat(copies)].reset_index(drop=True)
    parts = []
    for fit in (one, other):
        p = fit.probabilities(repeated)
        position = [list(map(str, p.columns)).index(str(label)) for label in repeated[outcome]]
        parts.append(np.log(p.to_numpy()[np.arange(len(p)), position]))
    d, more = parts[0] - parts[1], one.n_coef - other.n_coef
    n = len(d)
    return np.array([(d.sum() - c) / (np.sqrt(n) * d.std(ddof=1)) for c in (0, more, more * np.log(n) / 2)])


def test_vuong_of_multinomial_models_frequencies_and_counts() -> None:
    data = generated()
    one, other = logreg.fit("m ~ x + a", data), logreg.fit("m ~ z + dose", data)
    np.testing.assert_allclose(one.vuong(other).statistic, by_rows(one, other, data, "m"), rtol=1e-9)
    weighted = [logreg.fit(f"m ~ {right}", data, weights="w") for right in ("x + a", "z + dose")]
    expected = by_rows(*weighted, data, "m", data.w)
    np.testing.assert_allclose(weighted[0].vuong(weighted[1]).statistic, expected, rtol=1e-9)
    wide = data.assign(**{level: data.w * (data.m == level) for level in "ABC"})
    grouped = [logreg.fit(f"cbind(A, B, C) ~ {right}", wide) for right in ("x + a", "z + dose")]
    np.testing.assert_allclose(grouped[0].vuong(grouped[1]).statistic, expected, rtol=1e-9)
    blocks = logreg.fit("m ~ x + a", open_source(data, block_rows=7))
    again = blocks.vuong(logreg.fit("m ~ z + dose", open_source(data, block_rows=31)))
    np.testing.assert_allclose(again.statistic, one.vuong(other).statistic, rtol=1e-9)


def test_vuong_where_it_does_not_apply() -> None:
    data = generated()
    fit, larger = logreg.fit("y ~ x", data), logreg.fit("y ~ x + z", data)
    with pytest.raises(SupportError, match="is nested in"):
        fit.vuong(larger)
    # Two columns that differ in no row used, but are not the same model by their names.
    weighted = [
        logreg.fit(f"y ~ {right}", data, weights="w", weight_kind="precision") for right in ("x", "z")
    ]
    found = weighted[0].vuong(weighted[1])
    assert found.statistic.isna().all()
    assert "precision weights" in found.reason[0]
    assert found.favours[0] is None


def test_vuong_of_separated_models() -> None:
    data = generated()
    data["sure"] = np.where(data.y == 1, np.where(data.x > 1, "yes", "no"), "no")
    with pytest.warns(logreg.SeparationWarning):
        one = logreg.fit("y ~ sure", data)
    other = logreg.fit("y ~ z + dose", data)
    table = one.vuong(other)
    np.testing.assert_allclose(table.statistic, by_rows(one, other, data, "y"), rtol=1e-9)


def test_other_rows_are_refused_with_the_counts_and_the_columns() -> None:
    data = generated()
    holes = data.copy()
    holes.loc[[3, 5, 8], "z"] = np.nan
    fit = logreg.fit("y ~ x", data)
    with pytest.warns(logreg.MissingDataWarning):
        fewer = logreg.fit("y ~ x + z", holes)
    with pytest.raises(
        DataError, match=r"240 and 237 rows.*left out 3 rows because 'z' is missing.*'x', 'z'"
    ):
        fit.compare(fewer)
    turned = data.iloc[::-1].reset_index(drop=True)
    with pytest.raises(DataError, match="the outcome or the weight of row"):
        fit.compare(logreg.fit("y ~ x + z", turned))
    moved = data.assign(y=np.roll(data.y, 1))
    with pytest.raises(DataError, match="the same rows"):
        fit.compare(logreg.fit("y ~ x + z", moved))
    flipped = data.assign(y=np.where(data.index == 0, 1 - data.y, data.y))
    with pytest.raises(DataError, match="count different outcomes"):
        fit.compare(logreg.fit("y ~ x + z", flipped))
    with pytest.raises(DataError, match="count different outcomes"):
        fit.compare(logreg.fit("y ~ x + z", data, weights="w"))


def test_the_same_rows_in_another_table_are_accepted() -> None:
    data = generated()
    holes = data.copy()
    holes.loc[[3, 5, 8], "z"] = np.nan
    with pytest.warns(logreg.MissingDataWarning):
        large = logreg.fit("y ~ x + z", holes)
    small = logreg.fit("y ~ x", holes.dropna())
    assert large.compare(small).test[1] == "LR"


def test_what_cannot_be_compared() -> None:
    data = generated()
    fit = logreg.fit("y ~ x", data)
    with pytest.raises(SupportError, match="needs another fit"):
        fit.compare()
    with pytest.raises(SupportError, match="takes fitted models, got str"):
        fit.compare("y ~ x + z")
    with pytest.raises(SupportError, match="different outcomes"):
        fit.compare(logreg.fit("m ~ x", data))
    with pytest.raises(SupportError, match="sampling weights"):
        fit.compare(logreg.fit("y ~ x + z", data, weights="w", weight_kind="sampling"))
    with pytest.raises(SupportError, match="different kinds of weights"):
        fit.compare(logreg.fit("y ~ x + z", data, weights="w", weight_kind="precision"))


def test_loaded_models_are_compared_by_their_formulas(tmp_path: Any) -> None:
    data = generated()
    fits = [logreg.fit(f"y ~ {right}", data) for right in ("dose", "dose + poly(x, 2)", "C(dose)", "z")]
    loaded = []
    for k, fit in enumerate(fits):
        fit.save(tmp_path / f"{k}.json")
        loaded.append(logreg.load(tmp_path / f"{k}.json"))
    expected, found = fits[1].compare(fits[0]), loaded[1].compare(loaded[0])
    pd.testing.assert_frame_equal(found, expected)
    for other in loaded[2:]:
        table = loaded[0].compare(other)
        assert table.test[1] is None
        assert "do not show nesting" in table.reason[1]
    with pytest.raises(SupportError, match="different outcomes"):
        loaded[0].compare(logreg.fit("b ~ x", data))


def test_separated_models_are_compared_by_their_suprema() -> None:
    data = generated()
    data["sure"] = np.where(data.y == 1, np.where(data.x > 1, "yes", "no"), "no")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", logreg.SeparationWarning)
        one, other = logreg.fit("y ~ sure", data), logreg.fit("y ~ sure + z", data)
    table = one.compare(other)
    assert (table.test[1], table.df[1]) == ("LR", 1)
    assert table.statistic[1] == pytest.approx(2 * (other.loglik - one.loglik), rel=1e-10)
