"""The left side: order of levels, baseline, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest

from logreg.design.outcome import check_numeric_levels, choose_levels, level_name, lookalikes, quoted
from logreg.errors import OutcomeError


def _choose(counts: Mapping[Any, float], **options: Any) -> tuple[Any, ...]:
    given = {"declared": None, "numeric": False, "event": None, "baseline": None}
    levels, rule = choose_levels("y", counts, **{**given, **options})
    assert "user" in rule or "first" in rule or "smallest" in rule
    return levels


@pytest.mark.parametrize(
    ("counts", "options", "expected"),
    [
        ({1: 2, 0: 3}, {"numeric": True}, (0, 1)),
        ({True: 2, False: 3}, {"numeric": True}, (False, True)),
        ({10: 1, 9: 1, 2: 1}, {"numeric": True}, (2, 9, 10)),
        ({"10": 1, "9": 1}, {}, ("10", "9")),
        ({"yes": 1, "no": 2}, {}, ("no", "yes")),
        ({"b": 1, "a": 2, "c": 3}, {"declared": ("c", "zzz", "a", "b")}, ("c", "a", "b")),
        ({"b": 1, "a": 0, "c": 3}, {"declared": ("a", "b", "c")}, ("b", "c")),
        ({"no": 1, "yes": 2}, {"event": "no"}, ("yes", "no")),
        ({"no": 1, "yes": 2}, {"event": "yes", "baseline": "no"}, ("no", "yes")),
        ({0: 1, 1: 2}, {"numeric": True, "event": "0"}, (1, 0)),
        ({0: 1, 1: 2}, {"numeric": True, "event": 1.0}, (0, 1)),
        ({0: 1, 1: 2}, {"numeric": True, "event": np.int64(0)}, (1, 0)),
        ({0: 1, 1: 2}, {"numeric": True, "event": np.float32(0)}, (1, 0)),
        ({False: 1, True: 2}, {"numeric": True, "event": np.True_}, (False, True)),
        ({"p": 1, "q": 2, "r": 3}, {"baseline": "q"}, ("q", "p", "r")),
        ({-1: 1, 1: 2}, {"numeric": True}, (-1, 1)),
        ({1: 1, 2: 1, 3: 1}, {"numeric": True, "baseline": 3}, (3, 1, 2)),
    ],
)
def test_levels_baseline_first(
    counts: Mapping[Any, float], options: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    found = _choose(counts, **options)
    assert found == expected
    assert [type(level) for level in found] == [type(level) for level in expected]


@pytest.mark.parametrize(
    ("counts", "options", "words"),
    [
        ({"a": 3}, {}, ["'y'", "'a'", "one class", "3 rows"]),
        ({"a": 3, "b": 0}, {}, ["one class", "'a'"]),
        ({}, {}, ["one class"]),
        ({"a": 1, "b": 1, "c": 1}, {"event": "a"}, ["'y'", "3:", "'a', 'b', 'c'"]),
        ({"a": 1, "b": 1}, {"event": "c"}, ["event='c'", "'a', 'b'"]),
        ({"a": 1, "b": 1}, {"event": True}, ["event=True"]),
        ({0: 1, 1: 1}, {"numeric": True, "event": True}, ["event=True", "0, 1"]),
        ({"a": 1, "b": 1}, {"event": "a", "baseline": "a"}, ["event='a'", "baseline='a'"]),
        ({"a": 1, "b": 1}, {"baseline": None, "event": ["a"]}, ["event=['a']"]),
    ],
)
def test_refusals(counts: Mapping[Any, float], options: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(OutcomeError) as caught:
        _choose(counts, **options)
    assert [word for word in words if word not in str(caught.value)] == []


def test_text_of_levels() -> None:
    assert [level_name(level) for level in (1, 1.0, 1.5, True, "a", -0.0)] == [
        "1",
        "1",
        "1.5",
        "True",
        "a",
        "0",
    ]
    assert quoted(["a ", 1.0]) == "'a ', 1"
    assert quoted(list(range(100))).endswith("11 and 88 more")


@pytest.mark.parametrize(
    ("levels", "pairs"),
    [
        (["yes", "Yes ", "no"], [("yes", "Yes ")]),
        (["a  b", "a b"], [("a  b", "a b")]),
        (["é", "e\u0301"], [("é", "e\u0301")]),
        (["ab", "a\u200bb", "a\u202eb"], [("ab", "a\u200bb"), ("ab", "a\u202eb")]),
        (["a", "b", "ab"], []),
        ([1, 2, 1.5], []),
        (["1", "1.0"], []),
    ],
)
def test_lookalikes(levels: list[Any], pairs: list[tuple[str, str]]) -> None:
    assert lookalikes(levels) == pairs


def test_numbers_that_are_no_classes() -> None:
    check_numeric_levels("y", list(range(20)))
    with pytest.raises(OutcomeError, match=r"'y' has 21 distinct"):
        check_numeric_levels("y", list(range(21)))
    with pytest.raises(OutcomeError, match=r"'y' holds fractions such as 0\.3"):
        check_numeric_levels("y", [0.0, 0.3])


@pytest.mark.parametrize(
    ("values", "levels", "codes"),
    [
        ([1.0, 0.0, 1.0, 0.0], (0, 1), [1, 0, 1, 0]),
        ([True, False, True, True], (False, True), [1, 0, 1, 1]),
        (["b", "a", "c", "a"], ("a", "b", "c"), [1, 0, 2, 0]),
        (pd.Categorical(["b", "a", "b", "a"], categories=["b", "x", "a"]), ("b", "a"), [0, 1, 0, 1]),
        (pd.Categorical([2, 1, 2, 1], categories=[2, 1]), (2, 1), [0, 1, 0, 1]),
        ([3, 1, 300, 1], (1, 3, 300), [1, 0, 2, 0]),
        ([-5, 7, -5, 7], (-5, 7), [0, 1, 0, 1]),
        ([1e6, 0, 1e6, 0], (0, 1_000_000), [1, 0, 1, 0]),
    ],
)
def test_levels_and_codes_of_columns(values, levels, codes, learned, outcome) -> None:  # type: ignore[no-untyped-def]
    data = pd.DataFrame({"y": values, "x": [1.0, 2.0, 0.0, 5.0]})
    spec = learned("y ~ x", data).spec
    assert spec.outcome.levels == levels
    np.testing.assert_array_equal(outcome(spec, data), codes)


def test_counts_in_the_order_of_the_levels(learned, outcome) -> None:  # type: ignore[no-untyped-def]
    data = pd.DataFrame({"a": [1, 2], "b": [3, 4], "c": [5, 6], "x": [0.0, 1.0]})
    two = learned("cbind(a, b) ~ x", data).spec
    assert two.outcome.levels == ("b", "a"), "the first of two columns is the event"
    np.testing.assert_array_equal(outcome(two, data), [[3, 4], [1, 2]])
    three = learned("cbind(b, a, c) ~ x", data).spec
    assert three.outcome.levels == ("b", "a", "c"), "the first of several is the baseline"
    np.testing.assert_array_equal(outcome(three, data), [[3, 4], [1, 2], [5, 6]])
    other = learned("cbind(a, b) ~ x", data, event="b").spec
    np.testing.assert_array_equal(outcome(other, data), [[1, 2], [3, 4]])


def test_a_threshold_as_the_outcome(learned, outcome) -> None:  # type: ignore[no-untyped-def]
    data = pd.DataFrame({"z": [0.5, 2.5, 1.5, 3.5], "x": [0.0, 1.0, 2.0, 0.0]})
    spec = learned("I(z > 1) ~ x", data).spec
    assert spec.outcome.levels == (0, 1)
    np.testing.assert_array_equal(outcome(spec, data), [0, 1, 1, 1])
