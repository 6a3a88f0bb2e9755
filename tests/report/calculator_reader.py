"""A calculator's data read again in plain Python, from their description and not from the page's script."""

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

Record = Sequence[float]


def half_even(x: float) -> float:
    return float(round(x))


FUNCTIONS: dict[str, Callable[..., float]] = {
    "I": lambda x: x,
    "abs": abs,
    "ceil": math.ceil,
    "cos": math.cos,
    "exp": math.exp,
    "expm1": math.expm1,
    "floor": math.floor,
    "log": math.log,
    "log10": math.log10,
    "log1p": math.log1p,
    "log2": math.log2,
    "logit": lambda p: math.log(p / (1.0 - p)),
    "pmax": max,
    "pmin": min,
    "round": half_even,
    "sigmoid": lambda x: 1.0 / (1.0 + math.exp(-x)),
    "sign": lambda x: float((x > 0) - (x < 0)),
    "sin": math.sin,
    "sqrt": math.sqrt,
    "tan": math.tan,
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "**": lambda a, b: a**b,
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
    "neg": lambda a: -a,
    "==": lambda a, b: float(a == b),
    "!=": lambda a, b: float(a != b),
    "<": lambda a, b: float(a < b),
    "<=": lambda a, b: float(a <= b),
    ">": lambda a, b: float(a > b),
    ">=": lambda a, b: float(a >= b),
    "center": lambda x, mean: x - mean,
    "scale": lambda x, mean, sd: (x - mean) / sd,
}


def run(step: Any, record: Record) -> float:
    if isinstance(step, (int, float)):
        return float(step)
    name, *operands = step
    if name == "input":
        return float(record[operands[0]])
    if name == "table":
        return float(operands[1][int(record[operands[0]])])
    if name == "match":
        first, second, partners = operands
        return float(partners[int(record[first])] == int(record[second]))
    if name == "position":
        return float(operands[1].index(run(operands[0], record)))
    return float(FUNCTIONS[name](*(run(operand, record) for operand in operands)))


def expand(basis: dict[str, Any], x: float) -> list[float]:
    if basis["kind"] == "powers":
        return [x ** (k + 1) for k in range(basis["degree"])]
    if basis["kind"] == "poly":
        found, before, current = [], 0.0, 1.0
        for k, shift in enumerate(basis["alpha"]):
            ratio = basis["norm2"][k + 1] / basis["norm2"][k] if k else 0.0
            before, current = current, (x - shift) * current - ratio * before
            found.append(current / math.sqrt(basis["norm2"][k + 2]))
        return found
    piece = sum(x >= limit for limit in basis["breaks"])
    u = (x - basis["centres"][piece]) / basis["halves"][piece]
    return [sum(c * u**k for k, c in enumerate(column)) for column in basis["coefficients"][piece]]


def design_row(model: dict[str, Any], record: Record) -> list[float]:
    row = [1.0] if model["intercept"] else []
    for term in model["terms"]:
        columns = [1.0]
        for place, coding in reversed(term["parts"]):
            factor = model["factors"][place]
            value = run(factor["step"], record)
            if coding is not None:
                here = coding[int(value)]
            else:
                here = expand(factor["basis"], value) if factor["basis"] else [value]
            columns = [column * later for later in columns for column in here]
        row += columns
    return row


def sigmoid(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x)) if x >= 0 else math.exp(x) / (1.0 + math.exp(x))


def predict(model: dict[str, Any], record: Record) -> dict[str, list[tuple[float, float, float]]]:
    """Return (estimate, low, high) of logits (modelled outcomes) and probabilities (all), baseline first."""
    row = design_row(model, record)
    offsets = [run(step, record) for step in model["offsets"]]
    m, p = len(model["coefficients"]), len(row)
    logits = []
    for k, coef in enumerate(model["coefficients"]):
        logit = sum(b * x for b, x in zip(coef, row, strict=True))
        logit += (offsets[k] if model["offset_per_outcome"] else sum(offsets)) if offsets else 0.0
        logits.append(logit)
    if model["direction"]:
        speeds = [0.0, *(sum(d * x for d, x in zip(steps, row, strict=True)) for steps in model["direction"])]
        sizes = [0.0]
        sizes += [sum(abs(d * x) for d, x in zip(steps, row, strict=True)) for steps in model["direction"]]
        fastest = max(map(abs, speeds))
        nothing = [model["still"] * max(size, fastest) for size in sizes]
        rank = dict.fromkeys(range(m + 1), 0)
        order = sorted(rank, key=lambda k: speeds[k])
        for slower, k in itertools.pairwise(order):
            ahead = speeds[k] - speeds[slower] > max(nothing[k], nothing[slower])
            rank[k] = rank[slower] + ahead
        logits = [x + (rank[k] - rank[0]) * 2 * model["far"] for k, x in enumerate(logits, start=1)]
    centred = [x - c for x, c in zip(row, model["centre"], strict=True)]

    def variance(g: Sequence[float]) -> float:
        weights = [g[j] * x for j in range(m) for x in centred]
        lower = model["covariance"]
        return math.fsum(
            weights[r] * weights[s] * lower[max(r, s)][min(r, s)] for r in range(m * p) for s in range(m * p)
        )

    def limits(centre: float, g: Sequence[float]) -> tuple[float, float]:
        reach = model["critical"] * math.sqrt(max(variance(g), 0.0))
        return centre - reach, centre + reach

    full = [0.0, *logits]
    found: dict[str, list[tuple[float, float, float]]] = {"logit": [], "probability": []}
    endless = bool(model["direction"]) and max(map(abs, logits)) >= model["far"]
    for k in range(m):
        if max(full) - max(0.0, logits[k]) >= model["far"] > abs(logits[k]):
            # Both are impossible alike, and nothing is known of one against the other.
            found["logit"].append((math.nan, math.nan, math.nan))
        elif model["direction"] and abs(logits[k]) >= model["far"]:
            found["logit"].append((math.copysign(math.inf, logits[k]), math.nan, math.nan))
        else:
            low, high = limits(logits[k], [float(j == k) for j in range(m)])
            found["logit"].append((logits[k], low, high))
    shift = max(full)
    odds = [math.exp(x - shift) for x in full]
    for k in range(m + 1):
        estimate = odds[k] / math.fsum(odds)
        if endless:
            found["probability"].append((estimate, math.nan, math.nan))
            continue
        rest = [x for j, x in enumerate(full) if j != k]
        log_rest = max(rest) + math.log(math.fsum(math.exp(x - max(rest)) for x in rest))
        g = [1.0 if j + 1 == k else -math.exp(min(logits[j] - log_rest, 0.0)) for j in range(m)]
        low, high = limits(full[k] - log_rest, g)
        found["probability"].append((estimate, sigmoid(low), sigmoid(high)))
    return found
