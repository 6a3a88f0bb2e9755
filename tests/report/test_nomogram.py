"""The nomogram: points that add up to the fit's own logit, and a drawing that says where they are."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest

import logreg
from logreg.data import open_source
from logreg.errors import SeparationWarning, SupportError
from logreg.fitted import LogisticFit
from logreg.report.context import context_of
from logreg.report.drawing import house_style
from logreg.report.nomogram import Nomogram, nomogram_of, number_text
from logreg.report.nomogram_drawing import nomogram_alt, nomogram_caption, nomogram_figure
from logreg.report.sections_calculator import calculator_section

BIRTHS = logreg.datasets.load("birthwt")


def births(formula: str, **options: Any) -> LogisticFit:
    return logreg.fit(formula, BIRTHS, **options)


def made(fit: LogisticFit, outcome: object = None, **labels: str) -> Nomogram:
    return nomogram_of(context_of(fit, labels=labels), fit.profiles(), outcome)


def points_at(nomogram: Nomogram, record: dict[str, Any]) -> float:
    """Read a record's points off the marks of the scales, as on paper."""
    total = 0.0
    for variable in dict.fromkeys(scale.variable for scale in nomogram.scales):
        scales = [scale for scale in nomogram.scales if scale.variable == variable]
        found = [
            points
            for scale in scales
            if all(f"{name} {value}" in scale.held for name, value in record.items() if name in scale.held)
            for value, points in zip(scale.values, scale.points, strict=True)
            if value == record[variable]
        ]
        assert found
        assert max(found) - min(found) < 1e-9  # the same value on both sides of a turn
        total += found[0]
    return total


def marked_records(nomogram: Nomogram, fixed: dict[str, list[Any]], n: int = 40) -> list[dict[str, Any]]:
    """Return random records at marks of the scales; ``fixed`` variables only say which scale holds."""
    rng = np.random.default_rng(4)
    values: dict[str, list[Any]] = dict(fixed)
    for scale in nomogram.scales:
        values.setdefault(scale.variable, [])
        known = values[scale.variable]
        known += [v for v in scale.values if v not in known and _everywhere(nomogram, scale.variable, v)]
    return [{name: found[rng.integers(len(found))] for name, found in values.items()} for _ in range(n)]


def _everywhere(nomogram: Nomogram, variable: str, value: object) -> bool:
    """Whether a value has a mark at every level of the other variables."""
    helds = {scale.held for scale in nomogram.scales if scale.variable == variable}
    marked = {scale.held for scale in nomogram.scales if scale.variable == variable and value in scale.values}
    return helds == marked


CASES = {
    "numbers and factors": ("low ~ age + lwt + race + smoke + ptl", {}),
    "transforms of one variable": ("low ~ ns(age, df=3) + poly(lwt, 2) + log(lwt) + I(ptl > 0)", {}),
    "a number and a factor": ("low ~ age * smoke + lwt", {"smoke": ["no", "yes"]}),
    "two factors": ("low ~ race * smoke + age", {"smoke": ["no", "yes"]}),
    "a spline and two factors": (
        "low ~ bs(age, df=4) * smoke + smoke:ht + ht",
        {"smoke": ["no", "yes"], "ht": ["no", "yes"]},
    ),
    "no intercept": ("low ~ 0 + race + age", {}),
}


@pytest.mark.parametrize(("formula", "fixed"), CASES.values(), ids=CASES.keys())
def test_points_add_up_to_the_logit_of_the_fit(formula: str, fixed: dict[str, list[Any]]) -> None:
    fit = births(formula)
    nomogram = made(fit, **{name: name for name in BIRTHS.columns})
    records = marked_records(nomogram, fixed)
    logits = fit.logits(pd.DataFrame(records)).to_numpy()[:, 0]
    for record, logit in zip(records, logits, strict=True):
        total = points_at(nomogram, record)
        assert 0.0 <= total <= nomogram.most + 1e-9
        assert nomogram.base + nomogram.per_point * total == pytest.approx(logit, abs=1e-9)
        assert nomogram.total_of_logit(logit) == pytest.approx(total, abs=1e-9)


