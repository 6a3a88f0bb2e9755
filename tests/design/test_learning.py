"""The summary pass: what it counts, what it refuses, and that blocks add up."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import add
from typing import Any

import numpy as np
import pandas as pd
import pytest

from logreg.design import factors
from logreg.design.factors import Labelling
from logreg.design.learning import Tally
from logreg.errors import DataError, OutcomeError, WeightError

N = 120


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    rng = np.random.default_rng(11)
    frame = pd.DataFrame(
        {
            "y": rng.choice(["no", "yes"], N),
            "x": rng.normal(size=N),
            "g": rng.choice(list("abc"), N),
            "w": rng.integers(0, 4, N).astype(float),
        }
    )
    frame.loc[[5, 17], "x"] = np.nan
    frame.loc[[17, 30, 31], "g"] = None
    frame.loc[[40], "y"] = None
    return frame


def test_the_ledger(data: pd.DataFrame, learned: Callable[..., Any]) -> None:
    tally = learned("y ~ x + g", data).tally
    assert tally.n_read == N
    assert tally.n_used == N - 5
    # A row that lacks several values counts for the first column, the outcome first.
    assert dict(tally.dropped) == {"y": 1, "x": 2, "g": 2}
    assert dict(tally.first_dropped) == {"y": 40, "x": 5, "g": 30}


def test_the_ledger_with_weights(data: pd.DataFrame, learned: Callable[..., Any]) -> None:
    tally = learned("y ~ x + g", data, weights="w").tally
    used = data.dropna().query("w > 0")
    assert tally.n_used == len(used)
    assert tally.sum_weights == used.w.sum()
    assert sum(tally.dropped.values()) == N - len(used)
    assert tally.dropped["(weight is zero)"] == (data.w == 0).sum()
    by_level = used.groupby("y").w.sum()
    assert {k: sum(v.values()) for k, v in tally.outcome.counts.items()} == by_level.to_dict()
    assert tally.rows_by_outcome == used.y.value_counts().to_dict()


@pytest.mark.parametrize("block_rows", [1, 10, 41])
def test_blocks_add_up(data: pd.DataFrame, learned: Callable[..., Any], block_rows: int) -> None:
    formula = "y ~ scale(x) + g + bs(x, df=4)"
    whole = learned(formula, data, weights="w")
    blocked = learned(formula, data, block_rows, weights="w")
    assert blocked.spec == whole.spec
    for name in ("n_read", "n_used", "sum_weights", "dropped", "first_dropped", "outcome", "factors"):
        assert getattr(blocked.tally, name) == getattr(whole.tally, name), name


def test_level_counts_by_outcome(data: pd.DataFrame, learned: Callable[..., Any]) -> None:
    found = learned("y ~ x + g", data, weights="w")
    used = data.dropna().query("w > 0")
    expected = used.pivot_table(index="g", columns="y", values="w", aggfunc="sum")
    ((label, counts),) = found.spec.level_counts
    assert label == "g"
    assert [count.level for count in counts] == ["a", "b", "c"]
    np.testing.assert_array_equal([count.counts for count in counts], expected[["no", "yes"]])


@pytest.mark.parametrize("weights", [None, "w"])
def test_pairs_of_labels_are_counted_the_same_without_a_table(
    data: pd.DataFrame, learned: Callable[..., Any], weights: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = learned("y ~ x + g", data, weights=weights)
    monkeypatch.setattr(factors, "MOST_CELLS", 0)
    for block_rows in (None, 10):
        pairs = learned("y ~ x + g", data, block_rows, weights=weights)
        assert pairs.tally.factors == table.tally.factors
        assert pairs.spec == table.spec


def test_sums_of_labellings_are_associative_and_have_an_identity() -> None:
    parts = [
        Labelling(counts={"a": {"n": 1.0}, "b": {"y": 2.0}}, rows={"a": 1, "b": 2}),
        Labelling(counts={"b": {"n": 4.0, "y": 1.0}}, rows={"b": 5}),
        Labelling(counts={"c": {"y": 3.0}, "a": {"y": 1.0}}, rows={"c": 3, "a": 1}, declared=("c", "a", "b")),
    ]
    left = (parts[0] + parts[1]) + parts[2]
    right = parts[0] + (parts[1] + parts[2])
    assert left == right == Labelling() + left == left + Labelling()
    assert left.counts == {"a": {"n": 1.0, "y": 1.0}, "b": {"y": 3.0, "n": 4.0}, "c": {"y": 3.0}}
    assert left.declared == ("c", "a", "b")
    tallies = [Tally(n_read=k, n_used=1, dropped={"x": k}, first_dropped={"x": 10 * k}) for k in (1, 2, 3)]
    total = reduce(add, tallies)
    assert (total.n_read, total.n_used, total.dropped, total.first_dropped) == (6, 3, {"x": 6}, {"x": 10})


def test_transforms_learn_from_rows_used_only(
    data: pd.DataFrame, learned: Callable[..., Any], columns: Any
) -> None:
    spec = learned("y ~ scale(x) + g", data, weights="w").spec
    used = data.dropna().query("w > 0")
    mean = np.average(used.x, weights=used.w)
    sd = np.sqrt(((used.x - mean) ** 2 * used.w).sum() / (used.w.sum() - 1))
    found = columns(spec, used)[:, spec.column_names.index("scale(x)")]
    np.testing.assert_allclose(found, (used.x - mean) / sd, rtol=1e-12)


def test_nested_transforms_take_another_pass(
    data: pd.DataFrame, learned: Callable[..., Any], columns: Any
) -> None:
    complete = data.dropna()
    spec = learned("y ~ scale(I(center(x)**2))", complete).spec
    squares = (complete.x - complete.x.mean()) ** 2
    expected = (squares - squares.mean()) / squares.std()
    np.testing.assert_allclose(columns(spec, complete)[:, 1], expected, rtol=1e-10)


@pytest.mark.parametrize(
    ("formula", "edit", "options", "error", "words"),
    [
        ("y ~ x", {}, {"drop_missing": False}, DataError, ["'y' in 1 row,", "'x' in 2 rows", "row 5"]),
        ("y ~ x", {"x": np.nan}, {}, DataError, ["no complete rows", "'x' is missing in 119 rows"]),
        ("y ~ x", {"w": 0.0}, {"weights": "w"}, WeightError, ["all weights are zero", "'w'"]),
        ("y ~ x", {"w": 0.5}, {"weights": "w"}, WeightError, ["fractions", "0.5 in row 0"]),
        ("y ~ x", {"y": "yes"}, {}, OutcomeError, ["'y'", "'yes'", "118 rows"]),
        ("y ~ g", {"g": [f"g{i}" for i in range(N)]}, {}, DataError, ["'g'", "119 distinct", "identifier"]),
        ("y ~ g", {"g": [str(i) for i in range(N)]}, {}, DataError, ["'g'", "look like numbers"]),
    ],
)
def test_refusals(
    data: pd.DataFrame,
    learned: Callable[..., Any],
    formula: str,
    edit: dict[str, Any],
    options: dict[str, Any],
    error: type[Exception],
    words: list[str],
) -> None:
    for block_rows in (None, 13):
        with pytest.raises(error) as caught:
            learned(formula, data.assign(**edit), block_rows, **options)
        assert [word for word in words if word not in str(caught.value)] == []


def test_a_level_that_only_a_late_block_has(learned: Callable[..., Any]) -> None:
    data = pd.DataFrame({"y": np.resize([0, 1], 50), "g": ["a", "b"] * 24 + ["c", "c"]})
    assert learned("y ~ g", data, 4).spec.column_names == ("Intercept", "g[T.b]", "g[T.c]")


def test_an_outcome_class_that_only_a_late_block_has(learned: Callable[..., Any]) -> None:
    data = pd.DataFrame({"y": [0] * 45 + [1] * 5, "x": np.arange(50.0)})
    assert learned("y ~ x", data, 10).spec.outcome.levels == (0, 1)


def test_levels_of_a_number_in_c(learned: Callable[..., Any]) -> None:
    """Names may not depend on which block a level is met in."""
    data = pd.DataFrame({"y": np.resize([0, 1], 30), "m": np.resize([3.0, 1.0, 2.0], 30)})
    half = data.assign(m=data.m / 2)
    assert learned("y ~ C(m)", data).spec.column_names == ("Intercept", "C(m)[T.2]", "C(m)[T.3]")
    for block_rows in (None, 1, 2):
        found = learned("y ~ C(m)", half, block_rows).spec
        assert found.column_names == ("Intercept", "C(m)[T.1]", "C(m)[T.1.5]")
    mixed = data.assign(y=np.resize([0.5, 2.0, 1.0], 30))
    assert learned("C(y) ~ m", mixed).spec.outcome.levels == (0.5, 1, 2)
    assert learned("y ~ C(m)", half, 1).spec.column_names == ("Intercept", "C(m)[T.1]", "C(m)[T.1.5]")
