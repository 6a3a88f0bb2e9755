"""Hostile text where people put text: names of columns, labels, outcomes; in every table and format."""

from __future__ import annotations

import html
import json
import pickle
import re
import time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from zipfile import ZipFile

import numpy as np
import pandas as pd
import pytest

import logreg
from logreg.design.fence import quote
from logreg.export.prediction_table import prediction_table, write_predictions
from logreg.report.formats import visible
from logreg.report.write import RENDERERS, render_as, renderer_for

from .base import BASE, renamed, with_columns
from .verdicts import squeezed, strings_in

NAMES = {
    "H02 H03 script": "<script>alert(1)</script>",
    "H05 end of a script": "</script><script>alert(1)</script>",
    "H07 LaTeX specials": "a_b & 50% $x$ #1 {q} ~ ^ \\x",
    "H08 LaTeX command": "\\input{/etc/passwd}\\write18{touch pwned}",
    "H13 Markdown": "[x](javascript:alert(1)) a|b <script>",
    "H14 formats": "100% %s {0} {name} {{7*7}} ${7*7}",
    "quotes": 'it\'s "x"',
    "terminal": "a\x1b[31mred\x07\x08\x00",
    "bidirectional": "a\u202eb\u2066c",
    "invisible": "a\u200bb\ufeffc",
    "lines": "one\ntwo\r\nthree\u2028four",
    "formula": "=cmd|' /C calc'!A0",
    "at": "@SUM(1)",
    "tabulator": "\t=1",
    "emoji": "👩\u200d🔬 体重",
    "blank": "   ",
    "empty": "",
    "dots": "..",
}


def fitted(name: str, outcome: str | None = None) -> tuple[Any, pd.DataFrame]:
    """Return a model with the name everywhere: a column, the outcome, a label and an outcome level."""
    outcome = f"{name}o" if outcome is None else outcome
    data = with_columns(
        g=BASE.g.astype(object).where(BASE.g != "b", name),
        y3s=BASE.y3s.astype(object).where(BASE.y3s != "r", name),
    ).rename(columns={"x1": name, "y3s": outcome})
    formula = f"{quote(outcome)} ~ {quote(name)} + g"
    return logreg.fit(formula, data, baseline="p"), data


#: Formats made of text; the others are made from the same document and are slower to write.
TEXTUAL = [suffix for suffix in RENDERERS if suffix not in (".pdf", ".docx", ".xlsx")]


def elements(page: str) -> set[str]:
    """Names of the elements of a page."""
    return set(re.findall(r"<([A-Za-z][A-Za-z0-9]*)", page))


HARMLESS, _ = fitted("zz")
HARMLESS_PAGE = str(renderer_for(".html")(HARMLESS.report_document()))


@pytest.mark.parametrize("case", NAMES)
def test_shown_in_every_format_and_obeyed_in_none(case: str, folder: Path) -> None:
    name = NAMES[case]
    fit, data = fitted(name)
    # The model is that of the harmless name, whatever level became the reference.
    np.testing.assert_allclose(fit.loglik, HARMLESS.loglik, rtol=1e-12)
    document = fit.report_document()
    texts = {suffix: render_as(document, suffix) for suffix in TEXTUAL}
    page = texts[".html"].decode("utf-8")
    assert "<script>alert" not in page
    assert elements(page) <= elements(HARMLESS_PAGE) | {
        "text"
    }  # letters that the drawing has no outlines for
    assert "<" not in texts[".json"].decode()
    for suffix in (".html", ".md", ".txt", ".json"):
        text = texts[suffix].decode("utf-8")
        assert visible(text, line_breaks=True) == text, "no character that acts or hides"
    shown = squeezed(visible(name))
    assert shown in squeezed(html.unescape(re.sub(r"<[^>]*>", "", page)))
    assert shown in squeezed(texts[".txt"].decode("utf-8"))
    assert name in "\n".join(strings_in(json.loads(texts[".json"])))
    for line in texts[".md"].decode("utf-8").split("\n"):
        assert "<script" not in line
        assert "[x](" not in line
    source = texts[".tex"].decode("utf-8")
    assert "\\input{/etc" not in source
    assert "\\write18" not in source
    assert "a_b & 50%" not in source
    # Everything else that can be asked of a fit.
    fit.save("model.json")
    again = logreg.load("model.json")
    pd.testing.assert_frame_equal(again.probabilities(data), fit.probabilities(data), check_exact=True)
    for suffix in (".csv", ".json", ".parquet"):
        write_predictions(prediction_table(again, data.head(3)), f"rows{suffix}")
    str(fit.summary()), fit.summary()._repr_html_(), repr(fit), str(fit.explain()), fit.odds_ratios()
    pickle.loads(pickle.dumps(fit))
    assert not Path("pwned").exists()


