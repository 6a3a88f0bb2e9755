"""Logit, Binomial GLM and MNLogit results of statsmodels as a `LogisticFit`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from logreg.adapters.adopted import Theirs, adopt, closest, columns_of, quiet_fit, warn_of
from logreg.adapters.arrays import formula_of, response_name
from logreg.design.fence import quote
from logreg.engine.kernel import ROWS_PER_STEP
from logreg.engine.types import FloatArray
from logreg.errors import DataError, LogregError, SupportError
from logreg.fitted import LogisticFit
from logreg.inference.clusters import cluster
from logreg.inference.covariance import ARRAY
from logreg.inference.estimate import Remark

__all__ = ["from_statsmodels"]

IntArray = NDArray[np.intp]

#: Columns of the two designs are the same if they differ by no more than this share of the largest value:
#: splines and polynomials are computed in another order there.
SAME_COLUMN = 1e-9
#: Numbers of trials and successes are whole to this share; statsmodels keeps their quotient.
WHOLE = 1e-9


def from_statsmodels(result: Any) -> LogisticFit:
    """Return a result of statsmodels as a `LogisticFit`, with its coefficients and its covariance.

    Where the model came from a formula that gives the same columns here, variables, levels and terms are
    those of the formula; else every column of the design is a numeric variable of that name. The same model
    is fitted here too, to certify theirs: if their coefficients are not at the optimum, the fit keeps them
    and says so.

    Parameters
    ----------
    result : Logit, Binomial GLM or MNLogit result
        From ``fit()``: with missing rows dropped, offset, ``freq_weights``, counts or proportions with their
        number of trials, any ``cov_type``.

    Returns
    -------
    LogisticFit
        m = 1 equation, or one per category but the first. ``options.covariance`` names the covariance by
        what its numbers are (statsmodels returns HC0 under the names HC1, HC2 and HC3), or by statsmodels'
        name after "statsmodels" where no covariance here has these numbers. ``convergence`` is about their
        coefficients.

    Raises
    ------
    SupportError
        For other models, other links, penalised and constrained fits, an offset that MNLogit ignored, and
        ``var_weights`` that are no numbers of trials.

    Warns
    -----
    LogregWarning
        What `logreg.fit` says about these data; `ConvergenceWarning` if theirs is not the optimum.

    Examples
    --------
    >>> import logreg, statsmodels.formula.api as smf
    >>> data = logreg.datasets.load("birthwt")
    >>> result = smf.logit("low ~ age + C(race)", data).fit(disp=0)
    >>> fit = logreg.from_statsmodels(result)
    >>> fit.odds_ratios()[["term", "odds_ratio"]].round(3)
                   term  odds_ratio
    0               age       0.961
    1  C(race)[T.black]       2.107
    2  C(race)[T.other]       1.768
    """
    inner = getattr(result, "_results", result)
    model = getattr(inner, "model", None)
    kind = _kind_of(inner, model)
    _check(inner, model, kind)
    given = _Given.of(inner, model, kind)
    fit = _from_formula(given) or _from_columns(given)
    theirs = _theirs(given, *fit)
    adopted = adopt(fit[0], theirs)
    warn_of(adopted, stacklevel=2)
    return adopted


def _package() -> str:
    import statsmodels

    return f"statsmodels {statsmodels.__version__}"


def _kind_of(result: Any, model: Any) -> str:
    """Return "Logit", "GLM" or "MNLogit"; by name, so that other results need no import of theirs."""
    kind = next((c.__name__ for c in type(model).__mro__ if c.__name__ in ("Logit", "GLM", "MNLogit")), None)
    if kind is None or not type(model).__module__.startswith("statsmodels."):
        shown = f"{type(result).__name__} of {type(model).__name__}" if model is not None else repr(result)
        raise SupportError(
            f"from_statsmodels takes results of Logit, of GLM with the Binomial family, and of MNLogit, not "
            f"{shown}. Give what fit() returned."
        )
    return kind


def _check(result: Any, model: Any, kind: str) -> None:
    """Refuse what is not maximum likelihood for a logistic regression."""
    if not hasattr(result, "cov_params") or type(result).__name__.startswith(("L1", "Regularized")):
        raise SupportError(
            "the result comes from fit_regularized: a penalised fit is not at the maximum of the likelihood, "
            "and its errors are not valid. Use fit(), or logreg.fit."
        )
    if getattr(result, "constraints", None) is not None or getattr(result, "k_constr", False):
        raise SupportError(
            "the result comes from fit_constrained: constrained coefficients have a covariance without full "
            "rank. Write the constraint into the formula."
        )
    if kind == "GLM":
        family, link = type(model.family).__name__, type(model.family.link).__name__
        if family != "Binomial" or link.lower() != "logit":
            raise SupportError(
                f"the result is a GLM with family {family} and link {link}; only Binomial with the link "
                "Logit is a logistic regression."
            )
    if kind == "MNLogit" and _offset(model, len(model.exog)) is not None:
        raise SupportError(
            "the model was given an offset, which statsmodels' MNLogit ignores: its estimates are those of "
            "another model. Use logreg.fit with offset=."
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Given:
    """What a result holds, in plain arrays over the n rows it used.

    ``exog`` (n, p) with ``names``; ``codes`` (n,) number the outcome's ``levels``, the baseline being 0, or
    ``counts`` (n, 2) are non-events and events; ``rows`` are the places of the n rows in ``frame``.
    """

    result: Any
    exog: FloatArray
    names: tuple[str, ...]
    label: str | list[str]
    levels: tuple[Any, ...]
    codes: IntArray | None
    counts: FloatArray | None
    weights: FloatArray | None
    offset: FloatArray | None
    formula: str | None
    frame: pd.DataFrame | None
    rows: IntArray
    index: pd.Index[Any] | None

    @classmethod
    def of(cls, result: Any, model: Any, kind: str) -> _Given:
        exog = np.asarray(model.exog, dtype=np.float64)
        if exog.ndim != 2:
            raise DataError("the result holds no data (remove_data): take it over before they are removed.")
        repeated = sorted(name for name, n in Counter(map(str, model.exog_names)).items() if n > 1)
        if repeated:
            raise DataError(
                f"the design of the result has several columns named {repeated[0]!r}. Rename them."
            )
        if not np.isfinite(exog).all():
            raise DataError("the design of the result holds missing or infinite values. Fit it without them.")
        endog = np.asarray(model.endog)
        codes, counts = None, None
        if kind == "GLM":
            codes, counts = _binomial_outcome(model, endog.astype(np.float64))
        else:
            codes = endog.astype(np.intp)
        names = getattr(model, "_ynames_map", None) if kind == "MNLogit" else None
        frame = getattr(model.data, "frame", None)
        missing = np.asarray(getattr(model.data, "missing_row_idx", None) or [], dtype=np.intp)
        index = model.data.row_labels
        return cls(
            result=result,
            exog=exog,
            names=tuple(map(str, model.exog_names)),
            label=model.endog_names,
            levels=(0, 1) if names is None else tuple(names[k] for k in sorted(names)),
            codes=codes,
            counts=counts,
            weights=_weights(model) if kind == "GLM" else None,
            offset=None if kind == "MNLogit" else _offset(model, len(exog)),
            formula=getattr(model, "formula", None) if isinstance(frame, pd.DataFrame) else None,
            frame=frame if isinstance(frame, pd.DataFrame) else None,
            rows=np.delete(np.arange(len(exog) + len(missing)), missing),
            index=index if isinstance(index, pd.Index) else None,
        )

    @property
    def intercept(self) -> int | None:
        """The place of the column of ones."""
        return next((k for k, x in enumerate(self.exog.T) if (x == 1.0).all()), None)


def _binomial_outcome(model: Any, share: FloatArray) -> tuple[IntArray | None, FloatArray | None]:
    """Return codes (n,) of 0/1 outcomes, or counts (n, 2) of non-events and events for proportions."""
    trials = np.broadcast_to(np.asarray(model.n_trials, dtype=np.float64), share.shape)
    trials = trials * np.broadcast_to(np.asarray(model.var_weights, dtype=np.float64), share.shape)
    events = np.rint(trials * share)
    whole = np.abs(trials - np.rint(trials)) <= WHOLE * np.maximum(trials, 1.0)
    if not (whole.all() and (np.abs(trials * share - events) <= WHOLE * np.maximum(trials, 1.0)).all()):
        raise SupportError(
            "the outcome holds proportions, or var_weights, that do not add up to whole numbers of events "
            "and trials: there is no likelihood. Give counts, or logreg.fit with weight_kind='precision'."
        )
    if (trials == 1.0).all():
        return events.astype(np.intp), None
    return None, np.column_stack([np.rint(trials) - events, events])


def _weights(model: Any) -> FloatArray | None:
    weights = np.asarray(model.freq_weights, dtype=np.float64)
    return None if (weights == 1.0).all() else np.broadcast_to(weights, (len(model.exog),)).copy()


def _offset(model: Any, n: int) -> FloatArray | None:
    """Return the offset; GLM has zeros for none, Logit has none."""
    offset = getattr(model, "offset", None)
    values = np.zeros(n) if offset is None else np.broadcast_to(np.asarray(offset, dtype=np.float64), (n,))
    return values.copy() if values.any() else None


#: Our fit, and the place in ``exog`` of each of its design columns.
_Found = tuple[LogisticFit, IntArray]


def _from_formula(given: _Given) -> _Found | None:
    """Fit the formula to the frame it came with; None unless it gives the same rows, outcome and columns."""
    if given.formula is None or given.frame is None or given.counts is not None:
        return None
    options: dict[str, Any] = {}
    for name, values in (("weights", given.weights), ("offset", given.offset)):
        if values is not None:
            whole = np.full(len(given.frame), np.nan)
            whole[given.rows] = values
            options[name] = whole
    # Functions go by numpy's names there and by their own here; their values are compared below.
    formula = given.formula.replace("np.", "")
    try:
        fit = quiet_fit(formula, given.frame, **options)
        if fit.n_rows == len(given.exog) and fit.is_binary and _differs(fit, given):
            # GLM models the first sorted level of text; the event is the one its ones stand for.
            fit = quiet_fit(formula, given.frame, baseline=fit.spec.outcome.levels[1], **options)
    except LogregError:  # a formula that means something else here, or nothing
        return None
    if fit.n_rows != len(given.exog) or _differs(fit, given):
        return None
    order = _same_columns(fit, given)
    return None if order is None else (fit, order)


def _differs(fit: LogisticFit, given: _Given) -> bool:
    """Tell whether the outcome or its order of levels is another one."""
    rows = fit._rows.training("taking over estimates")
    codes = [block.codes for block in rows.blocks]
    places = np.concatenate(rows.positions)
    if any(code is None for code in codes) or not np.array_equal(places, given.rows):
        return True
    assert given.codes is not None
    return not np.array_equal(np.concatenate(cast(list[Any], codes)), given.codes)


def _same_columns(fit: LogisticFit, given: _Given) -> IntArray | None:
    """Return the place in their design of each of our columns, None unless all are there by value."""
    names = fit.spec.column_names
    if len(names) != len(given.names):
        return None
    blocks = fit._rows.training("taking over estimates").blocks
    size = np.maximum(np.abs(given.exog).max(axis=0), np.finfo(float).tiny)
    candidates = [set(range(len(names))) for _ in names]
    for here, design in columns_of(blocks, ROWS_PER_STEP):
        theirs = given.exog[here]
        for k, found in enumerate(candidates):
            found -= {
                j for j in found if not (np.abs(theirs[:, j] - design[k]) <= SAME_COLUMN * size[j]).all()
            }
    chosen: list[int] = []
    for k, found in enumerate(candidates):
        # Columns that repeat each other are told apart by name.
        left = sorted(found - set(chosen), key=lambda j: (given.names[j] != names[k], j))
        if not left:
            return None
        chosen.append(left[0])
    return np.array(chosen, dtype=np.intp)


def _from_columns(given: _Given) -> _Found:
    """Fit the columns of their design as numbers, named as there."""
    intercept = given.intercept
    kept = [k for k in range(len(given.names)) if k != intercept]
    features = [given.names[k] for k in kept]
    table: dict[str, Any] = {name: given.exog[:, k] for name, k in zip(features, kept, strict=True)}
    label = response_name(given.label, features)
    options: dict[str, Any] = {}
    if given.counts is not None:
        two = given.label if isinstance(given.label, list) and len(given.label) == 2 else []
        wanted = two or [f"{label} (events)", f"{label} (others)"]
        columns = [response_name(str(name), features) for name in wanted]
        table |= {columns[0]: given.counts[:, 1], columns[1]: given.counts[:, 0]}
        left = f"cbind({quote(columns[0])}, {quote(columns[1])})"
        formula = formula_of("y", features, intercept=intercept is not None)
        formula = f"{left} ~{formula.partition('~')[2]}"
    else:
        assert given.codes is not None
        table[label] = pd.Categorical.from_codes(given.codes.tolist(), pd.Index(given.levels))
        formula = formula_of(label, features, intercept=intercept is not None)
    if not features and intercept is not None:
        formula = f"{formula.partition('~')[0]}~ 1"
    for name, values in (("weights", given.weights), ("offset", given.offset)):
        if values is not None:
            options[name] = values
    fit = quiet_fit(formula, pd.DataFrame(table, index=given.index), **options)
    order = ([intercept] if intercept is not None else []) + kept
    return fit, np.array(order, dtype=np.intp)


def _theirs(given: _Given, own: LogisticFit, order: IntArray) -> Theirs:
    """Put their estimates into the order of our design's columns."""
    result = given.result
    m, p = own.coef_array.shape
    # params is (p,) or (p, m); the covariance runs equation by equation.
    params = np.asarray(result.params, dtype=np.float64).reshape(p, m, order="F" if m == 1 else "C")
    flat = np.concatenate([order + j * p for j in range(m)]) if m else order
    vcov = np.asarray(result.cov_params(), dtype=np.float64)[np.ix_(flat, flat)]
    name, remarks = _covariance(given, own, vcov)
    use_t = bool(getattr(result, "use_t", False))
    df = float(getattr(result, "df_resid_inference", None) or result.df_resid) if use_t else np.inf
    return Theirs(
        package=_package(),
        coef=params[order].T,
        vcov=vcov,
        covariance=name,
        reference_df=df,
        remarks=tuple(remarks),
    )


