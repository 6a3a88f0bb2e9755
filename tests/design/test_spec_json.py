"""A design survives JSON: equal specs, equal columns, and nothing but designs comes back."""

from __future__ import annotations

import copy
import json
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

import logreg
from logreg.design.spec import DesignSpec
from logreg.design.spec_json import spec_from_json, spec_to_json
from logreg.errors import LoadError
from logreg.passes.encode import encode_for_prediction

WEIRD = 'it\'s "a"\\ \U0001f9ea\n`b` \u202e\u200b'


def table(n: int = 240) -> pd.DataFrame:
    rng = np.random.default_rng(20240611)
    x, z, u = rng.normal(size=(3, n))
    y = rng.random(n) < 1.0 / (1.0 + np.exp(-x))
    return pd.DataFrame(
        {
            "y": y.astype(int),
            "ys": np.where(y, "yes", "no"),
            "yb": y,
            "y3": rng.choice(["p", WEIRD, "r"], size=n),
            "yc": pd.Categorical(rng.choice(["lo", "mid", "hi"], size=n), ["lo", "mid", "hi"], ordered=True),
            "s": rng.integers(0, 5, n),
            "f": rng.integers(1, 5, n),
            "o": rng.integers(0, 4, n),
            "x": x,
            "z": z,
            "my var (kg)": u,
            "a`b": u**2,
            "log": np.exp(z),
            "True": x - z,
            "g": rng.choice(["a", "b", WEIRD], size=n),
            "code": rng.integers(1, 5, n),
            "half": rng.choice([0.5, 1.0, 2.5], size=n),
            "flag": rng.random(n) < 0.4,
            "cat": pd.Categorical(rng.choice(["u", "v"], size=n), ["v", "unused", "u"]),
            "mixed": pd.Categorical(rng.choice([3, 1, 2], size=n), [3, 1, 2]),
            "t": rng.uniform(1.0, 3.0, n),
            "w": rng.integers(1, 4, n),
        }
    )


DATA = table()
FORMULAS = [
    "y ~ 1",
    "y ~ x",
    "ys ~ 0 + g",
    "yb ~ g + x:g",
    "yb ~ 0 + x + x:g:cat",
    "y ~ g * cat * flag",
    "y ~ C(code) + C(half) + C(flag) + cat + mixed",
    "y ~ C(code, Treatment(3)) + C(half, reference=2.5)",
    "y ~ C(code, Sum) * C(cat, contr.sum)",
    "y ~ C(g, levels=['b', 'a', " + repr(WEIRD) + "]) : x",
    "y ~ factor(code, contr.treatment(2))",
    "y ~ C(I(x > 0)) + C(mixed, Treatment(1))",
    "y ~ poly(x, 3) + poly(z, 2, raw=True)",
    "y ~ bs(x, df=5) + bs(z, knots=[-0.5, 0.5], degree=2, include_intercept=True) - 1",
    "y ~ bs(x, lower_bound=-10, upper_bound=10.25) : g",
    "y ~ ns(x, df=3) + ns(z, knots=0.1)",
    "y ~ scale(log(log)) + center(x) + standardize(z)",
    "y ~ poly(scale(x), 2) + scale(center(x) ** 2 + scale(z)) * g",
    "y ~ I(x^2) + I(-x ** 2 % 3) + I(x // 0.1 - (z - 1e-300)) + pmin(x, 0)",
    "y ~ `my var (kg)` * `a\\`b` + log + log(log) + `True` + I(x * (g == 'a'))",
    "y ~ x + z + x - z + log(t) - log(t) + w - w",
    "y ~ (x + z + g)^2 - x:z",
    "y ~ g / x",
    "y ~ x + offset(log(t)) + offset(z)",
    "C(yc) ~ x",
    "yc ~ x * flag",
    "y3 ~ x + C(code)",
    "I(x > 0.3) ~ z + g",
    "cbind(s, f) ~ x + g",
    "cbind(s, f, o) ~ poly(x, 2)",
    "y ~ . - ys - yb - y3 - yc",
    "y ~ . - ys - yb - y3 - yc + x:g + log(t)",
    "y3 ~ (x + .)^2 - . + x:z",
    "y3 ~ .^2 - code",
    "y3 ~ . - .",
    "y3 ~ x + . - . + log(t)",
]
OPTIONS: list[tuple[str, dict[str, Any]]] = [
    ("y ~ x", {"event": 0}),
    ("y3 ~ x", {"baseline": "r"}),
    ("y ~ x", {"weights": "w"}),
    ("y ~ x + g", {"weights": "t", "weight_kind": "sampling"}),
    ("y ~ x", {"weights": np.arange(len(DATA)) % 3}),
    ("y ~ x", {"offset": "t"}),
    ("y ~ x + offset(t)", {"offset": "t"}),
    ("y ~ x + offset(z)", {"offset": np.log(DATA["t"])}),
    ("y3 ~ x", {"offset": ["t", "z"]}),
    ("y3 ~ x", {"offset": np.column_stack([DATA["t"], DATA["z"]])}),
    ("y ~ . - ys - yb - y3 - yc", {"offset": "t", "weights": "w"}),
]


