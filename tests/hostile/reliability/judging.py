"""The rule by which every system is judged, in the same words for all of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

#: Probabilities. Ordinary stopping rules leave less, also with 10,000 levels; wrong models leave more.
PROBABILITY_BOUND = 1e-3
#: Coefficients, in standard errors. The same stopping rules leave 5e-4 on the base table.
COEF_BOUND = 1e-3


#: Processor time and memory that every call gets. The slowest right answer, to 10,000 levels, takes 32 s.
SECONDS = 120
BYTES = 4 * 1024**3
BEYOND = f"no answer within {SECONDS} s and {BYTES // 1024**3} GB"


class Must(StrEnum):
    """What a case demands."""

    FIT = "fit"  # the right answer, in silence
    ERROR = "error"  # no answer: an error with the words
    WARN = "warning"  # an answer, and a warning with the words; infinite estimates marked as such
    TELL = "error or warning"  # either, with the words
    TRY = "fit or error"  # the right answer in silence, or an error with the words


class Verdict(StrEnum):
    """What a system made of a case."""

    GOOD = "good"
    ACCEPTABLE = "acceptable"
    UNHELPFUL = "unhelpful"
    HARMFUL = "harmful"
    NOT_APPLICABLE = "n/a"


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """The right answer, solved independently.

    ``probabilities`` (n, K) for the rows of the table; ``used`` (n,) those that take part in the fit;
    ``coef`` and ``std_error`` in the order intercept, columns (log-odds), NaN where not compared, None
    where the parametrisation is the system's own.
    """

    probabilities: np.ndarray
    used: np.ndarray
    coef: np.ndarray | None = None
    std_error: np.ndarray | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a system gave back: probabilities (n, K), coefficients and errors as shown, names in tables."""

    probabilities: np.ndarray | None = None
    coef: np.ndarray | None = None
    std_error: np.ndarray | None = None
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was seen of one call.

    ``said``: warnings, and remarks a system prints under its summary. ``damage``: code that ran, files left
    behind or destroyed, a caller's table that changed, hostile text obeyed. ``stopped``: no answer at all.
    """

    answer: Answer | None = None
    error: str | None = None
    error_type: str = ""
    said: tuple[str, ...] = ()
    damage: str = ""
    stopped: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """One case: what is put in, what must come of it, and the words a message must hold.

    `` or `` separates words that do as well. ``shown``: names that stand in the tables. ``infinite``: there
    are estimates without a finite value, to be shown so. ``unfinished``: the ascent is cut short, so that an
    answer with the warning is what is demanded, however far it is off.
    """

    title: str
    must: Must
    words: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    infinite: bool = False
    unfinished: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A verdict and, in a few words, why."""

    verdict: Verdict
    why: str = field(default="")


def lacking(message: str, words: tuple[str, ...]) -> list[str]:
    """Return the words that the message does not hold, in any case of letters, as words of their own."""
    return [word for word in words if not any(_holds(message, one) for one in word.split(" or "))]


def _holds(message: str, word: str) -> bool:
    start = r"(?<!\w)" if word[:1].isalnum() or word[:1] == "_" else ""
    end = r"(?!\w)" if word[-1:].isalnum() or word[-1:] == "_" else ""
    return re.search(start + re.escape(word) + end, message, re.IGNORECASE) is not None


def _stands_in(names: tuple[str, ...], name: str) -> bool:
    return any(name in one or repr(name)[1:-1] in one for one in names)


def judge(demand: Demand, outcome: Outcome, truth: Truth | None) -> Finding:
    """Return the verdict; the rule is the same for every system."""
    if outcome.damage:
        return Finding(verdict=Verdict.HARMFUL, why=outcome.damage)
    if outcome.stopped:
        return Finding(verdict=Verdict.UNHELPFUL, why=outcome.stopped)
    if outcome.error is not None:
        return _judge_error(demand, outcome)
    return _judge_answer(demand, outcome, truth)


