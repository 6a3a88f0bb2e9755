"""The page of totals, and of every case on every system."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Mapping

from .demands import DEMANDS, FAMILIES
from .judging import BYTES, COEF_BOUND, PROBABILITY_BOUND, SECONDS, Finding, Verdict
from .systems import SYSTEMS, versions

Findings = Mapping[tuple[str, str], Finding]

#: Verdicts as they stand in the table of cases.
SHOWN = {
    Verdict.GOOD: "good",
    Verdict.ACCEPTABLE: "acceptable",
    Verdict.UNHELPFUL: "unhelpful",
    Verdict.HARMFUL: "**harmful**",
    Verdict.NOT_APPLICABLE: "–",
}

PEERS = tuple(key for key in SYSTEMS if key != "logreg")
SCIKIT_LEARN = ("lbfgs", "newton-cholesky")

#: Where the documentation of a system describes what is harmful by the rule.
DOCUMENTED: dict[str, tuple[tuple[str, ...], str]] = {
    "O03": (("glm",), "of an outcome in two columns the first is the event, and labels become two columns"),
    "O22": (("glm",), "the same"),
    "O08": (("glm",), "proportions are taken as they are, numbers of trials come as `var_weights`"),
    "P47": (SCIKIT_LEARN, "the encoder makes a missing label a level of its own"),
    "M08": (("discrete", "glm"), "the factors of a formula are Python code"),
    "M10": (("discrete", "glm"), "the same"),
    "X06": (PEERS, "pickles are for files that one trusts"),
}

INTRODUCTION = """\
# Reliability: hostile and broken input

Written by `python reports/reliability.py`; not edited by hand. {n_cases} inputs, each tried on every
system in the same run, each call in a process of its own with {seconds} seconds of processor time and
{gigabytes} GB. The inputs and the independent answers stand in `tests/hostile/`; the rule, in code, in
`tests/hostile/reliability/judging.py`.

{versions}.

## Totals

{totals}

*Run*: the cases that a system can be asked; shares are of these. {n_own} cases are about what only
`logreg` has (its file format, its command line); of the other {n_shared} it has {n_good} good.

## The rule

Every case demands one of these: a **fit** (the right answer in silence), an **error**, a **warning**
with an answer, an **error or warning**, a **fit or error**. It has words that a message must hold: the
column, the value, the count.

- **Good**: what is demanded. A right answer has probabilities within {probability:g} and, where the
  parametrisation is the same, coefficients within {coef:g} standard errors of an independent solve. An
  error or a warning holds all the words, whatever its type. Under separation, infinite estimates are
  shown as infinite, without a Wald error.
- **Acceptable**: a right answer with a warning nobody needs, or without the word that was demanded; an
  error with the words for an input that can be fitted; a wrong answer or a number without meaning, but
  with a warning of any kind: a remark under the summary and numpy's "overflow encountered" count too.
- **Unhelpful**: any other error, no answer in the time, not enough memory.
- **Harmful**: without a word, a wrong answer, a number without meaning (finite slopes of separated
  data, say) or an answer where there is none; code that is run; files written or destroyed; a caller's
  table changed; a name that becomes markup in a table for a browser or for LaTeX.

The systems are called the way their documentation says. statsmodels: formulas (patsy, its default),
`disp=0`. scikit-learn: `LogisticRegression(C=inf)`, `OneHotEncoder(drop="first")` for labels in a
pipeline, numbers as they are, and a stopping rule tighter than its default (`tol=1e-8`,
`max_iter=10000`), so that nobody is called wrong for stopping early; two solvers. Models are kept with
`result.save` and `pickle`. Warnings about future versions of the software do not count.

## Read with care

Some of what is harmful by the rule is written in the documentation of the system:

{documented}

Without these, harmful are: {without}.

`logreg` was mended until it met these cases; the others never saw them. They are inputs that go wrong,
not inputs that are common.