def fitted(formula: str, options: dict[str, Any] | None = None) -> Any:
    data = (
        DATA[["code", "x", "y3", "t", "g", "z"]] if formula.startswith("y3 ~ ") and "." in formula else DATA
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", logreg.LogregWarning)
        return logreg.fit(formula, data, **(options or {}))


def again(spec: DesignSpec) -> DesignSpec:
    """Return the design that comes back from the bytes of a file."""
    return spec_from_json(json.loads(json.dumps(spec_to_json(spec), allow_nan=False)))


def columns(spec: DesignSpec, source: Any) -> np.ndarray[Any, Any]:
    rows = encode_for_prediction(source, spec, training=True)
    return np.hstack([design.to_array() for _, design, _ in rows.pieces()])


@pytest.mark.parametrize(
    ("formula", "options"),
    [(formula, {}) for formula in FORMULAS] + OPTIONS,
    ids=lambda value: str(value)[:40],
)
def test_a_design_comes_back_equal_and_gives_equal_columns(formula: str, options: dict[str, Any]) -> None:
    fit = fitted(formula, options)
    spec = again(fit.spec)
    assert spec == fit.spec
    assert spec.column_names == fit.spec.column_names
    assert [type(level) for factor in spec.categorical() for level in factor.levels] == [
        type(level) for factor in fit.spec.categorical() for level in factor.levels
    ]
    assert [type(level) for level in spec.outcome.levels] == [
        type(level) for level in fit.spec.outcome.levels
    ]
    assert_array_equal(columns(spec, fit.source), columns(fit.spec, fit.source))


def test_the_formulas_cover_what_a_design_can_hold() -> None:
    specs = [fitted(formula).spec for formula in FORMULAS]
    types = {type(level) for spec in specs for factor in spec.categorical() for level in factor.levels}
    assert types == {str, int, float, bool}
    assert {factor.contrast for spec in specs for factor in spec.categorical()} == {"treatment", "sum"}
    functions = {"poly", "bs", "ns", "scale", "center", "standardize"}
    assert {call.function for spec in specs for call, _ in spec.states} == functions
    assert any(coded.full for spec in specs for coded in spec.coded_terms)


def test_a_level_that_is_infinite_keeps_its_type() -> None:
    stored = spec_to_json(fitted("y ~ C(half)").spec)
    levels = stored["factors"][0]["levels"]  # type: ignore[index,call-overload]
    assert levels == [0.5, 1.0, 2.5]
    text = json.dumps(stored).replace("2.5", '{"float": "inf"}')
    text = text.replace('C(half)[T.{"float": "inf"}]', "C(half)[T.inf]")
    factor = spec_from_json(json.loads(text)).categorical()[0]
    assert factor.levels == (0.5, 1.0, float("inf"))
    assert again(spec_from_json(json.loads(text))).categorical()[0] == factor


def test_no_value_of_a_column_is_stored_beyond_levels_and_what_transforms_learned() -> None:
    # A row of numbers nobody could guess; only its rank within the column may leave a trace.
    data = DATA.assign(x=DATA["x"] + 0.1234567890123)
    fit = logreg.fit("y ~ x + I(z^2) + log(t)", data, weights="w")
    text = json.dumps(spec_to_json(fit.spec))
    assert not any(repr(float(value)) in text for name in ("x", "z", "t") for value in data[name])


def paths(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the place of every value inside a JSON document."""
    if here:
        yield here
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from paths(item, (*here, key))


def place(document: Any, path: tuple[Any, ...]) -> tuple[Any, Any]:
    for key in path[:-1]:
        document = document[key]
    return document, path[-1]


def changed(document: Any, path: tuple[Any, ...], change: Callable[[Any, Any], None]) -> Any:
    document = copy.deepcopy(document)
    change(*place(document, path))
    return document


RICH = 'y ~ C(g, Treatment("a")) * bs(x, df=4) + poly(scale(z), 2) + C(code, Sum) + offset(log(t))'


def test_every_member_that_is_missing_is_named() -> None:
    stored = spec_to_json(fitted(RICH).spec)
    members = [path for path in paths(stored) if isinstance(place(stored, path)[0], dict)]
    assert len(members) > 40
    for path in members:
        with pytest.raises(LoadError, match=str(path[-1])):
            spec_from_json(changed(stored, path, lambda parent, key: parent.pop(key)))


def test_every_object_refuses_a_member_that_is_not_known() -> None:
    stored = spec_to_json(fitted(RICH).spec)
    objects = [(), *(path for path in paths(stored) if isinstance(place(stored, path)[0][path[-1]], dict))]
    for path in objects:
        document: Any = copy.deepcopy(stored)
        inner = document
        for key in path:
            inner = inner[key]
        inner["surplus"] = 1
        with pytest.raises(LoadError, match="surplus"):
            spec_from_json(document)


@pytest.mark.parametrize("wrong", [[[]], {"a": 1}, 12345.5, -7, "junk", True, None], ids=str)
def test_every_value_of_another_type_is_refused(wrong: Any) -> None:
    stored = spec_to_json(fitted(RICH, {"weights": "w"}).spec)
    for path in paths(stored):
        parent, key = place(stored, path)
        old = parent[key]
        if isinstance(old, str) and isinstance(wrong, str):
            continue  # texts are compared with each other below
        if type(old) is type(wrong) or {type(old), type(wrong)} <= {int, float}:
            continue
        if wrong == old:
            continue  # True for the level 1: equal, and read as the level it equals
        if path == ("weights",) and wrong is None:
            continue  # a model without weights
        if path[:2] == ("outcome", "levels") and isinstance(wrong, str | bool):
            continue  # another outcome, which the sample in the file of a model contradicts
        with pytest.raises(LoadError):
            spec_from_json(changed(stored, path, lambda parent, key: parent.__setitem__(key, wrong)))


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("formula",), "y ~ x", "does not say"),
        (("formula",), "y ~ __import__('os').system('touch pwned')", "__import__"),
        (("formula",), "y ~ (", "bracket"),
        (("formula",), "", "empty"),
        (("factors", 1, "expression"), "__import__('os')", "__import__"),
        (("factors", 1, "expression"), "bs(x, df=4) + x", "not the spelling of one"),
        (("factors", 1, "expression"), "bs(x, df=04)", "not the spelling of one"),
        (("factors", 1, "expression"), "1", "not the spelling of one"),
        (("factors", 1, "expression"), "offset(x)", "not the spelling of one"),
        (("factors", 1, "expression"), ".", "not the spelling of one"),
        (("factors", 1, "columns"), ["x", "z"], "not the spelling of one"),
        (("factors", 1, "columns"), [], "not in the data"),
        (("factors", 1, "kind"), "category", "missing"),
        (("factors", 0, "reference"), "nobody", "not one of the levels"),
        (("factors", 0, "levels"), ["a", "a", "b"], "twice"),
        (("factors", 0, "levels"), [], "fewer than 1"),
        (("factors", 0, "contrast"), "helmert", "'treatment', 'sum'"),
        (("factors", 0, "contrast"), "sum", "column_names"),
        (("outcome", "expression"), "exec(y)", "exec"),
        (("outcome", "expression"), "y ~ x", "two '~'"),
        (("outcome", "levels"), [0], "fewer than 2"),
        (("outcome", "grouped"), True, "outcome"),
        (("offsets", 0, "expression"), "log(t)) + offset(t", "not the spelling of one"),
        (("offsets", 0, "expression"), "t", "does not say"),
        (("offset_per_outcome",), None, "not true or false"),
        (("states", 0, "call"), "scale(q)", "do not hold"),
        (("states",), [], "lacks the state"),
        (("coded_terms", 0, "full"), ["bs(x, df=4)"], "not categories"),
        (("coded_terms", 0, "factors"), ["elsewhere"], "not distinct factors"),
        (("coded_terms", 0, "term"), "another", "another"),
        (("column_names", 0), "intercept", "intercept"),
        (("intercept",), False, "does not say"),
        (("weight_kind",), "sampling", "no weights"),
        (("weight_kind",), "survey", "'survey'"),
        (("user_columns",), ["(offset)"], "neither"),
        (("level_counts", 0, "levels", 0), "z", "level_counts"),
        (("level_counts", 0, "factor"), "z", "level_counts"),
        (("level_counts", 0, "counts", 0), [1.0], "entries instead of 2"),
    ],
)
def test_what_contradicts_the_rest_is_refused_by_name(path: tuple[Any, ...], value: Any, words: str) -> None:
    stored = spec_to_json(fitted(RICH).spec)
    document = changed(stored, path, lambda parent, key: parent.__setitem__(key, value))
    with pytest.raises(LoadError) as caught:
        spec_from_json(document)
    assert words in str(caught.value)
    assert str(caught.value).startswith("field 'design")


@pytest.mark.parametrize(
    ("call", "entry", "value"),
    [
        ("scale(z)", "sd", 0.0),
        ("scale(z)", "mean", "inf"),
        ("scale(z)", "mean", 10**400),
        ("poly(scale(z), 2)", "alpha", [0.0]),
        ("poly(scale(z), 2)", "norm2", [1.0, 2.0, 3.0, -4.0]),
        ("poly(scale(z), 2)", "norm2", [1.0, 2.0, 3.0]),
        ("bs(x, df=4)", "degree", 1e9),
        ("bs(x, df=4)", "include_intercept", 1.0),
        ("bs(x, df=4)", "upper", -100.0),
        ("bs(x, df=4)", "knots", [1e6]),
        ("bs(x, df=4)", "knots", [0.0, 0.5]),
    ],
)
def test_a_state_that_its_transform_cannot_have_learned_is_refused(call: str, entry: str, value: Any) -> None:
    stored: Any = spec_to_json(fitted(RICH).spec)
    (state,) = (state["learned"] for state in stored["states"] if state["call"] == call)
    assert type(state[entry]) is type(value) or value in ("inf", 10**400)
    state[entry] = value
    with pytest.raises(LoadError, match="does not fit" if isinstance(value, float) else "field"):
        spec_from_json(stored)


def test_levels_that_multiply_to_more_columns_than_memory_holds_are_counted_first() -> None:
    stored: Any = spec_to_json(fitted("y ~ C(code):C(half):g:cat").spec)
    more = [f"{k}" for k in range(3_000)]
    for entry in [*stored["factors"], *stored["level_counts"]]:
        entry["levels"] += more
    for entry in stored["level_counts"]:
        entry["counts"] += [[1.0, 1.0] for _ in more]
    with pytest.raises(LoadError, match=r"names for a design of \d{14} columns"):
        spec_from_json(stored)
