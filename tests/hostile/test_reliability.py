"""The page of reliability is whole, `logreg` is good in every case of it, and the rule judges as it says."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from .reliability import trials
from .reliability.demands import DEMANDS
from .reliability.judging import Answer, Demand, Must, Outcome, Truth, Verdict, judge, lacking, marked
from .reliability.page import SHOWN, page
from .reliability.requests import recorded
from .reliability.systems import LOGREG, SYSTEMS, in_patsy
from .reliability.trials import OWN, beyond, observed, tried

PAGE = Path(__file__).resolve().parents[2] / "reports" / "reliability.md"


def rows_of_cases() -> list[list[str]]:
    """Cells of the rows of the page that begin with a case; bars in a cell stand behind a backslash."""
    lines = [line for line in PAGE.read_text("utf-8").splitlines() if re.match(r"\| [A-Z]\d\d \|", line)]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


# The page ----------------------------------------------------------------------------------------------


def test_the_page_lists_every_case_once() -> None:
    assert sorted(row[0] for row in rows_of_cases()) == sorted(DEMANDS)
    assert {len(row) for row in rows_of_cases()} == {4 + len(SYSTEMS)}


def test_the_page_says_that_logreg_is_good_everywhere() -> None:
    assert next(iter(SYSTEMS)) == "logreg"
    assert {row[4] for row in rows_of_cases()} == {"good"}
    totals = next(line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| logreg |"))
    n = len(DEMANDS)
    assert totals == f"| logreg | {n} | {n} (100 %) | 0 (0 %) | 0 (0 %) | 0 (0 %) | 0 |"


def test_the_totals_of_the_page_are_those_of_its_cases() -> None:
    lines = PAGE.read_text("utf-8").splitlines()
    for column, system in enumerate(SYSTEMS.values(), start=4):
        cells = next(line for line in lines if line.startswith(f"| {system.name} |")).split("|")[2:-1]
        counted = [[row[column] for row in rows_of_cases()].count(shown) for shown in SHOWN.values()]
        assert [int(cell.split()[0]) for cell in cells] == [sum(counted[:-1]), *counted]


def test_the_same_findings_give_the_same_page() -> None:
    good = judge(DEMANDS["P13"], Outcome(answer=Answer()), None)
    findings = {(case, system): good for case in DEMANDS for system in SYSTEMS}
    assert page(findings) == page(findings)
    assert re.search(r"\d\d:\d\d:\d\d|20\d\d-\d\d-\d\d", page(findings)) is None, "no date"


# logreg, and the systems as they are called ----------------------------------------------------------------


@pytest.mark.parametrize("case", [case for case in DEMANDS if case not in OWN])
def test_logreg_is_good(case: str, folder: Path) -> None:
    if (case == "X02" and not Path("/dev/full").exists()) or (case == "X05" and sys.platform == "win32"):
        pytest.skip("a fault that this platform cannot make")
    finding = tried(case, LOGREG)
    assert finding.verdict is Verdict.GOOD, finding.why


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("case", ["P13", "P39", "D09", "X01"])
def test_every_system_is_called_so_that_plain_input_is_fitted(case: str, system: str, folder: Path) -> None:
    """Verdicts on the others mean something only if the harness can get a right answer from them."""
    finding = tried(case, SYSTEMS[system])
    assert finding.verdict is Verdict.GOOD, finding.why


def test_what_a_system_cannot_be_asked_is_not_held_against_it() -> None:
    reasons = {
        case: beyond(case, recorded(case), SYSTEMS["lbfgs"]) for case in ("M08", "N02", "O12", "O07", "P13")
    }
    assert reasons == {
        "M08": "formulas",
        "N02": "offsets",
        "O12": "counts",
        "O07": "binary",
        "P13": "",
    }
    assert beyond("W02", recorded("W02"), SYSTEMS["discrete"]) == "weights"
    assert beyond("H02", None, SYSTEMS["lbfgs"]) == "tables"
    assert all(tried(case, SYSTEMS["glm"]).verdict is Verdict.NOT_APPLICABLE for case in OWN)


def test_formulas_are_said_in_the_language_of_patsy() -> None:
    assert in_patsy("y ~ `my var (kg)` + x2") == "y ~ Q('my var (kg)') + x2"
    assert in_patsy("y ~ `a\\`b` + x2") == "y ~ Q('a`b') + x2"
    assert in_patsy("y ~ log + log(u)") == "y ~ log + np.log(u)"
    assert in_patsy("cbind(s, f) ~ x1") == "s + f ~ x1"


# The rule ----------------------------------------------------------------------------------------------

HALVES = np.full((4, 2), 0.5)
TRUTH = Truth(
    probabilities=HALVES, used=np.ones(4, dtype=bool), coef=np.zeros(2), std_error=np.array([1.0, 2.0])
)
RIGHT = Answer(probabilities=HALVES, coef=np.array([0.0, 1e-3]))
WRONG = Answer(probabilities=HALVES + np.array([0.01, -0.01]))
ELSEWHERE = Answer(probabilities=HALVES, coef=np.array([0.0, 0.01]))
NOT_NUMBERS = Answer(probabilities=HALVES * np.nan)
INFINITE = Answer(coef=np.array([0.3, np.inf]), std_error=np.array([0.1, np.nan]))
WALD = Answer(coef=np.array([0.3, np.inf]), std_error=np.array([0.1, 1e4]))
FINITE = Answer(coef=np.array([0.3, 24.2]), std_error=np.array([0.1, 1e4]))
NAMED, OTHER = ("column 'x1': 5 rows",), ("overflow encountered in exp",)

GOOD, ACCEPTABLE, UNHELPFUL, HARMFUL = list(Verdict)[:4]

RULE: list[tuple[Must, Outcome, Verdict]] = [
    (Must.FIT, Outcome(answer=RIGHT), GOOD),
    (Must.FIT, Outcome(answer=RIGHT, said=OTHER), ACCEPTABLE),
    (Must.FIT, Outcome(answer=WRONG), HARMFUL),
    (Must.FIT, Outcome(answer=ELSEWHERE), HARMFUL),
    (Must.FIT, Outcome(answer=NOT_NUMBERS), HARMFUL),
    (Must.FIT, Outcome(answer=Answer(probabilities=HALVES[:3])), HARMFUL),
    (Must.FIT, Outcome(answer=WRONG, said=OTHER), ACCEPTABLE),
    (Must.FIT, Outcome(error="column 'x1': 5 rows"), ACCEPTABLE),
    (Must.FIT, Outcome(error="singular matrix"), UNHELPFUL),
    (Must.FIT, Outcome(answer=RIGHT, damage="wrote the file pwned"), HARMFUL),
    (Must.ERROR, Outcome(error="column 'x1': 5 rows"), GOOD),
    (Must.ERROR, Outcome(error="column 'x1': 15 rows"), UNHELPFUL),
    (Must.ERROR, Outcome(error=""), UNHELPFUL),
    (Must.ERROR, Outcome(answer=RIGHT), HARMFUL),
    (Must.ERROR, Outcome(answer=RIGHT, said=OTHER), ACCEPTABLE),
    (Must.ERROR, Outcome(error="column 'x1': 5 rows", damage="the older file is destroyed"), HARMFUL),
    (Must.ERROR, Outcome(stopped="no answer at all"), UNHELPFUL),
    (Must.ERROR, Outcome(error="Unable to allocate", error_type="MemoryError"), UNHELPFUL),
    (Must.TRY, Outcome(answer=RIGHT), GOOD),
    (Must.TRY, Outcome(error="column 'x1': 5 rows"), GOOD),
    (Must.TRY, Outcome(answer=WRONG), HARMFUL),
    (Must.TELL, Outcome(answer=RIGHT, said=NAMED), GOOD),
    (Must.TELL, Outcome(answer=RIGHT), ACCEPTABLE),
    (Must.TELL, Outcome(answer=WRONG, said=NAMED), ACCEPTABLE),
    (Must.TELL, Outcome(answer=WRONG), HARMFUL),
    (Must.TELL, Outcome(error="column 'x1': 5 rows"), GOOD),
    (Must.WARN, Outcome(answer=RIGHT, said=NAMED), GOOD),
    (Must.WARN, Outcome(answer=RIGHT, said=OTHER), ACCEPTABLE),
    (Must.WARN, Outcome(error="column 'x1': 5 rows"), ACCEPTABLE),
]

SEPARATED: list[tuple[Outcome, Verdict]] = [
    (Outcome(answer=INFINITE, said=NAMED), GOOD),
    (Outcome(answer=INFINITE, said=OTHER), ACCEPTABLE),
    (Outcome(answer=WALD, said=NAMED), ACCEPTABLE),
    (Outcome(answer=FINITE, said=NAMED), ACCEPTABLE),
    (Outcome(answer=FINITE, said=OTHER), ACCEPTABLE),
    (Outcome(answer=FINITE), HARMFUL),
    (Outcome(answer=INFINITE), HARMFUL),
]


@pytest.mark.parametrize("k", range(len(RULE)))
def test_the_rule(k: int) -> None:
    must, outcome, verdict = RULE[k]
    assert judge(Demand(title="", must=must, words=("x1", "5")), outcome, TRUTH).verdict is verdict


@pytest.mark.parametrize("k", range(len(SEPARATED)))
def test_the_rule_under_separation(k: int) -> None:
    outcome, verdict = SEPARATED[k]
    demand = Demand(title="", must=Must.WARN, words=("x1",), infinite=True)
    assert judge(demand, outcome, None).verdict is verdict
    assert marked(INFINITE)
    assert not marked(FINITE)


def test_an_ascent_cut_short_may_be_off_when_it_says_so() -> None:
    demand = Demand(title="", must=Must.WARN, words=("x1",), unfinished=True)
    assert judge(demand, Outcome(answer=WRONG, said=NAMED), TRUTH).verdict is GOOD
    assert judge(demand, Outcome(answer=WRONG), TRUTH).verdict is HARMFUL


def test_words_stand_for_themselves() -> None:
    assert lacking("column 'x1': 5 rows", ("x1", "5", "rows or samples")) == []
    assert lacking("column 'x12': 0.55 of the samples", ("x1", "5", "rows or samples")) == ["x1", "5"]
    assert lacking("a bar | and (", ("|", "(", "=")) == ["="]
    assert lacking("'Yes ' and 'yes'", ("'Yes '",)) == []


def test_what_is_left_behind_or_changed_is_seen(folder: Path) -> None:
    request = recorded("P13")

    def write(said: list[str]) -> Answer:
        Path("pwned").touch()
        raise ValueError("x1")

    def change(said: list[str]) -> Answer:
        request.data.loc[0, "x1"] = 5.0
        return Answer()

    assert observed(write, request).damage == "wrote the file pwned"
    Path("pwned").unlink()
    assert observed(lambda said: Answer(), request).damage == ""
    assert observed(change, request).damage == "changed the caller's table"


def test_a_table_is_changed_when_a_value_or_a_type_is() -> None:
    table = pd.DataFrame({"x": [1, 2]})
    others: list[Any] = [table.astype(float), table.assign(x=[1, 3]), table.rename(columns={"x": "z"})]
    assert not trials.changed(table, table.copy())
    assert all(trials.changed(table, other) for other in others)