def _covariance(given: _Given, own: LogisticFit, vcov: FloatArray) -> tuple[str, list[Remark]]:
    """Return what a covariance is by its numbers, with a remark where statsmodels calls it otherwise."""
    result = given.result
    called = str(result.cov_type)
    dispersion = float(getattr(result, "scale", 1.0) or 1.0)
    if own.separation.direction is not None or own.aliases:
        return "model", []  # ours stays in place
    found = closest(vcov, _candidates(given, own, called))
    if found is None:
        scaled = f", times a dispersion of {dispersion:.6g}" if dispersion != 1.0 else ""
        return f"statsmodels {called}{scaled}", []
    expected = {"nonrobust": "model", "cluster": f"CR1S by {ARRAY}"}.get(called, called)
    if found in (expected, f"CR0 by {ARRAY}", f"CR1 by {ARRAY}"):
        return found, []
    text = f"statsmodels calls the covariance {called!r}; by its numbers it is {found!r}."
    return found, [Remark(kind="DataWarning", text=text)]


def _candidates(
    given: _Given, own: LogisticFit, called: str
) -> Iterator[tuple[str, Callable[[], FloatArray]]]:
    """Yield covariances that theirs may be, the likeliest first."""

    def ours(covariance: Any) -> FloatArray:
        return own.with_covariance(covariance).vcov_array

    if called == "nonrobust":
        yield "model", lambda: own.vcov_array
    elif called.upper().startswith("HC"):
        # The names first that the numbers really have.
        for name in ("HC0", "HC1", "HC2", "HC3"):
            yield name, partial(ours, name)
    elif called == "cluster":
        groups = np.asarray((given.result.cov_kwds or {}).get("groups", []))
        if groups.ndim == 1 and len(groups) == len(given.exog):
            whole = _spread_groups(own, given, groups)
            for kind in ("CR1S", "CR1", "CR0"):
                yield f"{kind} by {ARRAY}", partial(ours, cluster(whole, kind=kind))


def _spread_groups(own: LogisticFit, given: _Given, groups: NDArray[Any]) -> Sequence[Any]:
    """Return the clusters as long as the table our fit reads; rows that were not used have any."""
    codes = pd.factorize(groups)[0].astype(np.float64)
    assert own.source is not None
    n = own.source.n_rows or len(codes)
    if n == len(codes):
        return cast(Sequence[Any], codes)
    whole = np.zeros(n)
    whole[given.rows] = codes
    return cast(Sequence[Any], whole)
