"""Covariances of the coefficients by name: from the information alone, or the sandwich around it.

A covariance is asked for by name, or by a value that `logreg.cluster` or `logreg.survey` returns. Fits keep
a text such as "HC3", "CR1 by district" or "survey (strata stype; fpc fpc)".
"""

from __future__ import annotations

import ast
import re
from functools import partial
from typing import Any, TypeAlias

from logreg.errors import SupportError, did_you_mean
from logreg.inference.clusters import CLUSTER_KINDS, Cluster, cluster_sandwich
from logreg.inference.sandwich import RowScores, Sandwich
from logreg.inference.survey import Survey, survey_sandwich

__all__ = [
    "ARRAY",
    "COVARIANCES",
    "Choice",
    "check_covariance",
    "covariance_code",
    "covariance_meaning",
    "covariance_name",
    "covariance_roles",
    "factor_of",
    "resampling_code",
    "sandwich_of",
]

#: What each covariance is, by name. "survey" is what sampling weights make of "model".
COVARIANCES = {
    "model": "inverse of the information at the optimum",
    "HC0": "sandwich of the row scores, without a factor",
    "HC1": "sandwich of the row scores, times n / (n - k)",
    "HC2": "sandwich of the row scores, each divided by the root of 1 - leverage",
    "HC3": "sandwich of the row scores, each divided by 1 - leverage",
    "stata": "sandwich of the row scores, times n / (n - 1), as Stata",
    "survey": "sandwich of the weighted row scores, times n / (n - 1), as Stata and R's survey package for "
    "one stratum",
}

#: A covariance as asked for, checked.
Choice: TypeAlias = str | Cluster | Survey

#: Stands in the text of a covariance for a column that was given as an array.
ARRAY = "(array)"

#: The power of ``I - H`` by which the residuals of a row are multiplied.
LEVERAGE_POWER = {"HC2": 0.5, "HC3": 1.0}


def check_covariance(covariance: object, *, sampling: bool) -> Choice:
    """Return the covariance to use.

    Sampling weights are no counts, so the information does not measure what is known: they force the
    sandwich.

    Raises
    ------
    SupportError
        For an unknown name, and for CR2 with sampling weights.
    """
    if isinstance(covariance, Survey):
        return covariance
    if isinstance(covariance, Cluster):
        if covariance.kind == "CR2" and sampling:
            raise SupportError(
                "CR2 takes weights for inverse variances, which sampling weights are not. Use kind='CR1'."
            )
        return covariance
    known = [name for name in COVARIANCES if name != "survey"]
    if not isinstance(covariance, str) or covariance not in known:
        hint = did_you_mean(covariance, known) if isinstance(covariance, str) else ""
        raise SupportError(
            f"covariance={covariance!r} is not supported; the covariances at hand are {', '.join(known)}, "
            f"logreg.cluster(...) and logreg.survey(...).{hint}"
        )
    return "survey" if sampling and covariance == "model" else covariance


def covariance_name(choice: Choice) -> str:
    """Return the text by which a fit keeps its covariance.

    Examples
    --------
    >>> from logreg.inference.clusters import cluster
    >>> covariance_name(cluster("firm", "fiscal year", kind="CR0"))
    "CR0 by firm and 'fiscal year'"
    """
    if isinstance(choice, str):
        return choice
    if isinstance(choice, Cluster):
        return f"{choice.kind} by {' and '.join(map(_word, choice.columns))}"
    parts = [
        f"{role} {_word(column)}"
        for role, column in (("strata", choice.strata), ("cluster", choice.cluster), ("fpc", choice.fpc))
        if column is not None
    ]
    parts += ["nested"] if choice.nest else []
    parts += ["design df"] if choice.df == "design" else []
    return f"survey ({'; '.join(parts) or 'one stratum'})"


def _word(column: Any) -> str:
    """Return a column as a word of the text: as it is, or quoted where it could be misread."""
    if not isinstance(column, str):
        return ARRAY
    return column if re.fullmatch(r"\w+", column) else repr(column)


#: A word of the text: an array, a quoted name, or a plain one.
_WORD = r"""\(array\)|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\w+"""


def covariance_code(name: str) -> str:
    """Return what to write after ``covariance=`` for the text of a covariance.

    Examples
    --------
    >>> covariance_code("CR1 by district"), covariance_code("HC3")
    ("logreg.cluster('district', kind='CR1')", "'HC3'")
    """
    if name.startswith("survey ("):
        # From left to right, so that quoted names are passed over as wholes.
        tokens = re.finditer(rf"(strata|cluster|fpc) ({_WORD})|nested|design df", name)
        flags = {"nested": "nest=True", "design df": "df='design'"}
        parts = [flags.get(found[0]) or f"{found[1]}={_code(found[2], found[1])}" for found in tokens]
        return f"logreg.survey({', '.join(parts)})"
    kind, by, columns = name.partition(" by ")
    if not by:
        return repr(name)
    words = [_code(word, "cluster") for word in re.findall(rf"(?:^| and )({_WORD})", columns)]
    return f"logreg.cluster({', '.join(words)}, kind={kind!r})"


#: The text of a covariance from resamples.
_RESAMPLED = re.compile(
    rf"(?:bootstrap \((?P<n>\d+) resamples of |jackknife \(\d+ )(?:clusters of (?P<cluster>{_WORD})|[^,)]*)"
    r"(?P<kept>, outcomes kept)?(?:, \d+ without an estimate)?(?:, seed (?P<seed>\d+))?\)"
)
#: Stands in that text for clusters that were given as an array.
_ARRAY_OF_CLUSTERS = "'an array'"


