"""What three kinds of reader are told: closed forms of tables, rules of speech, hostile names."""

from __future__ import annotations

import math
import re
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import logreg
from logreg.data import open_source
from logreg.errors import SupportError
from logreg.report.explain import AUDIENCES, CAUTION, MULTINOMIAL_CAUTION, Explanation

Z = 1.959963984540054
DATA_SETS = (
    "birthwt",
    "womenlf",
    "ucb",
    "anes96",
    "titanic",
    "endometrial",
    "apistrat",
    "penguins",
    "crashes",
)
#: Phrases that claim more than an odds ratio, or an association, can bear.
FORBIDDEN = (
    "more likely",
    "less likely",
    "as likely",
    "no effect",
    "no association",
    "significant",
    "because of",
    "due to",
    "leads to",
    "increases the",
    "reduces the",
    "risk",
    "nan",
    "not available",
)


@cache
def fitted(name: str, formula: str = "") -> logreg.LogisticFit:
    sheet = logreg.datasets.describe(name)
    options = {} if formula else sheet.fit
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", logreg.LogregWarning)
        return logreg.fit(formula or sheet.formula, logreg.datasets.load(name), **options)


def plain(data: pd.DataFrame, formula: str = "y ~ x", **options: object) -> Explanation:
    return logreg.fit(formula, data).explain(**options)


def cells(counts: dict[tuple[str, object], int]) -> pd.DataFrame:
    rows = [(x, y) for (x, y), n in counts.items() for _ in range(n)]
    return pd.DataFrame(rows, columns=["x", "y"])


# Numbers -------------------------------------------------------------------------------------------------


def test_the_difference_in_probability_of_a_two_by_two_table() -> None:
    said = plain(cells({("yes", 1): 30, ("yes", 0): 10, ("no", 1): 20, ("no", 0): 40}))
    difference = 30 / 40 - 20 / 60
    half = Z * math.sqrt(0.75 * 0.25 / 40 + (1 / 3) * (2 / 3) / 60)
    low, high = 100 * (difference - half), 100 * (difference + half)
    assert said[2] == (
        f"On average over the records, the probability of y = 1 was {100 * difference:.1f} percentage points "
        f"higher with x = yes than with x = no (95% CI {low:.1f} to {high:.1f} higher)."
    )
    assert said[0].endswith("The interval of its odds ratio leaves out 1.")


def test_what_is_not_clear_says_so_on_both_scales() -> None:
    said = plain(cells({("yes", 1): 12, ("yes", 0): 10, ("no", 1): 10, ("no", 0): 10}))
    assert said[1].startswith("No clear difference: the odds of y = 1 (against 0) were 1.20 times as high")
    difference = 12 / 22 - 0.5
    half = Z * math.sqrt(12 * 10 / 22**3 + 0.25 / 20)
    low, high = 100 * (difference - half), 100 * (difference + half)
    assert said[2] == (
        "No clear difference in probability: on average over the records, the probability of y = 1 was "
        f"{100 * difference:.1f} percentage points higher with x = yes than with x = no (95% CI "
        f"{-low:.1f} lower to {high:.1f} higher)."
    )


def test_a_number_goes_by_its_unit() -> None:
    fit = fitted("birthwt", "low ~ lwt")
    b0, b1 = fit.coef_array[0]
    lwt = logreg.datasets.load("birthwt").lwt

    def p(x: pd.Series) -> pd.Series:
        return 1 / (1 + np.exp(-(b0 + b1 * x)))

    change = 100 * (p(lwt + 10) - p(lwt)).mean()
    said = fit.explain(units={"lwt": 10}, labels={"low": "low", "lwt": "lwt"})[2]
    assert said.startswith(
        "On average over the records, an increase of lwt by 10 went with a probability of low = 1 that was "
        f"{-change:.1f} percentage points lower (95% CI"
    )


def test_a_number_inside_a_function_moves_between_its_quartiles() -> None:
    fit = fitted("birthwt", "low ~ log(lwt)")
    b0, b1 = fit.coef_array[0]
    change = 100 * float(np.diff(1 / (1 + np.exp(-(b0 + b1 * np.log([110.0, 140.0])))))[0])
    said = fit.explain(labels={"low": "low", "lwt": "lwt"})[2]
    assert f"was {-change:.1f} percentage points lower with lwt = 140 than with lwt = 110 (95% CI" in said


