"""Robust covariances against R, against certified cases, and against sums written out row by row."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import logreg
from logreg.data import open_source
from logreg.errors import DataError, DataWarning, SupportError
from logreg.inference.covariance import COVARIANCES, covariance_code, covariance_meaning, covariance_name
from logreg.inference.sandwich import positive_part
from logreg.passes import scores
from logreg.passes.scores import group_codes

REFERENCE = Path(__file__).parents[1] / "reference"
R = json.loads((REFERENCE / "own" / "covariance" / "covariance.json").read_text(encoding="utf-8"))

RTOL = 1e-8
"""Standard errors of R at a polished optimum; ours are nearer to the certified ones than that."""


def case(name: str) -> Any:
    return json.loads((REFERENCE / "cases" / f"{name}.json").read_text(encoding="utf-8"))["expected"]


def contraception() -> pd.DataFrame:
    data = pd.read_csv(REFERENCE / "data" / "a08_contraception.csv")
    data["second"] = data.woman % 83
    data["w"] = 0.5 + (data.woman % 7) / 3
    data["off"] = (data.woman % 3) / 10
    data["own"] = (data.district == 14).astype(int)
    return data


def births() -> pd.DataFrame:
    data = pd.read_csv(REFERENCE / "data" / "a01_birthwt.csv")
    place = np.arange(1, len(data) + 1)
    data["freq"], data["site"] = 1 + place % 3, place % 11
    return data


def in_r(names: Any) -> list[str]:
    """Return R's names of coefficients for ours."""
    replaced = {"Intercept": "(Intercept)", "I(age ^ 2)": "I(age^2)", "I(age ** 2)": "I(age^2)"}
    return [replaced.get(name, name.replace("[T.", "").rstrip("]")) for name in names]


def check(fit: Any, expected: dict[str, float]) -> None:
    names = in_r(fit.spec.column_names)
    assert set(names) == set(expected)
    np.testing.assert_allclose(fit.std_error_array[0], [expected[name] for name in names], rtol=RTOL)


QUADRATIC = "use ~ age + I(age^2) + livch + urban"


@pytest.fixture(scope="module")
def quadratic() -> Any:
    return logreg.fit(QUADRATIC, contraception())


@pytest.mark.parametrize("kind", ["HC0", "HC1", "HC2", "HC3"])
def test_rows_of_a_published_case(quadratic: Any, kind: str) -> None:
    check(quadratic.with_covariance(kind), case("a08_contraception")["robust"][kind]["se"])


@pytest.mark.parametrize("name", ["a01_birthwt", "a02_titanic"])
@pytest.mark.parametrize("kind", ["HC2", "HC3"])
def test_leverage_of_other_published_cases(name: str, kind: str) -> None:
    data = pd.read_csv(REFERENCE / "data" / f"{name}.csv").dropna()
    formula = {
        "a01_birthwt": 'low ~ age + lwt + C(race, Treatment("white")) + smoke + ptl + ht + ui + ftv',
        "a02_titanic": "survived ~ sex * passengerClass + sex * age",
    }[name]
    fit = logreg.fit(formula, data, covariance=kind)
    expected = case(name)["robust"][kind]["se"]
    found = np.sort(fit.std_error_array[0])
    np.testing.assert_allclose(found, np.sort(list(expected.values())), rtol=RTOL)


@pytest.mark.parametrize("kind", ["CR0", "CR1", "CR1S", "CR2"])
def test_clusters_of_a_published_case(quadratic: Any, kind: str) -> None:
    fit = quadratic.with_covariance(logreg.cluster("district", kind=kind))
    check(fit, case("a08_contraception")["cluster"][kind]["se"])
    assert fit.options.covariance == f"{kind} by district"