def _judge_error(demand: Demand, outcome: Outcome) -> Finding:
    assert outcome.error is not None
    text = f"{outcome.error_type}: {brief(outcome.error)}"
    missing = lacking(outcome.error, demand.words)
    if missing and outcome.error_type == "MemoryError":
        return Finding(
            verdict=Verdict.UNHELPFUL, why=BEYOND
        )  # time or memory: the machine decides which is first
    if missing or not demand.words:
        first = ", ".join(word.split(" or ")[0] for word in missing)
        words = f" (not named: {first})" if missing and demand.must is not Must.FIT else ""
        return Finding(verdict=Verdict.UNHELPFUL, why=text + words)
    welcome = demand.must in (Must.ERROR, Must.TELL, Must.TRY)
    return Finding(verdict=Verdict.GOOD if welcome else Verdict.ACCEPTABLE, why=text)


def _judge_answer(demand: Demand, outcome: Outcome, truth: Truth | None) -> Finding:
    assert outcome.answer is not None
    wrong = error_of(outcome.answer, truth)
    if demand.must is Must.ERROR:
        return _unless_said(outcome, "an answer instead of an error")
    if demand.must in (Must.FIT, Must.TRY):
        if wrong:
            return _unless_said(outcome, wrong)
        if not all(_stands_in(outcome.answer.names, name) for name in demand.shown):
            return Finding(verdict=Verdict.ACCEPTABLE, why="right, but the name is not in the table as it is")
        if outcome.said:
            return Finding(verdict=Verdict.ACCEPTABLE, why=f"right, with '{brief(outcome.said[0])}'")
        return Finding(verdict=Verdict.GOOD, why="right")
    named = any(not lacking(message, demand.words) for message in outcome.said)
    if demand.infinite and not marked(outcome.answer):
        return _unless_said(outcome, "finite numbers for estimates that are infinite")
    if named:
        if wrong and not demand.unfinished:
            return Finding(verdict=Verdict.ACCEPTABLE, why=f"named, but {wrong}")
        return Finding(verdict=Verdict.GOOD, why=brief(outcome.said[0]))
    if truth is not None and not wrong and not outcome.said:
        return Finding(verdict=Verdict.ACCEPTABLE, why="right, without a word")
    return _unless_said(outcome, wrong or "a number without meaning")


def _unless_said(outcome: Outcome, why: str) -> Finding:
    if outcome.said:
        return Finding(verdict=Verdict.ACCEPTABLE, why=f"{why}, but said '{brief(outcome.said[-1])}'")
    return Finding(verdict=Verdict.HARMFUL, why=f"{why}, without a word")


def error_of(answer: Answer, truth: Truth | None) -> str:
    """Return what is wrong with the numbers, an empty text where they are right or nothing is known."""
    if truth is None or answer.probabilities is None:
        return ""
    found, expected = answer.probabilities, truth.probabilities
    if len(found) == len(expected):
        found = found[truth.used]
    expected = expected[truth.used]
    if found.shape != expected.shape:
        return f"probabilities for {len(found)} rows, not {len(expected)}"
    if not np.isfinite(found).all():
        return "probabilities that are not numbers"
    off = float(np.abs(found - expected).max())
    if off > PROBABILITY_BOUND:
        return f"probabilities off by {off:.1g}"
    if truth.coef is None or truth.std_error is None or answer.coef is None:
        return ""
    if answer.coef.shape != truth.coef.shape:
        return f"{answer.coef.size} coefficients, not {truth.coef.size}"
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        apart = np.abs(answer.coef - truth.coef) / truth.std_error
    apart = apart[~np.isnan(truth.coef)]
    if not np.isfinite(apart).all():
        return "coefficients that are not numbers"
    if apart.size and apart.max() > COEF_BOUND:
        return f"a coefficient off by {apart.max():.1g} standard errors"
    return ""


def marked(answer: Answer) -> bool:
    """Whether infinite estimates are shown as infinite, with no Wald error beside them."""
    if answer.coef is None:
        return False
    infinite = np.isinf(answer.coef)
    if not infinite.any():
        return False
    return answer.std_error is None or not np.isfinite(answer.std_error[infinite]).any()


def brief(message: str, length: int = 110) -> str:
    """Return the beginning of a message on one line, without addresses that change from run to run."""
    text = re.sub(r"0x[0-9a-fA-F]+", "0x...", " ".join(message.split()))
    return text if len(text) <= length else text[: length - 3] + "..."
