"""Table 1 inside a report: the table of the fit, with the rows left out."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import logreg
from logreg.report.nodes import Note, Paragraph

GAPS = Path(__file__).parents[1] / "reference" / "own" / "birthwt_gaps.csv"


def said(section: object) -> str:
    blocks = section.blocks  # type: ignore[attr-defined]
    return " ".join(run.text for block in blocks if isinstance(block, Paragraph) for run in block.runs)


def test_it_is_the_table_of_the_fit() -> None:
    fit = logreg.fit("low ~ age + race", logreg.datasets.load("birthwt"))
    document = fit.report_document(sections=["table_one"], style="jama", labels={"age": "Age"})
    direct = fit.table_one(style="jama", labels={"age": "Age"}).document.table("characteristics")
    assert document.table("characteristics") == direct
    assert "smd" in [column.key for column in direct.columns]
    assert "None of the 189 rows read lacked a value." in said(document["table_one"])


def test_missing_values_are_counted() -> None:
    data = pd.read_csv(GAPS)
    with pytest.warns(logreg.MissingDataWarning):
        fit = logreg.fit("low ~ age + race + smoke", data)
    text = said(fit.report_document(sections=["table_one"])["table_one"])
    used = data[["low", "age", "race", "smoke"]]
    assert f"Of {len(data)} rows read, {len(data) - len(used.dropna())} were left out" in text
    missing = used.isna().sum()
    shown = [f"{name} in {n}" for name, n in missing.items() if n]
    assert f"a value is missing of {', '.join(shown[:-1])} and {shown[-1]}." in text


def test_sampling_weights_count_in_their_own_unit() -> None:
    data = logreg.datasets.load("apistrat")
    fit = logreg.fit("sch_wide ~ ell + stype", data, weights="pw", weight_kind="sampling")
    frame = fit.table_one().to_frame()
    counts = frame[(frame["statistic"] == "count") & frame["group"].isna()].set_index("level")["value"]
    expected = data.groupby("stype")["pw"].sum()
    assert counts.to_dict() == pytest.approx(expected.to_dict(), rel=1e-12)


def test_without_rows_or_predictors(tmp_path: Path) -> None:
    data = logreg.datasets.load("birthwt")
    fit = logreg.fit("low ~ age", data)
    fit.save(tmp_path / "model.json")
    (note,) = logreg.load(tmp_path / "model.json").report_document(sections=["table_one"])["table_one"].blocks
    assert isinstance(note, Note)
    assert "holds no records" in note.text
    (note,) = logreg.fit("low ~ 1", data).report_document(sections=["table_one"])["table_one"].blocks
    assert note.text == "There is nothing to show here for this model."
