"""Evaluation of formula expressions on a block."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from logreg.design.ast import Call, Column, Number, Text
from logreg.design.distribution import Distribution
from logreg.design.expressions import (
    ARITHMETIC,
    COMPARISONS,
    ELEMENTWISE,
    Labels,
    arguments_of,
    column_suffixes,
    data_of,
    evaluate,
    is_categorical,
    learn,
    learnable,
    stateful_calls,
)
from logreg.design.functions import FUNCTIONS, OPERATORS
from logreg.design.transforms import TRANSFORMS
from logreg.errors import DataError, FormulaError

X, Y, RACE = Column("x"), Column("y"), Column("race")
COLUMNS = {
    "x": np.array([1.0, 2.0, np.nan, 4.0]),
    "y": np.array([4.0, 2.0, 1.0, -1.0]),
    "race": Labels(codes=np.array([0, 1, -1, 2], dtype=np.int32), levels=("white", "black", "other")),
    "other": Labels(codes=np.array([1, 0, 1, 2], dtype=np.int32), levels=("black", "white", "green")),
    "code": Labels(codes=np.array([0, 1, 1, -1], dtype=np.int32), levels=(1, 3)),
}
NAN = np.nan


def call(function, *arguments, **keywords):
    parts = tuple(
        part if isinstance(part, Call | Column | Text) else Number(float(part)) for part in arguments
    )
    named = tuple(
        (k, v if isinstance(v, Call | Column | Text) else Number(float(v))) for k, v in keywords.items()
    )
    return Call(function, parts, named)


def value(expression, states=None):
    return evaluate(expression, COLUMNS.__getitem__, states or {})


def fitted(expression, columns=COLUMNS):
    """Learn the states of an expression in rounds, as the summary pass does."""
    states, rounds = {}, 0
    while calls := learnable(expression, states):
        for inner in calls:
            data = evaluate(data_of(inner), columns.__getitem__, states)
            states[inner] = learn(inner, Distribution.of(data[~np.isnan(data)]))
        rounds += 1
    return states, rounds


# Elementwise -----------------------------------------------------------------------------------------

#: Function, argument, value in closed form.
CLOSED_FORMS = [
    ("I", 1.25, 1.25),
    ("abs", -2.0, 2.0),
    ("ceil", 1.2, 2.0),
    ("cos", np.pi / 3, 0.5),
    ("exp", 1.0, np.e),
    ("expm1", 1e-20, 1e-20),
    ("floor", -1.2, -2.0),
    ("log", np.e, 1.0),
    ("log10", 1e3, 3.0),
    ("log1p", 1e-20, 1e-20),
    ("log2", 8.0, 3.0),
    ("logit", 0.75, np.log(3.0)),
    ("neg", 2.0, -2.0),
    ("round", 2.5, 2.0),
    ("round", 3.5, 4.0),
    ("sigmoid", np.log(3.0), 0.75),
    ("sign", -3.0, -1.0),
    ("sin", np.pi / 6, 0.5),
    ("sqrt", 9.0, 3.0),
    ("tan", np.pi / 4, 1.0),
]


@pytest.mark.parametrize(("function", "argument", "expected"), CLOSED_FORMS)
def test_elementwise_functions(function, argument, expected):
    found = evaluate(call(function, X), {"x": np.array([argument, np.nan])}.__getitem__, {})
    assert_allclose(found, [expected, np.nan], rtol=1e-15)


def test_every_listed_function_is_computed_and_tested():
    kinds = {name: function.kind for name, function in FUNCTIONS.items()}
    assert set(ELEMENTWISE) == {name for name, kind in kinds.items() if kind in ("elementwise", "identity")}
    assert set(TRANSFORMS) == {name for name, kind in kinds.items() if kind in ("stateful", "basis")}
    assert set(ARITHMETIC) | set(COMPARISONS) == set(OPERATORS)
    assert {row[0] for row in CLOSED_FORMS} | {"pmin", "pmax"} == set(ELEMENTWISE) | {"neg"}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (call("pmin", X, Y), [1.0, 2.0, NAN, -1.0]),
        (call("pmax", X, Y), [4.0, 2.0, NAN, 4.0]),
        (call("pmax", Y, z=3), [4.0, 3.0, 3.0, 3.0]),
        (call("pmin", z=Y, x=1.5), [1.5, 1.5, 1.0, -1.0]),
        (call("pmax", X, 0, Y), [4.0, 2.0, NAN, 4.0]),
        (call("pmin", Y, 2, X), [1.0, 2.0, NAN, -1.0]),
        (call("sqrt", x=X), [1.0, np.sqrt(2.0), NAN, 2.0]),
    ],
)
def test_arguments_by_place_and_name(expression, expected):
    before = {name: column.copy() for name, column in COLUMNS.items() if isinstance(column, np.ndarray)}
    assert_array_equal(value(expression), expected)
    for name, column in before.items():
        assert_array_equal(COLUMNS[name], column, err_msg="the caller's data stay as they are")


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("+", [5.0, 4.0, NAN, 3.0]),
        ("-", [-3.0, 0.0, NAN, 5.0]),
        ("*", [4.0, 4.0, NAN, -4.0]),
        ("/", [0.25, 1.0, NAN, -4.0]),
        ("**", [1.0, 4.0, NAN, 0.25]),
        ("//", [0.0, 1.0, NAN, -4.0]),
        ("%", [1.0, 0.0, NAN, 0.0]),
        ("==", [0.0, 1.0, NAN, 0.0]),
        ("!=", [1.0, 0.0, NAN, 1.0]),
        ("<", [1.0, 0.0, NAN, 0.0]),
        ("<=", [1.0, 1.0, NAN, 0.0]),
        (">", [0.0, 0.0, NAN, 1.0]),
        (">=", [0.0, 1.0, NAN, 1.0]),
    ],
)
def test_operators(operator, expected):
    found = value(call(operator, X, Y))
    assert found.dtype == np.float64
    assert_array_equal(found, expected)


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 4, 5, -1, 0.5])
def test_powers(exponent):
    assert_allclose(value(call("**", X, exponent)), COLUMNS["x"] ** np.array(float(exponent)), rtol=1e-15)


def test_constants_spread_over_the_rows():
    third = call("/", 1, 3)
    assert_allclose(value(call("I", call("+", third, call("*", 0, Y)))), np.full(4, 1 / 3), rtol=1e-15)


def test_undefined_results_are_left_in_silence():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_array_equal(value(call("log", call("-", Y, 2)))[1:], [-np.inf, NAN, NAN])
        assert_array_equal(value(call("/", Y, 0)), [np.inf, np.inf, np.inf, -np.inf])
        assert_array_equal(value(call("exp", call("*", Y, 1000)))[0], np.inf)
        assert_array_equal(value(call("*", Y, call("/", 1, 0)))[0], np.inf)
        assert np.isnan(value(call("*", Y, call("**", -8, call("/", 1, 3))))).all()
        assert_array_equal(value(call("logit", Y)), [NAN, NAN, np.inf, NAN])


def test_a_column_is_not_copied():
    assert value(X) is COLUMNS["x"]


@pytest.mark.parametrize("expression", [Number(3.0), call("I", 3), call("log", call("+", 1, 2)), Text("a")])
def test_an_expression_without_a_column_is_refused(expression):
    with pytest.raises(FormulaError, match="without any column"):
        value(expression)


# Labels ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (call("==", RACE, Text("white")), [1.0, 0.0, NAN, 0.0]),
        (call("!=", RACE, Text("white")), [0.0, 1.0, NAN, 1.0]),
        (call("==", Text("black"), RACE), [0.0, 1.0, NAN, 0.0]),
        (call("==", RACE, Text("absent in this block")), [0.0, 0.0, NAN, 0.0]),
        (call("==", RACE, Column("other")), [1.0, 1.0, NAN, 0.0]),
        (call("!=", RACE, Column("other")), [0.0, 0.0, NAN, 1.0]),
        (call("==", Column("other"), RACE), [1.0, 1.0, NAN, 0.0]),
        (call("==", Column("code"), 3), [0.0, 1.0, 1.0, NAN]),
    ],
)
def test_labels_compare(expression, expected):
    assert_array_equal(value(call("I", expression)), expected)


def test_comparisons_take_part_in_arithmetic():
    expression = call("*", Y, call("==", RACE, Text("black")))
    assert_array_equal(value(expression), [0.0, 2.0, NAN, -0.0])


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        (call("+", RACE, 1), r"column 'race' is text, not numbers"),
        (call("log", RACE), r"column 'race' is text, not numbers"),
        (RACE, r"column 'race' is text, not numbers"),
        (call("I", RACE), r"column 'race' is text, not numbers"),
        (call("center", RACE), r"column 'race' is text, not numbers"),
        (call("+", X, Text("a")), r"'a' is text, not numbers"),
        (call("<", RACE, Text("white")), r"column 'race' holds labels, which have no < comparison"),
        (call("==", RACE, X), r"column 'race' holds labels and column 'x' numbers"),
        (
            call("==", RACE, 1),
            r"column 'race' holds text and cannot be compared with a number. Quote it: \"1\"",
        ),
        (call("==", X, Text("1")), r"column 'x' is numeric and cannot be compared with the text '1'"),
        (call("==", Text("1"), X), r"column 'x' is numeric and cannot be compared with the text '1'"),
    ],
)
def test_labels_are_not_numbers(expression, message):
    with pytest.raises(FormulaError, match=message):
        value(expression, {call("center", RACE): {"mean": 0.0}})


# Calls that cannot be --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "outsider", [call("C", RACE), call("offset", X), call("cbind", X, Y), call("list", X)]
)
def test_what_is_not_a_number_cannot_stand_inside(outsider):
    with pytest.raises(FormulaError, match="cannot stand inside another expression"):
        value(call("+", X, outsider))


@pytest.mark.parametrize("outer", ["+", "log", "I", "scale", "poly", "<"])
@pytest.mark.parametrize("function", ["poly", "bs", "ns"])
def test_several_columns_cannot_stand_inside(outer, function):
    inner = call(function, X)
    expression = call(outer, inner, *([Y] if outer in "+<" else []))
    message = rf"{function}\(x\) gives several columns and cannot stand inside"
    with pytest.raises(FormulaError, match=message):
        stateful_calls(expression)
    with pytest.raises(FormulaError, match=message):
        value(expression, {inner: {}, expression: {}})


# Stateful calls --------------------------------------------------------------------------------------


def test_stateful_calls_come_innermost_first_and_once():
    scaled, centred = call("scale", X), call("center", Y)
    outer = call("center", call("+", call("*", scaled, scaled), centred))
    assert stateful_calls(outer) == (scaled, centred, outer)
    assert stateful_calls(call("log", X)) == ()
    assert stateful_calls(X) == ()


def test_nested_calls_are_learned_in_rounds():
    scaled = call("scale", X)
    expression = call("poly", scaled, 2)
    assert learnable(expression, {}) == (scaled,)
    states, rounds = fitted(expression)
    assert rounds == 2
    assert learnable(expression, states) == ()
    # An affine map does not change orthonormal polynomials.
    basis = evaluate(expression, COLUMNS.__getitem__, states)
    assert basis.shape == (4, 2)
    direct = call("poly", X, 2)
    assert_allclose(basis, evaluate(direct, COLUMNS.__getitem__, fitted(direct)[0]), rtol=1e-13)


def test_one_column_transforms_take_part_in_arithmetic():
    expression = call("**", call("center", Y), 2)
    states, _ = fitted(expression)
    assert_allclose(value(expression, states), (COLUMNS["y"] - 1.5) ** 2, rtol=1e-15)
    assert value(call("scale", Y), fitted(call("scale", Y))[0]).shape == (4,)


def test_states_do_not_follow_new_data():
    expression = call("scale", call("log", Y))
    columns = {"y": np.exp(np.array([0.0, 1.0, 2.0]))}
    states, _ = fitted(expression, columns)
    assert_allclose(evaluate(expression, {"y": np.exp([3.0])}.__getitem__, states), [2.0], rtol=1e-14)


def test_column_suffixes():
    x = {"x": np.arange(20.0)}
    for expression, expected in [
        (X, ("",)),
        (call("log", X), ("",)),
        (call("scale", X), ("",)),
        (call("poly", X, 1), ("[1]",)),
        (call("poly", X, 3), ("[1]", "[2]", "[3]")),
        (call("bs", X, df=4), ("[1]", "[2]", "[3]", "[4]")),
        (call("ns", X, 2), ("[1]", "[2]")),
    ]:
        states, _ = fitted(expression, x)
        assert column_suffixes(expression, states) == expected


def test_is_categorical():
    assert is_categorical(call("C", RACE))
    assert not is_categorical(RACE)
    assert not is_categorical(call("scale", X))


def test_learning_errors_name_function_and_column():
    with pytest.raises(
        DataError, match=r"^poly\(x, 5\) of 'x': needs at least 6 distinct values, and the 3 rows used have 3"
    ):
        fitted(call("poly", X, 5))


# Arguments -------------------------------------------------------------------------------------------

DEFAULTS = {
    "center": {},
    "scale": {},
    "standardize": {},
    "poly": {"degree": 1.0, "raw": False},
    "bs": {
        "df": None,
        "knots": None,
        "degree": 3.0,
        "include_intercept": False,
        "lower_bound": None,
        "upper_bound": None,
    },
    "ns": {"df": None, "knots": None},
}


def numbers(*values):
    return call("list", *values)


@pytest.mark.parametrize("function", TRANSFORMS)
def test_default_arguments(function):
    assert dict(arguments_of(call(function, X))) == DEFAULTS[function]
    assert ["x", *DEFAULTS[function]] == [name for name, _ in FUNCTIONS[function].parameters]
    assert dict(arguments_of(call(function, x=X))) == DEFAULTS[function]
    assert data_of(call(function, x=X)) == X


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (call("poly", X, 3), {"degree": 3.0}),
        (call("poly", X, raw=True, degree=2), {"degree": 2.0, "raw": True}),
        (call("poly", degree=2, x=X), {"degree": 2.0}),
        (call("bs", X, knots=numbers(1, call("/", 5, 2), 3)), {"knots": (1.0, 2.5, 3.0)}),
        (call("bs", X, knots=2), {"knots": (2.0,)}),
        (
            call("bs", X, 5, degree=2, include_intercept=1),
            {"df": 5.0, "degree": 2.0, "include_intercept": True},
        ),
        (
            call("bs", X, lower_bound=call("neg", 1), upper_bound=2.5),
            {"lower_bound": -1.0, "upper_bound": 2.5},
        ),
        (call("ns", X, 4), {"df": 4.0}),
    ],
)
def test_arguments_are_bound_by_place_and_name(expression, expected):
    assert dict(arguments_of(expression)) == DEFAULTS[expression.function] | expected


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        (call("poly", X, 2.5), r"degree in poly\(x, 2.5\) must be a whole number, not 2.5"),
        (call("poly", X, 0), r"poly\(x, 0\): degree must be 1 or more"),
        (call("poly", X, call("neg", 2)), r"poly\(x, -2\): degree must be 1 or more"),
        (call("poly", X, 2, raw=2), r"raw in .* must be True or False, not 2"),
        (call("poly", X, Y), r"degree in poly\(x, y\) must be a literal number, not column 'y'"),
        (call("poly", X, degree=Text("3")), r"degree in .* must be a literal number, not '3'"),
        (call("poly", X, degree=call("/", 1, 0)), r"degree in .* must be finite, not inf"),
        (call("bs", X, df=2), r"bs\(x, df=2\): df must be 3 or more"),
        (call("bs", X, df=3, include_intercept=1), r"df must be 4 or more"),
        (call("bs", X, degree=0), r"degree must be 1 or more"),
        (call("bs", X, degree=101), r"degree must be at most 100"),
        (call("bs", X, df=5, knots=2), r"give df or knots, not both"),
        (
            call("bs", X, knots=numbers(2, 1)),
            r"knots in bs\(x, knots=\[2, 1\]\) must be distinct and ascending",
        ),
        (call("bs", X, knots=numbers(1, 1)), r"knots in .* must be distinct and ascending"),
        (call("bs", X, knots=numbers(1, call("/", 1, 0))), r"knots in .* must be finite, not inf"),
        (call("bs", X, lower_bound=2, upper_bound=2), r"lower_bound must be below upper_bound"),
        (call("ns", X, 0), r"ns\(x, 0\): df must be 1 or more"),
        (call("ns", X, df=3, knots=2), r"give df or knots, not both"),
    ],
)
def test_wrong_arguments_are_refused_by_name(expression, message):
    with pytest.raises(FormulaError, match=message):
        arguments_of(expression)
