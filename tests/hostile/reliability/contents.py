"""Hostile text in the tables that a system writes for browsers, LaTeX, Markdown and terminals."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from logreg.design.fence import quote

from ..base import BASE, N, renamed, with_columns
from .judging import Answer
from .requests import Request
from .storage import Damage
from .systems import System

SCRIPT = "<script>alert(1)</script>"
BREAK_OUT = f"</script>{SCRIPT}"
SPECIALS = "a_b & 50% $x$ #1 {q} ~ ^ \\x"
COMMANDS = ("\\input{/etc/passwd}", "\\write18{touch pwned}")
MARKDOWN = ("[x](javascript:alert(1))", f"a|b {SCRIPT}")
FORMATS = ("100%", "%s", "{0}", "{name}", "{{7*7}}", "${7*7}")
GROUPS = 'y ~ C(g, Treatment("a")) + x1'


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """Fits with hostile names, and the formats that are looked at.

    ``obeyed`` matches where a name does something; ``names`` are to be read in text and pages.
    """

    requests: Callable[[], list[Request]]
    formats: tuple[str, ...]
    obeyed: str
    names: tuple[str, ...]


def _levels(b: str, c: str = "c") -> list[Request]:
    data = with_columns(g=BASE.g.astype(object).replace({"b": b, "c": c}))
    return [Request(formula=GROUPS, data=data)]


def _outcomes() -> list[Request]:
    classes = with_columns(y3s=BASE.y3s.astype(object).replace("r", SCRIPT))
    return [
        Request(formula=f"{quote(SCRIPT)} ~ x1 + x2", data=renamed(SCRIPT, "y")),
        Request(formula="y3s ~ x1 + x2", data=classes, options={"baseline": "p"}),
    ]


def _column(name: str) -> list[Request]:
    return [Request(formula=f"y ~ {quote(name)} + x2", data=renamed(name))]


def _six_outcomes() -> list[Request]:
    drawn = np.random.default_rng(8).integers(0, len(FORMATS), N)
    return [Request(formula="y3s ~ x1", data=with_columns(y3s=np.array(FORMATS, dtype=object)[drawn]))]


#: A special character of the name as it was typed, between what stands beside it.
RAW_SPECIALS = r"a_b|b & |50% |\$x\$| #1|(?<!\\)\{q\}| ~ \^| \^ | \\x(?![a-z])"

#: What matches nowhere.
NOTHING = r"(?!)"

CONTENTS: dict[str, Content] = {
    "H02": Content(
        requests=lambda: _levels(SCRIPT), formats=(".html",), obeyed="<script>alert", names=(SCRIPT,)
    ),
    "H03": Content(requests=_outcomes, formats=(".html",), obeyed="<script>alert", names=(SCRIPT,)),
    "H05": Content(
        requests=lambda: _column(BREAK_OUT), formats=(".html",), obeyed="<script>alert", names=(BREAK_OUT,)
    ),
    "H07": Content(requests=lambda: _column(SPECIALS), formats=(".tex",), obeyed=RAW_SPECIALS, names=()),
    "H08": Content(
        requests=lambda: _levels(*COMMANDS), formats=(".tex",), obeyed=r"\\input\{/etc|\\write18", names=()
    ),
    "H13": Content(
        requests=lambda: _levels(*MARKDOWN),
        formats=(".md",),
        obeyed=r"(?m)(?<!\\)\[x\]\(|<script|^\|.*(?<!\\)a\|b",
        names=(),
    ),
    "H14": Content(requests=_six_outcomes, formats=(".html", ".tex", ".txt"), obeyed=NOTHING, names=FORMATS),
}


def written(content: Content, system: System) -> Answer:
    """Fit, write, and look whether the text stands there and does nothing."""
    obeyed: set[str] = set()
    mangled: set[str] = set()
    fault: Exception | None = None
    for request in content.requests():
        if "multinomial" in system.lacks and request.outcome == "y3s":
            continue
        try:
            model = system.fit(request)
            texts = {suffix: system.table(model, suffix) for suffix in content.formats}
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the verdict
            fault = error
            continue
        for suffix, text in texts.items():
            if re.search(content.obeyed, text):
                obeyed.add(suffix)
            elif not _shown(content.names, suffix, text):
                mangled.add(suffix)
    if obeyed:
        raise Damage(f"the text is obeyed in {', '.join(sorted(obeyed))}")
    if mangled:
        raise Damage(f"the text is not shown as it is in {', '.join(sorted(mangled))}")
    if fault is not None:
        raise fault
    return Answer()


def _shown(names: tuple[str, ...], suffix: str, text: str) -> bool:
    if suffix == ".html":
        text = html.unescape(re.sub(r"<[^>]*>", "", text))
    elif suffix != ".txt":
        return True  # what is not raw is escaped
    squeezed = "".join(text.split())
    return all("".join(name.split()) in squeezed for name in names)