def test_numbers_that_are_zero_or_one_go_from_zero_to_one() -> None:
    births = logreg.datasets.load("birthwt").assign(flag=lambda d: (d.smoke == "yes").astype(int))
    coded, named = plain(births, "low ~ flag"), plain(births, "low ~ smoke")
    assert "with flag = 1 than with flag = 0" in coded[2]
    assert re.findall(r"[0-9.]+", coded[2])[1:2] == re.findall(r"[0-9.]+", named[2])[1:2]


def three(exposed: tuple[int, int, int], others: tuple[int, int, int]) -> pd.DataFrame:
    counts: dict[tuple[str, object], int] = {}
    for x, row in (("yes", exposed), ("no", others)):
        counts |= {(x, name): n for name, n in zip("abc", row, strict=True)}
    return cells(counts)


def test_a_probability_that_moves_against_its_odds_is_pointed_out() -> None:
    # b against a: 60 / 20 against 120 / 60, odds ratio 1.5; P(b): 30 % against 60 %.
    said = plain(three((20, 60, 120), (60, 120, 20)))
    probabilities = next(s for s in said if "the probabilities were" in s)
    assert "a 20.0 percentage points lower" in probabilities
    assert "b 30.0 percentage points lower" in probabilities
    assert "c 50.0 percentage points higher" in probabilities
    assert probabilities.endswith(
        "Here a probability moves the other way than the odds: the odds of b against a are higher, its "
        "probability is lower."
    )
    assert "the odds of y = b (against a) were 1.50 times as high" in said[1]
    assert said[-2:] == (MULTINOMIAL_CAUTION, CAUTION)
    analyst = logreg.fit("y ~ x", three((20, 60, 120), (60, 120, 20))).explain("analyst")
    assert sum("the odds of b against a are higher, its probability is lower" in s for s in analyst) == 1


def test_nothing_is_pointed_out_where_both_move_alike() -> None:
    said = "\n".join(plain(three((20, 80, 100), (100, 60, 40))))
    assert "the other way than the odds" not in said
    turned = "\n".join(plain(three((20, 60, 120), (60, 120, 20)), versus="c"))
    assert "the odds of a against c" not in turned
    assert "(against c)" in turned


def test_a_falling_function_is_not_taken_for_a_probability_that_moves_the_other_way() -> None:
    women = logreg.datasets.load("womenlf")
    direct = logreg.fit("partic ~ hincome", women).explain()
    falling = logreg.fit("partic ~ I(-hincome)", women).explain()
    assert ("the other way than the odds" in str(direct)) == ("the other way than the odds" in str(falling))


# Joint terms ---------------------------------------------------------------------------------------------


def test_an_interaction_is_said_at_stated_values() -> None:
    titanic = logreg.datasets.load("titanic")
    labels = {"sex": "sex", "passengerClass": "class", "survived": "survived"}
    said = logreg.fit("survived ~ sex * passengerClass", titanic).explain(labels=labels)
    died = pd.crosstab([titanic.passengerClass, titanic.sex], titanic.survived)
    for level in ("1st", "2nd", "3rd"):
        table = died.loc[level]
        (fn, fy), (mn, my) = table.loc["female", ["no", "yes"]], table.loc["male", ["no", "yes"]]
        ratio, change = (my / mn) / (fy / fn), 100 * (my / (my + mn) - fy / (fy + fn))
        [sentence] = [s for s in said if s.startswith(f"With class = {level}, ")]
        digits = 2 if ratio >= 0.1 else 3
        assert f"were {ratio:.{digits}f} times as high with sex = male as with sex = female" in sentence
        assert f"the average probability was {-change:.1f} percentage points lower" in sentence
    assert sum(s.startswith("With sex = female, ") for s in said) == 2
    assert not any("sex[T.male]" in s for s in said)


@pytest.mark.parametrize(
    ("name", "formula", "moves"),
    [
        ("birthwt", "low ~ poly(age, 2) + smoke", ["= 23 as with", "= 26 as with"]),
        ("birthwt", "low ~ bs(lwt, df=4)", ["= 121 as with", "= 140 as with"]),
        ("birthwt", "low ~ age + I(age**2)", ["= 23 as with", "= 26 as with"]),
        ("birthwt", "low ~ age * lwt", ["= 26 as with", "= 140 as with"]),
    ],
)
def test_curves_and_products_of_numbers_move_between_stated_values(
    name: str, formula: str, moves: list[str]
) -> None:
    fit = fitted(name, formula)
    said = fit.explain()
    for move in moves:
        assert any(move in sentence for sentence in said)
    for column in fit.spec.columns:
        assert not any(f"each increase of {column.name}" in s for s in said if column.term != "smoke")