def test_the_widest_part_runs_from_0_to_100() -> None:
    fit = births("low ~ age + lwt + race")
    nomogram = made(fit)
    ranges = {scale.variable: scale.ends for scale in nomogram.scales}
    # By hand: coefficient times range; the points of the others are in proportion.
    coef = fit.coefficients().set_index("term")["estimate"]
    lwt = abs(coef["lwt"]) * np.ptp(BIRTHS["lwt"])
    age = abs(coef["age"]) * np.ptp(BIRTHS["age"])
    assert ranges["lwt"] == pytest.approx((0.0, 100.0))
    assert ranges["age"] == pytest.approx((0.0, 100.0 * age / lwt))
    levels = np.array([0.0, coef["race[T.black]"], coef["race[T.other]"]])
    (race,) = (scale for scale in nomogram.scales if scale.variable == "race")
    assert race.values == ("white", "black", "other")
    assert race.points == pytest.approx(100.0 * (levels - levels.min()) / lwt)


def test_a_number_that_rises_and_falls_has_a_scale_for_each_direction() -> None:
    x = np.linspace(-2.0, 2.0, 200)
    rng = np.random.default_rng(5)
    data = pd.DataFrame({"x": x, "y": (rng.random(200) < 1.0 / (1.0 + np.exp(x**2 - 1.0))).astype(int)})
    fit = logreg.fit("y ~ x + I(x**2)", data)
    first, second = made(fit).scales
    coef = fit.coefficients().set_index("term")["estimate"]
    top = -coef["x"] / (2.0 * coef["I(x ** 2)"])
    assert first.values[0] == -2.0
    assert second.values[-1] == 2.0
    # The turn lies on a grid of 201 values and the marks.
    assert first.values[-1] == second.values[0] == pytest.approx(top, abs=0.02)
    assert first.points[-1] == second.points[0] == pytest.approx(100.0)
    assert list(first.points) == sorted(first.points)
    assert list(second.points) == sorted(second.points, reverse=True)
    assert "one scale for each direction" in nomogram_caption(made(fit))


def test_an_offset_is_a_variable_like_others() -> None:
    data = BIRTHS.assign(exposure=np.linspace(1.0, 4.0, len(BIRTHS)))
    fit = logreg.fit("low ~ age + offset(log(exposure))", data)
    nomogram = made(fit)
    scale = next(one for one in nomogram.scales if one.variable == "exposure")
    slope = np.diff([scale.points[scale.values.index(value)] for value in (1.0, 4.0)])[0]
    assert slope * nomogram.per_point == pytest.approx(np.log(4.0), rel=1e-12)


def test_more_outcomes_have_a_nomogram_of_odds_for_one() -> None:
    fit = logreg.fit("partic ~ hincome + children", logreg.datasets.load("womenlf"))
    with pytest.raises(SupportError, match="give outcome=, one of 'parttime', 'fulltime'"):
        made(fit)
    with pytest.raises(SupportError, match=r"'fultime' has no logit.*fulltime"):
        made(fit, "fultime")
    nomogram = made(fit, "parttime")
    assert not nomogram.is_binary
    record = {"hincome": 10.0, "children": "present"}
    logit = float(fit.logits(pd.DataFrame([record]))["parttime"].iloc[0])
    assert nomogram.base + nomogram.per_point * points_at(nomogram, record) == pytest.approx(logit, abs=1e-9)
    assert "odds against not.work" in nomogram_alt(nomogram)


def test_what_scales_cannot_show_is_refused_with_a_reason(tmp_path: Any) -> None:
    with pytest.raises(SupportError, match="'age' and 'lwt' act jointly"):
        made(births("low ~ age * lwt"))
    with pytest.raises(SupportError, match="'age' and 'lwt' act jointly"):
        made(births("low ~ I(age / lwt) + smoke"))
    many = BIRTHS.assign(place=np.arange(len(BIRTHS)) % 16)
    with pytest.raises(SupportError, match="'place' has 16 levels"):
        made(logreg.fit("low ~ C(place)", many))
    fit = births("low ~ age")
    fit.save(tmp_path / "model.json")
    with pytest.raises(SupportError, match="loaded"):
        logreg.load(tmp_path / "model.json").plot.nomogram()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SeparationWarning)
        separated = logreg.fit("low ~ g + age", BIRTHS.assign(g=np.where(BIRTHS["low"] == 1, "a", "b")))
    with pytest.raises(SupportError, match="separated"):
        made(separated)
    with pytest.raises(SupportError, match="no predictors"):
        made(births("low ~ 1"))
    (*_, note) = calculator_section(
        context_of(births("low ~ age * lwt")), births("low ~ age * lwt").profiles()
    ).blocks
    assert "There is no nomogram" in note.text  # type: ignore[union-attr]


