"""Combining outcomes and leaving one out: published cases, closed forms, and refits to the rows left."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2

import logreg
from logreg.data import open_source
from logreg.errors import SupportError
from logreg.inference.categories import hausman
from logreg.passes.outcomes import RowsByOutcome

from ..reference.test_cases import case_of, fitted_to


def generated(n: int = 400, seed: int = 9, alike: bool = False) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    data = pd.DataFrame(
        {
            "a": rng.choice(list("pqr"), n),
            "x": rng.normal(size=n),
            "o": rng.normal(size=n) / 3,
            "q": rng.normal(size=n) / 3,
            "w": rng.integers(1, 4, n),
        }
    )
    logits = np.vstack([np.zeros(n), data.x, -data.x if not alike else data.x, 0.5 * (data.a == "p")])
    p = np.exp(logits) / np.exp(logits).sum(axis=0)
    data["m"] = np.array(list("ABCD"))[(p.cumsum(axis=0) < rng.random(n)).sum(axis=0)]
    return data


@pytest.mark.parametrize("name", ["a03_womenlf", "a10_alligators"])
def test_wald_tests_of_published_cases(name: str) -> None:
    case = case_of(name)
    table = fitted_to(case).combine_categories()
    expected = {
        frozenset(key.split(" + ")): numbers
        for key, numbers in case["expected"]["combine_wald"].items()
        if key != "note"
    }
    assert len(table) == len(expected)
    for row in table.itertuples():
        numbers = expected[frozenset((row.baseline, row.outcome))]
        assert row.df == numbers["df"]
        assert row.statistic == pytest.approx(numbers["chi2"], rel=1e-9)
        assert row.p_value == pytest.approx(numbers["p"], rel=1e-8)


@pytest.mark.parametrize("right", ["x + a", "0 + a + x", "poly(x, 2)"])
def test_the_likelihood_ratio_is_that_of_the_combined_outcome(right: str) -> None:
    """With equal slopes the share of j within {j, k} is one number: the likelihood splits in two."""
    data = generated()
    fit = logreg.fit(f"m ~ {right}", data, weights="w")
    slopes = fit.df_model // 3
    counts = data.groupby("m")["w"].sum()
    for row in fit.combine_categories("LR").itertuples():
        merged = data.assign(m=data.m.replace(row.outcome, row.baseline))
        n = counts[[row.baseline, row.outcome]]
        restricted = logreg.fit(f"m ~ {right}", merged, weights="w").loglik + float(
            (n * np.log(n / n.sum())).sum()
        )
        assert row.statistic == pytest.approx(2 * (fit.loglik - restricted), rel=1e-9)
        assert row.df == slopes
        assert row.p_value == pytest.approx(chi2.sf(row.statistic, slopes), rel=1e-9)


def test_the_three_tests_are_close_and_do_not_depend_on_the_baseline() -> None:
    data = generated(4000, alike=True)
    tables = {
        test: logreg.fit("m ~ x + a", data).combine_categories(test) for test in ("wald", "LR", "score")
    }
    for test, table in tables.items():
        other = logreg.fit("m ~ x + a", data, baseline="C").combine_categories(test)
        found = {frozenset((row.outcome, row.baseline)): row.statistic for row in other.itertuples()}
        for row in table.itertuples():
            assert row.statistic == pytest.approx(found[frozenset((row.outcome, row.baseline))], rel=1e-8)
        np.testing.assert_allclose(table.statistic, tables["LR"].statistic, rtol=0.25)
    blocks = logreg.fit("m ~ x + a", open_source(data, block_rows=1000)).combine_categories("LR")
    np.testing.assert_allclose(blocks.statistic, tables["LR"].statistic, rtol=1e-9)


def test_aliased_columns_do_not_count_in_combining() -> None:
    data = generated().assign(twice=lambda d: 2 * d.x)
    with pytest.warns(logreg.CollinearityWarning):
        fit = logreg.fit("m ~ x + twice + a", data)
    plain = logreg.fit("m ~ x + a", data)
    for test in ("wald", "LR", "score"):
        found, expected = fit.combine_categories(test), plain.combine_categories(test)
        assert list(found.df) == list(expected.df) == [3] * 6
        np.testing.assert_allclose(found.statistic, expected.statistic, rtol=1e-7)


def test_separated_outcomes_have_likelihood_ratios_alone() -> None:
    rng = np.random.default_rng(2)
    data = pd.DataFrame({"a": rng.choice(list("pqr"), 120), "x": rng.normal(size=120)})
    data["m"] = np.where(data.a == "p", "A", rng.choice(list("ABC"), 120))
    with pytest.warns(logreg.SeparationWarning):
        fit = logreg.fit("m ~ a + x", data)
    wald = fit.combine_categories()
    assert fit.separation.verdict == "quasi-complete"
    infinite = wald.baseline == "A"
    assert wald.p_value[infinite].isna().all()
    assert wald.reason[infinite].str.contains("use test='LR'").all()
    assert np.isfinite(fit.combine_categories("LR").p_value).all()


def left_out(data: pd.DataFrame, omitted: str, **options: Any) -> Any:
    return logreg.fit("m ~ x + a", data[data.m != omitted], **options)


@pytest.mark.parametrize("omitted", list("ABCD"))
def test_hausman_against_fits_to_the_remaining_rows(omitted: str) -> None:
    data = generated()
    fit = logreg.fit("m ~ x + a", data, weights="w")
    row = fit.independence_of_irrelevant_alternatives().set_index("outcome").loc[omitted]
    restricted = left_out(data, omitted, weights="w")
    kept = list(restricted.spec.outcome.modelled)
    baseline = restricted.spec.outcome.baseline
    full = logreg.fit("m ~ x + a", data, weights="w", baseline=baseline)
    here = [(outcome, term) for outcome in kept for term in full.spec.column_names]
    change = (restricted.coef[here] - full.coef[here]).to_numpy()
    spread = (restricted.vcov.loc[here, here] - full.vcov.loc[here, here]).to_numpy()
    expected = float(change @ np.linalg.solve(spread, change))
    assert row.df == len(here)
    assert row.valid == (np.linalg.eigvalsh(spread) > 0).all()
    assert row.valid or "not positive definite" in row.reason
    if expected < 0:
        assert np.isnan(row.statistic)
        assert np.isnan(row.p_value)
    else:
        assert row.statistic == pytest.approx(expected, rel=1e-6)
        assert row.p_value == pytest.approx(chi2.sf(expected, len(here)), rel=1e-5)


def test_some_hausman_statistics_are_computable() -> None:
    """Strong dependence on which alternatives are there makes the covariances differ by a definite matrix."""
    found = [
        logreg.fit("m ~ x", generated(2000, seed)).independence_of_irrelevant_alternatives()
        for seed in range(4)
    ]
    valid = pd.concat(found)
    assert valid.valid.any()
    assert (valid.statistic[valid.valid] >= 0).all()
    assert valid.reason[valid.valid].isna().all()
    assert valid.reason[~valid.valid].notna().all()
    assert not (valid.statistic < 0).any()


def test_the_published_quadratic_form_is_negative_and_not_reported() -> None:
    case = case_of("a03_womenlf")
    fit = fitted_to(case)
    published = case["expected"]["hausman_mcfadden"]
    table = fit.independence_of_irrelevant_alternatives().set_index("outcome")
    for omitted in ("parttime", "fulltime"):
        numbers = published[f"omit {omitted}"]
        assert f"negative ({numbers['chi2']:.6g})" in table.reason[omitted]
        assert np.isnan(table.statistic[omitted])
        assert np.isnan(table.p_value[omitted])
        assert table.df[omitted] == numbers["df"]
    assert "neither for nor against" in table.reason["parttime"]
    alligators = fitted_to(case_of("a10_alligators")).independence_of_irrelevant_alternatives()
    assert alligators.statistic.isna().all()
    assert set(alligators.df) == {14}


def test_the_quadratic_form_in_closed_form() -> None:
    difference, restricted, full = np.array([1.0, 2.0]), np.diag([2.0, 5.0]), np.diag([1.0, 1.0])
    found = hausman(difference, restricted, full)
    assert found.statistic == pytest.approx(1.0 / 1.0 + 4.0 / 4.0, rel=1e-12)
    assert (found.rank, found.definite) == (2, True)
    negative = hausman(difference, np.diag([0.5, 5.0]), full)
    assert negative.statistic == pytest.approx(-2.0 + 1.0, rel=1e-12)
    assert not negative.definite
    singular = hausman(np.array([0.0, 2.0]), np.diag([1.0, 5.0]), full)
    assert (singular.statistic, singular.rank) == (pytest.approx(1.0), 1)
    moved = hausman(difference, np.diag([1.0, 5.0]), full)
    assert moved.statistic is None


def loglik_of(coef: np.ndarray, x: np.ndarray, codes: np.ndarray) -> float:
    logits = np.vstack([np.zeros(len(x)), coef @ x.T])
    return float((logits[codes, np.arange(len(x))] - np.log(np.exp(logits).sum(axis=0))).sum())


def test_small_hsiao_against_statsmodels_on_the_same_halves() -> None:
    import statsmodels.api as sm

    data = generated(600)
    fit = logreg.fit("m ~ x", data)
    table = fit.independence_of_irrelevant_alternatives("small-hsiao", rng=11).set_index("outcome")
    rows = RowsByOutcome(blocks=fit._rows.training("").blocks, spec=fit.spec, max_iterations=50)
    halves = rows.halves(np.random.default_rng(11))
    parts = []
    for half in (halves.first, halves.second):
        x = np.hstack([block.matrix.to_array() for block in half.blocks]).T
        codes = np.hstack([block.counts.argmax(axis=0) for block in half.blocks])
        assert all((block.counts.sum(axis=0) == 1).all() for block in half.blocks)
        parts.append((x, codes))
    assert abs(len(parts[0][0]) - len(parts[1][0])) <= 1
    assert len(parts[0][0]) + len(parts[1][0]) == 600
    coefs = [
        sm.MNLogit(codes, x).fit(disp=0, method="newton", tol=1e-14, maxiter=100).params.T
        for x, codes in parts
    ]
    mixed = np.vstack([np.zeros(2), coefs[0] / np.sqrt(2) + (1 - 1 / np.sqrt(2)) * coefs[1]])
    x, codes = parts[1]
    for k, omitted in enumerate("ABCD"):
        keep = codes != k
        left = np.delete(mixed, k, axis=0)
        inner = np.searchsorted(np.delete(np.arange(4), k), codes[keep])
        restricted = sm.MNLogit(inner, x[keep]).fit(disp=0, method="newton", tol=1e-14, maxiter=100)
        expected = 2 * (restricted.llf - loglik_of(left[1:] - left[0], x[keep], inner))
        assert table.df[omitted] == 4
        assert table.statistic[omitted] == pytest.approx(expected, rel=1e-8)
        assert table.p_value[omitted] == pytest.approx(chi2.sf(expected, 4), rel=1e-7)
        assert table.valid[omitted]


def test_small_hsiao_is_the_same_for_the_same_seed_blocks_and_layout() -> None:
    data = generated()
    fit = logreg.fit("m ~ x + a", data)
    once = fit.independence_of_irrelevant_alternatives("small-hsiao", rng=5)
    again = fit.independence_of_irrelevant_alternatives("small-hsiao", rng=np.random.default_rng(5))
    pd.testing.assert_frame_equal(once, again)
    other = fit.independence_of_irrelevant_alternatives("small-hsiao", rng=6)
    assert not np.allclose(once.statistic, other.statistic)
    blocks = logreg.fit("m ~ x + a", open_source(data, block_rows=400))
    found = blocks.independence_of_irrelevant_alternatives("small-hsiao", rng=5)
    np.testing.assert_allclose(found.statistic, once.statistic, rtol=1e-8)
    wide = data.assign(**{level: 3.0 * (data.m == level) for level in "ABCD"})
    grouped = logreg.fit("cbind(A, B, C, D) ~ x + a", wide)
    weighted = logreg.fit("m ~ x + a", data.assign(w=3), weights="w")
    pair = [f.independence_of_irrelevant_alternatives("small-hsiao", rng=5) for f in (grouped, weighted)]
    np.testing.assert_allclose(pair[0].statistic, pair[1].statistic, rtol=1e-8)


def test_offsets_go_along() -> None:
    """Offsets of the outcomes that are left, against the first of them."""
    data = generated()
    fit = logreg.fit("m ~ x + a", data, offset=["o", "q", "o"])
    rows = RowsByOutcome(blocks=fit._rows.training("").blocks, spec=fit.spec, max_iterations=50)
    remaining = data[data.m != "A"].assign(d=lambda d: d.q - d.o, e=0.0)
    expected = logreg.fit("m ~ x + a", remaining, offset=["d", "e"])
    assert rows.without(0).loglik == pytest.approx(expected.loglik, rel=1e-11)
    np.testing.assert_allclose(rows.without(0).coef, expected.coef_array, rtol=1e-7)
    last = logreg.fit("m ~ x + a", data[data.m != "D"], offset=["o", "q"])
    assert rows.without(3).loglik == pytest.approx(last.loglik, rel=1e-11)


def test_large_categorical_designs_are_cut_by_rows() -> None:
    """Above the size at which dummy columns are written out, rows are chosen from codes."""
    data = pd.concat([generated(4000, seed) for seed in range(10)], ignore_index=True)
    data["g"] = np.arange(len(data)) % 9
    fit = logreg.fit("m ~ C(g) + a:x", data)
    blocks = fit._rows.training("").blocks
    assert any(type(block.matrix).__name__ == "SplitMatrix" for block in blocks)
    rows = RowsByOutcome(blocks=blocks, spec=fit.spec, max_iterations=50)
    expected = logreg.fit("m ~ C(g) + a:x", data[data.m != "B"])
    np.testing.assert_allclose(rows.without(1).coef, expected.coef_array, rtol=1e-6, atol=1e-9)


def test_what_is_refused(tmp_path: Any) -> None:
    data = generated()
    binary = logreg.fit("m ~ x", data[data.m.isin(["A", "B"])])
    for call in (binary.combine_categories, binary.independence_of_irrelevant_alternatives):
        with pytest.raises(SupportError, match="'m' has two"):
            call()
    fit = logreg.fit("m ~ x", data)
    with pytest.raises(SupportError, match="test='F'"):
        fit.combine_categories("F")
    with pytest.raises(SupportError, match="use 'hausman' or 'small-hsiao'"):
        fit.independence_of_irrelevant_alternatives("LR")
    with pytest.raises(SupportError, match="nothing random"):
        fit.independence_of_irrelevant_alternatives(rng=1)
    for rng in ("1", -1, 1.5, True):
        with pytest.raises(SupportError, match="neither a seed"):
            fit.independence_of_irrelevant_alternatives("small-hsiao", rng=rng)
    with pytest.raises(SupportError, match="intercepts alone"):
        logreg.fit("m ~ 1", data).combine_categories()
    for kind in ("sampling", "precision"):
        weighted = logreg.fit("m ~ x", data, weights="w", weight_kind=kind)
        with pytest.raises(SupportError, match=f"{kind} weights have none"):
            weighted.independence_of_irrelevant_alternatives()
        assert np.isfinite(weighted.combine_categories().p_value).all()
    with pytest.raises(SupportError, match="sampling weights have none"):
        logreg.fit("m ~ x", data, weights="w", weight_kind="sampling").combine_categories("LR")
    fit.save(tmp_path / "model.json")
    loaded = logreg.load(tmp_path / "model.json")
    pd.testing.assert_frame_equal(loaded.combine_categories(), fit.combine_categories())
    with pytest.raises(SupportError, match="a loaded model does not hold"):
        loaded.independence_of_irrelevant_alternatives()


def test_the_warning_stands_beside_the_table() -> None:
    fit = logreg.fit("m ~ x", generated())
    assert "Cheng and Long 2007" in fit.independence_of_irrelevant_alternatives().attrs["note"]
    note = fit.independence_of_irrelevant_alternatives("small-hsiao", rng=1).attrs["note"]
    assert "random halves" in note
