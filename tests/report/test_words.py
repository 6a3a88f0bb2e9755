"""Sentences against tables whose odds ratios are known in closed form."""

from __future__ import annotations

import itertools
import math

import pandas as pd
import pytest

import logreg
from logreg.errors import SupportError
from logreg.report.context import context_of
from logreg.report.curves import spread_apart
from logreg.report.explain import CAUTION, MULTINOMIAL_CAUTION
from logreg.report.outline import joint_terms, outline
from logreg.report.words import listed


def two_by_two(a: int, b: int, c: int, d: int) -> pd.DataFrame:
    """Exposed: a events, b others; not exposed: c events, d others."""
    x = ["yes"] * (a + b) + ["no"] * (c + d)
    y = [1] * a + [0] * b + [1] * c + [0] * d
    return pd.DataFrame({"x": x, "y": y})


def test_a_clear_difference_is_said_in_odds() -> None:
    fit = logreg.fit("y ~ x", two_by_two(30, 10, 20, 40))
    # 30 * 40 / (10 * 20) = 6; exp(log 6 -+ 1.96 sqrt(1/30 + 1/10 + 1/20 + 1/40)).
    half = 1.959964 * math.sqrt(1 / 30 + 1 / 10 + 1 / 20 + 1 / 40)
    low, high = 6.0 * math.exp(-half), 6.0 * math.exp(half)
    assert fit.explain()[1] == (
        "The odds of y = 1 (against 0) were 6.00 times as high with x = yes as with x = no "
        f"(95% CI {low:.2f} to {high:.2f})."
    )


def test_no_clear_difference_says_what_stays_open() -> None:
    fit = logreg.fit("y ~ x", two_by_two(12, 10, 10, 10))
    half = 1.959964 * math.sqrt(1 / 12 + 3 / 10)
    low, high = 1.2 * math.exp(-half), 1.2 * math.exp(half)
    sentence = fit.explain()[1]
    assert sentence.startswith("No clear difference: the odds of y = 1 (against 0) were 1.20 times as high")
    assert sentence.endswith(
        f"The interval leaves room for odds from {100 * (1 - low):.0f}% lower to {high:.2f} times as high."
    )


def test_records_are_alike_only_where_there_is_something_else() -> None:
    births = logreg.datasets.load("birthwt")
    assert "otherwise alike" not in logreg.fit("low ~ smoke", births).explain()[1]
    assert "otherwise alike" in logreg.fit("low ~ smoke + age", births).explain()[1]


def test_units_and_levels_change_the_sentence() -> None:
    fit = logreg.fit("low ~ lwt", logreg.datasets.load("birthwt"))
    b = float(fit.coef_array[0, 1])
    sentence = fit.explain(units={"lwt": 10}, labels={"lwt": "weight", "low": "low"}, confidence=0.9)[1]
    assert f"{math.exp(10 * b):.2f} times as high for each increase of weight by 10 (90% CI" in sentence


def test_several_outcomes_name_the_two_they_compare() -> None:
    fit = logreg.fit("partic ~ children", logreg.datasets.load("womenlf"))
    said = fit.explain(labels={"partic": "partic", "children": "children"})
    assert "the odds of partic = parttime (against not.work) were" in said[1]
    assert "The odds of partic = fulltime (against not.work) were" in said[2]
    assert said[-2:] == (MULTINOMIAL_CAUTION, CAUTION)
    against = fit.explain(versus="fulltime")
    assert sum("(against fulltime)" in sentence for sentence in against) == 2


