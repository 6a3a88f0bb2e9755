"""The compiled kernel: `logreg/engine/rows.c` behind one call per run of rows.

It computes what `logreg.engine.kernel` defines, several times faster, without holding the interpreter's lock.
The library is built with the package where there is a compiler (``hatch_build.py``); where there is none, or
for rows it does not know (counts of several trials, numbers that are not doubles), the kernel in Python does
the same work. Both are held against each other and against mpmath (docs/decisions/0009).
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from logreg.engine.firth import SMALL_LEVERAGE, Curvature, PenaltySum
from logreg.engine.types import FloatArray, LikelihoodSum, Order

__all__ = ["CodedTerm", "CompiledRows", "compiled_rows", "library_path", "variant_for"]

DOUBLE = 8
#: What the library returns when it got no memory.
NO_MEMORY = 1
#: Numbered from 0 in the library.
CURVATURES: tuple[Curvature, ...] = ("none", "augmented", "exact")
INTEGER_SIZES = (1, 2, 4, 8)
#: What numpy calls the instruction sets that a variant is compiled for, the widest first.
VARIANTS = (
    ("avx512", ({"X86_V4"}, {"AVX512F", "AVX512DQ", "AVX512VL", "FMA3"}, {"AVX512_SKX", "FMA3"})),
    ("avx2", ({"X86_V3"}, {"AVX2", "FMA3"})),
)


class CodedTerm(Protocol):
    """The columns of one categorical term.

    Row i has ``values[i]`` (or 1) in column ``positions[codes[i]]`` of ``width``; the position ``width``
    stands for no column.
    """

    @property
    def codes(self) -> NDArray[np.integer]:
        """(n,) codes of the rows."""
        ...

    @property
    def positions(self) -> NDArray[np.intp]:
        """The column of every code."""
        ...

    @property
    def width(self) -> int:
        """Number of columns."""
        ...

    @property
    def values(self) -> FloatArray | None:
        """(n,) values of the rows, None where all are 1."""
        ...


class _Term(ctypes.Structure):
    """``struct term`` of rows.c."""

    _fields_ = (
        ("codes", ctypes.c_void_p),
        ("positions", ctypes.c_void_p),
        ("values", ctypes.c_void_p),
        ("code_size", ctypes.c_int64),
        ("code_stride", ctypes.c_int64),
        ("value_stride", ctypes.c_int64),
        ("width", ctypes.c_int64),
    )


class _Rows(ctypes.Structure):
    """``struct rows`` of rows.c."""

    _fields_ = (
        ("n", ctypes.c_int64),
        ("q", ctypes.c_int64),
        ("intercept", ctypes.c_int64),
        ("m", ctypes.c_int64),
        ("n_terms", ctypes.c_int64),
        ("numbers", ctypes.c_void_p),
        ("row_stride", ctypes.c_int64),
        ("column_stride", ctypes.c_int64),
        ("terms", ctypes.c_void_p),
        ("order", ctypes.c_void_p),
        ("codes", ctypes.c_void_p),
        ("code_size", ctypes.c_int64),
        ("code_stride", ctypes.c_int64),
        ("weights", ctypes.c_void_p),
        ("weight_stride", ctypes.c_int64),
        ("offset", ctypes.c_void_p),
        ("offset_row_stride", ctypes.c_int64),
        ("offset_equation_stride", ctypes.c_int64),
    )


def library_path() -> Path:
    """Return where the package keeps its compiled library, built or not."""
    suffix = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")
    return Path(__file__).with_name("_rows" + suffix)


def variant_for(found: Sequence[str]) -> str:
    """Return the variant for a processor on which numpy found these instruction sets.

    Examples
    --------
    >>> variant_for(["X86_V3"]), variant_for(["ASIMD"])
    ('avx2', 'baseline')
    """
    for name, alternatives in VARIANTS:
        if any(needed <= set(found) for needed in alternatives):
            return name
    return "baseline"


@dataclass(frozen=True, slots=True)
class _Library:
    """The library's functions for this processor."""

    rows: Callable[..., int]
    penalty: Callable[..., int]
    penalised: Callable[..., int]


@lru_cache(maxsize=1)
def _library() -> _Library | None:
    """Return the library, None where it was not built."""
    path = library_path()
    if not path.exists():
        return None
    library = ctypes.CDLL(str(path))
    # What numpy would use is what the processor has; its variable NPY_DISABLE_CPU_FEATURES holds here too.
    settings: Any = np.show_config(mode="dicts")
    variant = variant_for(settings["SIMD Extensions"].get("found", ()))
    if not hasattr(library, f"logreg_rows_{variant}"):
        variant = "baseline"
    rows, penalty, penalised = (
        library[f"logreg_{name}_{variant}"] for name in ("rows", "penalty", "penalised")
    )
    address, integer, number = ctypes.c_void_p, ctypes.c_int64, ctypes.c_double
    rows.argtypes = (address, address, integer, address)
    penalty.argtypes = (address, address, address, integer, integer, number, address)
    penalised.argtypes = (address, address, integer, number, address)
    return _Library(rows, penalty, penalised)


