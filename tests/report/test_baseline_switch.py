"""The baseline of a multinomial report, changed by its reader: every choice is what a report against that
outcome shows, and what a model fitted against it estimates.
"""

from __future__ import annotations

import dataclasses
import html
import json
import re
import shutil
import subprocess
import warnings
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import logreg
from logreg.report import baselines
from logreg.report.context import context_of
from logreg.report.nodes import Cell, Document, Note, Row, Table, TableColumn
from logreg.report.render_html import render, render_fragment
from logreg.report.switched import SwitchedTable, switched
from logreg.report.write import RENDERERS, render_as

CHROMIUM = shutil.which("chromium")
#: What stands in a table: caption, upper headings, (text, numbers) of every cell row by row, notes.
Shown = dict[str, tuple[str, list[str], list[list[tuple[str, str]]], list[str]]]


@cache
def fitted(name: str) -> logreg.LogisticFit:
    sheet = logreg.datasets.describe(name)
    return logreg.fit(sheet.formula, logreg.datasets.load(name), **sheet.fit)


@cache
def separated() -> logreg.LogisticFit:
    """Nobody of group c reaches the third outcome."""
    rng = np.random.default_rng(5)
    data = pd.DataFrame({"x": rng.normal(size=300), "group": rng.choice(list("abc"), 300)})
    data["y"] = rng.choice(["one", "two", "three"], 300)
    data.loc[(data["group"] == "c") & (data["y"] == "three"), "y"] = "one"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", logreg.LogregWarning)
        return logreg.fit("y ~ x + group", data)


@cache
def hostile() -> logreg.LogisticFit:
    rng = np.random.default_rng(6)
    data = pd.DataFrame({"x": rng.normal(size=200)})
    data["y"] = rng.choice(["", "</script><b>", '"&amp;\u202e'], 200)
    return logreg.fit("y ~ x", data)


FITS = {
    "womenlf": lambda: fitted("womenlf"),
    "anes96": lambda: fitted("anes96"),
    "alligators": lambda: fitted("alligators"),
    "separated": separated,
    "hostile": hostile,
}


def page_of(fit: logreg.LogisticFit, **options: Any) -> str:
    return render(fit.report_document(sections=["odds_ratios"], **options))


