"""The simulation behind ``reports/coverage.md`` runs, and its page says that nothing is far from nominal."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

REPORTS = Path(__file__).resolve().parents[1] / "reports"
#: The largest samples are near enough to their limit; four Monte Carlo errors of the page are 3 points.
FAR = 3.0


@pytest.fixture(scope="module")
def simulation() -> ModuleType:
    spec = importlib.util.spec_from_file_location("coverage_simulation", REPORTS / "coverage.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("kind", ["binary", "three outcomes"])
def test_a_few_samples_are_tallied(simulation: ModuleType, kind: str) -> None:
    covered, rejected = simulation.study(kind, 60, 0, 3, 0, effect=0.1)
    slopes = 3 * len(simulation.TRUTH[kind]) * 3
    assert covered.tries["Wald"] == covered.tries["profile likelihood"] == slopes
    assert 0 < covered.hits["Wald"] <= slopes
    assert rejected.tries["LR"] == rejected.tries["score"] == 3
    assert "| Wald |" in simulation.page({(kind, 60): (covered, rejected)}, 3, 0)


def test_the_page_shows_nominal_shares_in_large_samples() -> None:
    text = (REPORTS / "coverage.md").read_text("utf-8")
    header = next(line for line in text.splitlines() if line.startswith("| |"))
    large = [k for k, name in enumerate(header.split("|")) if "n = 1000" in name]
    shown = 0
    for line in text.splitlines():
        cells = line.split("|")
        if len(cells) == len(header.split("|")) and "±" in line:
            for k in large:
                share = float(re.split("±", cells[k])[0])
                nominal = 95.0 if share > 50 else 5.0
                assert abs(share - nominal) < FAR, line
                shown += 1
    assert shown >= 20