class CompiledRows:
    """A run of rows, ready for the compiled kernel: called with coefficients (m, p) and an order, it answers
    as `logreg.engine.kernel.likelihood_sum` does.
    """

    __slots__ = ("_address", "_held", "_library", "_shape", "takes_penalty")

    def __init__(self, library: _Library, rows: _Rows, shape: tuple[int, int], held: object) -> None:
        self._library = library
        self._shape = shape
        self._address = ctypes.addressof(rows)
        # Addresses do not keep their arrays alive; these references do.
        self._held = (rows, held)
        self.takes_penalty = shape[0] == 1 and rows.n_terms == 0

    def __call__(self, coef: FloatArray, order: Order) -> LikelihoodSum:
        """Return the log-likelihood of the rows and its derivatives up to ``order``.

        Parameters
        ----------
        coef : (m, p) array
            Coefficients on the logit scale.
        order : 0, 1 or 2
            0: log-likelihood; 1: and score (m, p); 2: and information (m p, m p), with moments.

        Raises
        ------
        MemoryError
            If the sums do not fit.
        """
        assert coef.shape == self._shape
        out = np.empty(self._length(order))
        _run(self._library.rows, self._address, coef.tobytes(), order, _address(out))
        return self._likelihood(out, order)

    def penalty(self, coef: FloatArray, root: FloatArray, curvature: Curvature) -> PenaltySum:
        """Return what `logreg.engine.firth.penalty_sum` does; two outcomes and no categorical terms only.

        Parameters
        ----------
        coef : (1, p) array
            Coefficients on the logit scale.
        root : (1, p, f) array
            Root of the inverse information at ``coef``.
        curvature : "none", "augmented" or "exact"
            What is added to the metric of a step.

        Raises
        ------
        MemoryError
            If the sums do not fit.
        """
        _, p = self._shape
        n_root = root.shape[-1]
        assert self.takes_penalty
        assert coef.shape == (1, p)
        assert root.shape == (1, p, n_root)
        kind = CURVATURES.index(curvature)
        out = np.empty(_penalty_length(p, n_root, kind))
        _run(
            self._library.penalty,
            self._address,
            coef.tobytes(),
            root.tobytes(),
            n_root,
            kind,
            SMALL_LEVERAGE,
            _address(out),
        )
        return _penalty(out, p, kind)

    def penalised(
        self, coef: FloatArray, curvature: Curvature
    ) -> tuple[LikelihoodSum, float, PenaltySum] | None:
        """Return the likelihood at order 2, half the log-determinant of its information, and the penalty with
        the root of that, in one call; None where the information may be singular. For what `penalty` is for.

        Parameters
        ----------
        coef : (1, p) array
            Coefficients on the logit scale, all of them estimated.
        curvature : "none", "augmented" or "exact"
            What is added to the metric of a step.

        Raises
        ------
        MemoryError
            If the sums do not fit.
        """
        _, p = self._shape
        assert self.takes_penalty
        assert coef.shape == (1, p)
        kind = CURVATURES.index(curvature)
        middle = 1 + self._length(2)
        out = np.empty(middle + _penalty_length(p, p, kind))
        if _run(self._library.penalised, self._address, coef.tobytes(), kind, SMALL_LEVERAGE, _address(out)):
            return None
        return self._likelihood(out[1:middle], 2), float(out[0]), _penalty(out[middle:], p, kind)

    def _length(self, order: Order) -> int:
        """How many numbers the library writes."""
        m, p = self._shape
        size = m * p
        return (2, 2 + size, 2 + size + size * size + (m + 1) ** 2 + 3)[order]

    def _likelihood(self, out: FloatArray, order: Order) -> LikelihoodSum:
        """Take apart what it wrote."""
        m, p = self._shape
        size = m * p
        last = 2 + size + size * size
        return LikelihoodSum(
            loglik=float(out[0]),
            score=out[2 : 2 + size].reshape(m, p) if order >= 1 else None,
            information=out[2 + size : last].reshape(size, size) if order == 2 else None,
            moments=out[last:] if order == 2 else None,
            smallest_weight=float(out[1]),
        )