@pytest.mark.parametrize("kind", ["HC2", "HC3", "CR1", "CR2"])
def test_at_fit_and_after_are_the_same(quadratic: Any, kind: str) -> None:
    covariance = logreg.cluster("district", kind=kind) if kind[0] == "C" else kind
    after = quadratic.with_covariance(covariance)
    at_fit = logreg.fit(QUADRATIC, contraception(), covariance=covariance)
    np.testing.assert_array_equal(after.vcov_array, at_fit.vcov_array)
    pd.testing.assert_frame_equal(after.coefficients(), at_fit.coefficients())
    assert after.options == at_fit.options
    assert after.coef_array is quadratic.coef_array
    assert after.fit_statistics().equals(quadratic.fit_statistics())
    again = after.with_covariance("model")
    np.testing.assert_array_equal(again.vcov_array, quadratic.vcov_array)


def test_stata_multiplies_by_n_over_n_minus_1(quadratic: Any) -> None:
    n = len(contraception())
    plain, stata = (quadratic.with_covariance(kind).vcov_array for kind in ("HC0", "stata"))
    np.testing.assert_allclose(stata, plain * n / (n - 1), rtol=1e-13)
    cr1, same = (
        quadratic.with_covariance(logreg.cluster("district", kind=kind)).vcov_array
        for kind in ("CR1", "stata")
    )
    np.testing.assert_array_equal(cr1, same)


@pytest.mark.parametrize("kind", ["CR0", "CR1"])
def test_two_way_clusters_against_r(quadratic: Any, kind: str) -> None:
    fit = quadratic.with_covariance(logreg.cluster("district", "second", kind=kind))
    check(fit, R["two_way"][kind])
    if kind == "CR1":
        expected = np.array(R["two_way"]["CR1_vcov"])
        error = np.sqrt(np.diagonal(expected))
        assert np.abs((fit.vcov_array - expected) / np.outer(error, error)).max() < RTOL


@pytest.mark.parametrize("kind", ["HC0", "HC1", "HC2", "HC3", "CR1", "CR2"])
def test_precision_weights_and_an_offset_against_r(kind: str) -> None:
    covariance = logreg.cluster("district", kind=kind) if kind[0] == "C" else kind
    fit = logreg.fit(
        "use ~ age + livch + urban",
        contraception(),
        weights="w",
        weight_kind="precision",
        offset="off",
        covariance=covariance,
    )
    check(fit, R["precision_weights"][kind])


def test_a_cluster_with_a_coefficient_of_its_own() -> None:
    """Its adjustment is singular; clubSandwich takes the pseudo-inverse."""
    fit = logreg.fit(
        "use ~ age + urban + own", contraception(), covariance=logreg.cluster("district", kind="CR2")
    )
    check(fit, R["cluster_of_its_own"]["CR2"])


@pytest.mark.parametrize("kind", ["HC1", "HC2", "HC3", "CR1", "CR2"])
def test_frequencies_are_repeated_rows(kind: str) -> None:
    covariance = logreg.cluster("site", kind=kind) if kind[0] == "C" else kind
    data = births()
    fit = logreg.fit("low ~ age + lwt + smoke", data, weights="freq", covariance=covariance)
    check(fit, R["frequency_weights"][kind])
    repeated = data.loc[data.index.repeat(data.freq)]
    copies = logreg.fit("low ~ age + lwt + smoke", repeated, covariance=covariance)
    np.testing.assert_allclose(fit.vcov_array, copies.vcov_array, rtol=1e-10, atol=1e-14)


GROUPED = pd.read_csv(REFERENCE / "data" / "a05_ucb.csv")