An earlier and larger run, with 179 inputs, found of what each could run: statsmodels Logit 24 %
harmful, statsmodels GLM 28 %, scikit-learn 26 %, glum 21 %, R 25 %; the best of them had 71 % good
answers. It is another selection with verdicts of its own: its figures are quoted, and not comparable
case by case.
"""


def page(findings: Findings) -> str:
    """Return the Markdown page; the same findings and versions give the same bytes."""
    return "\n".join(
        [
            _introduction(findings),
            "## Every case",
            "",
            *_cases(findings),
            "## What went wrong",
            "",
            *_reasons(findings),
        ]
    )


def tally(findings: Findings, system: str) -> Counter[Verdict]:
    return Counter(finding.verdict for (_, other), finding in findings.items() if other == system)


def _introduction(findings: Findings) -> str:
    n_own = len(FAMILIES["own"])
    return INTRODUCTION.format(
        n_cases=len(DEMANDS),
        n_own=n_own,
        n_shared=len(DEMANDS) - n_own,
        n_good=sum(
            findings[case, "logreg"].verdict is Verdict.GOOD
            for case in DEMANDS
            if case not in FAMILIES["own"]
        ),
        seconds=SECONDS,
        gigabytes=BYTES // 1024**3,
        probability=PROBABILITY_BOUND,
        coef=COEF_BOUND,
        versions=", ".join(
            f"{name} {version}" for name, version in [("Python", platform.python_version()), *versions()]
        ),
        totals="\n".join(_totals(findings)),
        documented="\n".join(_documented(findings)),
        without=", ".join(_without_documented(findings)),
    )


def _totals(findings: Findings) -> list[str]:
    lines = [
        "| system | run | good | acceptable | unhelpful | harmful | not applicable |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for key, system in SYSTEMS.items():
        count = tally(findings, key)
        run = count.total() - count[Verdict.NOT_APPLICABLE]
        cells = [
            f"{count[verdict]} ({_percent(count[verdict], run)})"
            for verdict in (Verdict.GOOD, Verdict.ACCEPTABLE, Verdict.UNHELPFUL, Verdict.HARMFUL)
        ]
        lines.append(f"| {system.name} | {run} | {' | '.join(cells)} | {count[Verdict.NOT_APPLICABLE]} |")
    return lines


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %"


def _is_documented(findings: Findings, case: str, system: str) -> bool:
    return case in DOCUMENTED and system in DOCUMENTED[case][0] and _harmful(findings, case, system)


def _harmful(findings: Findings, case: str, system: str) -> bool:
    return findings[case, system].verdict is Verdict.HARMFUL


def _documented(findings: Findings) -> list[str]:
    lines = []
    for case, (systems, reason) in DOCUMENTED.items():
        names = [SYSTEMS[key].name for key in systems if _is_documented(findings, case, key)]
        if names:
            lines.append(f"- {case} ({'; '.join(names)}): {reason}.")
    return lines


def _without_documented(findings: Findings) -> list[str]:
    parts = []
    for key, system in SYSTEMS.items():
        count = tally(findings, key)
        run = count.total() - count[Verdict.NOT_APPLICABLE]
        rest = count[Verdict.HARMFUL] - sum(_is_documented(findings, case, key) for case in DOCUMENTED)
        parts.append(f"{system.name} {rest} ({_percent(rest, run)})")
    return parts


def _cases(findings: Findings) -> list[str]:
    lines = []
    for family, demands in FAMILIES.items():
        title = "what only logreg has" if family == "own" else family
        names = " | ".join(system.name for system in SYSTEMS.values())
        lines += [f"### {title[0].upper()}{title[1:]}", "", f"| id | input | must | words | {names} |"]
        lines.append("|---|---|---|---|" + "---|" * len(SYSTEMS))
        for case, demand in demands.items():
            words = ", ".join(map(_either, demand.words))
            cells = " | ".join(SHOWN[findings[case, key].verdict] for key in SYSTEMS)
            lines.append(f"| {case} | {_text(demand.title)} | {demand.must} | {words} | {cells} |")
        lines.append("")
    return lines


def _reasons(findings: Findings) -> list[str]:
    lines = []
    for key, system in SYSTEMS.items():
        for verdict in (Verdict.HARMFUL, Verdict.UNHELPFUL):
            found = [
                f"- {case}: {_text(findings[case, key].why)}"
                for case in DEMANDS
                if findings[case, key].verdict is verdict
            ]
            if found:
                lines += [f"### {system.name}: {verdict}", "", *found, ""]
    return lines or ["Nothing."]


def _text(text: str) -> str:
    """Text as text: what Markdown or a browser could take for markup is escaped."""
    text = text.replace("&", "&amp;").replace("<", "&lt;")
    return "".join("\\" + letter if letter in "\\`*_[]|~#" else letter for letter in text)


def _either(word: str) -> str:
    return " or ".join(map(_code, word.split(" or ")))


def _code(word: str) -> str:
    """A word in a code span of a table cell."""
    word = word.replace("\n", " ").replace("|", "\\|")
    return f"`` {word} ``" if "`" in word else f"`{word}`"