def test_a_joint_effect_is_the_difference_of_two_predictions() -> None:
    fit = fitted("womenlf", "partic ~ hincome * children")
    [sentence] = [s for s in fit.explain() if s.startswith("With Husband's income (1000 $) = 10, ")]
    at = {"hincome": 10, "children": ["absent", "present"]}
    p = fit.probabilities(pd.DataFrame(at))
    for outcome in fit.spec.outcome.names:
        change = 100 * (p[outcome][1] - p[outcome][0])
        way = "higher" if change > 0 else "lower"
        assert f"{outcome} {abs(change):.1f} percentage points {way}" in sentence


def test_few_combinations_are_said() -> None:
    fit = fitted("birthwt", "low ~ race * age * lwt")
    said = [s for s in fit.explain() if "With " in s]
    # Two contrasts of race and one step of each number, at six combinations of the others at most.
    assert 0 < len(said) <= 6 * 4


# What has no number --------------------------------------------------------------------------------------


def test_infinite_and_left_out_coefficients() -> None:
    data = cells({("yes", 1): 5, ("no", 1): 10, ("no", 0): 20})
    data = data.assign(z=[k % 5 for k in range(35)], zz=[2 * (k % 5) for k in range(35)])
    with pytest.warns(logreg.LogregWarning):
        fit = logreg.fit("y ~ x + z + zz", data)
    for audience in ("plain", "analyst"):
        said = str(fit.explain(audience))
        assert "the odds ratio of x = yes grows without limit" in said
        assert "zz is left out of the model" in said
        assert "nan" not in said
    assert "(no interval)" in str(fit.explain())


def test_an_empty_cell_of_an_interaction() -> None:
    rng = np.random.default_rng(3)
    data = pd.DataFrame({"a": rng.choice(["p", "q"], 200), "b": rng.choice(["r", "s"], 200)})
    data["y"] = rng.integers(0, 2, 200)
    data = data[~((data.a == "q") & (data.b == "s"))]
    with pytest.warns(logreg.CollinearityWarning):
        fit = logreg.fit("y ~ a * b", data)
    said = [s for s in fit.explain() if s.startswith("With b = s")]
    assert "cannot be compared: no record tells them apart" in said[0]
    assert "nan" not in str(fit.explain()).lower()


def test_a_loaded_model_leaves_probabilities_out_and_says_so(tmp_path: Path) -> None:
    fit = fitted("birthwt", "low ~ age * smoke + race")
    fit.save(tmp_path / "model.json")
    loaded = logreg.load(tmp_path / "model.json")
    for audience in AUDIENCES:
        said = str(loaded.explain(audience))
        assert "percentage points" not in said
        assert audience == "methods" or "holds no records to average over" in said
    assert "percentage points" in str(fit.explain())


@pytest.mark.parametrize("formula", ["low ~ 1", "low ~ 0 + race", "low ~ C(race, Sum) + age"])
def test_models_with_other_kinds_of_lines(formula: str) -> None:
    for audience in AUDIENCES:
        said = fitted("birthwt", formula).explain(audience)
        assert said
        assert "nan" not in str(said)


# One answer for every layout -----------------------------------------------------------------------------


def test_blocks_frequencies_and_offsets() -> None:
    births = logreg.datasets.load("birthwt")
    whole = logreg.fit("low ~ age + smoke * race", births).explain()
    assert (
        whole[1:]
        == logreg.fit("low ~ age + smoke * race", open_source(births, block_rows=7)).explain(
            labels=births.attrs["labels"]
            and {k: v for k, v in births.attrs["labels"].items() if k in births.columns}
        )[1:]
    )
    counted = births.groupby(["smoke", "race", "low"], observed=True).size().reset_index(name="n")
    wide = counted.pivot_table(
        index=["smoke", "race"], columns="low", values="n", fill_value=0, observed=True
    ).reset_index()
    wide.columns = ["smoke", "race", "other", "event"]
    rows = logreg.fit("low ~ smoke + race", births[["low", "smoke", "race"]].copy()).explain(labels={})
    weighted = logreg.fit("low ~ smoke + race", counted, weights="n").explain()
    strip = [re.sub(r"Low birth weight|Mother's race|Smoked in pregnancy", "", s) for s in rows[1:]]
    again = [re.sub(r"\blow\b|\brace\b|\bsmoke\b", "", s) for s in weighted[1:]]
    assert strip == again
    grouped = logreg.fit("cbind(event, other) ~ smoke + race", wide).explain()
    assert re.findall(r"[0-9.]+ to [0-9.]+", str(grouped)) == re.findall(r"[0-9.]+ to [0-9.]+", str(weighted))
    with_offset = logreg.fit("low ~ age", births, offset=births.lwt.to_numpy() / 100)
    assert "percentage points" in str(with_offset.explain())