def test_weights_and_blocks_give_the_same_nomogram() -> None:
    weighted = BIRTHS.groupby(["smoke", "race", "low"], observed=True).size().reset_index(name="n")
    counted = made(logreg.fit("low ~ smoke + race", weighted, weights="n"))
    single = made(births("low ~ smoke + race"))
    blocks = made(logreg.fit("low ~ smoke + race", open_source(BIRTHS, block_rows=7)))
    for other in (counted, blocks):
        for first, second in zip(single.scales, other.scales, strict=True):
            assert first.values == second.values
            assert first.points == pytest.approx(second.points, abs=1e-6)


# The drawing ------------------------------------------------------------------------------------------------


def test_the_plot_writes_every_scale_and_its_marks() -> None:
    axes = births("low ~ age + race + smoke").plot.nomogram(labels={"age": "Age"})
    texts = [text.get_text() for text in axes.texts]
    for text in ("Points", "Age", "white", "black", "other", "Total points", "Logit", "Probability", "100"):
        assert text in texts
    assert not any(text.get_parse_math() for text in axes.texts)


def test_the_marks_of_the_probability_lie_where_the_total_gives_it() -> None:
    fit = births("low ~ age + lwt + race + smoke")
    nomogram = made(fit)
    axes = fit.plot.nomogram()
    bottom = len(nomogram.scales) + 3
    marks = {
        float(text.get_text()): text.get_position()[0]
        for text in axes.texts
        if abs(text.get_position()[1] - bottom) < 0.3 and text.get_text().replace(".", "").isdigit()
    }
    assert len(marks) >= 5
    for probability, x in marks.items():
        logit = nomogram.base + nomogram.per_point * nomogram.most * x
        assert 1.0 / (1.0 + np.exp(-logit)) == pytest.approx(probability, rel=1e-9)


def test_texts_of_a_scale_do_not_run_into_each_other() -> None:
    fit = births("low ~ ns(age, df=3) * smoke + poly(lwt, 2) + race:ht + ui")
    axes = fit.plot.nomogram()
    figure = axes.figure
    figure.canvas.draw()
    boxes = [text.get_window_extent() for text in axes.texts if text.get_ha() == "center"]
    crossing = [
        (a, b)
        for k, a in enumerate(boxes)
        for b in boxes[k + 1 :]
        if a.y0 == b.y0 and a.x0 < b.x1 - 0.5 and b.x0 < a.x1 - 0.5
    ]
    assert not crossing


def test_a_narrow_range_gets_marks_of_its_own() -> None:
    fit = logreg.fit("partic ~ hincome + children", logreg.datasets.load("womenlf"))
    axes = fit.plot.nomogram(outcome="parttime")
    bottom = len(made(fit, "parttime").scales) + 3
    assert sum(abs(text.get_position()[1] - bottom) < 0.3 for text in axes.texts) > 3


def test_levels_without_room_share_a_text() -> None:
    rng = np.random.default_rng(8)
    data = pd.DataFrame({"g": [f"level {k % 6}" for k in range(600)], "x": rng.normal(0.0, 30.0, 600)})
    data["y"] = (rng.random(600) < 1.0 / (1.0 + np.exp(-data["x"] / 10.0))).astype(int)
    texts = [text.get_text() for text in logreg.fit("y ~ g + x", data).plot.nomogram().axes.texts]
    named = ", ".join(texts)
    assert all(f"level {k}" in named for k in range(6))


def test_the_figure_of_the_report_is_the_same_on_every_run_and_is_told_in_words() -> None:
    fit = births("low ~ lwt + race")
    context, profiles = context_of(fit), fit.profiles()
    with house_style():
        first, second = nomogram_figure(context, profiles), nomogram_figure(context, profiles)
    assert first == second
    assert first.key == "nomogram"
    nomogram = made(fit)
    (race,) = (scale for scale in nomogram.scales if scale.variable == "race")
    for text, points in zip(race.texts, race.points, strict=True):
        assert f"{text} {points:.0f}" in first.alt


def test_hostile_names_are_shown_as_they_are() -> None:
    name = "$x_1$ <b>\u202e"
    data = BIRTHS.rename(columns={"age": name})
    data["race"] = data["race"].astype(str).replace({"black": "$\\alpha$ </text><script>"})
    fit = logreg.fit(f"low ~ `{name}` + race", data)
    with house_style():
        figure = nomogram_figure(context_of(fit), fit.profiles())
    assert "<script" not in figure.svg
    assert "<U+202E>" in figure.alt


def test_numbers_of_scales_are_short() -> None:
    assert [number_text(x) for x in (1.0, 0.25, -2.5, 19.579, 123456.0)] == [
        "1", "0.25", "\u22122.5", "19.58", "123\u202f456",
    ]  # fmt: skip
