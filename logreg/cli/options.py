"""The options of a fit and of a report, once for the flags of the command and for files that define a report.

Both become the same mapping from names to values, and `fit_arguments` makes of it what `logreg.fit` takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from logreg.errors import SupportError, did_you_mean

__all__ = ["FIT_OPTIONS", "KINDS", "REPORT_OPTIONS", "Kind", "Option", "fit_arguments", "flag_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of value: what a file says it takes, and whether a value of the file is one.

    ``argument`` are the settings of `argparse` for a flag of this kind.
    """

    takes: str
    holds: Callable[[object], bool]
    argument: Mapping[str, Any] = field(default_factory=dict)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_table_of(holds: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, dict) and all(map(holds, value.values()))


def _is_list_of(holds: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, list) and all(map(holds, value))


_are_texts = _is_list_of(_is_text)
_are_tables = _is_list_of(lambda value: isinstance(value, dict))

KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "text": Kind(takes="text in quotes", holds=_is_text),
        "texts": Kind(
            takes="text in quotes, or a list of such texts",
            holds=lambda value: _is_text(value) or _are_texts(value),
            argument={"action": "append"},
        ),
        "level": Kind(
            takes="a level: text in quotes, a number, true or false",
            holds=lambda value: isinstance(value, str | int | float),
        ),
        "number": Kind(takes="a number", holds=_is_number, argument={"type": float}),
        "whole": Kind(
            takes="a whole number",
            holds=lambda value: _is_number(value) and isinstance(value, int),
            argument={"type": int},
        ),
        "switch": Kind(
            takes="true or false",
            holds=lambda value: isinstance(value, bool),
            argument={"action": "store_true", "default": None},
        ),
        "headings": Kind(takes="a table of texts in quotes", holds=_is_table_of(_is_text)),
        "units": Kind(
            takes='a table of numbers, "sd" or "iqr"',
            holds=lambda value: _is_text(value) or _is_table_of(_is_number)(value),
        ),
        "table": Kind(takes="a table", holds=lambda value: isinstance(value, dict)),
        "tables": Kind(
            takes="a table, or a list of tables",
            holds=lambda value: isinstance(value, dict) or _are_tables(value),
        ),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option: the kind of its value, and how its flag is called and explained.

    Without ``help`` there is no flag, and the option stands in files only. ``flag`` is made of the option's
    name if not given. ``required`` is about files.
    """

    kind: str
    metavar: str | None = None
    help: str = ""
    flag: str = ""
    required: bool = False


#: Options of a fit, by the names that `logreg.fit` has for them; a covariance takes several flags to say.
FIT_OPTIONS: Mapping[str, Option] = MappingProxyType(
    {
        "event": Option(
            kind="level",
            metavar="LEVEL",
            help="two outcome levels: the one whose probability is modelled",
        ),
        "baseline": Option(
            kind="level", metavar="LEVEL", help="the outcome level that logits are measured against"
        ),
        "weights": Option(kind="text", metavar="COLUMN", help="column of weights"),
        "weight_kind": Option(kind="text", metavar="KIND", help="frequency (default), sampling or precision"),
        "offset": Option(
            kind="texts",
            metavar="COLUMN",
            help="added to the logits; repeat it for one per outcome",
        ),
        "estimator": Option(
            kind="text",
            metavar="NAME",
            help="ml (default): maximum likelihood; bias-reduced: firth, flic, flac, median",
        ),
        "covariance": Option(
            kind="text",
            metavar="KIND",
            help="model (default), or a sandwich: HC0, HC1, HC2, HC3, stata; with --cluster: CR0, CR1 "
            "(default), CR1S, CR2, stata",
        ),
        "cluster": Option(
            kind="texts",
            metavar="COLUMN",
            help="rows that share a value belong together; repeat it for two-way clusters",
        ),
        "strata": Option(kind="text", metavar="COLUMN", help="strata of a survey design"),
        "fpc": Option(
            kind="text",
            metavar="COLUMN",
            help="its finite population correction: sizes of strata, or shares sampled",
        ),
        "nest": Option(kind="switch", help="labels of its sampling units (--cluster) start anew in strata"),
        "missing": Option(
            kind="text", metavar="ACTION", help="drop (default) rows with missing values, or raise an error"
        ),
        "confidence": Option(kind="number", metavar="LEVEL", help="of intervals; default 0.95"),
        "max_iterations": Option(kind="whole", metavar="N", help="Newton iterations allowed; default 50"),
    }
)
#: Options of a report, by the names that ``fit.report_document`` has for them.
REPORT_OPTIONS: Mapping[str, Option] = MappingProxyType(
    {
        "title": Option(kind="text", metavar="TEXT", help="title of the reports"),
        "labels": Option(kind="headings"),
        "units": Option(kind="units"),
        "versus": Option(
            kind="level", metavar="LEVEL", help="another outcome as the baseline of the reports' tables"
        ),
        "confidence": Option(kind="number"),
        "interval": Option(
            kind="text",
            metavar="KIND",
            help="of coefficients and odds ratios: wald (default) or profile (likelihood)",
        ),
        "style": Option(
            kind="text",
            metavar="NAME",
            help="how the reports write numbers: report (default), plain, apa, jama, nejm, lancet",
        ),
        "sections": Option(
            kind="texts",
            metavar="NAME",
            flag="--section",
            help="a section of the reports; repeat it for more, in the order wanted",
        ),
    }
)


def flag_of(name: str, option: Option) -> str:
    """Return the flag of an option.

    Examples
    --------
    >>> flag_of("weight_kind", FIT_OPTIONS["weight_kind"])
    '--weight-kind'
    """
    return option.flag or f"--{name.replace('_', '-')}"


def fit_arguments(given: Mapping[str, Any], *, in_file: bool = False) -> dict[str, Any]:
    """Return the keyword arguments of `logreg.fit` for options that were given.

    Parameters
    ----------
    given : mapping
        Values by the names of `FIT_OPTIONS`; what is missing is the library's to decide.
    in_file : bool
        Whether messages name options as files do, or as flags.

    Raises
    ------
    SupportError
        For options that do not go together.

    Examples
    --------
    >>> fit_arguments({"event": "yes", "offset": ["t"]})
    {'event': 'yes', 'offset': 't'}
    """
    apart = ("covariance", "cluster", "strata", "fpc", "nest", "offset")
    arguments = {name: value for name, value in given.items() if name not in apart}
    covariance = _covariance(given, (lambda name: name) if in_file else (lambda name: f"--{name}"))
    if covariance is not None:
        arguments["covariance"] = covariance
    if _is_survey(given) and "weights" in given:
        arguments.setdefault("weight_kind", "sampling")
    if offsets := _listed(given.get("offset", ())):
        arguments["offset"] = offsets if len(offsets) > 1 else offsets[0]
    return arguments


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _is_survey(given: Mapping[str, Any]) -> bool:
    return "strata" in given or "fpc" in given or bool(given.get("nest"))


def _covariance(given: Mapping[str, Any], named: Callable[[str], str]) -> Any:
    """Return the covariance that the options describe together: by name, of clusters, or of a survey design.

    Raises
    ------
    SupportError
        For options that do not go together.
    """
    from logreg.inference.clusters import CLUSTER_KINDS, cluster
    from logreg.inference.survey import survey

    kind, clusters = given.get("covariance"), _listed(given.get("cluster", ()))
    if _is_survey(given):
        if kind is not None:
            raise SupportError(
                f"{named('strata')}, {named('fpc')} and {named('nest')} describe a survey design, which has "
                f"its own covariance: leave out {named('covariance')}, or these."
            )
        if len(clusters) > 1:
            raise SupportError(
                f"a survey design has one column of sampling units: give {named('cluster')} once."
            )
        return survey(
            strata=given.get("strata"),
            cluster=clusters[0] if clusters else None,
            fpc=given.get("fpc"),
            nest=bool(given.get("nest")),
        )
    if clusters:
        if kind is not None and kind not in CLUSTER_KINDS:
            raise SupportError(
                f"{named('covariance')} {kind} does not go with {named('cluster')}: use one of "
                f"{', '.join(CLUSTER_KINDS)}.{did_you_mean(kind, CLUSTER_KINDS)}"
            )
        return cluster(*clusters, kind="CR1" if kind is None else kind)
    if kind in CLUSTER_KINDS and kind != "stata":
        raise SupportError(
            f"{named('covariance')} {kind} is about clusters: name their column with {named('cluster')}."
        )
    return kind