def test_sampling_weights_are_named() -> None:
    fit = fitted("apistrat")
    assert "On average over the records, weighted" in str(fit.explain())
    analyst = str(fit.explain("analyst"))
    assert "survey" in analyst
    assert "likelihood ratio" not in analyst.lower()


# Rules of speech -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DATA_SETS)
@pytest.mark.parametrize("audience", list(AUDIENCES))
def test_nothing_claims_more_than_it_can(name: str, audience: str) -> None:
    text = str(fitted(name).explain(audience))
    for phrase in FORBIDDEN:
        assert not re.search(rf"\b{re.escape(phrase)}\b", text.lower()), phrase
    assert text == str(fitted(name).explain(audience))
    assert "None" not in text
    assert "  " not in text
    if audience == "plain" and fitted(name).spec.predictors:
        assert text.endswith(CAUTION)
    assert all(line.endswith(".") for line in text.splitlines())


@pytest.mark.parametrize("name", DATA_SETS)
def test_odds_always_name_their_two_outcomes(name: str) -> None:
    for sentence in fitted(name).explain()[1:]:
        if "times as high" in sentence:
            assert re.search(r"odds of .+ \(against .+\)", sentence)


def test_analysts_get_every_number_and_how_it_was_made() -> None:
    fit = (
        fitted("birthwt", "low ~ smoke").with_covariance("HC1")
        if hasattr(logreg.LogisticFit, "with_covariance")
        else fitted("birthwt", "low ~ smoke")
    )
    line = fit.coefficients().iloc[1]
    said = fit.explain("analyst")
    sentence = said[2]
    for text in (f"{line.estimate:.3f}", f"SE {line.std_error:.3f}", f"z = {line.statistic:.2f}"):
        assert text in sentence
    assert f"p = {line.p_value:.3f}" in sentence
    change = fit.comparisons({"smoke": ("no", "yes")}).iloc[0]
    assert f"{100 * change.estimate:.2f} percentage points (SE {100 * change.std_error:.2f}" in sentence
    assert str(fit.options.covariance) in str(said)
    assert "Wald intervals" in str(said)


def test_the_paragraph_on_methods() -> None:
    [text] = fitted("birthwt", "low ~ age * smoke").explain("methods")
    for part in (
        "binary logistic regression",
        "low ~ age * smoke",
        "maximum likelihood",
        "Standard errors come from the covariance",
        "Wald intervals at 95%",
        "No row had a missing value",
        f"logreg {logreg.__version__}",
        "averaged over the records used",
        "at stated values, not by their coefficients",
    ):
        assert part in text
    [text] = fitted("apistrat").explain("methods")
    assert "weighted" in text
    [text] = fitted("titanic").explain("methods", confidence=0.9)
    assert "Wald intervals at 90%" in text
    assert "263 rows of 1309" in text


def test_names_from_outside_stay_harmless() -> None:
    evil, level = "\x1b[31m<script>x\u202e", "<b>\n`$(rm)`"
    data = pd.DataFrame(
        {evil: [1.0, 2.0, 3.0, 4.0, 2.0] * 8, "g": [level, "z"] * 20, "y": [0, 1, 1, 0, 1, 0, 0, 1] * 5}
    )
    fit = logreg.fit(f"y ~ `{evil}` * g", data)
    for audience in AUDIENCES:
        said = fit.explain(audience)
        assert "\x1b" not in str(said)
        assert "\u202e" not in str(said)
        assert "<script>" not in said._repr_html_()
        assert len(str(said).splitlines()) == len(said)
    clashing = data.rename(columns={evil: "estimate", "g": "level"})
    said = str(logreg.fit("y ~ estimate * level", clashing).explain())
    assert "with level = z as with level = " in said


def test_other_audiences_are_refused() -> None:
    fit = fitted("birthwt", "low ~ smoke")
    with pytest.raises(SupportError, match="Did you mean 'analyst'"):
        fit.explain("analysts")
    with pytest.raises(SupportError, match="'plain', 'analyst', 'methods'"):
        fit.explain(None)  # type: ignore[arg-type]
