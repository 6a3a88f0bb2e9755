"""One case tried on one system, in an empty folder: what is done, what is seen, what it is worth."""

from __future__ import annotations

import copy
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from .. import test_files
from .contents import CONTENTS, written
from .demands import DEMANDS, FAMILIES
from .judging import Answer, Finding, Outcome, Verdict, brief, judge
from .requests import Request, recorded
from .storage import STORAGE, Damage
from .systems import LOGREG, System
from .truths import TRUTHS

#: Warnings about the future of the software, not about the data.
OF_THE_FUTURE = (DeprecationWarning, PendingDeprecationWarning, FutureWarning, ImportWarning, ResourceWarning)

#: Cases that are about the language of formulas.
LANGUAGE = {"P33", "P45", "P46", *FAMILIES["formulas"]}

#: What only `logreg` has is judged by its own tests.
OWN: dict[str, Callable[[Path], None]] = {
    "L01": lambda folder: test_files.test_l01_cut_off(0.5, folder),
    "L04": test_files.test_l04_separated_round_trip_is_strict_json,
    "L05": test_files.test_l05_one_coefficient_less_than_names,
    "L08": test_files.test_l08_floats_and_names_of_all_kinds,
    "L09": lambda folder: test_files.test_x06_l09_a_pickle_is_not_opened(4, folder),
    "L11": test_files.test_x05_l11_half_way_over_an_older_file,
    "L13": test_files.test_l13_hostile_formula_on_the_command_line,
    "L15": test_files.test_l15_columns_that_differ_by_case_only,
    "L18": lambda folder: test_files.test_l18_repeats_and_threads_agree_to_the_last_bit(),
    "L19": test_files.test_l19_decimal_points_in_every_locale,
}


def tried(case: str, system: System) -> Finding:
    """Try the case in the current folder, which is empty."""
    if case in OWN:
        return _own(case, system)
    request = None if case in STORAGE or case in CONTENTS else recorded(case)
    reason = beyond(case, request, system)
    if reason:
        return Finding(verdict=Verdict.NOT_APPLICABLE, why=reason)
    outcome = observed(action_of(case, request, system), request)
    truth = TRUTHS[case]() if case in TRUTHS and outcome.answer is not None else None
    return judge(DEMANDS[case], outcome, truth)


def beyond(case: str, request: Request | None, system: System) -> str:
    """Return why a system cannot be asked this, an empty text where it can."""
    needs = set()
    if case in LANGUAGE:
        needs.add("formulas")
    if case in CONTENTS:
        needs.add("tables")
        if case == "H14":
            needs.add("multinomial")
        if CONTENTS[case].formats == (".md",):
            needs.add("Markdown")
    if request is not None:
        asked = {"weights": "weights", "offset": "offsets", "event": "binary"}
        needs |= {need for option, need in asked.items() if option in request.options}
        if request.formula.startswith("cbind"):
            needs.add("counts")
        if request.outcome in ("y3", "y3s", "x3"):
            needs.add("multinomial")
    return ", ".join(sorted(needs & system.lacks))


def action_of(case: str, request: Request | None, system: System) -> Callable[[list[str]], Answer]:
    """Return what is done; it adds the remarks of the system to the list it is given."""
    if case in STORAGE:
        return lambda said: STORAGE[case](system)
    if case in CONTENTS:
        return lambda said: written(CONTENTS[case], system)
    assert request is not None

    def asked(said: list[str]) -> Answer:
        model = system.fit(request)
        if request.new is not None:
            return Answer(probabilities=np.atleast_2d(system.predict(model, request.new)))
        answer = system.answer(model)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the summary, not of the fit
            said.extend(system.remarks(model))
        return answer

    return asked


def observed(action: Callable[[list[str]], Answer], request: Request | None) -> Outcome:
    """Act, and note the answer or error, what was said, and what was left behind or changed."""
    tables = [] if request is None else [request.data, request.new]
    before = [copy.deepcopy(table) for table in tables]
    said: list[str] = []
    answer, error, damage = None, None, ""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            answer = action(said)
        except Damage as found:
            damage = str(found)
        except Exception as raised:  # noqa: BLE001 - whatever it is, it is the verdict
            error = raised
    warned = [str(one.message) for one in caught if not issubclass(one.category, OF_THE_FUTURE)]
    left = sorted(set(os.listdir()) - {"model"})
    if left and not damage:
        damage = f"wrote the file {left[0]}"
    if any(changed(old, new) for old, new in zip(before, tables, strict=True) if old is not None):
        damage = "changed the caller's table"
    return Outcome(
        answer=answer,
        error=None if error is None else str(error),
        error_type=type(error).__name__,
        said=tuple(dict.fromkeys([*warned, *said])),
        damage=damage,
    )


def changed(before: Any, after: Any) -> bool:
    """Whether a caller's table is not what it was."""
    if isinstance(before, dict):
        return bool(before != after)
    if isinstance(before, pd.DataFrame):
        try:
            pd.testing.assert_frame_equal(before, after)
        except AssertionError:
            return True
        return False
    return not before.equals(after)


def _own(case: str, system: System) -> Finding:
    if system is not LOGREG:
        return Finding(verdict=Verdict.NOT_APPLICABLE, why="only logreg has it")
    try:
        OWN[case](Path.cwd())
    except (AssertionError, pytest.fail.Exception) as fault:
        return Finding(verdict=Verdict.HARMFUL, why=brief(str(fault)))
    except Exception as fault:  # noqa: BLE001 - whatever it is, it is the verdict
        return Finding(verdict=Verdict.UNHELPFUL, why=f"{type(fault).__name__}: {brief(str(fault))}")
    return Finding(verdict=Verdict.GOOD, why="its test passes")
