"""What the end of a climb proves about separation, against an independent linear programme and closed forms.

The programme here works on all constraints at once, from their definition; its verdict is that of
`tests/engine/test_separation_verdicts.py`. What is proved must be so from any point whatever.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.special import expit

from logreg.design.matrices import DenseMatrix
from logreg.engine import divergence, separation
from logreg.engine.divergence import Divergence, find_divergence
from logreg.engine.newton import Ascent, climb
from logreg.engine.separation import certified_finite, find_separation
from logreg.engine.types import DesignBlock, FloatArray
from logreg.passes.sums import objective_of

N_DESIGNS = 120
#: What is positive in a programme whose columns and directions are at most 1 is far from rounding.
POSITIVE = 1e-6


def block_of(x: FloatArray, y: FloatArray, n_outcomes: int = 2) -> DesignBlock:
    return DesignBlock(
        matrix=DenseMatrix(np.asarray(x, dtype=float), leading_one=True),
        n_outcomes=n_outcomes,
        codes=np.asarray(y).astype(np.int8),
    )


def every_column(block: DesignBlock) -> np.ndarray:
    return np.arange(block.matrix.shape[1])


def climbed(*blocks: DesignBlock) -> FloatArray:
    """The end of a climb on the log-likelihood, finite maximum or not."""
    m, p = blocks[0].n_outcomes - 1, blocks[0].matrix.shape[1]
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        return climb(objective_of(blocks), Ascent(coef=np.zeros((m, p))), np.arange(m * p)).coef


def constraints(block: DesignBlock) -> FloatArray:
    """One row per record, observed and other outcome: what a direction (m p,) is multiplied with."""
    x = block.matrix.to_array().T
    rows = []
    for i, one in enumerate(x):
        seen = [block.codes[i]] if block.counts is None else np.flatnonzero(block.counts[:, i])
        for k in seen:
            for other in set(range(block.n_outcomes)) - {int(k)}:
                a = np.zeros((block.n_outcomes, x.shape[1]))
                a[k] += one
                a[other] -= one
                rows.append(a[1:].ravel())
    return np.array(rows)


def by_programme(block: DesignBlock) -> str:
    a = constraints(block)
    a = a / np.abs(a).max(axis=0)
    free = [(None, None)] * a.shape[1]
    if linprog(np.zeros(a.shape[1]), A_ub=-a, b_ub=-np.ones(len(a)), bounds=free).status == 0:
        return "complete"
    box = [(-1.0, 1.0)] * a.shape[1]
    quasi = linprog(-a.sum(axis=0), A_ub=-a, b_ub=np.zeros(len(a)), bounds=box)
    assert quasi.status == 0
    return "quasi-complete" if -quasi.fun > POSITIVE else "none"


def kind(found: Divergence) -> str:
    if found.direction is None:
        return "none"
    return "complete" if found.complete else "quasi-complete"


def random_block(rng: np.random.Generator) -> DesignBlock | None:
    k, n, q = int(rng.integers(2, 5)), int(rng.integers(6, 25)), int(rng.integers(1, 4))
    x = rng.normal(size=(q, n)) if rng.uniform() < 0.5 else rng.integers(-2, 3, size=(q, n)).astype(float)
    scores = rng.normal(size=(k, q)) @ x * rng.choice([0.5, 2.0, 8.0]) + rng.gumbel(size=(k, n))
    y = scores.argmax(axis=0)
    if len(set(y)) < k or np.linalg.matrix_rank(np.vstack([np.ones(n), x])) <= q:
        return None
    block = block_of(x * 10.0 ** rng.integers(-3, 4, size=(q, 1)), y, k)
    if rng.uniform() < 0.3:
        counts = np.eye(k)[y].T * rng.integers(1, 3, size=n)
        counts[rng.integers(k), rng.integers(n)] += 1.0
        block = replace(block, codes=None, counts=counts)
    if rng.uniform() < 0.3:
        block = replace(block, weights=rng.uniform(0.5, 2.0, size=n), offset=rng.normal(size=(k - 1, n)))
    return block


def test_verdicts_are_those_of_a_programme_on_random_designs() -> None:
    rng = np.random.default_rng(11)
    seen: Counter[str] = Counter()
    undecided = 0
    while seen.total() < N_DESIGNS:
        block = random_block(rng)
        if block is None:
            continue
        expected = by_programme(block)
        found = find_divergence([block], every_column(block), climbed(block))
        seen[expected] += 1
        if found is None:
            undecided += 1
            continue
        assert kind(found) == expected
        if found.direction is not None:
            margins = constraints(block) @ found.direction.ravel()
            assert margins.min() > -1e-6
            assert (margins.min() > 0.5) == (expected == "complete")
            # Each is left alone or moved by 1 at least.
            assert not ((margins > 1e-6) & (margins < 0.98)).any()
    assert min(seen[one] for one in ("none", "quasi-complete", "complete")) >= 10
    assert undecided <= 0.05 * N_DESIGNS


def test_nothing_false_is_proved_from_any_point() -> None:
    rng = np.random.default_rng(12)
    proved = 0
    for _ in range(60):
        block = random_block(rng)
        if block is None:
            continue
        expected = by_programme(block)
        end, shape = climbed(block), (block.n_outcomes - 1, block.matrix.shape[1])
        for coef in (np.zeros(shape), 0.3 * end, 0.9 * end, 5.0 * end, -end, end + rng.normal(size=shape)):
            found = find_divergence([block], every_column(block), coef)
            if found is not None:
                proved += 1
                assert kind(found) == expected
    assert proved > 40


def test_a_level_with_events_only_moves_its_own_coefficient() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=300)
    level = np.arange(300) % 30 == 0
    y = np.where(level, 1, rng.uniform(size=300) < expit(x))
    block = block_of(np.vstack([x, level]), y)
    found = find_divergence([block], every_column(block), climbed(block))
    assert found is not None
    assert not found.complete
    np.testing.assert_array_equal(found.direction, [[0.0, 0.0, 1.0]])
    verdict = find_separation([block], every_column(block), climbed(block))
    assert (verdict.kind, verdict.rows) == ("quasi-complete", 10)


def test_the_direction_is_as_short_as_over_all_constraints(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(size=(4, 400))
    y = x[0] - 0.5 * x[1] + 0.3 > 0
    block = block_of(x, y)
    sizes = np.concatenate([[1.0], np.abs(x).max(axis=1)])
    a = constraints(block) / sizes
    best = linprog(np.ones(10), A_ub=-np.hstack([a, -a]), b_ub=-np.ones(len(a)), bounds=(0.0, None)).fun
    # From so few constraints at a time others must be added.
    monkeypatch.setattr(divergence, "HARDEST", 5)
    found = find_divergence([block], every_column(block), climbed(block))
    assert found is not None
    assert found.direction is not None
    assert found.complete
    assert (a @ (found.direction[0] * sizes)).min() >= 0.99
    assert np.abs(found.direction[0] * sizes).sum() == pytest.approx(best, rel=0.01)


def test_a_row_far_away_is_no_separation(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(6)
    x = rng.normal(size=500)
    y = rng.uniform(size=500) < expit(x)
    x[0], y[0] = 500.0, True
    block = block_of(x[np.newaxis], y)
    coef = climbed(block)
    total = objective_of([block])(coef, 2)
    # The row's own weight is no use to the certificate of the climb.
    assert not certified_finite(1e-20, total.smallest_weight)
    monkeypatch.setattr(separation, "_by_programme", lambda *_: pytest.fail("no programme is needed"))
    assert find_separation([block], every_column(block), coef).kind == "none"


def test_large_problems_are_decided_without_the_programme(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(7)
    x = rng.normal(size=(2, 300))
    block = block_of(x, x[0] > 0.2)
    monkeypatch.setattr(separation, "LARGEST_PROGRAMME", 1)
    kept = every_column(block)
    assert find_separation([block], kept).kind == "not checked"
    assert find_separation([block], kept, np.zeros((1, 3))).kind == "not checked"
    assert find_separation([block], kept, climbed(block)).kind == "complete"


def test_a_climb_ends_as_soon_as_its_divergence_is_proved() -> None:
    rng = np.random.default_rng(8)
    x = rng.normal(size=300)
    level = np.arange(300) % 30 == 0
    y = np.where(level, 1, rng.uniform(size=300) < expit(x))
    block = block_of(np.vstack([x, level]), y)
    asked: list[FloatArray] = []

    def recedes(coef: FloatArray) -> bool:
        asked.append(coef)
        verdict = separation.prove_verdict([block], every_column(block), coef)
        return verdict is not None and verdict.direction is not None

    start, free = np.zeros((1, 3)), np.arange(3)
    ascent = climb(objective_of([block]), Ascent(coef=start), free, recedes=recedes)
    whole = climb(objective_of([block]), Ascent(coef=start), free)
    assert ascent.status == "separated"
    assert len(asked) == 1
    # The decrement falls by e per step: from 1 to 1e-8 in some 18 steps, and on until rounding ends it.
    assert ascent.passes < 25 < whole.passes
    # Without separation nobody is asked.
    sound = block_of(x[np.newaxis], rng.uniform(size=300) < expit(x))
    asked.clear()
    assert climb(objective_of([sound]), Ascent(coef=start[:, :2]), free[:2], recedes=recedes).passes < 10
    assert not asked


def test_blocks_and_pieces_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(8)
    x = rng.integers(0, 2, size=(3, 200)).astype(float)
    y = np.where(x[0] == 1, 2, rng.integers(0, 3, size=200))
    block = block_of(x, y, 3)
    coef, kept = climbed(block), every_column(block)
    whole = find_separation([block], kept, coef)
    monkeypatch.setattr(divergence, "ROWS_PER_STEP", 17)
    cut = find_separation([block.rows(0, 77), block.rows(77, 200)], kept, coef)
    assert whole.kind == cut.kind == by_programme(block) == "quasi-complete"
    assert whole.rows == cut.rows
    np.testing.assert_allclose(cut.direction, whole.direction, rtol=1e-9, atol=1e-12)


def test_aliased_columns_have_no_part() -> None:
    rng = np.random.default_rng(9)
    x = rng.normal(size=(2, 100))
    block = block_of(np.vstack([x, x[0] + x[1]]), x[0] > x[1])
    kept = np.array([0, 1, 2])
    coef = np.zeros((1, 4))
    coef[:, kept] = climbed(block_of(x, x[0] > x[1]))
    found = find_divergence([block], kept, coef)
    assert found is not None
    assert found.direction is not None
    assert found.complete
    assert found.direction[0, 3] == 0.0
