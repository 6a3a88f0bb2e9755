"""Expressions of coefficients evaluated with their gradients: forward-mode differentiation over the tree.

A value is k numbers with a gradient each, k being 1 or the number of coefficients that a name stands for;
operations are elementwise. Taken at coefficients 0 and held to what is linear, value and gradient are the
constant and the contrast of a linear form.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from logreg.design.fence import refuse
from logreg.design.spec import DesignSpec
from logreg.engine.types import FloatArray
from logreg.errors import FormulaError, SupportError
from logreg.inference.hypothesis_text import Call, Name, Node, Number, Operation

__all__ = ["Evaluated", "Evaluator", "names_of", "outcomes_of"]

Labels = tuple[tuple[str | None, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evaluated:
    """Values (k,) with gradients (k, m p); ``labels`` are (outcome, term) where a name stands for several
    coefficients, and None where one expression is meant. Plain numbers have no ``gradient``.
    """

    value: FloatArray
    gradient: FloatArray | None
    labels: Labels | None = None


def names_of(spec: DesignSpec) -> tuple[str, ...]:
    """Return what expressions may name: design columns, and terms that have several."""
    return (*spec.column_names, *(term for term in spec.term_slices if term not in spec.column_names))


def outcomes_of(spec: DesignSpec) -> tuple[str, ...]:
    """Return the outcomes with coefficients."""
    return spec.outcome.modelled


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evaluator:
    """Evaluates trees at coefficients ``coef`` (m, p); ``linear`` refuses everything else, with its place in
    ``text``.
    """

    spec: DesignSpec
    coef: FloatArray
    text: str
    linear: bool

    def __call__(self, node: Node) -> Evaluated:
        """Return the value of a tree.

        Raises
        ------
        FormulaError
            For what is not linear, or operands that stand for different numbers of coefficients.
        SupportError
            Where an operation has no finite value, such as the logarithm of a negative number.
        """
        if isinstance(node, Number):
            return Evaluated(value=np.array([node.value]), gradient=None)
        if isinstance(node, Name):
            return self._name(node)
        with np.errstate(all="ignore"):
            found = self._call(node) if isinstance(node, Call) else self._operation(node)
        finite = np.isfinite(found.value).all() and (
            found.gradient is None or np.isfinite(found.gradient).all()
        )
        if not finite:
            symbol = node.function if isinstance(node, Call) else node.operator
            raise SupportError(str(refuse(self.text, node.position, f"{symbol!r} has no finite value here")))
        return found

    def _name(self, node: Name) -> Evaluated:
        names, outcomes = self.spec.column_names, outcomes_of(self.spec)
        columns = (names.index(node.name),) if node.name in names else tuple(self.spec.term_slices[node.name])
        equations = range(len(outcomes)) if node.outcome is None else (outcomes.index(node.outcome),)
        pairs = [(j, k) for j in equations for k in columns]
        m, p = self.coef.shape
        gradient = np.zeros((len(pairs), m * p))
        gradient[np.arange(len(pairs)), [j * p + k for j, k in pairs]] = 1.0
        return Evaluated(
            value=np.array([self.coef[j, k] for j, k in pairs]),
            gradient=gradient,
            labels=tuple((outcomes[j], names[k]) for j, k in pairs) if len(pairs) > 1 else None,
        )

    def _call(self, node: Call) -> Evaluated:
        inner = self(node.argument)
        x = inner.value
        if node.function == "neg":
            return _chained(-x, (np.full_like(x, -1.0), inner))
        if self.linear and inner.gradient is not None:
            raise self._refuse_curved(node)
        if node.function == "exp":
            return _chained(np.exp(x), (np.exp(x), inner))
        if node.function == "log":
            return _chained(np.log(x), (1.0 / x, inner))
        return _chained(np.sqrt(x), (0.5 / np.sqrt(x), inner))

    def _operation(self, node: Operation) -> Evaluated:
        left, right = self(node.left), self(node.right)
        if len(left.value) != len(right.value) and 1 not in (len(left.value), len(right.value)):
            what = f"{len(left.value)} coefficients meet {len(right.value)} here"
            raise refuse(
                self.text, node.position, what, "Name single columns, or [outcome] where it differs."
            )
        x, y = np.broadcast_arrays(left.value, right.value)
        one = np.ones_like(x)
        if node.operator == "+":
            return _chained(x + y, (one, left), (one, right))
        if node.operator == "-":
            return _chained(x - y, (one, left), (-one, right))
        varies = [side.gradient is not None for side in (left, right)]
        if self.linear and (
            all(varies) if node.operator == "*" else varies[1] or (varies[0] and node.operator == "**")
        ):
            raise self._refuse_curved(node)
        if node.operator == "*":
            return _chained(x * y, (y, left), (x, right))
        if node.operator == "/":
            return _chained(x / y, (1.0 / y, left), (-x / y**2, right))
        power = x**y
        # d x^y = y x^(y-1) dx + x^y log(x) dy; a constant exponent needs no logarithm.
        return _chained(power, (y * x ** (y - 1.0), left), (power * np.log(x) if varies[1] else one, right))

    def _refuse_curved(self, node: Call | Operation) -> FormulaError:
        symbol = node.function if isinstance(node, Call) else node.operator
        return refuse(
            self.text,
            node.position,
            f"a hypothesis is linear in the coefficients, and {symbol!r} makes this one curved",
            "Use fit.function(...) for other functions of them.",
        )


def _chained(value: FloatArray, *parts: tuple[FloatArray, Evaluated]) -> Evaluated:
    """Return a value with the gradient ``sum of derivative * gradient`` of its operands."""
    gradient = None
    for derivative, operand in parts:
        if operand.gradient is not None:
            own = derivative[:, np.newaxis] * operand.gradient
            gradient = own if gradient is None else gradient + own
    labels = next((operand.labels for _, operand in parts if operand.labels is not None), None)
    return Evaluated(value=value, gradient=gradient, labels=labels)