def resampling_code(name: str) -> str:
    """Return the call on ``fit`` that makes the replicates a covariance comes from; "" for other covariances.

    Examples
    --------
    >>> resampling_code("bootstrap (200 resamples of clusters of 'town', seed 7)")
    "fit.bootstrap(200, cluster='town', rng=7)"
    >>> resampling_code("jackknife (189 rows)"), resampling_code("HC3")
    ('fit.jackknife()', '')
    """
    found = _RESAMPLED.fullmatch(name)
    if found is None:
        return ""
    clusters = found["cluster"]
    word = ARRAY if clusters == _ARRAY_OF_CLUSTERS else clusters
    parts = [found["n"]] if found["n"] else []
    parts += [f"cluster={_code(word, 'cluster')}"] if word else []
    parts += ["stratified=True"] if found["kept"] else []
    parts += [f"rng={found['seed']}"] if found["seed"] else []
    return f"fit.{'bootstrap' if found['n'] else 'jackknife'}({', '.join(parts)})"


def covariance_roles(name: str) -> tuple[tuple[str, str], ...]:
    """Return (role, column) of every named column that groups rows: "cluster" or "strata"; arrays have no
    name.

    Examples
    --------
    >>> covariance_roles("CR1 by firm and 'fiscal year'")
    (('cluster', 'firm'), ('cluster', 'fiscal year'))
    >>> covariance_roles("survey (strata stype; fpc fpc)"), covariance_roles("HC3")
    ((('strata', 'stype'),), ())
    """
    if name.startswith("survey ("):
        # Of each role the first occurrence that is no part of a quoted name.
        tokens = re.finditer(rf"(strata|cluster|fpc) ({_WORD})", name)
        found = [(token[1], token[2]) for token in tokens if token[1] != "fpc"]
    else:
        kind, _, columns = name.partition(" by ")
        words = re.findall(rf"(?:^| and )({_WORD})", columns) if kind in CLUSTER_KINDS else []
        found = [("cluster", word) for word in words]
    return tuple((role, ast.literal_eval(_code(word, role))) for role, word in found if word != ARRAY)


def _code(word: str, role: str) -> str:
    """Return a word of the text as Python: a name in quotes, or a variable for an array."""
    if word == ARRAY:
        return role
    return repr(ast.literal_eval(word) if word[0] in "'\"" else word)


def covariance_meaning(name: str) -> str:
    """Return what a covariance is, for the text by which a fit keeps it (empty: unknown).

    Examples
    --------
    >>> covariance_meaning("CR0 by district")
    'sandwich of the scores summed by cluster, without a factor'
    """
    if name in COVARIANCES:
        return COVARIANCES[name]
    if name.startswith("survey ("):
        return "linearised sandwich of the survey design"
    if name.startswith("bootstrap ("):
        return "covariance of the estimates over resamples drawn with replacement"
    if name.startswith("jackknife ("):
        return "spread of the estimates without each unit in turn, times (N - 1) / N"
    kind, by, columns = name.partition(" by ")
    if not by or kind not in CLUSTER_KINDS:
        return ""
    two_way = len(re.findall(rf"(?:^| and )({_WORD})", columns)) > 1
    ways = " in two ways (Cameron, Gelbach and Miller)" if two_way else ""
    return f"sandwich of the scores summed by cluster{ways}, {CLUSTER_KINDS[kind]}"


def sandwich_of(choice: Choice, scores: RowScores, *, n_equations: int) -> Sandwich | None:
    """Return what is to be summed over the rows for a covariance, None for the inverse information.

    HC2 and HC3 divide the residual of a row by the root of 1 - h, and by 1 - h (MacKinnon and White 1985;
    Zeileis 2004, section 2.2 of the sandwich package, for generalised linear models). With several
    equations h is the row's block of the hat matrix (m, m): residuals become ``(I - H)^-1/2 r`` and ``(I -
    H)^-1 r``, as Bell and McCaffrey (2002) do for clusters, a row being the cluster of its equations.

    Raises
    ------
    DataError, SupportError
        See `cluster_sandwich` and `survey_sandwich`.
    """
    if isinstance(choice, Cluster):
        return cluster_sandwich(choice, scores, n_equations=n_equations)
    if isinstance(choice, Survey):
        return survey_sandwich(choice, scores)
    if choice == "model":
        return None
    if choice in LEVERAGE_POWER:
        return Sandwich(meat=partial(scores.adjusted_outer, power=LEVERAGE_POWER[choice]))
    return Sandwich(meat=scores.outer)


def factor_of(name: str, *, n: float, n_coef: int) -> float:
    """Return what the sandwich ``V M V`` is multiplied by, beyond factors that belong to its parts.

    Parameters
    ----------
    name : str
        The text of a covariance.
    n : float
        Number of trials, or of rows where weights are not frequencies.
    n_coef : int
        Number of estimated coefficients.
    """
    if name == "HC1":
        return n / (n - n_coef) if n > n_coef else float("nan")
    if name.startswith("CR1S "):
        return (n - 1.0) / (n - n_coef) if n > n_coef else float("nan")
    return n / (n - 1.0) if name in ("survey", "stata") else 1.0
