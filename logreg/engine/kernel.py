"""The likelihood kernel: log-likelihood, score and information of one block of rows.

Binary outcomes are the case m = 1 of the multinomial model and have a kernel of their own only because
one pair (p, 1 - p) replaces a softmax. Both work from exact complements, so that residuals and weights
keep their relative accuracy at any logit. The conventions stand in `logreg.engine.types`.

`logreg.engine.compiled` does the same for the rows it knows; what it must answer is defined here.
"""

from __future__ import annotations

import numpy as np

from logreg.engine.types import DesignBlock, FloatArray, LikelihoodSum, Matrix, Order

__all__ = [
    "ROWS_PER_STEP",
    "block_probabilities",
    "likelihood_sum",
    "outcome_weights",
    "outer_sum",
    "residual_moments",
    "row_probabilities",
    "row_weights",
    "score_outer",
    "weighted_residuals",
]

#: Rows handled at a time. 8,192 rows x 50 columns of scratch are 3 MB: it stays in cache between its uses.
ROWS_PER_STEP = 8192
#: Below this logit an exponential loses digits to the subnormal numbers.
SMALLEST_EXPONENT = -700.0


def likelihood_sum(block: DesignBlock, coef: FloatArray, order: Order) -> LikelihoodSum:
    """Return the log-likelihood of a block and its derivatives up to ``order``.

    Parameters
    ----------
    block : DesignBlock
        n rows.
    coef : (m, p) array
        Coefficients on the logit scale.
    order : 0, 1 or 2
        0: log-likelihood; 1: and score (m, p); 2: and information (m p, m p).
    """
    logits = block.matrix.matvec(coef)
    if block.offset is not None:
        logits += block.offset
    kernel = _binary if block.n_outcomes == 2 else _multinomial
    return kernel(block, logits, order)


def _log1p_exp(logits: FloatArray, tail: FloatArray) -> FloatArray:
    """log(1 + e^x) given ``tail`` = e^-|x|: max(x, 0) + log1p(e^-|x|), exact in both tails."""
    result: FloatArray = np.maximum(logits, 0.0)
    result += np.log1p(tail)
    return result


def _binary(block: DesignBlock, logits: FloatArray, order: Order) -> LikelihoodSum:
    """Return the sum of a block with two outcomes; the logits are overwritten."""
    # For every operation threads take turns at the interpreter, so there are few.
    eta = logits[0]
    weights = block.weights
    if block.counts is None:
        assert block.codes is not None
        sign = np.where(block.codes, 1.0, -1.0)
        # s is the logit of what happened: its loss is log(1 + e^-s), its residual the complement 1/(1 + e^s).
        eta *= sign
        tail = _tail(eta)
        # log(1 + e^-s) = log1p(e^-|s|) - min(s, 0): two sums that do not cancel.
        losses, shortfalls = np.log1p(tail), np.minimum(eta, 0.0)
        if weights is None:
            loglik = float(shortfalls.sum()) - float(losses.sum())
        else:
            loglik = float(shortfalls @ weights) - float(losses @ weights)
    else:
        failures, successes = block.counts
        tail = _tail(eta)
        losses = successes * _log1p_exp(-eta, tail) + failures * _log1p_exp(eta, tail)
        loglik = -float(losses.sum() if weights is None else losses @ weights)
    if order == 0:
        return LikelihoodSum(loglik=loglik)

    # p and 1 - p, each with full relative accuracy: 1/(1+t) on the near side of 0, t/(1+t) on the far side.
    near = tail + 1.0
    np.reciprocal(near, out=near)
    far = tail
    far *= near
    if block.counts is None:
        residual = np.where(eta >= 0, far, near)
        residual *= sign
    else:
        # s - (s + f) p = s (1 - p) - f p, without cancellation.
        positive = eta >= 0
        residual = successes * np.where(positive, far, near) - failures * np.where(positive, near, far)
    if weights is not None:
        residual *= weights
    score = block.matrix.transpose_matvec(residual[np.newaxis])
    if order == 1:
        return LikelihoodSum(loglik=loglik, score=score)

    row_information = near
    row_information *= far
    if block.counts is not None:
        row_information *= failures + successes
    if weights is not None:
        row_information *= weights
    return LikelihoodSum(
        loglik=loglik,
        score=score,
        information=block.matrix.sandwich(row_information),
        smallest_weight=float(row_information.min(initial=np.inf)),
    )


def _tail(logits: FloatArray) -> FloatArray:
    """e^-|x|."""
    tail = np.abs(logits)
    np.negative(tail, out=tail)
    result: FloatArray = np.exp(tail, out=tail)
    return result


