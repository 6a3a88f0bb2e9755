"""Reports defined by a file: the bytes that Python gives; faults are named before anything is written."""

from __future__ import annotations

import argparse
import inspect
import tomllib
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import logreg
from logreg import cli
from logreg.cli.config import read_config
from logreg.cli.options import FIT_OPTIONS, KINDS, REPORT_OPTIONS
from logreg.cli.order import Order, open_data
from logreg.errors import DataError, SupportError
from logreg.report.sections import SECTIONS, report_document
from logreg.report.write import RENDERERS, render_as

ROOT = Path(__file__).parents[1]
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0L9 9"/></svg>'
Captured = pytest.CaptureFixture[str]

WHOLE = """
data = "births.csv"
formula = '''
low ~ age + smoke'''
output = ["births.txt", "births.json"]

[fit]
event = 0
covariance = "HC1"
confidence = 0.9
max_iterations = 40

[report]
title = "Births"
interval = "wald"
style = "lancet"
units = { age = 10 }
labels = { age = "Age (years)" }
sections = ["answer", "limits", "odds_ratios"]

[[section]]
key = "limits"
title = "Limits of the data"
text = '''
Smoking was reported
by the mothers.

One hospital.'''
table = { file = "beds.csv", caption = "Beds", notes = "Counted in May." }
figure = { file = "flow.svg", alt = "A stroke from corner to corner.", caption = "Flow" }
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a definition and all that it names, which is not where the command runs."""
    found = tmp_path / "study"
    found.mkdir()
    logreg.datasets.load("birthwt").to_csv(found / "births.csv", index=False)
    (found / "beds.csv").write_text("ward,beds,share\nnorth,12,0.25\nsouth,,0.5\n")
    (found / "flow.svg").write_text(SVG)
    (found / "report.toml").write_text(WHOLE)
    return found


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


# The same as from Python -------------------------------------------------------------------------------


def test_a_definition_gives_the_bytes_that_python_gives(folder: Path) -> None:
    assert cli.main(["report", "--config", str(folder / "report.toml")]) == 0
    fit = logreg.fit(
        "low ~ age + smoke",
        folder / "births.csv",
        event=0,
        covariance="HC1",
        confidence=0.9,
        max_iterations=40,
    )
    beds = pd.DataFrame({"ward": ["north", "south"], "beds": [12, None], "share": [0.25, 0.5]})
    limits = logreg.report.section(
        "Limits of the data",
        "Smoking was reported by the mothers.\n\nOne hospital.",
        logreg.report.table(beds, caption="Beds", notes=("Counted in May.",), style="lancet"),
        logreg.report.figure(SVG, alt="A stroke from corner to corner.", caption="Flow"),
        key="limits",
    )
    document = fit.report_document(
        title="Births",
        style="lancet",
        units={"age": 10},
        labels={"age": "Age (years)"},
        sections=["answer", limits, "odds_ratios"],
    )
    for name in ("births.txt", "births.json"):
        assert (folder / name).read_bytes() == render_as(document, Path(name).suffix)


def test_the_example_gives_the_bytes_of_its_script(tmp_path: Path) -> None:
    sheet = logreg.datasets.describe("womenlf")
    fit = logreg.fit(sheet.formula, logreg.datasets.load("womenlf"))
    document = fit.report_document(title=sheet.title, units={"hincome": 5})
    example = ROOT / "reports" / "womenlf.toml"
    names = tomllib.loads(text_of(example))["output"]
    assert names == [f"womenlf{suffix}" for suffix in RENDERERS]
    names = names[:4]  # the others are made of the same document
    asked = [part for name in names for part in ("-o", str(tmp_path / name))]
    assert cli.main(["report", "--config", str(example), *asked]) == 0
    assert files(tmp_path) == set(names)
    for name in names:
        assert (tmp_path / name).read_bytes() == render_as(document, Path(name).suffix), name