@pytest.mark.parametrize("kind", ["HC0", "HC1", "HC2", "HC3", "stata", "CR1", "CR2"])
def test_grouped_counts_are_single_trials(kind: str) -> None:
    covariance = logreg.cluster("dept", kind=kind) if kind[0] == "C" else kind
    data = GROUPED.assign(admitted=GROUPED.admitted // 20 + 1, rejected=GROUPED.rejected // 20 + 1)
    grouped = logreg.fit("cbind(admitted, rejected) ~ gender", data, covariance=covariance)
    long = pd.concat(
        [
            data.loc[data.index.repeat(data.admitted)].assign(y=1),
            data.loc[data.index.repeat(data.rejected)].assign(y=0),
        ]
    )
    single = logreg.fit("y ~ gender", long, covariance=covariance)
    np.testing.assert_allclose(grouped.vcov_array, single.vcov_array, rtol=1e-10)


# Multinomial: everything written out, one trial after the other.


def women() -> pd.DataFrame:
    data = pd.read_csv(REFERENCE / "data" / "a03_womenlf.csv")
    data["children"] = (data.children == "present").astype(float)
    place = np.arange(len(data))
    data["block"], data["other"] = place % 17, place % 29
    data["w"], data["off"] = 0.5 + (place % 5) / 2, (place % 4) / 8
    return data


def dense(fit: Any, data: pd.DataFrame, weights: Any = None) -> tuple[np.ndarray, ...]:
    """Return row residuals (n, m), row weights W (n, m, m), rows (n, p) and the inverse information."""
    x = np.column_stack([np.ones(len(data)), data[["hincome", "children"]]])
    logits = x @ fit.coef_array.T + (data["off"].to_numpy()[:, None] if fit.spec.offsets else 0.0)
    p = np.exp(np.column_stack([np.zeros(len(data)), logits]))
    p = (p / p.sum(axis=1, keepdims=True))[:, 1:]
    w = np.ones(len(data)) if weights is None else weights * len(weights) / weights.sum()
    y = np.column_stack([data.partic == level for level in fit.spec.outcome.modelled]).astype(float)
    row = w[:, None, None] * (np.einsum("nj,jk->njk", p, np.eye(p.shape[1])) - p[:, :, None] * p[:, None, :])
    information = np.einsum("njk,na,nb->jakb", row, x, x)
    size = x.shape[1] * p.shape[1]
    return w[:, None] * (y - p), row, x, np.linalg.inv(information.reshape(size, size))


def by_rows(fit: Any, data: pd.DataFrame, power: float, weights: Any = None) -> np.ndarray:
    """(I - H_ii)^-power on the residuals of every row."""
    residual, row, x, inverse = dense(fit, data, weights)
    meat = np.zeros_like(inverse)
    for r, w, xi in zip(residual, row, x, strict=True):
        design = np.kron(np.eye(len(r)), xi)  # (m, m p)
        hat = w @ design @ inverse @ design.T
        # The principal power of a matrix that is similar to a symmetric one.
        values, vectors = np.linalg.eig(np.eye(len(r)) - hat)
        adjusted = (vectors * values**-power) @ np.linalg.solve(vectors, r)
        meat += np.outer(np.kron(adjusted, xi), np.kron(adjusted, xi))
    return inverse @ meat @ inverse


def by_groups(fit: Any, data: pd.DataFrame, groups: Any, weights: Any = None) -> np.ndarray:
    residual, _, x, inverse = dense(fit, data, weights)
    score = np.einsum("nj,na->nja", residual, x).reshape(len(x), -1)
    sums = pd.DataFrame(score).groupby(list(groups)).sum().to_numpy()
    return inverse @ (sums.T @ sums) @ inverse * len(sums) / (len(sums) - 1)


MULTINOMIAL = "partic ~ hincome + children"


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("kind", "power"), [("HC0", 0.0), ("HC2", 0.5), ("HC3", 1.0)])
def test_multinomial_rows_written_out(kind: str, power: float, weighted: bool) -> None:
    data = women()
    options = {"weights": "w", "weight_kind": "precision", "offset": "off"} if weighted else {}
    fit = logreg.fit(MULTINOMIAL, data, covariance=kind, **options)
    expected = by_rows(fit, data, power, data.w.to_numpy() if weighted else None)
    np.testing.assert_allclose(fit.vcov_array, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("kind", ["HC0", "HC2", "HC3", "CR1"])
def test_the_baseline_does_not_matter(kind: str) -> None:
    """Logits against another baseline are differences, and so is their covariance."""
    covariance = logreg.cluster("block") if kind == "CR1" else kind
    first, second = (
        logreg.fit(MULTINOMIAL, women(), baseline=level, covariance=covariance)
        for level in ("fulltime", "not.work")
    )
    ours = first.coefficients().merge(second.coefficients(), on="term", suffixes=("", "_other"))
    pair = ours[(ours.outcome == "not.work") & (ours.outcome_other == "fulltime")]
    assert len(pair) == 3
    np.testing.assert_allclose(pair.estimate, -pair.estimate_other, rtol=1e-9)
    np.testing.assert_allclose(pair.std_error, pair.std_error_other, rtol=1e-9)


def test_multinomial_clusters_written_out() -> None:
    data = women()
    fit = logreg.fit(MULTINOMIAL, data, covariance=logreg.cluster("block"))
    np.testing.assert_allclose(fit.vcov_array, by_groups(fit, data, data.block), rtol=1e-9, atol=1e-13)
    two = fit.with_covariance(logreg.cluster("block", "other"))
    expected = (
        by_groups(fit, data, data.block)
        + by_groups(fit, data, data.other)
        - by_groups(fit, data, data.block * 100 + data.other)
    )
    np.testing.assert_allclose(two.vcov_array, expected, rtol=1e-8, atol=1e-12)


def test_multinomial_frequencies_and_counts() -> None:
    """The same trials as rows, as frequencies, and as rows of counts."""
    data = women()[["partic", "children", "region"]]
    counts = data.groupby(["partic", "children", "region"]).size().rename("n").reset_index()
    wide = counts.pivot_table(
        index=["children", "region"], columns="partic", values="n", fill_value=0
    ).reset_index()
    wide = wide.rename(columns={"not.work": "none"})
    for covariance in (
        "HC0",
        "HC1",
        "HC2",
        "HC3",
        logreg.cluster("region"),
        logreg.cluster("region", kind="CR1S"),
    ):
        rows = logreg.fit("partic ~ children", data, baseline="not.work", covariance=covariance)
        weighted = logreg.fit(
            "partic ~ children", counts, weights="n", baseline="not.work", covariance=covariance
        )
        grouped = logreg.fit(
            "cbind(none, fulltime, parttime) ~ children", wide, baseline="none", covariance=covariance
        )
        np.testing.assert_allclose(weighted.vcov_array, rows.vcov_array, rtol=1e-9, atol=1e-14)
        np.testing.assert_allclose(grouped.vcov_array, rows.vcov_array, rtol=1e-9, atol=1e-14)


def two_way_negative() -> pd.DataFrame:
    """Two clusters each way make the difference of the three parts indefinite."""
    rng = np.random.default_rng(5)
    data = pd.DataFrame(rng.normal(size=(400, 3)), columns=["x1", "x2", "x3"])
    data["y"] = (rng.random(400) < 0.4).astype(int)
    data["a"], data["b"] = rng.integers(0, 3, 400), rng.integers(0, 4, 400)
    return data


def test_a_two_way_covariance_that_is_not_positive_is_mended_and_said_so() -> None:
    data = two_way_negative()
    covariance = logreg.cluster("a", "b")
    plain = logreg.fit("y ~ x1 + x2 + x3", data)
    with pytest.warns(DataWarning, match="not positive semi-definite"):
        fit = plain.with_covariance(covariance)
    with pytest.warns(DataWarning, match="not positive semi-definite"):
        at_fit = logreg.fit("y ~ x1 + x2 + x3", data, covariance=covariance)
    assert at_fit.remarks == fit.remarks
    np.testing.assert_array_equal(at_fit.vcov_array, fit.vcov_array)
    parts = [
        plain.with_covariance(logreg.cluster(*(data[c].to_numpy() for c in way))).vcov_array
        for way in (["a"], ["b"])
    ]
    both = plain.with_covariance(logreg.cluster(data.a * 10 + data.b)).vcov_array
    whole = parts[0] + parts[1] - both
    root = np.linalg.cholesky(plain.vcov_array)
    white = np.linalg.solve(root, np.linalg.solve(root, whole).T)
    values, vectors = np.linalg.eigh(white)
    assert values.min() < -1e-3
    expected = root @ (vectors * np.maximum(values, 0)) @ vectors.T @ root.T
    np.testing.assert_allclose(fit.vcov_array, expected, rtol=1e-8, atol=1e-12)
    # Other units, same answer; and another covariance takes the remark away.
    with pytest.warns(DataWarning):
        scaled = logreg.fit("y ~ x1 + x2 + x3", data.assign(x1=data.x1 * 1000), covariance=covariance)
    np.testing.assert_allclose(scaled.std_error_array[0, 1] * 1000, fit.std_error_array[0, 1], rtol=1e-8)
    assert fit.with_covariance("HC1").remarks == plain.remarks


def test_a_positive_matrix_is_left_as_it_is() -> None:
    meat = np.diag([2.0, 3.0])
    assert positive_part(meat, np.eye(2), np.eye(2))[0] is meat


@pytest.mark.filterwarnings("ignore:the two-way")
@pytest.mark.parametrize(
    "covariance",
    ["HC0", "HC3", logreg.cluster("block"), logreg.cluster("block", "other")],
    ids=["HC0", "HC3", "one way", "two way"],
)
@pytest.mark.parametrize("formula", [MULTINOMIAL, "partic ~ hincome + C(region)"])
def test_blocks_give_the_same(monkeypatch: pytest.MonkeyPatch, covariance: Any, formula: str) -> None:
    whole = logreg.fit(formula, women(), covariance=covariance)
    # Small ranges of groups and small steps, as with many rows.
    monkeypatch.setattr(scores, "GROUP_NUMBERS", 20)
    monkeypatch.setattr(scores, "SCRATCH_NUMBERS", 100)
    parts = logreg.fit(formula, open_source(women(), block_rows=7), covariance=covariance)
    np.testing.assert_allclose(parts.vcov_array, whole.vcov_array, rtol=1e-9, atol=1e-12)


def test_blocks_of_cr2(monkeypatch: pytest.MonkeyPatch) -> None:
    covariance = logreg.cluster("site", kind="CR2")
    whole = logreg.fit("low ~ age + smoke", births(), covariance=covariance)
    monkeypatch.setattr("logreg.passes.trials.GATHERED_ROWS", 40)
    parts = logreg.fit("low ~ age + smoke", open_source(births(), block_rows=7), covariance=covariance)
    np.testing.assert_allclose(parts.vcov_array, whole.vcov_array, rtol=1e-9)


@pytest.mark.parametrize("kind", ["HC0", "HC3", "CR1", "CR2"])
def test_columns_far_from_zero_keep_their_digits(kind: str) -> None:
    """A year column near 2000, squared: the same model in centred columns has the same slopes' errors."""
    data = births()
    data["year"] = 1990 + data.age
    covariance = logreg.cluster("site", kind=kind) if kind[0] == "C" else kind
    near = logreg.fit("low ~ age + I(age^2)", data, covariance=covariance)
    far = logreg.fit("low ~ year + I(year^2)", data, covariance=covariance)
    np.testing.assert_allclose(far.std_error_array[0, 2], near.std_error_array[0, 2], rtol=1e-8)
    assert far.centred is not None
    pd.testing.assert_frame_equal(
        far.probabilities(interval=True), near.probabilities(interval=True), rtol=1e-8
    )
    after = logreg.fit("low ~ year + I(year^2)", data).with_covariance(covariance)
    np.testing.assert_array_equal(after.centred.vcov, far.centred.vcov)


@pytest.mark.filterwarnings("ignore::logreg.CollinearityWarning")
@pytest.mark.parametrize("kind", ["HC0", "HC1", "HC2", "HC3", "CR1", "CR1S", "CR2"])
def test_aliased_columns_change_nothing(kind: str) -> None:
    data = births().assign(twice=lambda d: 2 * d.age + 3)
    covariance = logreg.cluster("site", kind=kind) if kind[0] == "C" else kind
    plain = logreg.fit("low ~ age + lwt", data, covariance=covariance)
    aliased = logreg.fit("low ~ age + twice + lwt", data, covariance=covariance)
    assert np.isnan(aliased.std_error_array[0, 2])
    np.testing.assert_allclose(aliased.std_error_array[0, [0, 1, 3]], plain.std_error_array[0], rtol=1e-9)


@pytest.mark.filterwarnings("ignore::logreg.SeparationWarning")
@pytest.mark.parametrize("kind", ["HC0", "HC2", "HC3", "CR1", "CR2"])
def test_separated_coefficients_have_no_error_and_the_others_that_of_the_limit(kind: str) -> None:
    """Rows that are fitted perfectly in the limit say nothing: without them the rest is the same."""
    data = births()
    data["rare"] = ((data.index % 37 == 0) & (data.low == 1)).astype(int)
    covariance = logreg.cluster("site", kind=kind) if kind[0] == "C" else kind
    fit = logreg.fit("low ~ age + lwt + rare", data, covariance=covariance)
    assert np.isinf(fit.coef_array[0, 3])
    assert np.isnan(fit.vcov_array[3]).all()
    rest = logreg.fit("low ~ age + lwt", data[data.rare == 0], covariance=covariance)
    np.testing.assert_allclose(fit.std_error_array[0, :3], rest.std_error_array[0], rtol=1e-7)
    later = logreg.fit("low ~ age + lwt + rare", data).with_covariance(covariance)
    np.testing.assert_array_equal(later.vcov_array, fit.vcov_array)
    pd.testing.assert_frame_equal(later.coefficients(), fit.coefficients())


def test_arrays_and_labels_make_the_same_clusters(quadratic: Any) -> None:
    data = contraception()
    expected = quadratic.with_covariance(logreg.cluster("district")).vcov_array
    for labels in (
        data.district,
        data.district.to_numpy(),
        [f"d{k}" for k in data.district],
        pd.Categorical(data.district.astype(str)),
    ):
        fit = quadratic.with_covariance(logreg.cluster(labels))
        assert fit.options.covariance == "CR1 by (array)"
        np.testing.assert_allclose(fit.vcov_array, expected, rtol=1e-13)
        again = fit.with_covariance(logreg.cluster(data.second.to_numpy()))
        assert not np.allclose(again.vcov_array, expected)


def test_rows_dropped_for_missing_values_take_their_clusters_along() -> None:
    data = births().astype({"age": float})
    data.loc[data.index % 7 == 0, "age"] = np.nan
    data.loc[data.index % 7 == 0, "site"] = -5
    with pytest.warns(logreg.MissingDataWarning):
        fit = logreg.fit("low ~ age", data, covariance=logreg.cluster("site"))
    complete = logreg.fit("low ~ age", data.dropna(), covariance=logreg.cluster("site"))
    np.testing.assert_allclose(fit.vcov_array, complete.vcov_array, rtol=1e-12)


def test_missing_clusters_are_named() -> None:
    data = births().astype({"site": float})
    data.loc[[3, 8], "site"] = np.nan
    with pytest.raises(DataError, match="'site' is missing in 2 rows that the model uses, first in row 3"):
        logreg.fit("low ~ age", data, covariance=logreg.cluster("site"))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: logreg.cluster("site", kind="CR3"), SupportError, "CR3"),
        (lambda: logreg.cluster(), SupportError, "not 0"),
        (lambda: logreg.cluster("a", "b", "c"), SupportError, "not 3"),
        (lambda: logreg.cluster("a", "b", kind="CR2"), SupportError, "two-way"),
    ],
)
def test_bad_clusters_are_refused(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize(
    ("covariance", "error", "message"),
    [
        ("HC4", SupportError, "HC3"),
        ("survey", SupportError, "logreg.survey"),
        (3, SupportError, "covariance=3"),
        (logreg.cluster("sites"), DataError, "Did you mean 'site'"),
        (logreg.cluster([1, 2, 3]), DataError, "3 values, but the data have 189 rows"),
        (logreg.cluster(np.ones(189)), DataError, "one value only"),
    ],
)
def test_bad_covariances_are_refused(covariance: Any, error: type[Exception], message: str) -> None:
    fit = logreg.fit("low ~ age", births())
    with pytest.raises(error, match=message):
        fit.with_covariance(covariance)
    with pytest.raises(error, match=message):
        logreg.fit("low ~ age", births(), covariance=covariance)


def test_cr2_where_it_is_not_defined(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SupportError, match="binary"):
        logreg.fit(MULTINOMIAL, women(), covariance=logreg.cluster("block", kind="CR2"))
    with pytest.raises(SupportError, match="sampling"):
        logreg.fit(
            "low ~ age",
            births(),
            weights="freq",
            weight_kind="sampling",
            covariance=logreg.cluster("site", kind="CR2"),
        )
    monkeypatch.setattr("logreg.inference.clusters.LARGEST_CLUSTER", 10)
    with pytest.raises(SupportError, match="18 trials, more than 10"):
        logreg.fit("low ~ age", births(), covariance=logreg.cluster("site", kind="CR2"))


def test_a_trial_that_determines_a_coefficient_has_no_adjusted_residual() -> None:
    """Ten rows of weight 1e11 beside others: leverage 1 up to rounding."""
    data = pd.DataFrame({"x": [0, 0, 0, 0, 1, 1], "y": [0, 1, 0, 1, 0, 1], "w": [1, 1, 1, 1, 1e-11, 1.0]})
    with pytest.raises(SupportError, match="leverage 1"):
        logreg.fit("y ~ x", data, weights="w", weight_kind="precision", covariance="HC3")


def test_sampling_weights_force_the_sandwich() -> None:
    options = {"weights": "freq", "weight_kind": "sampling"}
    plain = logreg.fit("low ~ age", births(), **options)
    assert plain.options.covariance == "survey"
    assert plain.with_covariance("model") is plain
    n = len(births())
    zero = plain.with_covariance("HC0")
    np.testing.assert_allclose(plain.vcov_array, zero.vcov_array * n / (n - 1), rtol=1e-13)
    alone = plain.with_covariance(logreg.cluster(np.arange(n)))
    np.testing.assert_allclose(alone.vcov_array, plain.vcov_array, rtol=1e-12)


def test_every_row_its_own_cluster_is_hc0(quadratic: Any) -> None:
    fit = quadratic.with_covariance(logreg.cluster("woman", kind="CR0"))
    np.testing.assert_allclose(fit.vcov_array, quadratic.with_covariance("HC0").vcov_array, rtol=1e-10)


def test_loaded_models_keep_their_covariance(tmp_path: Path, quadratic: Any) -> None:
    covariance = logreg.cluster("district")
    fit = quadratic.with_covariance(covariance)
    fit.save(tmp_path / "model.json")
    loaded = logreg.load(tmp_path / "model.json")
    assert loaded.options.covariance == "CR1 by district"
    np.testing.assert_array_equal(loaded.vcov_array, fit.vcov_array)
    assert loaded.with_covariance(covariance) is loaded
    with pytest.raises(SupportError, match="loaded model"):
        loaded.with_covariance("model")
    with pytest.raises(SupportError, match="loaded model"):
        loaded.with_covariance("HC3")


@pytest.mark.filterwarnings("ignore::logreg.SeparationWarning")
@pytest.mark.parametrize("kind", ["HC0", "HC2", "HC3", "CR1"])
def test_separation_of_one_outcome_among_three(kind: str) -> None:
    data = women()
    data["rare"] = ((data.index % 9 == 0) & (data.partic == "parttime")).astype(int)
    covariance = logreg.cluster("block") if kind == "CR1" else kind
    fit = logreg.fit("partic ~ hincome + rare", data, baseline="not.work", covariance=covariance)
    infinite = np.isinf(fit.coef_array)
    assert infinite.any()
    assert np.isnan(fit.std_error_array[infinite]).all()
    rest = logreg.fit("partic ~ hincome", data[data.rare == 0], baseline="not.work", covariance=covariance)
    np.testing.assert_allclose(fit.std_error_array[:, :2], rest.std_error_array, rtol=1e-6)
    later = logreg.fit("partic ~ hincome + rare", data, baseline="not.work").with_covariance(covariance)
    np.testing.assert_array_equal(later.vcov_array, fit.vcov_array)


def test_bias_reduced_fits_keep_the_model_covariance() -> None:
    fit = logreg.fit("low ~ age", births(), estimator="firth")
    assert fit.with_covariance("model") is fit
    with pytest.raises(SupportError, match="maximum likelihood"):
        fit.with_covariance("HC0")


def test_a_model_without_coefficients() -> None:
    fit = logreg.fit("low ~ 0", births().assign(o=0.1), offset="o")
    assert fit.with_covariance(logreg.cluster("site")).vcov_array.shape == (0, 0)


# Names.


@pytest.mark.parametrize(
    "choice",
    [
        logreg.cluster("district"),
        logreg.cluster("a", "b", kind="CR0"),
        logreg.cluster("fiscal year", "it's", kind="stata"),
        logreg.cluster("a and b", 'x" and "y'),
        logreg.survey(strata="stype", fpc="fpc"),
        logreg.survey(strata="a; nested", cluster="design df", nest=True, df="design"),
        logreg.survey(),
    ],
    ids=lambda choice: covariance_name(choice),
)
def test_the_text_of_a_covariance_can_be_read_back(choice: Any) -> None:
    name = covariance_name(choice)
    code = covariance_code(name)
    again = eval(code, {"logreg": logreg})
    assert covariance_name(again) == name
    assert covariance_meaning(name)


def test_arrays_become_variables() -> None:
    name = covariance_name(logreg.cluster([1, 2], "firm"))
    assert name == "CR1 by (array) and firm"
    assert covariance_code(name) == "logreg.cluster(cluster, 'firm', kind='CR1')"


def test_every_name_has_a_meaning() -> None:
    assert all(covariance_meaning(name) and covariance_code(name) == repr(name) for name in COVARIANCES)
    assert covariance_meaning("something else") == ""


# Codes of groups.


def test_group_codes_over_blocks() -> None:
    data = pd.DataFrame(
        {"town": ["b", "a", None, "a", "c"], "n": [2.0, np.nan, 1.0, 2.0, 1.0], "i": range(5)}
    )
    for rows in (1, 2, 5):
        blocks = list(open_source(data, block_rows=rows).blocks(["town", "n", "i"]))
        town, n, i = (group_codes([b.columns[name] for b in blocks]) for name in ("town", "n", "i"))
        assert town.codes.tolist() == [0, 1, -1, 1, 2]
        assert town.labels == ("b", "a", "c")
        assert n.codes.tolist() == [1, -1, 0, 1, 0]
        assert n.labels == (1.0, 2.0)
        assert i.labels == (0, 1, 2, 3, 4)
        assert type(i.labels[0]) is int


def test_group_codes_number_only_levels_that_occur() -> None:
    data = pd.DataFrame({"c": pd.Categorical(["z", "x"], categories=["x", "y", "z"])})
    [block] = open_source(data).blocks(["c"])
    groups = group_codes([block.columns["c"]])
    assert groups.labels == ("z", "x")
    assert groups.codes.tolist() == [0, 1]


def test_dates_as_clusters_say_what_to_do() -> None:
    data = births().assign(day=pd.date_range("2020-01-01", periods=189))
    with pytest.raises(DataError, match="'day' cannot be used: dates are not numbers"):
        logreg.fit("low ~ age", data, covariance=logreg.cluster("day"))


def test_a_sandwich_without_variance_says_so() -> None:
    # Outcomes 0 and 1 occur in one group of v only, and their logit does not vary with it.
    data = pd.DataFrame({"v": [0.0] + [1.0] * 17 + [2.0], "y": [2] + [0] * 5 + [1] * 7 + [2] * 5 + [2]})
    for covariance in ("HC0", "HC2"):
        with pytest.warns(DataWarning, match=r"0 up to rounding for the coefficient of 'sqrt\(v\)' of '1'"):
            fit = logreg.fit("C(y) ~ sqrt(v)", data, covariance=covariance)
        assert "0 up to rounding" in str(fit.summary())
