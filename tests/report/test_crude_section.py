"""The section of crude and adjusted odds ratios: the numbers of the fit, and why there are none."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import logreg
from logreg.report import sections_crude
from logreg.report.nodes import Document, Note, Table


def fitted(formula: str, data: Any, **options: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", logreg.LogregWarning)
        return logreg.fit(formula, data, **options)


def numbers_of(document: Document) -> pd.DataFrame:
    """Return the rows with estimates, levels of comparison left out."""
    table = document.table("crude")
    frame = pd.DataFrame(
        [
            [cell.value for cell in row.cells]
            for row in table.rows
            if row.kind == "data" and len(row.cells) == 7 and row.cells[1].text
        ],
        columns=["term", *(f"{g}_{c.key}" for g in ("crude", "adjusted") for c in table.columns[1:4])],
    )
    return frame.reset_index(drop=True)


@pytest.mark.parametrize(
    ("formula", "data", "options", "wanted"),
    [
        ("low ~ age + race + smoke", "birthwt", {}, {"units": {"age": 5}, "confidence": 0.9}),
        ("low ~ age + lwt", "birthwt", {}, {"units": "sd", "interval": "profile", "style": "lancet"}),
        ("partic ~ hincome + region", "womenlf", {}, {"versus": "fulltime"}),
        ("HG ~ NV + PI + EH", "endometrial", {}, {}),
        ("HG ~ NV + PI + EH", "endometrial", {"estimator": "firth"}, {}),
        ("use ~ age + livch", "contraception", {"covariance": logreg.cluster("district")}, {}),
    ],
)
def test_numbers_are_those_of_the_fit(formula: str, data: str, options: Any, wanted: dict[str, Any]) -> None:
    fit = fitted(formula, logreg.datasets.load(data), **options)
    found = numbers_of(fit.report_document(sections=["crude"], **wanted))
    keys = {"units": "unit", "versus": "versus", "interval": "interval", "confidence": "confidence"}
    expected = fit.crude_odds_ratios(**{keys[k]: v for k, v in wanted.items() if k in keys})
    assert found["term"].tolist() == expected["term"].tolist()
    for column, name in (
        ("crude_odds_ratio", "crude_odds_ratio"),
        ("adjusted_odds_ratio", "odds_ratio"),
        ("crude_p_value", "crude_p_value"),
        ("adjusted_p_value", "p_value"),
    ):
        np.testing.assert_allclose(found[column].astype(float), expected[name], rtol=1e-12, err_msg=column)
    for column, low, high in (
        ("crude_interval", "crude_conf_low", "crude_conf_high"),
        ("adjusted_interval", "conf_low", "conf_high"),
    ):
        for shown, *ends in zip(found[column], expected[low], expected[high], strict=True):
            if not isinstance(shown, str):
                assert np.isnan(ends).all()
            else:
                assert [float(end) for end in shown.split(" to ")] == pytest.approx(ends, rel=1e-12)


def test_it_is_in_the_usual_report_between_odds_ratios_and_averages() -> None:
    usual = list(logreg.report.USUAL)
    assert usual.index("odds_ratios") < usual.index("crude") < usual.index("comparisons")


def test_one_variable_has_no_section() -> None:
    for formula in ("low ~ age", "low ~ 1", "low ~ age + I(age^2)", "low ~ age * smoke"):
        document = fitted(formula, logreg.datasets.load("birthwt")).report_document(sections=["crude"])
        (note,) = document.section("crude").blocks
        assert isinstance(note, Note)
        assert note.text == "There is nothing to show here for this model."


def test_notes_say_what_is_fitted_together() -> None:
    fit = fitted("low ~ age * smoke + lwt", logreg.datasets.load("birthwt"))
    table = fit.report_document(sections=["crude"])["crude"]
    notes = " ".join(next(block for block in table.blocks if isinstance(block, Table)).notes)
    assert "together in one crude model: age, smoke and age:smoke." in notes


def test_a_separated_crude_model_shows_no_wald_number() -> None:
    fit = fitted("HG ~ NV + PI", logreg.datasets.load("endometrial"))
    row = fit.report_document(sections=["crude"]).table("crude").rows[0]
    assert [cell.text for cell in row.cells[1:4]] == ["∞", "infinite", "–"]
    assert "no finite estimate" in row.cells[1].reason


def test_why_there_is_no_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = logreg.datasets.load("birthwt")
    fit = fitted("low ~ age + smoke", data)
    fit.save(tmp_path / "model.json")
    arrays = fit.with_covariance(logreg.cluster(np.arange(len(data)) % 9))
    for other, why in (
        (logreg.load(tmp_path / "model.json"), "loaded from a file"),
        (arrays, "array is not kept"),
        (fit.with_covariance(fit.bootstrap(20, rng=1)), "resampled as well"),
    ):
        (note,) = other.report_document(sections=["crude"]).section("crude").blocks
        assert isinstance(note, Note)
        assert why in note.text
    monkeypatch.setattr(sections_crude, "LARGEST_REFITS", 100)
    (note,) = fit.report_document(sections=["crude"]).section("crude").blocks
    assert isinstance(note, Note)
    assert "fit.crude_odds_ratios()" in note.text