def test_own_sections_follow_the_usual_ones_if_none_are_named(folder: Path) -> None:
    short = WHOLE.replace('sections = ["answer", "limits", "odds_ratios"]', "")
    (folder / "report.toml").write_text(short)
    assert cli.main(["report", "--config", str(folder / "report.toml")]) == 0
    said = text_of(folder / "births.txt")
    assert said.index("The answer in brief") < said.index("Convergence") < said.index("Limits of the data")


def test_parts_of_a_section_stand_in_the_order_of_the_file(folder: Path) -> None:
    lines = WHOLE.splitlines()
    table = next(line for line in lines if line.startswith("table"))
    lines.remove(table)
    lines.insert(lines.index('title = "Limits of the data"'), table)
    (folder / "report.toml").write_text("\n".join(lines))
    (section,) = read_config(folder / "report.toml").own.values()
    assert [type(block).__name__ for block in section.blocks] == ["Table", "Paragraph", "Paragraph", "Figure"]


@pytest.mark.parametrize(
    ("formula", "options", "keywords", "data"),
    [
        (
            "use ~ age + urban",
            'cluster = "district"',
            {"covariance": logreg.cluster("district")},
            "contraception",
        ),
        (
            "use ~ age",
            'cluster = ["district", "urban"]\ncovariance = "CR0"',
            {"covariance": logreg.cluster("district", "urban", kind="CR0")},
            "contraception",
        ),
        (
            "sch_wide ~ ell + meals",
            'weights = "pw"\nstrata = "stype"\nfpc = "fpc"\nnest = false',
            {
                "covariance": logreg.survey(strata="stype", fpc="fpc"),
                "weights": "pw",
                "weight_kind": "sampling",
            },
            "apistrat",
        ),
        (
            "HG ~ NV + PI",
            'estimator = "firth"\nmissing = "raise"',
            {"estimator": "firth", "missing": "raise"},
            "endometrial",
        ),
        ("low ~ smoke", 'offset = "age"\nbaseline = 1', {"offset": "age", "baseline": 1}, "birthwt"),
    ],
)
def test_options_of_the_fit_are_those_of_the_library(
    tmp_path: Path, formula: str, options: str, keywords: dict[str, Any], data: str
) -> None:
    path = tmp_path / "report.toml"
    path.write_text(f'data = "{data}"\nformula = "{formula}"\noutput = "r.json"\n[fit]\n{options}\n')
    assert cli.main(["report", "--config", str(path)]) == 0
    expected = logreg.fit(formula, logreg.datasets.load(data), **keywords).report_document()
    assert (tmp_path / "r.json").read_bytes() == render_as(expected, ".json")


def test_the_options_of_files_are_those_of_the_library() -> None:
    fit = set(inspect.signature(logreg.fit).parameters) - {"formula", "data"}
    assert set(FIT_OPTIONS) == fit | {"cluster", "strata", "fpc", "nest"}
    assert set(REPORT_OPTIONS) == set(inspect.signature(report_document).parameters) - {"fit"}
    assert {option.kind for option in (*FIT_OPTIONS.values(), *REPORT_OPTIONS.values())} <= set(KINDS)


# Rerun on other data, and what the command line replaces -------------------------------------------------


