"""How journals write numbers: styles by name, as data."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from logreg.errors import SupportError, did_you_mean
from logreg.report.formats import PLAIN, REPORT, NumberStyle

__all__ = ["STYLES", "style_named"]

#: Styles by name, journals among them.
#:
#: apa: Publication Manual of the American Psychological Association, 7th ed., 6.36 and 6.43-6.45 (no zero
#: before the point of what cannot exceed 1, intervals in brackets with a comma, thousands from 1,000 on).
#: jama: AMA Manual of Style, 11th ed., 18.7.1 and 19.5 (no zero before the point of P; two digits, three
#: below .01 and where two would round to .05; not below .001).
#: nejm: New England Journal of Medicine, statistical reporting guidelines (2019): two digits above 0.01,
#: three between 0.01 and 0.001, not below 0.001.
#: lancet: The Lancet, formatting guidelines: midline decimal point, p values with two significant figures,
#: not below 0.0001. gtsummary's journal themes agree on decimal marks and on "to" between limits.
STYLES: Mapping[str, NumberStyle] = MappingProxyType(
    {
        "report": REPORT,
        "plain": PLAIN,
        "apa": NumberStyle(
            leading_zero=False,
            share_zero=False,
            interval_brackets=("[", "]"),
            interval_word=", ",
            thousands=",",
            first_grouped=1_000,
        ),
        "jama": NumberStyle(
            leading_zero=False,
            p_digits=2,
            p_steps=((0.01, 3), (0.045, 2), (0.05, 3)),
            p_smallest=0.001,
        ),
        "nejm": NumberStyle(p_digits=2, p_steps=((0.01, 3),), p_smallest=0.001, thousands=","),
        "lancet": NumberStyle(p_digits=2, p_significant=2, p_smallest=0.0001, decimal="·"),
    }
)


def style_named(style: str | NumberStyle) -> NumberStyle:
    """Return a style by name, or the style itself.

    Raises
    ------
    SupportError
        For an unknown name.

    Examples
    --------
    >>> from logreg.report.formats import p_value
    >>> [p_value(0.0042, style_named(name)) for name in ("report", "apa", "jama", "nejm", "lancet")]
    ['0.004', '.004', '.004', '0.004', '0·0042']
    """
    if isinstance(style, NumberStyle):
        return style
    if not isinstance(style, str) or style not in STYLES:
        hint = did_you_mean(style, STYLES) if isinstance(style, str) else ""
        raise SupportError(
            f"style={style!r} is not a style of numbers; those at hand are "
            f"{', '.join(map(repr, STYLES))}.{hint}"
        )
    return STYLES[style]
