"""Table 1 of data and of fits: what stands in it, in which rows, and what is refused."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

import logreg
from logreg import errors
from logreg.data import open_source
from logreg.report.nodes import Table


@pytest.fixture
def birthwt() -> pd.DataFrame:
    return logreg.datasets.load("birthwt")


def value(frame: pd.DataFrame, variable: str, statistic: str, group: Any = None, level: Any = None) -> float:
    found = frame[(frame["variable"] == variable) & (frame["statistic"] == statistic)]
    found = found[found["group"].isna() if group is None else found["group"] == group]
    found = found[found["level"].isna() if level is None else found["level"] == level]
    assert len(found) == 1
    return float(found["value"].iloc[0])


def text_of(found: Any, variable: str) -> list[str]:
    table: Table = found.document.table("characteristics")
    return next([cell.text for cell in row.cells] for row in table.rows if row.cells[0].value == variable)


def test_numbers_and_levels_by_group(birthwt: pd.DataFrame) -> None:
    found = logreg.table_one(birthwt, "low")
    frame = found.to_frame()
    for group, rows in birthwt.groupby("low"):
        name = str(group)
        assert value(frame, "lwt", "mean", name) == pytest.approx(rows["lwt"].mean(), rel=1e-13)
        assert value(frame, "lwt", "sd", name) == pytest.approx(rows["lwt"].std(), rel=1e-13)
        assert value(frame, "race", "count", name, "black") == (rows["race"] == "black").sum()
        assert value(frame, "race", "share", name, "black") == (rows["race"] == "black").mean()
    assert value(frame, "lwt", "mean") == pytest.approx(birthwt["lwt"].mean(), rel=1e-13)
    assert text_of(found, "lwt")[:4] == [
        "Mother's weight (lb), mean (SD)",
        "129.8 (30.6)",
        "133.3 (31.7)",
        "122.1 (26.6)",
    ]
    assert text_of(found, "black")[:2] == ["black", "26 (13.8%)"]
    assert "low" not in frame["variable"].tolist()
    assert "n = 130" in str(found)


def test_missing_values_and_records_without_a_group(birthwt: pd.DataFrame) -> None:
    data = birthwt.astype({"low": float, "race": object})
    data.loc[0, "low"] = np.nan
    data.loc[[1, 2], "lwt"] = np.nan
    data.loc[3, "race"] = None
    found = logreg.table_one(data, "low", ["lwt", "race"])
    frame = found.to_frame()
    kept = data[data["low"].notna()]
    assert value(frame, "lwt", "missing") == 2.0
    assert value(frame, "race", "missing") == 1.0
    shares = kept["race"].value_counts(normalize=True)
    assert value(frame, "race", "share", level="white") == pytest.approx(shares["white"])
    assert "1 row without a value of low left out" in " ".join(str(found).split())
    assert str(found).count("Missing") == 2


def test_medians_and_flags(birthwt: pd.DataFrame) -> None:
    data = birthwt.assign(flag=(birthwt["age"] > 25).astype(int), true=birthwt["age"] > 30)
    found = logreg.table_one(data, "low", ["lwt", "flag", "true", "ftv"], median=["lwt"], categorical=["ftv"])
    assert text_of(found, "lwt")[1] == "121.0 [110.0, 140.0]"
    levels = found.to_frame().query("statistic == 'count' and group.isna()")[["variable", "level"]]
    assert levels[levels["variable"] == "flag"]["level"].tolist() == ["0", "1"]
    assert levels[levels["variable"] == "true"]["level"].tolist() == ["False", "True"]
    assert levels[levels["variable"] == "ftv"]["level"].tolist() == ["0", "1", "2", "3", "4", "6"]


def test_three_groups_show_the_largest_difference_and_keep_all() -> None:
    found = logreg.table_one(logreg.datasets.load("womenlf"), "partic", ["hincome"])
    frame = found.to_frame()
    pairs = frame[(frame["statistic"] == "smd") & frame["group"].notna()]["value"]
    assert len(pairs) == 3
    assert value(frame, "hincome", "smd") == pairs.max()
    assert "of all pairs" in str(found)


def test_blocks_files_and_frames_give_the_same_table(birthwt: pd.DataFrame, tmp_path: Any) -> None:
    whole = logreg.table_one(birthwt, "low", tests=True)
    blocks = logreg.table_one(open_source(birthwt, block_rows=7), "low", tests=True)
    pd.testing.assert_frame_equal(blocks.to_frame(), whole.to_frame())
    birthwt.to_csv(tmp_path / "data.csv", index=False)
    read = logreg.table_one(tmp_path / "data.csv", "low", ["age", "smoke"])
    pd.testing.assert_frame_equal(
        read.to_frame(), logreg.table_one(birthwt, "low", ["age", "smoke"]).to_frame()
    )


def test_frequency_weights_are_copies(birthwt: pd.DataFrame) -> None:
    copies = np.arange(len(birthwt)) % 3
    weighted = logreg.table_one(birthwt, "low", ["lwt", "race"], weights=copies, tests=True, median=True)
    again = logreg.table_one(
        birthwt.loc[birthwt.index.repeat(copies)], "low", ["lwt", "race"], tests=True, median=True
    )
    pd.testing.assert_frame_equal(weighted.to_frame(), again.to_frame())


def test_sampling_weights_give_shares_of_weight() -> None:
    data = pd.DataFrame({"g": ["a", "a", "b", "b"], "s": ["x", "y", "x", "y"], "w": [1.0, 3.0, 0.5, 0.5]})
    found = logreg.table_one(data, "g", weights="w", weight_kind="sampling")
    frame = found.to_frame()
    assert value(frame, "s", "share", "a", "y") == 0.75
    assert value(frame, "s", "share", level="x") == 0.3
    assert "sampling weights" in str(found)
    with pytest.raises(errors.SupportError, match="tests=True"):
        logreg.table_one(data, "g", weights="w", weight_kind="sampling", tests=True)


def test_tests_are_named(birthwt: pd.DataFrame) -> None:
    text = " ".join(str(logreg.table_one(birthwt, "low", tests=True, median=["lwt"])).split())
    assert "Welch's t test (age, ptl and ftv); Kruskal-Wallis test (lwt)" in text
    assert "Fisher's exact test (expected counts below 5) (ht)" in text


def test_a_table_of_a_fit_is_about_the_rows_it_used(birthwt: pd.DataFrame) -> None:
    birthwt.loc[[0, 5], "lwt"] = np.nan
    with pytest.warns(errors.MissingDataWarning):
        fit = logreg.fit("low ~ log(lwt) + race", birthwt)
    found = fit.table_one()
    direct = logreg.table_one(birthwt.dropna(), "low", ["lwt", "race"])
    pd.testing.assert_frame_equal(found.to_frame(), direct.to_frame())
    assert "ftv" in fit.table_one(["ftv"]).to_frame()["variable"].tolist()


def test_counts_put_a_row_into_every_outcome() -> None:
    data = pd.DataFrame({"s": [3, 1], "f": [1, 5], "x": [0.0, 1.0]})
    fit = logreg.fit("cbind(s, f) ~ x", data)
    single = pd.DataFrame({"y": [1] * 4 + [0] * 6, "x": [0.0] * 3 + [1.0] + [0.0] + [1.0] * 5})
    found, direct = fit.table_one().to_frame(), logreg.fit("y ~ x", single).table_one().to_frame()
    np.testing.assert_allclose(found["value"], direct["value"], rtol=1e-13)


def test_without_groups_and_in_every_format(birthwt: pd.DataFrame, tmp_path: Any) -> None:
    found = logreg.table_one(birthwt, None, ["age", "race"], style="lancet")
    assert "SMD" not in str(found)
    assert "23·24" in str(found)
    for suffix in (".html", ".md", ".json", ".txt"):
        assert found.write(tmp_path / f"table{suffix}").stat().st_size > 100
    assert found._repr_html_().count("<table") == 1


def test_columns_that_make_no_table_are_left_out_and_named() -> None:
    data = pd.DataFrame(
        {
            "g": ["a", "b"] * 30,
            "id": [f"person {k}" for k in range(60)],
            "day": pd.date_range("2020-01-01", periods=60),
            "x": np.arange(60.0),
        }
    )
    found = logreg.table_one(data, "g")
    assert set(found.to_frame()["variable"]) == {"x"}
    text = " ".join(str(found).split())
    assert "id left out: it has 60 levels" in text
    assert "day left out" in text
    with pytest.raises(errors.DataError, match="'day' cannot be shown"):
        logreg.table_one(data, "g", ["day"])


def test_bad_arguments_name_the_remedy(birthwt: pd.DataFrame) -> None:
    with pytest.raises(errors.DataError, match=r"'lvt' is not a column.*'lwt'"):
        logreg.table_one(birthwt, "low", ["lvt"])
    with pytest.raises(errors.DataError, match="by: 'lo'"):
        logreg.table_one(birthwt, "lo")
    with pytest.raises(errors.DataError, match="median"):
        logreg.table_one(birthwt, "low", median=["weight"])
    with pytest.raises(errors.SupportError, match="distinct values"):
        logreg.table_one(birthwt, "lwt")
    with pytest.raises(errors.SupportError, match="Give by="):
        logreg.table_one(birthwt, None, tests=True)
    with pytest.raises(errors.SupportError, match="style="):
        logreg.table_one(birthwt, "low", style="nature")
    with pytest.raises(errors.WeightError, match="negative"):
        logreg.table_one(birthwt, "low", weights=-np.ones(189))
    with pytest.raises(errors.WeightError, match="without weights"):
        logreg.table_one(birthwt, "low", weight_kind="sampling")


def test_hostile_names_do_no_harm(tmp_path: Any) -> None:
    data = pd.DataFrame({"<script>": ["a|b", "<b>", "a|b", "\x1b[31m"], "g": ["=1+1", "y", "y", "=1+1"]})
    found = logreg.table_one(data, "g")
    assert "<script>alert" not in found._repr_html_()
    assert "\x1b" not in str(found)
    found.write(tmp_path / "table.html")