def _penalty_length(p: int, n_root: int, kind: int) -> int:
    scored, curved = 1 + p, 1 + p + p * p
    return (scored, curved, curved + p * (n_root * (n_root + 1) // 2))[kind]


def _penalty(out: FloatArray, p: int, kind: int) -> PenaltySum:
    scored, curved = 1 + p, 1 + p + p * p
    curvature = CURVATURES[kind]
    counts = curvature == "exact" or (curvature == "augmented" and out[0] > SMALL_LEVERAGE)
    return PenaltySum(
        score=out[1:scored].reshape(1, p),
        curvature=out[scored:curved].reshape(p, p) if counts else None,
        thirds=out[curved:].reshape(p, -1) if curvature == "exact" else None,
    )


def _run(function: Callable[..., int], *arguments: float | bytes) -> bool:
    """Call the library; True where it could not do what was asked."""
    failed = function(*arguments)
    if failed == NO_MEMORY:
        raise MemoryError("no memory for the sums of a model with so many coefficients")
    return bool(failed)


def _address(out: FloatArray) -> int:
    """Return where a fresh array begins; its attribute for that takes three times as long."""
    return ctypes.addressof(ctypes.c_char.from_buffer(out.data))


def compiled_rows(
    *,
    numbers: FloatArray,
    leading_one: bool,
    terms: Sequence[CodedTerm] = (),
    order: NDArray[np.intp] | None = None,
    n_outcomes: int,
    codes: NDArray[np.integer],
    weights: FloatArray | None = None,
    offset: FloatArray | None = None,
) -> CompiledRows | None:
    """Prepare rows for the compiled kernel; None where there is none, or it does not know their layout.

    Parameters
    ----------
    numbers : (q, n) array
        The stored columns: each row's numbers, or each column's, one after the other in memory.
    leading_one : bool
        Whether a column of ones stands in front of them.
    terms : sequence of CodedTerm
        Categorical terms behind them.
    order : (p,) array of int, optional
        Where the columns so counted stand in the design; by default in this order.
    n_outcomes : int
        K.
    codes : (n,) array of int
        The outcome of every row, 0 the baseline.
    weights : (n,) array, optional
        Weights of the rows.
    offset : (K - 1, n) array, optional
        Added to the logits.

    Returns
    -------
    CompiledRows or None
        A view of these arrays, which it keeps.
    """
    library = _library()
    if library is None:
        return None
    q, n = numbers.shape
    column_bytes, row_bytes = numbers.strides
    doubles = [a for a in (numbers, weights, offset, *(t.values for t in terms)) if a is not None]
    integers = [codes, *(term.codes for term in terms)]
    if not (
        all(a.dtype == np.float64 and a.flags.aligned for a in doubles)
        and all(a.dtype.kind == "i" and a.itemsize in INTEGER_SIZES and a.flags.aligned for a in integers)
        and all(bytes_ % DOUBLE == 0 for a in doubles for bytes_ in a.strides)
        and (q == 0 or n == 0 or DOUBLE in (column_bytes, row_bytes) or q == 1)
        and all(map(_is_inside, terms))
    ):
        return None
    p = q + leading_one + sum(term.width for term in terms)
    order = np.array(np.arange(p) if order is None else order, dtype=np.int64)
    if leading_one:
        # The library has the ones behind the numbers, where they do not shift them.
        order[:q], order[q] = order[1 : q + 1].copy(), order[0]
    positions = [np.ascontiguousarray(term.positions, dtype=np.int64) for term in terms]
    parts = (_Term * len(terms))(
        *(
            _Term(
                codes=term.codes.ctypes.data,
                positions=place.ctypes.data,
                values=None if term.values is None else term.values.ctypes.data,
                code_size=term.codes.itemsize,
                code_stride=_stride(term.codes),
                value_stride=0 if term.values is None else _stride(term.values),
                width=term.width,
            )
            for term, place in zip(terms, positions, strict=True)
        )
    )
    rows = _Rows(
        n=n,
        q=q,
        intercept=int(leading_one),
        m=n_outcomes - 1,
        n_terms=len(terms),
        numbers=numbers.ctypes.data,
        row_stride=row_bytes // DOUBLE,
        column_stride=column_bytes // DOUBLE,
        terms=ctypes.addressof(parts) if terms else None,
        order=order.ctypes.data,
        codes=codes.ctypes.data,
        code_size=codes.itemsize,
        code_stride=_stride(codes),
        weights=None if weights is None else weights.ctypes.data,
        weight_stride=0 if weights is None else _stride(weights),
        offset=None if offset is None else offset.ctypes.data,
        offset_row_stride=0 if offset is None else offset.strides[1] // DOUBLE,
        offset_equation_stride=0 if offset is None else offset.strides[0] // DOUBLE,
    )
    held = (numbers, codes, weights, offset, tuple(terms), positions, parts, order)
    return CompiledRows(library, rows, (n_outcomes - 1, p), held)


def _is_inside(term: CodedTerm) -> bool:
    """Whether every code has a position and every position a column: the library looks them up unasked."""
    inside = int(term.positions.min(initial=0)) >= 0 and int(term.positions.max(initial=0)) <= term.width
    if not term.codes.size:
        return inside
    return inside and int(term.codes.min()) >= 0 and int(term.codes.max()) < len(term.positions)


def _stride(values: NDArray[Any]) -> int:
    return values.strides[0] // values.itemsize