def test_data_and_output_of_the_command_line_win(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.chdir(tmp_path)
    (folder / "births.csv").rename(tmp_path / "later.csv")  # what the file names is not even there
    assert cli.main(["report", "later.csv", "-o", "new.txt", "--config", "study/report.toml"]) == 0
    assert files(tmp_path) == {"study", "later.csv", "new.txt"}
    assert "births.txt" not in files(folder)
    assert "Limits of the data" in text_of(tmp_path / "new.txt")
    fit = logreg.fit("low ~ age + smoke", "later.csv", event=0, covariance="HC1", confidence=0.9)
    assert capsys.readouterr().out == f"{fit.summary()}\n".replace("(max 50)", "(max 40)")


def test_flags_replace_options_of_the_file(folder: Path, tmp_path: Path) -> None:
    flags = ["--style", "apa", "--section", "limits", "--section", "methods", "--covariance", "HC0"]
    assert cli.main(["report", "--config", str(folder / "report.toml"), *flags]) == 0
    said = text_of(folder / "births.txt")
    assert "“HC0”" in said
    assert "The answer in brief" not in said
    assert said.index("Limits of the data") < said.index("“HC0”")


def test_a_file_may_leave_the_data_to_the_command_line(folder: Path, capsys: Captured) -> None:
    path = folder / "report.toml"
    path.write_text(WHOLE.replace('data = "births.csv"', ""))
    assert cli.main(["report", "--config", str(path)]) == 2
    assert "names no data" in capsys.readouterr().err
    assert cli.main(["report", f"--config={path}", str(folder / "births.csv")]) == 0


def test_sections_and_styles_are_flags_too(tmp_path: Path) -> None:
    flags = ["--section", "odds_ratios", "--section", "answer", "--style", "nejm", "--title", "T"]
    assert cli.main(["report", "birthwt", "low ~ age", *flags, "-o", str(tmp_path / "r.txt")]) == 0
    fit = logreg.fit("low ~ age", logreg.datasets.load("birthwt"))
    fit.report(tmp_path / "e.txt", sections=["odds_ratios", "answer"], style="nejm", title="T")
    assert (tmp_path / "r.txt").read_bytes() == (tmp_path / "e.txt").read_bytes()


def test_the_screen_shows_the_level_of_the_reports(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "r.toml").write_text(
        'data = "birthwt"\nformula = "low ~ age"\noutput = "r.txt"\n[report]\nconfidence = 0.5\n'
    )
    assert cli.main(["report", "--config", str(tmp_path / "r.toml")]) == 0
    assert "50% CI" in capsys.readouterr().out


# Faults -----------------------------------------------------------------------------------------------

FAULTS = [
    ("data", "dta", ["'dta'", "Did you mean 'data'"]),
    ("event = 0", "evnt = 0", ["[fit]", "'evnt'", "Did you mean 'event'"]),
    ('title = "Births"', 'titel = "Births"', ["[report]", "Did you mean 'title'"]),
    ("event = 0", 'event = 0\noutput = "b.txt"', ["[fit]", "'output'", "at the top, before the first"]),
    ("[fit]", '[fit]\nstyle = "apa"', ["[fit]", "'style'", "in [report]"]),
    ("[[section]]", "[[sections]]", ["'sections'", "in [report]"]),
    ('key = "limits"', 'id = "limits"', ["[[section]] 1", "'id'", "Known are: title, key"]),
    ('title = "Limits of the data"', "", ["[[section]] 1", "'title' must be given"]),
    ("alt = ", "alternative = ", ["[[section]] 1, figure", "'alternative'"]),
    ('alt = "A stroke from corner to corner.",', "", ["figure", "'alt' must be given"]),
    ('caption = "Beds",', "", ["[[section]] 1, table", "'caption' must be given"]),
    ("formula", "Formula", ["'Formula'", "Did you mean 'formula'"]),
    ("confidence = 0.9", 'confidence = "0.9"', ["[fit]", "'confidence' takes a number, not the text '0.9'"]),
    ("confidence = 0.9", "confidence = true", ["takes a number, not true"]),
    ("confidence = 0.9", "confidence = 1.5", ["confidence"]),
    ("max_iterations = 40", "max_iterations = 4.5", ["takes a whole number, not 4.5"]),
    ("event = 0", "event = 2024-05-01", ["'event' takes a level", "the date 2024-05-01"]),
    ("event = 0", "event = 0\nnest = 1", ["'nest' takes true or false, not 1"]),
    ("event = 0", "event = 0\ncluster = [1, 2]", ["'cluster' takes text", "a list"]),
    ("{ age = 10 }", '{ age = "ten" }', ["[report]", "'units' takes a table of numbers", "not a table"]),
    ("{ age = 10 }", "{ aeg = 10 }", ["'aeg'", "'age'"]),
    ("{ age = 10 }", '"iqd"', ["iqd"]),
    ('"Age (years)"', "3", ["'labels' takes a table of texts"]),
    ('{ age = "Age (years)" }', '{ aeg = "Age (years)" }', ["'aeg'", "Did you mean 'age'"]),
    ('style = "lancet"', 'style = "lancett"', ["Did you mean 'lancet'"]),
    ('interval = "wald"', 'interval = "exact"', ["'profile'"]),
    ('"births.json"', '"births.jsn"', ["Did you mean '.json'"]),
    ('output = ["births.txt", "births.json"]', "", ["names no report to write"]),
    ('"odds_ratios"]', '"ods_ratios"]', ["Did you mean 'odds_ratios'"]),
    ('"odds_ratios"]', '"answer"]', ["'answer' is there twice"]),
    ('"limits", ', "", ["'limits' is not among the sections"]),
    ('key = "limits"', 'key = "data"', ["has a section 'data' already"]),
    ('key = "limits"', 'key = "Limits!"', ["[[section]] 1", "'Limits!'"]),
    ('caption = "Flow"', 'caption = "Flow", key = "nomogram!"', ["'nomogram!'"]),
    ('caption = "Beds"', 'caption = "Beds", key = "coefficients"', ["'coefficients' occurs twice"]),
    ('covariance = "HC1"', 'covariance = "CR1"', ["covariance CR1", "with cluster"]),
    ('covariance = "HC1"', 'covariance = "HC1"\nstrata = "race"', ["strata, fpc and nest"]),
    ("low ~ age", "low ~ agee", ["Did you mean 'age'"]),
    ("[fit]", "[fit", ["cannot be read as TOML", "line"]),
    ("[fit]", '[fit]\n"\\ud800" = 1', ["cannot be read as TOML"]),
    ("[fit]", f"x = {'[' * 4000}\n[fit]", ["cannot be read as TOML"]),
]


@pytest.mark.parametrize(
    ("old", "new", "words"), FAULTS, ids=[new[:40] or f"no {old[:30]}" for old, new, _ in FAULTS]
)
def test_a_fault_is_named_and_nothing_is_written(
    folder: Path, capsys: Captured, old: str, new: str, words: list[str]
) -> None:
    assert old in WHOLE
    (folder / "report.toml").write_text(WHOLE.replace(old, new, 1))
    before = files(folder)
    assert cli.main(["report", "--config", str(folder / "report.toml")]) == 2
    out, err = capsys.readouterr()
    assert [word for word in words if word not in err] == [], err
    assert err.startswith("error: ")
    assert err.count("error: ") == 1
    assert out == ""
    assert files(folder) == before


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("births.csv", None, "births.csv"),
        ("beds.csv", None, "beds.csv: No such file"),
        ("flow.svg", None, "flow.svg: No such file"),
        ("report.toml", None, "report.toml: No such file"),
        ("beds.csv", b"", "beds.csv cannot be read as a table"),
        ("beds.csv", b"\xff\xfe\x00", "beds.csv cannot be read as a table"),
        ("flow.svg", b"\xff", "flow.svg is no drawing"),
    ],
)
def test_a_file_at_fault_is_named(
    folder: Path, capsys: Captured, name: str, content: bytes | None, words: str
) -> None:
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_bytes(content)
    before = files(folder)
    assert cli.main(["report", "--config", str(folder / "report.toml")]) == 1
    assert words in capsys.readouterr().err
    assert files(folder) == before


