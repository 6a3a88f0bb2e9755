"""The parts of a random call of `logreg.fit`: columns, outcome, right side, options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.interpolate import BSpline

from .column_types import FAMILIES, REFUSED, ROUNDED, Column, Storage, stored

__all__ = [
    "LEVEL_SETS",
    "NAMES",
    "NUMBER_SHAPES",
    "Atom",
    "Draw",
    "Extras",
    "Maker",
    "Outcome",
    "RightSide",
    "draw_extras",
    "draw_outcome",
    "draw_right_side",
    "indicators",
    "number_column",
]

Array = NDArray[np.float64]
Draw = Callable[[st.SearchStrategy[Any]], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """What columns of one table have in common."""

    draw: Draw
    rng: np.random.Generator
    n: int
    family: str

    def choose(self, *options: Any) -> Any:
        return self.draw(st.sampled_from(options))

    def rarely(self, one_in: int) -> bool:
        # Somewhere in the middle: hypothesis likes the ends of a range.
        return bool(self.draw(st.integers(0, one_in - 1)) == one_in // 2)

    def types(self, *, text: bool) -> dict[str, Storage]:
        return {name: how for name, how in FAMILIES[self.family].items() if (how.holds == "text") == text}

    def column(
        self, values: NDArray[Any], types: Mapping[str, Storage], levels: tuple[str, ...] = ()
    ) -> Column:
        """Store values in one of the types, rounded to what it holds, now and then some of them missing."""
        kind = self.choose(*types)
        how = types[kind]
        if how.holds in ROUNDED:
            values = ROUNDED[how.holds](values)
            if not how.missing or how.holds not in ("real", "single"):
                values = np.where(np.isfinite(values), values, 0.0)
        if how.missing and self.rarely(6):
            values = values.copy()
            values[self.rng.uniform(size=self.n) < 0.15] = None if values.dtype == object else np.nan
        return stored(values, how, kind, levels)

    def labels(self, levels: tuple[str, ...], codes: NDArray[np.intp]) -> Column:
        declared = self.rng.permutation(np.array([*levels, "never"], dtype=object))
        values = np.array(levels, dtype=object)[codes]
        return self.column(values, self.types(text=True), tuple(declared.tolist()))

    def refused(self) -> Column:
        kind = self.choose(*REFUSED[self.family])
        return Column(
            values=np.zeros(self.n), stored=REFUSED[self.family][kind](self.n), kind=kind, refused=True
        )


# Columns --------------------------------------------------------------------------------------------

NUMBER_SHAPES = (
    *("normal", "normal", "normal", "normal", "whole", "whole", "truth", "positive", "skewed"),
    *("constant", "tiny", "huge", "shifted", "far", "outlier", "combination", "separating", "infinite"),
)
WEIGHT_SHAPES = ("copies", "some zero", "fractions", "wide")
BAD_WEIGHTS = ("negative", "missing", "infinite")
LEVEL_SETS = (("a", "b", "c"), ("no", "yes"), ("u v", "w", "x:y", "é"), tuple("abcdefgh"))


def _numbers(shape: str, maker: Maker, codes: NDArray[np.intp], other: Array | None) -> Array:
    n, rng = maker.n, maker.rng
    normal = rng.normal(size=n)
    some = slice(n // 20 + 1)
    match shape:
        case "whole":
            return rng.integers(-2, 3, n).astype(float)
        case "truth":
            return rng.integers(0, 2, n).astype(float)
        case "positive":
            return np.exp(0.5 * normal)
        case "skewed":
            return np.exp(3.0 * normal)
        case "constant":
            return np.full(n, 3.0)
        case "tiny":
            return 1e-100 * normal
        case "huge":
            return 1e100 * normal
        case "shifted":
            return 1e6 + normal
        case "far":
            return 1e11 + np.round(100 * normal)
        case "outlier":
            normal[some] = 1e8
        case "infinite":
            normal[some] = np.inf
        case "separating":
            return codes + 0.5 * rng.uniform(size=n)
        case "combination" if other is not None:
            return 2.0 * other
    return normal


def number_column(maker: Maker, shape: str, codes: NDArray[np.intp], other: Array | None) -> Column:
    return maker.column(_numbers(shape, maker, codes, other), maker.types(text=False))


def _weights(shape: str, maker: Maker) -> Array:
    n, rng = maker.n, maker.rng
    values = rng.integers(1, 4, n).astype(float)
    some = slice(n // 9 + 1)
    match shape:
        case "some zero":
            return rng.integers(0, 3, n).astype(float)
        case "fractions":
            return 0.5 + rng.uniform(size=n)
        case "wide":
            return np.round(10.0 ** rng.uniform(0, 4, n))
        case "negative":
            values[some] = -1.0
        case "missing":
            values[some] = np.nan
        case "infinite":
            values[some] = np.inf
    return values


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The left side as written, its columns, and what it means.

    ``levels`` are values as a user would name them, in the order that makes the first the baseline;
    ``counts`` (K, n) are the trials that ended in each, NaN where the outcome is missing.
    """

    text: str
    columns: Mapping[str, Column]
    levels: tuple[Any, ...]
    counts: Array

    @property
    def grouped(self) -> bool:
        return self.text.startswith("cbind")