@pytest.mark.parametrize(
    ("formula", "groups"),
    [
        ("low ~ age + smoke + race", []),
        ("low ~ age + I(age**2) + smoke", [("age", "I(age ** 2)")]),
        ("low ~ race * smoke + age", [("race", "smoke", "race:smoke")]),
        ("low ~ bs(age, df=4) + lwt", [("bs(age, df=4)",)]),
        ("low ~ race:lwt + smoke", [("race:lwt",)]),
        ("low ~ log(lwt) + age", []),
    ],
)
def test_terms_that_act_jointly_are_said_once(formula: str, groups: list[tuple[str, ...]]) -> None:
    fit = logreg.fit(formula, logreg.datasets.load("birthwt"))
    found = joint_terms(fit.spec)
    assert [group.terms for group in found] == groups
    said = "\n".join(fit.explain())
    for group in groups:
        assert said.count(f"{listed(group)} ") == 1
    assert said.count("cannot be read") == 0
    assert said.count("can be read alone") == len(groups)


@pytest.mark.parametrize(
    "formula",
    [
        "low ~ age + smoke + race",
        "low ~ race * smoke * age",
        "low ~ 0 + race + smoke",
        "low ~ C(ftv, Sum) + C(race, Treatment('other')):smoke",
        "low ~ bs(age, df=4):race + poly(lwt, 2)",
        "low ~ race:smoke + C(ptl):lwt",
    ],
)
def test_the_outline_names_every_column_at_its_place(formula: str) -> None:
    fit = _quietly(formula)
    lines = [line for line in outline(fit.spec, {}) if line.position is not None]
    found = {line.position: line.name for line in lines}
    assert len(lines) == len(found) == len(fit.spec.column_names)
    assert tuple(found[k] for k in range(len(found))) == fit.spec.column_names


def _quietly(formula: str) -> logreg.LogisticFit:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", logreg.LogregWarning)
        return logreg.fit(formula, logreg.datasets.load("birthwt"))


def test_infinite_and_aliased_coefficients_are_no_numbers() -> None:
    data = two_by_two(5, 0, 10, 20).assign(z=[k % 5 for k in range(35)], zz=[2 * (k % 5) for k in range(35)])
    with pytest.warns(logreg.LogregWarning):
        fit = logreg.fit("y ~ x + z + zz", data)
    said = "\n".join(fit.explain())
    assert "the odds ratio of x = yes grows without limit" in said
    assert "the odds ratio of zz is left out of the model" in said
    context = context_of(fit)
    assert [n.reason for n in context.numbers[0]] == ["", "infinite", "", "left out"]


@pytest.mark.parametrize("name", ["birthwt", "womenlf", "ucb", "anes96", "titanic", "endometrial"])
def test_odds_are_never_called_something_else(name: str) -> None:
    sheet = logreg.datasets.describe(name)
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", logreg.LogregWarning)
        fit = logreg.fit(sheet.formula, logreg.datasets.load(name), **sheet.fit)
    for text in (str(fit.explain()), str(fit.summary())):
        for wrong in (
            "times more likely",
            "times as likely",
            "risk",
            "no effect",
            "significant",
            "because of",
        ):
            assert wrong not in text.lower()


def test_the_explanation_is_text_and_refuses_other_audiences() -> None:
    fit = logreg.fit("low ~ smoke", logreg.datasets.load("birthwt"))
    said = fit.explain()
    assert isinstance(said, tuple)
    assert str(said) == repr(said) == "\n".join(said)
    with pytest.raises(SupportError, match="plain"):
        fit.explain("statistician")
    with pytest.raises(TypeError):
        fit.explain(unknown=1)


def test_labels_of_unknown_columns_are_refused() -> None:
    fit = logreg.fit("low ~ smoke", logreg.datasets.load("birthwt"))
    with pytest.raises(SupportError, match="Did you mean 'smoke'"):
        fit.explain(labels={"smokes": "x"})


def test_names_are_moved_apart_in_order() -> None:
    found = spread_apart([0.2, 0.21, 0.22, 0.9], 0.1, 1.0)
    assert sorted(found) == found
    assert all(b - a >= 0.1 - 1e-9 for a, b in itertools.pairwise(found))
    assert max(spread_apart([0.99, 1.0], 0.1, 1.0)) <= 1.0
