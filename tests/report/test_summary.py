"""The summary: the numbers of the fit as text and as a fragment for notebooks."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pandas as pd
import pytest

import logreg
from logreg.report.formats import PLAIN, odds_ratio, p_value


def test_it_shows_the_numbers_of_the_fit() -> None:
    fit = logreg.fit("low ~ age + race + smoke", logreg.datasets.load("birthwt"))
    text = str(fit.summary())
    assert repr(fit.summary()) == text
    ratios = fit.odds_ratios()
    for row in ratios.itertuples():
        line = next(x for x in text.splitlines() if odds_ratio(row.odds_ratio, PLAIN) in x.split())
        assert line.endswith(p_value(row.p_value, PLAIN))
    assert max(map(len, text.splitlines())) <= 100
    text = " ".join(text.split())
    assert f"Log-likelihood {fit.loglik:.3f}" in text
    assert f"AIC {fit.aic:.2f}, BIC {fit.bic:.2f}" in text
    assert "189 used of 189" in text
    assert "Converged after" in text


def test_several_outcomes_stand_below_each_other() -> None:
    fit = logreg.fit("partic ~ hincome + children", logreg.datasets.load("womenlf"))
    text = str(fit.summary())
    assert text.index("parttime (against not.work)") < text.index("fulltime (against not.work)")


def test_remarks_stand_at_the_top() -> None:
    with pytest.warns(logreg.MissingDataWarning):
        fit = logreg.fit("species ~ bill_length_mm + body_mass_g", logreg.datasets.load("penguins"))
    text = " ".join(str(fit.summary()).split())
    assert text.index("2 rows dropped because 'bill_length_mm' is missing") < text.index("Log-likelihood")


def test_sampling_weights_have_no_likelihood() -> None:
    sheet = logreg.datasets.describe("apistrat")
    fit = logreg.fit(sheet.formula, logreg.datasets.load("apistrat"), **sheet.fit)
    text = str(fit.summary())
    assert "Pseudo-log-likelihood" in text
    assert "AIC" not in text


class _Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_notebooks_show_a_table_that_leaves_the_page_alone() -> None:
    data = logreg.datasets.load("birthwt").rename(columns={"smoke": "<script>x</script>"})
    fit = logreg.fit("low ~ age + `<script>x</script>`", data)
    parsed = _Elements()
    fragment = fit.summary()._repr_html_()
    parsed.feed(fragment)
    assert {"html", "head", "body", "script"}.isdisjoint(parsed.names)
    assert parsed.names.count("table") == 1
    assert "<script>x</script>" in parsed.text
    style = re.search(r"<style>(.*?)</style>", fragment, re.DOTALL)
    assert style is not None
    selectors = [part.strip() for rule in style[1].split("}") for part in rule.partition("{")[0].split(",")]
    assert all(selector.startswith(".logreg") for selector in selectors if selector)


def test_the_terminal_is_not_moved() -> None:
    data = pd.DataFrame({"g": ["\x1b[31mred", "b\u202e"] * 20, "y": [0, 1, 1, 1, 0] * 8})
    text = str(logreg.fit("y ~ g", data).summary())
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "<U+001B>[31mred" in text