class Tables(HTMLParser):
    """Reads the tables of a page and the data of its switches, and no more."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.shown: Shown = {}
        self.switches: dict[str, Any] = {"strings": [], "switches": []}
        self.key, self.into, self.depth, self.json = "", "", 0, ""
        self.feed(text)
        self.close()
        if self.json:
            self.switches = json.loads(self.json)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = dict(attrs)
        if tag == "div" and (has.get("id") or "").startswith("table-"):
            self.key = str(has["id"]).removeprefix("table-")
            self.shown[self.key] = ("", [], [], [])
        elif tag == "script":
            self.into = "json" if has.get("id") == "switches" else ""
        if not self.key:
            return
        _, groups, rows, notes = self.shown[self.key]
        if tag == "caption":
            self.into = "caption"
        elif tag == "thead":
            self.depth = 1
        elif tag == "tbody":
            self.depth = 2
        elif tag == "th" and has.get("class") == "spanner":
            groups.append("")
            self.into = "group"
        elif tag == "tr" and self.depth == 2:
            rows.append([])
        elif tag in ("th", "td") and self.depth == 2:
            rows[-1].append(("", has.get("data-value") or ""))
            self.into = "cell"
        elif tag == "p" and has.get("class") == "table-note":
            notes.append("")
            self.into = "note"
        elif tag == "section":
            self.key = ""

    def handle_endtag(self, tag: str) -> None:
        if tag in ("caption", "th", "td", "p", "script"):
            self.into = ""

    def handle_data(self, data: str) -> None:
        if self.into == "json":
            self.json += data
        elif self.into:
            caption, groups, rows, notes = self.shown[self.key]
            if self.into == "caption":
                self.shown[self.key] = (caption + data, groups, rows, notes)
            elif self.into == "cell":
                text, numbers = rows[-1][-1]
                rows[-1][-1] = (text + data, numbers)
            else:
                into = groups if self.into == "group" else notes
                into[-1] += data


def chosen(page: Tables, choice: int) -> Shown:
    """Return what the page shows after a choice: the strings of its data, put where they belong."""
    strings = page.switches["strings"]
    (switch,) = page.switches["switches"]
    result: Shown = {}
    for table in switch["tables"]:
        caption, groups, rows, _ = page.shown[table["key"]]
        label, _, _ = caption.partition(". ")
        parts: list[Any] = [caption, *groups, *(cell for row in rows for cell in row)]
        for place, k in zip(table["places"], table["texts"][choice], strict=True):
            found = strings[k]
            if 0 < place <= len(groups):
                parts[place] = found
            elif place == 0:
                parts[0] = f"{label}. {found}"
            else:
                parts[place] = tuple(found) if isinstance(found, list) else (found, "")
        cells = iter(parts[1 + len(groups) :])
        result[table["key"]] = (
            parts[0],
            parts[1 : 1 + len(groups)],
            [[next(cells) for _ in row] for row in rows],
            [strings[k] for k in table["notes"][choice]],
        )
    return result


def outcomes_of(fit: logreg.LogisticFit) -> tuple[str, ...]:
    return fit.spec.outcome.names


@pytest.mark.parametrize("name", FITS)
def test_every_choice_shows_what_a_report_against_that_outcome_shows(name: str) -> None:
    fit = FITS[name]()
    page = Tables(page_of(fit, confidence=0.9))
    (switch,) = page.switches["switches"]
    assert len(switch["choices"]) == len(outcomes_of(fit))
    for k, outcome in enumerate(outcomes_of(fit)):
        other = Tables(page_of(fit, confidence=0.9, versus=outcome))
        assert chosen(page, k) == other.shown
        assert (chosen(page, k) == page.shown) == (k == 0)


@pytest.mark.parametrize("units", [{"hincome": 10}, "sd"])
def test_choices_keep_units_labels_and_style(units: Any) -> None:
    options = {"units": units, "labels": {"region": "Province"}, "style": "apa"}
    page = Tables(page_of(fitted("womenlf"), **options))
    for k, outcome in enumerate(outcomes_of(fitted("womenlf"))):
        assert chosen(page, k) == Tables(page_of(fitted("womenlf"), versus=outcome, **options)).shown
    assert "Province" in str(page.shown)
    assert ", per " in str(page.shown)


def test_a_report_against_another_outcome_can_be_changed_back() -> None:
    fit = fitted("womenlf")
    page = Tables(page_of(fit, versus="fulltime"))
    (switch,) = page.switches["switches"]
    assert switch["choices"] == ["fulltime", "not.work", "parttime"]
    assert "compare with fulltime" in switch["remark"]
    assert chosen(page, 1) == Tables(page_of(fit)).shown


def test_the_numbers_of_a_choice_are_those_of_a_model_fitted_against_it() -> None:
    sheet = logreg.datasets.describe("womenlf")
    page = Tables(page_of(fitted("womenlf")))
    for k, outcome in enumerate(outcomes_of(fitted("womenlf"))):
        refitted = logreg.fit(sheet.formula, logreg.datasets.load("womenlf"), baseline=outcome)
        table = refitted.odds_ratios(intercept=False)
        _, groups, rows, _ = chosen(page, k)["odds_ratios"]
        assert groups == [f"{outcome} (baseline)", *refitted.spec.outcome.modelled]
        ratios, limits = [], []
        n_outcomes = len(refitted.spec.outcome.modelled)
        estimates = [row for row in rows if len(row) > 1 and row[-1][1]]
        for one in range(n_outcomes):
            for row in estimates:
                _, ratio, interval, _ = row[2 + 4 * one : 6 + 4 * one]
                ratios.append(float(ratio[1]))
                limits.append([float(x) for x in interval[1].split()])
        assert ratios == pytest.approx(table["odds_ratio"].tolist(), rel=1e-6)
        assert np.array(limits) == pytest.approx(table[["conf_low", "conf_high"]].to_numpy(), rel=1e-6)


def test_a_loaded_model_has_the_choice_too(tmp_path: Path) -> None:
    fitted("womenlf").save(tmp_path / "model.json")
    loaded = logreg.load(tmp_path / "model.json")
    labels = fitted("womenlf").labels
    assert Tables(page_of(loaded, labels=labels)).switches == Tables(page_of(fitted("womenlf"))).switches


def test_two_outcomes_and_a_fragment_have_no_choice() -> None:
    assert not Tables(page_of(fitted("birthwt"))).switches["switches"]
    fragment = render_fragment(fitted("womenlf").report_document(sections=["odds_ratios"]))
    assert "<script" not in fragment
    assert "caption-odds_ratios" in fragment


def test_profile_intervals_have_no_choice_and_say_why() -> None:
    document = fitted("womenlf").report_document(sections=["odds_ratios"], interval="profile")
    assert [type(block) for block in document["odds_ratios"].blocks] == [Table, Table, Note]
    (note,) = (block for block in document["odds_ratios"].blocks if isinstance(block, Note))
    assert "not.work only" in note.text
    assert "versus=" in note.text


def test_a_model_with_too_many_numbers_has_no_choice_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    context = context_of(fitted("womenlf"))
    n_rows = 3 * len(context.shown.spec.columns)
    monkeypatch.setattr(baselines, "MOST_PAIRS", n_rows)
    assert all(isinstance(block, SwitchedTable) for block in baselines.coefficient_blocks(context))
    monkeypatch.setattr(baselines, "MOST_PAIRS", n_rows - 1)
    *tables, note = baselines.coefficient_blocks(context)
    assert not any(isinstance(table, SwitchedTable) for table in tables)
    assert isinstance(note, Note)
    assert "3 pairs of outcomes" in note.text


def small(text: str, key: str = "small", group: str = "") -> Table:
    columns = (
        TableColumn(key="a", heading="A"),
        TableColumn(key="b", heading="B", align="right", group=group),
    )
    cells = Cell(text="name"), Cell(text=text, value=1.5)
    return Table(key=key, caption=f"About {text}.", columns=columns, rows=(Row(cells=cells),), notes=(text,))


@pytest.mark.parametrize("suffix", [suffix for suffix in RENDERERS if suffix != ".html"])
def test_other_formats_show_the_first_choice_as_if_there_were_no_other(suffix: str) -> None:
    two = switched(small("x"), [small("y")], choices=["X", "Y"], question="Which?")
    plain, choice = (Document(title="T", blocks=(table,)) for table in (small("x"), two))
    assert render_as(choice, suffix) == render_as(plain, suffix)
    assert choice["small"].to_frame().equals(plain["small"].to_frame())


def test_a_choice_is_as_visible_and_as_safe_as_the_page() -> None:
    evil = '</script><script>alert(1)</script>\u202e"&'
    two = switched(small("x"), [small(evil)], choices=["X", evil], question=evil, remark=evil)
    text = render(Document(title="T", blocks=(two,)))
    found = Tables(text).switches
    assert text.count("<script") == 2
    assert "\u202e" not in text
    assert "\\u202e" not in text
    assert found["switches"][0]["choices"][1] == evil.replace("\u202e", "<U+202E>")
    assert found["switches"][0]["question"] == evil.replace("\u202e", "<U+202E>")


def test_tables_with_the_same_choices_change_together() -> None:
    first, second, third = (
        switched(small("x", key), [small("y", key)], choices=["X", "Y"], question=question)
        for key, question in (("a", "Which?"), ("b", "Which?"), ("c", "What else?"))
    )
    switches = Tables(render(Document(title="T", blocks=(first, second, third)))).switches["switches"]
    assert [[table["key"] for table in one["tables"]] for one in switches] == [["a", "b"], ["c"]]


@pytest.mark.parametrize(
    ("other", "choices", "message"),
    [
        (small("y", group="G"), ("X", "Y"), "must have its columns and rows"),
        (dataclasses.replace(small("y"), rows=()), ("X", "Y"), "must have its columns and rows"),
        (small("y"), ("X",), "1 choices for 2 tables"),
    ],
)
def test_tables_of_another_shape_are_refused(other: Table, choices: tuple[str, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        switched(small("x"), [other], choices=choices, question="Which?")


# --- in a browser -------------------------------------------------------------------------------------------

#: Makes every choice, with a table sorted on the way, and writes down what the page then shows.
SCRIPT = """
const select = document.querySelector(".switch select");
const text = (element) => element.textContent;
const rowsOf = (box) => [...box.querySelectorAll("tbody tr")];
const looks = () => Object.fromEntries([...document.querySelectorAll(".table")].map((box) => [
  box.id.replace("table-", ""),
  [text(box.querySelector("caption")), [...box.querySelectorAll(".spanner span")].map(text),
   rowsOf(box).map((row) => [...row.cells].map((cell) => [text(cell), cell.dataset.value || ""])),
   [...box.querySelectorAll(".table-note")].map(text)]]));
