"""The linear programmes of separation, where they end and where they do not."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from logreg.engine import programme
from logreg.engine.programme import strict_rows


def test_rows_by_hand() -> None:
    # b = (1, 0) moves the first row and leaves the second; no direction moves the third without its opposite.
    assert strict_rows(np.array([[1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])).tolist() == [True, False, False]


def test_a_solver_that_goes_round_for_ever_is_stopped() -> None:
    """Without a bound on its iterations HiGHS does not come back from these rows, which fuzzing found."""
    found = json.loads(Path(__file__).with_name("endless_programme.json").read_text(encoding="utf-8"))
    assert strict_rows(np.array(found["constraints"])) is None


def test_an_attempt_that_is_cut_short_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    rows = np.abs(rng.normal(size=(60, 8)))
    assert strict_rows(rows).all()
    monkeypatch.setattr(programme, "SIMPLEX_ITERATIONS", 0)
    monkeypatch.setattr(programme, "INTERIOR_ITERATIONS", 0)
    assert strict_rows(rows) is None
