"""The bundled data: files agree with their sheets, published figures hold, first models are sound."""

from __future__ import annotations

import csv
import hashlib
import json
import math
import pickle
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.datasets
from formulaic import model_matrix
from scipy.optimize import linprog

from logreg import datasets
from logreg.errors import DataError

NAMES = datasets.names()
MAX_FILE_BYTES = 400_000  # a data set is an example, not a load
MAX_FOLDER_BYTES = 1_500_000  # travels in every wheel
CLOSED_FORM_RTOL = 1e-12  # one division and one logarithm of small integers
COUNTED = re.compile(r"cbind\((.*)\)")


def raw_rows(name: str) -> list[dict[str, str]]:
    """The CSV as the standard library reads it: every value a string."""
    with datasets.path(name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def toml(name: str) -> dict[str, object]:
    return tomllib.loads(datasets.path(name).with_suffix(".toml").read_text(encoding="utf-8"))


# ---- files and sheets --------------------------------------------------------------------------------------


def test_names_are_sorted_and_have_both_files() -> None:
    assert list(NAMES) == sorted(NAMES)
    assert len(NAMES) >= 12
    folder = datasets.path("birthwt").parent
    assert {file.stem for file in folder.glob("*.csv")} == set(NAMES)


def test_folder_is_small() -> None:
    folder = datasets.path("birthwt").parent
    assert sum(file.stat().st_size for file in folder.iterdir()) < MAX_FOLDER_BYTES


@pytest.mark.parametrize("name", NAMES)
def test_digest_and_size_of_the_file(name: str) -> None:
    content = datasets.path(name).read_bytes()
    assert hashlib.sha256(content).hexdigest() == datasets.describe(name).sha256
    assert len(content) < MAX_FILE_BYTES


@pytest.mark.parametrize("name", NAMES)
def test_file_is_plain_csv(name: str) -> None:
    content = datasets.path(name).read_bytes()
    assert not content.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in content
    assert content.endswith(b"\n")
    header, *rows = csv.reader(content.decode("utf-8").splitlines())
    assert {len(row) for row in rows} == {len(header)}
    assert all(value == value.strip() for row in rows for value in row)


@pytest.mark.parametrize("name", NAMES)
def test_sheet_is_complete(name: str) -> None:
    sheet = datasets.describe(name)
    assert sheet.name == name
    words = (sheet.title, sheet.source, sheet.origin, sheet.changes, sheet.licence, sheet.description)
    assert all(len(text) > 1 for text in (*words, sheet.teaches, sheet.outcome, sheet.formula))
    assert sheet.formula.startswith(f"{sheet.outcome} ~ ")
    assert "\n" not in sheet.description
    assert 2 <= len(re.split(r"(?<=\.) ", sheet.description)) <= 4


@pytest.mark.parametrize("name", NAMES)
def test_sheet_describes_every_column_and_no_other(name: str) -> None:
    sheet = datasets.describe(name)
    with datasets.path(name).open(encoding="utf-8", newline="") as file:
        assert [column.name for column in sheet.columns] == next(csv.reader(file))
    assert all(column.meaning and column.label for column in sheet.columns)
    assert len(set(sheet.labels.values())) == len(sheet.columns)
    for column in sheet.columns:
        assert bool(column.levels) == (column.type == "category")
        assert len(column.level_labels) == len(column.levels) == len(set(column.levels))


@pytest.mark.parametrize("name", NAMES)
def test_levels_in_the_file_are_those_declared(name: str) -> None:
    rows = raw_rows(name)
    for column in datasets.describe(name).columns:
        found = {row[column.name] for row in rows} - {""}
        if column.type == "category":
            assert found == set(column.levels)
        elif column.type == "boolean":
            assert {row[column.name] for row in rows} == {"true", "false"}


@pytest.mark.parametrize("name", NAMES)
def test_extras_name_columns_and_arguments_that_exist(name: str) -> None:
    sheet = datasets.describe(name)
    columns = sheet.labels.keys()
    assert sheet.fit.keys() <= {"weights", "weight_kind", "offset", "event", "baseline"}
    assert {sheet.fit[key] for key in ("weights", "offset") if key in sheet.fit} <= columns
    assert sheet.fit.get("weight_kind", "frequency") in {"frequency", "sampling", "precision"}
    assert not sheet.cluster or sheet.cluster in columns
    assert set(sheet.separated) <= columns


# ---- loading -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_loaded_frame_has_the_declared_types(name: str) -> None:
    sheet, frame, rows = datasets.describe(name), datasets.load(name), raw_rows(name)
    assert len(frame) == sheet.rows == len(rows)
    assert frame.index.equals(pd.RangeIndex(sheet.rows))
    for column in sheet.columns:
        values = frame[column.name]
        if column.type == "category":
            assert tuple(values.cat.categories) == column.levels
            assert values.cat.ordered == column.ordered
        elif column.type == "text":
            assert pd.api.types.is_string_dtype(values)
        else:
            integer = "float64" if any(row[column.name] == "" for row in rows) else "int64"
            assert values.dtype == {"number": "float64", "boolean": "bool", "integer": integer}[column.type]


@pytest.mark.parametrize("name", NAMES)
def test_loaded_values_are_those_of_the_file(name: str) -> None:
    frame, rows = datasets.load(name), raw_rows(name)
    for column in datasets.describe(name).columns:
        texts = [row[column.name] for row in rows]
        loaded = frame[column.name].tolist()
        if column.type in {"number", "integer"}:
            assert all(
                math.isnan(value) if text == "" else value == float(text)
                for text, value in zip(texts, loaded, strict=True)
            )
        elif column.type == "boolean":
            assert loaded == [text == "true" for text in texts]
        else:
            assert [None if pd.isna(value) else value for value in loaded] == [text or None for text in texts]


def test_types_of_one_set_written_out() -> None:
    frame = datasets.load("titanic")
    assert frame["survived"].cat.categories.tolist() == ["no", "yes"]
    assert frame["passengerClass"].cat.categories.tolist() == ["1st", "2nd", "3rd"]
    assert not frame["sex"].cat.ordered
    assert frame["age"].isna().sum() == 263
    assert datasets.load("strep_tb")["improved"].dtype == bool
    assert datasets.load("birthwt")["low"].dtype == "int64"
    assert datasets.load("contraception")["livch"].cat.ordered
    assert datasets.load("apistrat")["cds"][0] == "19647336097927"


@pytest.mark.parametrize("name", NAMES)
def test_attributes_are_plain_json(name: str) -> None:
    attributes = datasets.load(name).attrs
    assert json.loads(json.dumps(attributes)) == attributes
    assert attributes["logreg_dataset"] == name
    assert list(attributes["labels"]) == datasets.load(name).columns.tolist()


def test_loading_shares_no_state() -> None:
    first, labels = datasets.load("birthwt"), datasets.describe("birthwt").labels
    first.loc[0, "age"] = 99
    first.attrs["labels"]["age"] = "changed"
    labels["age"] = "changed"
    datasets.describe("housing").fit["weights"] = "changed"
    second = datasets.load("birthwt")
    assert second.loc[0, "age"] == 19
    assert second.attrs["labels"]["age"] == "Mother's age (years)"
    assert datasets.describe("birthwt").labels["age"] == "Mother's age (years)"
    assert datasets.describe("housing").fit["weights"] == "Freq"


def test_sheets_are_values() -> None:
    sheet = datasets.describe("housing")
    assert sheet == datasets.describe("housing")
    assert hash(sheet) == hash(datasets.describe("housing"))
    assert pickle.loads(pickle.dumps(sheet)) == sheet
    with pytest.raises(AttributeError):
        sheet.title = "other"  # type: ignore[misc]


@pytest.mark.parametrize("name", NAMES)
def test_printed_sheet_names_everything(name: str) -> None:
    sheet = datasets.describe(name)
    text = str(sheet)
    assert max(len(line) for line in text.splitlines()) <= 100
    flat = " ".join(text.split())
    for part in (sheet.title, sheet.description, sheet.source, sheet.licence, f"{sheet.rows} rows"):
        assert " ".join(part.split()) in flat
    assert all(re.search(rf"^  {re.escape(column.name)} ", text, re.MULTILINE) for column in sheet.columns)
    assert all(f"{key}={value!r}" in flat for key, value in sheet.fit.items())


def test_html_of_a_sheet_is_escaped() -> None:
    shown = datasets.describe("alligators")._repr_html_()
    assert "&lt;=2.3" in shown
    assert "<=2.3" not in shown


@pytest.mark.parametrize("ask", [datasets.load, datasets.describe, datasets.path])
def test_unknown_name(ask: object) -> None:
    with pytest.raises(DataError) as caught:
        ask("titanc")  # type: ignore[operator]
    message = str(caught.value)
    assert "'titanc'" in message
    assert "Did you mean 'titanic'?" in message
    assert all(name in message for name in NAMES)


@pytest.mark.parametrize("name", ["../pyproject", "", "birthwt.csv", "BIRTHWT"])
def test_only_exact_names_are_known(name: str) -> None:
    with pytest.raises(DataError, match="There is no data set"):
        datasets.path(name)


# ---- where the files are -----------------------------------------------------------------------------------


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package folder elsewhere, with `logreg.datasets` believing that it lives there."""
    package = tmp_path / "site" / "logreg"
    package.mkdir(parents=True)
    monkeypatch.setattr(datasets, "__file__", str(package / "datasets.py"))
    return package


def copy_set(name: str, source: Path, target: Path) -> None:
    target.mkdir()
    for suffix in (".csv", ".toml"):
        shutil.copy(source / f"{name}{suffix}", target)


SOURCE_FOLDER = datasets.path("ucb").parent


def test_files_inside_the_package_are_found_first(installed: Path) -> None:
    copy_set("ucb", SOURCE_FOLDER, installed / "_datasets")
    copy_set("birthwt", SOURCE_FOLDER, installed.parent / "datasets")
    assert datasets.names() == ("ucb",)
    assert datasets.load("ucb").shape == (12, 4)


def test_files_beside_the_package_are_found(installed: Path) -> None:
    copy_set("ucb", SOURCE_FOLDER, installed.parent / "datasets")
    assert datasets.path("ucb") == installed.parent / "datasets" / "ucb.csv"


def test_missing_files_are_an_error_that_says_so(installed: Path) -> None:
    (installed.parent / "datasets").mkdir()
    (installed.parent / "datasets" / "__init__.py").touch()  # another distribution of that name
    with pytest.raises(DataError, match="not installed"):
        datasets.names()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("no,female,2,1st", "no,female,2,4th", r"'passengerClass' has 1 values .* row 2: '4th'"),
        ("survived,sex", "survived,gender", "has columns"),
    ],
)
def test_a_file_that_differs_from_its_sheet_is_refused(
    installed: Path, old: str, new: str, message: str
) -> None:
    copy_set("titanic", SOURCE_FOLDER, installed / "_datasets")
    file = installed / "_datasets" / "titanic.csv"
    file.write_text(file.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DataError, match=message):
        datasets.load("titanic")


def test_a_missing_boolean_is_refused_not_made_true(installed: Path) -> None:
    copy_set("challenger", SOURCE_FOLDER, installed / "_datasets")
    file = installed / "_datasets" / "challenger.csv"
    file.write_text(file.read_text(encoding="utf-8").replace("53,3,2,true", "53,3,2,"), encoding="utf-8")
    with pytest.raises(DataError, match="'distress' has 1 values"):
        datasets.load("challenger")


def test_import_is_light() -> None:
    code = (
        "import sys, logreg.datasets as d; d.names(); print(sorted({'pandas', 'numpy'} & set(sys.modules)))"
    )
    root = Path(datasets.__file__).resolve().parents[1]
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert run.stdout.strip() == "[]"


# ---- the data are the published ones -----------------------------------------------------------------------


def counts(name: str, column: str) -> dict[object, int]:
    return datasets.load(name)[column].value_counts().to_dict()


def share(frame: pd.DataFrame, by: str, outcome: str) -> dict[str, tuple[int, int]]:
    """Rows with the outcome, and rows, per group."""
    table = frame.groupby(by, observed=True)[outcome].agg(["sum", "size"])
    return {str(group): (int(row["sum"]), int(row["size"])) for group, row in table.iterrows()}


def test_birthwt() -> None:  # Hosmer and Lemeshow (1989): 59 low, 130 normal; 96, 26, 67 by race
    assert counts("birthwt", "low") == {0: 130, 1: 59}
    assert counts("birthwt", "race") == {"white": 96, "other": 67, "black": 26}


def test_titanic() -> None:  # Harrell's titanic3: 500 of 1309 survived, 1046 ages known, 323/277/709 by class
    frame = datasets.load("titanic")
    assert counts("titanic", "survived") == {"no": 809, "yes": 500}
    assert frame["age"].notna().sum() == 1046
    assert counts("titanic", "passengerClass") == {"1st": 323, "2nd": 277, "3rd": 709}


def test_womenlf() -> None:  # Fox (2016): 155 not working, 42 part time, 66 full time
    assert counts("womenlf", "partic") == {"not.work": 155, "parttime": 42, "fulltime": 66}


def test_endometrial() -> None:  # Heinze and Schemper (2002): 13 with neovasculisation, all of high grade
    frame = datasets.load("endometrial")
    assert (len(frame), int(frame["HG"].sum())) == (79, 30)
    assert frame.loc[frame["NV"] == 1, "HG"].tolist() == [1] * 13


def test_ucb() -> None:  # Bickel et al. (1975), six largest departments: men 1198 of 2691, women 557 of 1835
    totals = datasets.load("ucb").groupby("gender", observed=True)[["admitted", "rejected"]].sum()
    assert totals.sum().tolist() == [1755, 4526 - 1755]
    assert totals.loc["Male"].tolist() == [1198, 1493]
    assert totals.loc["Female"].tolist() == [557, 1278]


def test_apistrat() -> (
    None
):  # the weights add up to the 6194 schools of the state, in each stratum to its size
    frame = datasets.load("apistrat")
    # The weights of the source are single-precision numbers: 24 bits.
    assert frame["pw"].sum() == pytest.approx(6194, rel=2**-24)
    strata = frame.groupby("stype", observed=True).agg(
        n=("pw", "size"), total=("pw", "sum"), fpc=("fpc", "max")
    )
    assert strata["n"].to_dict() == {"E": 100, "H": 50, "M": 50}
    np.testing.assert_allclose(strata["total"], strata["fpc"], rtol=2**-24)
    assert frame["cds"].is_unique


def test_contraception() -> None:  # 1934 women in 60 districts, age centred
    frame = datasets.load("contraception")
    assert counts("contraception", "use") == {"N": 1175, "Y": 759}
    assert frame["district"].nunique() == 60
    assert abs(frame["age"].mean()) < 0.01


def test_pima() -> None:  # Ripley (1996): 68 of 200 in training, 109 of 332 in the test set
    diabetic = datasets.load("pima")["type"] == "Yes"
    assert (diabetic[:200].sum(), diabetic[200:].sum(), len(diabetic)) == (68, 109, 532)


def test_alligators() -> None:  # Agresti (2002): 219 alligators, 94 fish, 61 invertebrates, 19, 13, 32
    foods = datasets.load("alligators")[["fish", "invertebrate", "reptile", "bird", "other"]]
    assert foods.sum().tolist() == [94, 61, 19, 13, 32]
    assert foods.sum().sum() == 219


def test_housing() -> None:  # Madsen (1976): 1681 residents, 567 low, 446 medium, 668 high
    frame = datasets.load("housing")
    assert frame.groupby("Sat", observed=True)["Freq"].sum().tolist() == [567, 446, 668]
    assert len(frame.drop(columns="Freq").drop_duplicates()) == 3 * 3 * 4 * 2


def test_penguins() -> None:  # Gorman et al. (2014) as released: 152 Adelie, 68 Chinstrap, 124 Gentoo
    frame = datasets.load("penguins")
    assert counts("penguins", "species") == {"Adelie": 152, "Gentoo": 124, "Chinstrap": 68}
    assert frame.isna().sum()[lambda missing: missing > 0].to_dict() == {
        "bill_length_mm": 2,
        "bill_depth_mm": 2,
        "flipper_length_mm": 2,
        "body_mass_g": 2,
        "sex": 11,
    }


def test_anes96_is_that_of_statsmodels() -> None:
    frame, origin = datasets.load("anes96"), statsmodels.datasets.anes96.load_pandas().data
    assert len(frame) == 944
    same = ["popul", "TVnews", "selfLR", "ClinLR", "DoleLR", "age", "educ", "income"]
    np.testing.assert_array_equal(frame[same], origin[same])
    np.testing.assert_array_equal(frame["PID"].cat.codes, origin["PID"])
    np.testing.assert_array_equal(frame["vote"].cat.codes, origin["vote"])
    # What the sheet says about the column that was left out.
    np.testing.assert_allclose(np.log(frame["popul"] + 0.1), origin["logpopul"], rtol=1e-14)


def test_strep_tb() -> None:  # Medical Research Council (1948)
    frame = datasets.load("strep_tb")
    assert share(frame, "arm", "improved") == {"control": (17, 52), "streptomycin": (38, 55)}
    film = pd.crosstab(frame["arm"], frame["radiologic_6m"])
    assert film["death"].tolist() == [14, 4]
    assert film["considerable improvement"].tolist() == [4, 28]
    assert share(frame, "baseline_condition", "improved")["good"] == (16, 16)
    better = frame["radiologic_6m"].isin(["moderate improvement", "considerable improvement"])
    assert better.equals(frame["improved"].rename(better.name))


def test_indomethacin() -> None:  # Elmunzer et al. (2012): 27 of 295 against 52 of 307
    frame = datasets.load("indomethacin").assign(event=lambda table: table["outcome"] == "yes")
    assert share(frame, "rx", "event") == {"placebo": (52, 307), "indomethacin": (27, 295)}
    sites = {"1": "Michigan", "2": "Indiana", "3": "Kentucky", "4": "Case Western"}
    assert [sites[str(patient)[0]] for patient in frame["patient"]] == frame["site"].tolist()


def test_respiratory() -> None:  # Davis (1991): 111 patients, 54 active, 57 placebo, 56 and 55 by centre
    frame = datasets.load("respiratory")
    patients = frame.drop_duplicates("patient")
    assert patients["patient"].tolist() == list(range(1, 112))
    assert patients["treatment"].value_counts().to_dict() == {"placebo": 57, "active": 54}
    assert patients["centre"].value_counts().to_dict() == {"1": 56, "2": 55}
    assert patients["sex"].value_counts().to_dict() == {"male": 88, "female": 23}
    assert frame.groupby("patient")["visit"].agg(list).map(tuple).unique().tolist() == [(1, 2, 3, 4)]
    fixed = frame.groupby("patient")[["centre", "treatment", "sex", "age", "baseline"]].nunique()
    assert (fixed == 1).all(axis=None)
    # Patient 51 of centre 2, where the copy in the R package HSAUR differs.
    assert frame.loc[frame["patient"] == 107, "outcome"].tolist() == [1, 1, 1, 0]


def test_crashes() -> None:
    frame = datasets.load("crashes")
    dead = frame["dead"] == "yes"
    assert (len(frame), int(dead.sum()), frame["psu"].nunique()) == (4764, 199, 27)
    assert (frame["weight"] >= 0).all()
    assert (frame["weight"] == 0).sum() == 8
    assert frame["weight"].max() == 31694.04
    # 0.6 percent, as the description says: rare only once the weights are heeded.
    assert 0.005 < frame.loc[dead, "weight"].sum() / frame["weight"].sum() < 0.006


def test_challenger() -> None:  # 7 of 23 flights; the textbooks' fit is 15.043 - 0.232 temperature
    frame = datasets.load("challenger")
    assert (len(frame), int(frame["distress"].sum())) == (23, 7)
    x = np.column_stack([np.ones(23), frame["temperature"]])
    coef = np.zeros(2)
    for _ in range(10):
        fitted = 1 / (1 + np.exp(-x @ coef))
        step = np.linalg.solve(x.T * (fitted * (1 - fitted)) @ x, x.T @ (frame["distress"] - fitted))
        coef = coef + step
    np.testing.assert_allclose(coef, [15.043, -0.232], atol=0.0005)


def test_thornton_hiv() -> None:  # Cunningham (2021): 34 percent came without an incentive, 79 with one
    frame = datasets.load("thornton_hiv")
    came = frame.groupby("any", observed=True)["got"].mean()
    assert came.round(2).to_dict() == {"no": 0.34, "yes": 0.79}
    assert frame["village"].nunique() == 119
    assert (frame["tinc"] > 0).equals(frame["any"] == "yes")
    assert frame["age"].isna().sum() == 5


# ---- the first models work ---------------------------------------------------------------------------------


def first_model(name: str) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Counts per class, the design of the sheet's formula and its column names, over complete rows."""
    sheet, frame = datasets.describe(name), datasets.load(name)
    left, right = (side.strip() for side in sheet.formula.split("~"))
    right = re.sub(r"\^", "**", right)
    counted = COUNTED.fullmatch(left)
    needed = [column for column in frame if re.search(rf"\b{column}\b", sheet.formula)]
    # Where the optimum is finite depends on which rows have weight, not on how much.
    weight = frame[sheet.fit["weights"]] if "weights" in sheet.fit else pd.Series(1, index=frame.index)
    frame = frame.loc[weight > 0, needed].dropna()
    if counted:
        table = frame[[column.strip() for column in counted[1].split(",")]].to_numpy(float)
        table = table[:, ::-1] if table.shape[1] == 2 else table  # the first of two counts is the event
    else:
        table = pd.get_dummies(frame[left]).to_numpy(float)
    design = model_matrix(right, frame)
    return table, design.to_numpy(float), list(design.columns)


@pytest.mark.parametrize("name", NAMES)
def test_first_model_has_full_rank_and_enough_rows(name: str) -> None:
    table, design, columns = first_model(name)
    assert np.linalg.matrix_rank(design / np.abs(design).max(axis=0)) == len(columns)
    assert (table.sum(axis=0) > 0).all()
    assert len(np.unique(design, axis=0)) >= len(columns)


def separating_columns(table: np.ndarray, design: np.ndarray, columns: list[str]) -> set[str]:
    """Columns with a part in some direction along which the likelihood never falls and somewhere rises.

    Albert and Anderson (1984): the estimate is finite unless coefficients B exist with x'(B_k - B_j) >= 0
    for every observed class k of a row, every j, and > 0 somewhere. B of the first class is zero.
    """
    scaled = design / np.abs(design).max(axis=0)
    n_classes, width = table.shape[1], scaled.shape[1]
    margins = np.zeros((0, n_classes, width))
    for k in range(n_classes):
        rows = np.unique(scaled[table[:, k] > 0], axis=0)
        for j in set(range(n_classes)) - {k}:
            block = np.zeros((len(rows), n_classes, width))
            block[:, k], block[:, j] = rows, -rows
            margins = np.concatenate([margins, block])
    margins = margins[:, 1:].reshape(len(margins), -1)
    found = linprog(-margins.sum(axis=0), A_ub=-margins, b_ub=np.zeros(len(margins)), bounds=(-1, 1))
    assert found.status == 0
    if -found.fun < 1e-6:  # the solver's feasibility tolerance is 1e-7; a real direction gives order 1
        return set()
    used = np.abs(found.x.reshape(n_classes - 1, width)).max(axis=0) > 1e-6
    return {column for column, in_use in zip(columns, used, strict=True) if in_use}


@pytest.mark.parametrize("name", NAMES)
def test_first_model_separates_only_where_the_sheet_says_so(name: str) -> None:
    assert separating_columns(*first_model(name)) == set(datasets.describe(name).separated)


def test_strep_tb_separates_by_baseline_condition() -> None:
    frame = datasets.load("strep_tb")
    design = model_matrix("arm + baseline_condition", frame)
    table = pd.get_dummies(frame["improved"]).to_numpy(float)
    assert "baseline_condition[T.poor]" in separating_columns(
        table, design.to_numpy(float), list(design.columns)
    )


def test_penguins_separate_by_bill_depth_and_mass() -> None:
    frame = datasets.load("penguins").dropna(subset=["bill_depth_mm"])
    design = model_matrix("bill_depth_mm + body_mass_g", frame)
    gentoo = pd.get_dummies(frame["species"] == "Gentoo").to_numpy(float)
    others = pd.get_dummies(frame["species"] == "Adelie").to_numpy(float)
    assert separating_columns(gentoo, design.to_numpy(float), list(design.columns))
    assert not separating_columns(others, design.to_numpy(float), list(design.columns))


def test_simpson_in_ucb() -> None:
    """The odds ratio of women over all departments is below 1, in department A far above it."""
    frame = datasets.load("ucb")
    total = frame.groupby("gender", observed=True)[["admitted", "rejected"]].sum()
    pooled = (557 * 1493) / (1198 * 1278)
    odds = total["admitted"] / total["rejected"]
    assert odds["Female"] / odds["Male"] == pytest.approx(pooled, rel=CLOSED_FORM_RTOL)
    assert pooled < 1 < (89 * 313) / (512 * 19)