def row_probabilities(logits: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return probabilities, complements and log normalisers of rows of logits.

    Parameters
    ----------
    logits : (m, n) array
        Logits of each non-baseline outcome against the baseline, whose own logit is 0.

    Returns
    -------
    probabilities : (K, n) array
        Baseline first.
    complements : (K, n) array
        1 - probabilities, as sums of the others: no cancellation.
    log_normaliser : (n,) array
        log(1 + sum of e^logit).
    """
    m, n = logits.shape
    if m == 1:
        tail = _tail(logits[0])
        near = 1.0 / (1.0 + tail)
        far = tail * near
        positive = logits[0] >= 0
        p = np.where(positive, near, far)
        q = np.where(positive, far, near)
        return np.stack([q, p]), np.stack([p, q]), _log1p_exp(logits[0], tail)
    shift = np.maximum(logits.max(axis=0), 0.0)
    odds = np.empty((m + 1, n))
    np.negative(shift, out=odds[0])
    np.subtract(logits, shift, out=odds[1:])
    np.exp(odds, out=odds)
    # The largest term is exactly 1. What the others add to it is summed on its own, so that the complement of
    # a nearly certain outcome keeps its digits; ties count among the others.
    largest = odds >= 1.0
    rest = np.where(largest, 0.0, odds).sum(axis=0)
    rest += np.count_nonzero(largest, axis=0) - 1
    total = 1.0 + rest
    odds /= total
    complements = 1.0 - odds
    np.copyto(complements, rest / total, where=largest)
    return odds, complements, shift + np.log1p(rest)


def _multinomial(block: DesignBlock, logits: FloatArray, order: Order) -> LikelihoodSum:
    loglik, residual = (_labelled if block.counts is None else _counted)(block, logits, order)
    if residual is None:
        return LikelihoodSum(loglik=loglik)
    score = block.matrix.transpose_matvec(residual)
    if order == 1:
        return LikelihoodSum(loglik=loglik, score=score)

    row_weight = row_weights(block)
    probabilities, complements, _ = row_probabilities(logits)
    p, q = probabilities[1:], complements[1:]
    m, n_columns = len(p), block.matrix.shape[1]
    information = np.empty((m, n_columns, m, n_columns))
    for j in range(m):
        weighted = p[j] if row_weight is None else p[j] * row_weight
        information[j, :, j, :] = block.matrix.sandwich(weighted * q[j])
        for k in range(j):
            cross = block.matrix.sandwich(weighted * p[k])
            information[j, :, k, :] = -cross
            information[k, :, j, :] = -cross
    size = m * n_columns
    # v' (diag(p) - p p') v >= p_0 sum_j p_j v_j^2 >= (min p)^2 |v|^2.
    smallest = probabilities.min(axis=0) ** 2
    if row_weight is not None:
        smallest *= row_weight
    return LikelihoodSum(
        loglik=loglik,
        score=score,
        information=information.reshape(size, size),
        smallest_weight=float(smallest.min(initial=np.inf)),
    )


def _labelled(block: DesignBlock, logits: FloatArray, order: Order) -> tuple[float, FloatArray | None]:
    """Return log-likelihood and residuals (m, n) of rows with one outcome each."""
    codes = block.codes
    assert codes is not None
    m, n = logits.shape
    observed = codes == np.arange(1, m + 1, dtype=codes.dtype)[:, np.newaxis]
    baseline = codes == 0
    shift = np.maximum(logits.max(axis=0), 0.0)
    odds = logits - shift
    own = np.where(baseline, -shift, odds[np.maximum(codes, 1) - 1, np.arange(n)])
    np.exp(odds, out=odds)
    # What speaks against the observed outcome, summed without it: neither loss nor residual cancels.
    np.copyto(odds, 0.0, where=observed)
    against = odds.sum(axis=0)
    against += np.where(baseline, 0.0, np.exp(-shift))
    own_odds = np.exp(own)
    total = against + own_odds
    if own.min(initial=0.0) > SMALLEST_EXPONENT:
        losses = np.log1p(against / own_odds)
    else:
        # Where the outcome is so unlikely that its odds lose their digits, from the logit itself.
        losses = np.log1p(against / np.maximum(own_odds, np.exp(SMALLEST_EXPONENT)))
        np.copyto(losses, np.log(total) - own, where=own <= SMALLEST_EXPONENT)
    loglik = -float(losses.sum() if block.weights is None else losses @ block.weights)
    if order == 0:
        return loglik, None
    scale = 1.0 / total
    if block.weights is not None:
        scale *= block.weights
    residual = odds
    residual *= -scale
    np.copyto(residual, against * scale, where=observed)
    return loglik, residual


def _counted(block: DesignBlock, logits: FloatArray, order: Order) -> tuple[float, FloatArray | None]:
    """Return log-likelihood and residuals (m, n) of rows of counts."""
    counts = block.counts
    assert counts is not None
    probabilities, complements, log_normaliser = row_probabilities(logits)
    log_p = np.vstack([np.zeros((1, logits.shape[1])), logits]) - log_normaliser
    # Where an outcome is nearly certain the difference cancels; log1p(-(1 - p)) does not.
    np.copyto(log_p, np.log1p(-np.minimum(complements, 0.5)), where=complements < 0.5)
    # 0 log 0 = 0: a level that did not occur contributes nothing, however unlikely it was.
    losses = -np.where(counts > 0, counts * log_p, 0.0).sum(axis=0)
    loglik = -float(losses.sum() if block.weights is None else losses @ block.weights)
    if order == 0:
        return loglik, None
    residual = _residuals(counts, probabilities, complements)
    if block.weights is not None:
        residual *= block.weights
    return loglik, residual


def score_outer(block: DesignBlock, coef: FloatArray, *, frequencies: bool) -> FloatArray:
    """Return the meat of the sandwich, the sum over trials of u u' with u the trial's score (m p,): shape (m
    p, m p).

    A trial that ended in outcome k has residuals ``[k = j] - p_j``; a row of counts stands for its trials, so
    that grouped and ungrouped data agree. Weights count once if they are ``frequencies`` (copies of a trial),
    squared otherwise.
    """
    probabilities, complements = block_probabilities(block, coef)
    moments = residual_moments(block, probabilities, complements, frequencies=frequencies)
    return outer_sum(block.matrix, moments)


def block_probabilities(block: DesignBlock, coef: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the probabilities (K, n) of a block's rows, baseline first, and their complements (K, n)."""
    logits = block.matrix.matvec(coef)
    if block.offset is not None:
        logits += block.offset
    probabilities, complements, _ = row_probabilities(logits)
    return probabilities, complements


def residual_moments(
    block: DesignBlock, probabilities: FloatArray, complements: FloatArray, *, frequencies: bool
) -> FloatArray:
    """Return the sum over each row's trials of r r' (m, m, n), r (m,) being the residuals of a trial.

    Weights count once if they are ``frequencies``, squared otherwise.
    """
    p, q = probabilities[1:], complements[1:]
    trials = outcome_weights(block)
    if block.weights is not None and not frequencies:
        trials = trials * block.weights
    total, counts = trials.sum(axis=0), trials[1:]
    m, n = p.shape
    moments = np.empty((m, m, n))
    for j in range(m):
        moments[j, j] = counts[j] * q[j] ** 2 + (total - counts[j]) * p[j] ** 2
        for k in range(j):
            elsewhere = total - counts[j] - counts[k]
            moments[j, k] = elsewhere * p[j] * p[k] - counts[j] * q[j] * p[k] - counts[k] * p[j] * q[k]
            moments[k, j] = moments[j, k]
    return moments


def outer_sum(matrix: Matrix, moments: FloatArray, *, signed: bool = False) -> FloatArray:
    """Return the sum over rows x (p,) of ``moments kron x x'``, shape (m p, m p), for moments (m, m, n).

    Their diagonal is not negative unless ``signed``.
    """
    m, n_columns = len(moments), matrix.shape[1]
    outer = np.empty((m, n_columns, m, n_columns))
    for j in range(m):
        outer[j, :, j, :] = matrix.sandwich(moments[j, j], signed=signed)
        for k in range(j):
            outer[j, :, k, :] = outer[k, :, j, :] = matrix.sandwich(moments[j, k], signed=True)
    return outer.reshape(m * n_columns, m * n_columns)


def weighted_residuals(block: DesignBlock, coef: FloatArray) -> FloatArray:
    """Return residuals (m, n) times weights: the score is ``residuals @ X``, row by row."""
    probabilities, complements = block_probabilities(block, coef)
    return _residuals(outcome_weights(block), probabilities, complements)


def _residuals(counts: FloatArray, probabilities: FloatArray, complements: FloatArray) -> FloatArray:
    """c_j - trials p_j = c_j q_j - (trials - c_j) p_j, without cancellation when p_j is near 1."""
    residual: FloatArray = (
        counts[1:] * complements[1:] - (counts.sum(axis=0) - counts[1:]) * probabilities[1:]
    )
    return residual


def row_weights(block: DesignBlock) -> FloatArray | None:
    """Return trials times weights of each row (n,), None where all are 1."""
    if block.counts is None:
        return block.weights
    trials: FloatArray = block.counts.sum(axis=0)
    return trials if block.weights is None else trials * block.weights


def outcome_weights(block: DesignBlock) -> FloatArray:
    """Return weighted trials per outcome (K, n): what each row adds to each outcome's count."""
    if block.counts is None:
        assert block.codes is not None
        trials = (block.codes == np.arange(block.n_outcomes)[:, np.newaxis]).astype(float)
    else:
        trials = block.counts
    weighted: FloatArray = trials if block.weights is None else trials * block.weights
    return weighted