def test_a_drawing_with_a_script_is_refused(folder: Path, capsys: Captured) -> None:
    (folder / "flow.svg").write_text(SVG.replace("<path", "<script/><path"))
    assert cli.main(["report", "--config", str(folder / "report.toml")]) == 2
    assert "[[section]] 1: figure 'flow'" in capsys.readouterr().err
    assert "births.txt" not in files(folder)


@pytest.mark.parametrize(
    "flag", [["--style", "apa"], ["--section", "answer"], ["--title", "T"], ["--versus", "1"]]
)
def test_a_flag_of_reports_without_a_report_is_refused(flag: list[str], capsys: Captured) -> None:
    assert cli.main(["report", "birthwt", "low ~ age", *flag]) == 2
    assert f"{flag[0]} is about reports" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["report"], ["report", "birthwt"]])
def test_without_a_file_data_and_formula_are_needed(arguments: list[str], capsys: Captured) -> None:
    assert cli.main(arguments) == 2
    assert "required" in capsys.readouterr().err


def test_with_a_file_a_formula_is_refused(folder: Path, capsys: Captured) -> None:
    assert cli.main(["report", "birthwt", "low ~ age", "--config", str(folder / "report.toml")]) == 2
    assert "low ~ age" in capsys.readouterr().err


def test_a_byte_order_mark_is_no_fault(folder: Path) -> None:
    (folder / "report.toml").write_text("\ufeff" + WHOLE, encoding="utf-8")
    assert read_config(folder / "report.toml").formula.strip() == "low ~ age + smoke"