def draw_outcome(maker: Maker, codes: NDArray[np.intp], n_levels: int) -> Outcome:
    kind = maker.choose("numbers", "numbers", "C()", "text", "text", "counts")
    if maker.rarely(30):
        codes = np.zeros_like(codes)
    if kind == "counts":
        return _grouped(maker, codes, n_levels)
    if kind == "text":
        levels = maker.choose(*(levels for levels in LEVEL_SETS if len(levels) >= n_levels))[:n_levels]
        column = maker.labels(levels, codes)
        found: tuple[Any, ...] = column.levels
        values = column.values
    else:
        types = maker.types(text=False)
        if n_levels > 2:
            types = {name: how for name, how in types.items() if how.holds != "truth"}
        shift = maker.choose(0, 0, 1)
        column = maker.column(codes.astype(float) + shift, types)
        values = column.values
        found = tuple(range(shift, shift + n_levels))
        if FAMILIES[maker.family][column.kind].holds == "truth":
            values, found = (values > 0).astype(object), (False, True)
    counts = np.array([values == level for level in found], dtype=float).reshape(len(found), maker.n)
    counts[:, column.missing] = np.nan
    return Outcome(text="C(y)" if kind == "C()" else "y", columns={"y": column}, levels=found, counts=counts)


def _grouped(maker: Maker, codes: NDArray[np.intp], n_levels: int) -> Outcome:
    """Counts per outcome; of two the first is the event, of more the first is the baseline."""
    names = ("s", "f", "e", "d")[:n_levels]
    counts = maker.rng.integers(0, 4, (n_levels, maker.n)).astype(float)
    counts[codes, np.arange(maker.n)] += 1.0
    types = {
        name: how
        for name, how in maker.types(text=False).items()
        if how.holds in ("whole", "natural", "real")
    }
    columns = {name: maker.column(values, types) for name, values in zip(names, counts, strict=True)}
    order = names[::-1] if n_levels == 2 else names
    counts = np.array([columns[name].values for name in order])
    counts[:, np.isnan(counts).any(axis=0)] = np.nan
    return Outcome(text=f"cbind({', '.join(names)})", columns=columns, levels=order, counts=counts)


# Formulas -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Atom:
    """A factor of a term: as written, the column it needs, and what it spans in the rows used.

    ``learned`` ones stand alone, beside an intercept: there it does not matter how they are scaled. ``plain``
    ones are variables and nothing more; ``reference`` is a level that the formula names.
    """

    text: str
    needs: str
    spans: Callable[[NDArray[Any]], list[Array]]
    learned: bool = False
    plain: bool = False
    reference: str = ""


def indicators(values: NDArray[Any]) -> list[Array]:
    return [(values == level).astype(float) for level in sorted(set(values.tolist()))]


def _polynomial(values: Array) -> list[Array]:
    centred = values - values.mean()
    return [centred, centred**2]


def _splines(values: Array) -> list[Array]:
    """Cubic B-splines with one knot at the median: what ``bs(x, df=4)`` and the constant span."""
    low, middle, high = values.min(), np.median(values), values.max()
    knots = np.array([low] * 4 + [middle] + [high] * 4)
    return list(BSpline.design_matrix(values, knots, 3).toarray().T)


NUMBER_ATOMS: Mapping[str, tuple[Callable[[NDArray[Any]], list[Array]], bool]] = {
    "{}": (lambda x: [x], False),
    "C({})": (indicators, False),
    "log({})": (lambda x: [np.log(x)], False),
    "sqrt({})": (lambda x: [np.sqrt(x)], False),
    "exp({})": (lambda x: [np.exp(x)], False),
    "I({}^2)": (lambda x: [x * x], False),
    "I(({} > 0) * 2 - 1)": (lambda x: [(x > 0) * 2.0 - 1.0], False),
    "poly({}, 2)": (_polynomial, True),
    "scale({})": (lambda x: [x - x.mean()], True),
    "center({})": (lambda x: [x - x.mean()], True),
    "bs({}, df=4)": (_splines, True),
}
TEXT_ATOMS = ("{}", "{}", "C({})", "C({}, Sum)", 'C({}, Treatment("{}"))')


def _atom(maker: Maker, columns: Mapping[str, Column]) -> Atom:
    name = maker.choose("x", "x", "z", "v", "g", "h")
    if columns[name].is_text:
        text = maker.choose(*TEXT_ATOMS)
        reference = maker.choose(*(columns[name].levels or ("a",)))
        return Atom(
            text=text.format(WRITTEN.get(name, name), reference),
            needs=name,
            spans=indicators,
            plain=text == "{}",
            reference=reference if "Treatment" in text else "",
        )
    text = "{}" if maker.rarely(2) else maker.choose(*NUMBER_ATOMS)
    if text in ("log({})", "sqrt({})") and not maker.rarely(16):
        name = "v"
    spans, learned = NUMBER_ATOMS[text]
    return Atom(
        text=text.format(WRITTEN.get(name, name)),
        needs=name,
        spans=spans,
        learned=learned,
        plain=text == "{}",
    )