@pytest.mark.parametrize("suffix", [suffix for suffix in RENDERERS if suffix not in TEXTUAL])
def test_all_names_at_once_in_formats_of_programs(suffix: str, folder: Path) -> None:
    fit, _ = fitted(" ".join(["=1+1", *NAMES.values()]))
    fit.report(f"report{suffix}")
    content = Path(f"report{suffix}").read_bytes()
    if suffix == ".pdf":
        assert content.startswith(b"%PDF")
        assert not re.search(rb"/JavaScript|/Launch|/OpenAction", content)
        return
    with ZipFile(f"report{suffix}") as archive:
        names = archive.namelist()
        parts = [archive.read(name).decode("utf-8") for name in names if name.endswith(".xml")]
    assert not any("vba" in name.lower() or "externalLink" in name for name in names)
    for part in parts:
        ElementTree.fromstring(part)
        assert "<script" not in part
        formulas = "".join(re.findall(r"<f(?: [^>]*)?>([^<]*)", part))
        assert not re.search(r"1\+1|@|cmd|alert|script|input", formulas), "no formula of the name's"
        fields = "".join(re.findall(r"<w:instrText[^>]*>([^<]*)", part))
        assert not re.search("alert|cmd|SUM|input", fields), "no field of the name's"


def test_names_of_a_hundred_thousand_characters(folder: Path) -> None:
    started = time.perf_counter()
    data = renamed("n" * 100_000)
    data["g"] = data["g"].astype(object).where(data["g"] != "b", "l" * 100_000)
    fit = logreg.fit(f"y ~ {'n' * 100_000} + g", data)
    document = fit.report_document()
    for suffix in TEXTUAL:
        render_as(document, suffix)
    fit.save("model.json")
    again = logreg.load("model.json")
    pd.testing.assert_frame_equal(again.probabilities(data), fit.probabilities(data))
    str(fit.summary()), repr(fit)
    assert time.perf_counter() - started < 60.0, "the time is bounded"


def test_spreadsheets_get_no_formulas(folder: Path) -> None:
    """Text that would be a formula is text in a CSV file; numbers stay numbers; JSON keeps the label."""
    data = with_columns(ys=np.where(BASE.y == 1, "=1+1", "-1")).set_index(
        pd.Index(["+x", "@y", "-2", "\tz", "plain"] * 40)
    )
    fit = logreg.fit("ys ~ x1", data)
    write_predictions(prediction_table(fit, data.head(5)), "rows.csv")
    write_predictions(prediction_table(fit, data.head(5)), "rows.json")
    table = pd.read_csv("rows.csv", dtype=str)
    assert set(table["outcome"]) == {"'=1+1", "-1"}
    assert table["row"].drop_duplicates().tolist() == ["'+x", "'@y", "-2", "'\tz", "plain"]
    assert pd.to_numeric(table["logit"]).min() == prediction_table(fit, data.head(5))["logit"].min()
    rows = json.loads(Path("rows.json").read_text())
    assert {row["outcome"] for row in rows} == {"=1+1", "-1"}
    assert rows[0]["row"] == "+x"


LABELS = {
    "dates": pd.date_range("2020", periods=5),
    "zones": pd.date_range("2020", periods=5, tz="Europe/Berlin"),
    "periods": pd.period_range("2020", periods=5, freq="M"),
    "intervals": pd.interval_range(0, 5),
    "durations": pd.to_timedelta(range(5), unit="D"),
    "mixed": pd.Index([1, "a", 2.5, None, (1, 2)], dtype=object),
    "two levels": pd.MultiIndex.from_arrays([[1] * 5, list("abcde")]),
    "huge integers": pd.Index([2**70] * 5, dtype=object),
    "bytes": pd.Index([b"a"] * 5, dtype=object),
    "repeats": pd.Index([1] * 5),
    "missing": pd.Index([np.nan] * 5),
    "objects": pd.Index([object()] * 5, dtype=object),
}


@pytest.mark.parametrize("labels", LABELS)
def test_row_labels_of_every_type_can_be_written(labels: str, folder: Path) -> None:
    fit = logreg.fit("y ~ x1 + x2", BASE)
    table = prediction_table(fit, BASE.head(5).set_index(LABELS[labels]))
    for suffix in (".csv", ".json", ".parquet"):
        write_predictions(table, f"rows{suffix}")
    assert len(pd.read_parquet("rows.parquet")) == len(json.loads(Path("rows.json").read_text())) == 10
