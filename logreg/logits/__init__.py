"""Logits of any origin: from scores to odds, probabilities, losses and decisions, exact in both tails.

A logit is any real number on the log-odds scale: a linear predictor, a network's last layer, a similarity.
Every function takes numbers, lists, numpy arrays, pandas or polars frames and series, and gives back the
same kind, with the same index and column names, in float64. Infinite logits are honoured; NaN is refused by
name.

Accuracy, against 50-digit arithmetic, for logits from -750 to 750: the relative error of `sigmoid`,
`log_sigmoid`, `logit` and `odds` is below 4e-16, of `softmax` and `log_softmax` below 8e-16 for a handful
of classes. Results below 2.2e-308 (subnormal) are right to one spacing of the double grid, 4.9e-324. A
temperature other than 1 adds the rounding of one division.

The building blocks `sigmoid_pair`, `log_partition`, `softmax_rows` and `log_softmax_rows` do the arithmetic
on float64 arrays without any check.
"""

from logreg.logits.blocks import log_partition, log_softmax_rows, sigmoid_pair, softmax_rows
from logreg.logits.decide import classify
from logreg.logits.losses import binary_cross_entropy, cross_entropy
from logreg.logits.scales import log_sigmoid, log_softmax, logit, odds, odds_to_probability, sigmoid, softmax

__all__ = [
    "binary_cross_entropy",
    "classify",
    "cross_entropy",
    "log_partition",
    "log_sigmoid",
    "log_softmax",
    "log_softmax_rows",
    "logit",
    "odds",
    "odds_to_probability",
    "sigmoid",
    "sigmoid_pair",
    "softmax",
    "softmax_rows",
]