#: Columns with names that need backticks.
NAMES = {"z": "my z", "h": "h:ü"}
WRITTEN = {name: f"`{there}`" for name, there in NAMES.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class RightSide:
    text: str
    terms: tuple[tuple[Atom, ...], ...]
    intercept: bool

    def columns(self) -> set[str]:
        return {atom.needs for term in self.terms for atom in term}


def draw_right_side(maker: Maker, columns: Mapping[str, Column]) -> RightSide:
    intercept = not maker.rarely(8)
    terms: dict[frozenset[str], tuple[Atom, ...]] = {}
    pieces = [] if intercept else ["0"]
    for _ in range(maker.choose(1, 2, 2, 3, 4)):
        atoms = {
            atom.text: atom for atom in (_atom(maker, columns) for _ in range(maker.choose(1, 1, 1, 2, 2, 3)))
        }
        chosen = tuple(atoms.values())
        if any(atom.learned for atom in chosen):
            chosen = chosen[:1]
            if chosen[0].learned and not intercept:
                continue
        mark = maker.choose(":", "*") if len(chosen) == 2 else ":"
        pieces.append(mark.join(atom.text for atom in chosen))
        several = [*((atom,) for atom in chosen), chosen] if mark == "*" else [chosen]
        terms |= {frozenset(atom.text for atom in term): term for term in several}
    return RightSide(text=" + ".join(pieces or ["1"]), terms=tuple(terms.values()), intercept=intercept)


# Options --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """Options beside formula and table; ``weights`` and ``offsets`` are what they mean."""

    options: dict[str, Any]
    columns: dict[str, Column]
    weights: Column | None
    offsets: tuple[Column, ...]
    offset_text: str
    must: tuple[str, ...]


def draw_extras(maker: Maker, outcome: Outcome, right: RightSide) -> Extras:
    options: dict[str, Any] = {}
    columns: dict[str, Column] = {}
    must: list[str] = []
    binary = len(outcome.levels) == 2
    types = {name: how for name, how in maker.types(text=False).items() if how.holds == "real"}
    weights = None
    if maker.rarely(2):
        kind = maker.choose(*types)
        shape = maker.choose(*(BAD_WEIGHTS if maker.rarely(12) else WEIGHT_SHAPES))
        weights = stored(_weights(shape, maker), types[kind], kind)
        options["weight_kind"] = maker.choose("frequency", "sampling", "precision")
        if shape == "fractions" and options["weight_kind"] == "frequency" and not maker.rarely(4):
            options["weight_kind"] = "precision"
        options["weights"] = "w" if maker.rarely(2) else weights.values.copy()
        if isinstance(options["weights"], str):
            columns["w"] = weights
    offsets: tuple[Column, ...] = ()
    offset_text = ""
    if maker.rarely(4):
        how = maker.choose("name", "formula", "array", "arrays")
        shape = "normal" if not maker.rarely(12) else "infinite"
        found = [_numbers(shape, maker, np.zeros(maker.n, dtype=np.intp), None) for _ in range(4)]
        if how == "arrays":
            wanted = maker.choose(*[len(outcome.levels) - 1] * 12, 4)
            offsets = tuple(Column(values=values, stored=values, kind="array") for values in found[:wanted])
            options["offset"] = [offset.values.copy() for offset in offsets]
        else:
            offsets = (maker.column(found[0], types),)
            if how == "array":
                options["offset"] = offsets[0].values.copy()
            else:
                columns["o"] = offsets[0]
                offset_text = " + offset(o)" if how == "formula" else ""
                options |= {"offset": "o"} if how == "name" else {}
    if maker.rarely(3):
        options["covariance"] = maker.choose("model", "HC0", "HC1", "HC2", "HC3")
    elif maker.rarely(2) and options.get("weight_kind") != "sampling":
        options["estimator"] = maker.choose("firth", "flic", *(("flac", "median") if binary else ()))
    if maker.rarely(40):
        options |= {"estimator": "median", "covariance": "HC0"}
    if maker.rarely(6):
        options["missing"] = "raise" if maker.rarely(4) else "drop"
    if maker.rarely(6):
        options["confidence"] = maker.choose(0.5, 0.9, 0.999)
        if maker.rarely(5):
            options["confidence"] = maker.choose(0.0, 1.0, 95, -1, "0.95", float("nan"), True)
            must.append("confidence")
    if maker.rarely(5):
        which = "event" if maker.rarely(2 if binary else 10) else "baseline"
        options[which] = "nothing of the kind" if maker.rarely(8) else maker.choose(*(outcome.levels or (0,)))
    return Extras(
        options=options,
        columns=columns,
        weights=weights,
        offsets=offsets,
        offset_text=offset_text,
        must=tuple(must),
    )