const choose = (k) => {
  select.value = String(k);
  select.dispatchEvent(new Event("input", { bubbles: true }));
};
const found = [], K = select.options.length;
for (const k of [...Array(K).keys()].reverse()) {
  choose(k);
  found[k] = { shown: looks(), said: text(document.querySelector("[role=status].aside")) };
}
const table = document.querySelector("#table-odds_ratios table");
[...table.querySelectorAll("button.sort")].pop().click();
choose(K - 1);
const sorted = rowsOf(table).map((row) => [text(row.cells[0]), row.lastElementChild.dataset.value]);
const label = document.querySelector(`label[for="${select.id}"]`), names = [...select.options].map(text);
const remark = text(document.getElementById(select.getAttribute("aria-describedby")));
const result = document.createElement("pre");
result.id = "found";
result.textContent = JSON.stringify({ found, sorted, label: text(label), names, remark });
document.body.append(result);
"""


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_in_a_browser_the_tables_change_as_a_whole_and_stay_sorted(tmp_path: Path) -> None:
    fit = fitted("womenlf")
    text = page_of(fit)
    policy = re.search(r'<meta http-equiv="Content-Security-Policy"[^>]*>', text)
    assert policy is not None
    page = tmp_path / "page.html"
    page.write_text(
        text.replace(policy[0], "").replace("</body>", f"<script>{{{SCRIPT}}}</script></body>"), "utf-8"
    )
    command = [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}"]
    done = subprocess.run(
        [*command, "--dump-dom", page.as_uri()], capture_output=True, text=True, check=True, timeout=60
    )
    match = re.search(r'<pre id="found">(.*?)</pre>', done.stdout, flags=re.DOTALL)
    assert match is not None, done.stderr
    result = json.loads(html.unescape(match[1]))
    assert result["label"] == "Compare with"
    assert "text and figures compare with not.work" in result["remark"]
    assert result["names"] == ["not.work", "parttime", "fulltime"]
    for outcome, one in zip(outcomes_of(fit), result["found"], strict=True):
        expected = json.loads(json.dumps(Tables(page_of(fit, versus=outcome)).shown))
        assert one["shown"] == expected
        assert one["said"].count(f"against {outcome} (the baseline)") == 2
    regions = ("Atlantic", "BC", "Prairie", "Quebec")
    p_values = [float(p) for name, p in result["sorted"] if name in regions]
    # Sorted by the last column before the choice, and by its new numbers after it.
    assert p_values == sorted(p_values)
    assert p_values != [float(row[-1][1]) for row in expected["odds_ratios"][2] if row[0][0] in regions]