def test_a_table_is_a_file_and_never_an_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    one = '[[section]]\ntitle = "T"\ntable = { file = "http://127.0.0.1:9/t.csv", caption = "C" }\n'
    Path("r.toml").write_text(f'formula = "y ~ x"\n{one}')
    with pytest.raises(FileNotFoundError):
        read_config("r.toml")


def test_data_of_a_file_are_sought_beside_it(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "births.csv").write_text("not the data")
    order = read_config("study/report.toml")
    assert isinstance(order, Order)
    assert open_data(order.data or "", order.folder) == "study/births.csv"
    assert len(open_data("birthwt", "study")) == 189
    with pytest.raises(DataError, match="study/birthwit"):
        open_data("birthwit", "study")


def test_the_help_names_every_format_and_style(capsys: Captured) -> None:
    assert cli.main(["report", "--help"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    page = text_of(ROOT / "docs" / "command-line.md")
    for name in (*RENDERERS, "report", "plain", "apa", "jama", "nejm", "lancet"):
        assert name in said
        assert name in page
    assert "--config FILE [DATA]" in said


def test_the_page_names_every_key() -> None:
    page = text_of(ROOT / "docs" / "reports.md")
    for name in (*FIT_OPTIONS, *REPORT_OPTIONS):
        assert f"`{name}`" in page, name


def test_two_spellings_of_config_are_one(folder: Path) -> None:
    from logreg.cli.arguments import command_line

    commands = dict.fromkeys(("report", "fit", "predict", "datasets"), lambda _: 0)
    for given in (
        ["report", "--config", "a.toml"],
        ["report", "--config=a.toml", "x.csv"],
        ["report", "-o", "b.txt", "--config", "a.toml", "x.csv"],
    ):
        found = command_line(commands, given).parse_args(given)
        assert isinstance(found, argparse.Namespace)
        assert found.config == "a.toml"
        assert found.data == ("x.csv" if "x.csv" in given else None)


def test_two_parts_with_one_key_are_refused_in_python_too() -> None:
    fit = logreg.fit("low ~ age", logreg.datasets.load("birthwt"))
    forest = logreg.report.figure(SVG, alt="A stroke.", key="forest")
    with pytest.raises(SupportError, match="'forest' occurs twice"):
        fit.report_document(sections=["forest", forest])


def test_the_page_names_every_section() -> None:
    page = text_of(ROOT / "docs" / "reports.md")
    named = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    assert [name for name in SECTIONS if not any(f"`{name}`" in first for first in named)] == []


def test_the_definition_on_the_page_is_complete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = text_of(ROOT / "docs" / "reports.md")
    shown = page.partition("```toml\n")[2].partition("```")[0]
    monkeypatch.chdir(tmp_path)
    Path("births.toml").write_text(shown.replace("births.docx", "births.txt"))
    Path("beds.csv").write_text("ward,beds\nnorth,12\n")
    Path("births-by-year.svg").write_text(SVG)
    logreg.datasets.load("birthwt").to_csv("births.csv", index=False)
    assert cli.main(["report", "--config", "births.toml"]) == 0
    said = text_of(Path("births.txt"))
    assert said.index("The answer in brief") < said.index("About the hospital") < said.index("Convergence")
    assert "Beds by ward." in said
