"""A reporting checklist as data: its items, what the fit answers, and what is left for the author.

The words of the items are our own; the sources have the full recommendations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from logreg.report.context import Context
from logreg.report.words import listed

__all__ = [
    "FOR_THE_AUTHOR",
    "ON_REQUEST",
    "TITLES",
    "Answer",
    "Checklist",
    "Item",
    "Part",
    "answer_text",
    "first_upper",
    "joined",
    "see",
    "sees",
]

#: How begins what the fit cannot know.
FOR_THE_AUTHOR = "For the author: "

#: Headings of the sections that answers refer to, by key.
TITLES = MappingProxyType(
    {
        "answer": "The answer in brief",
        "data": "Data",
        "table_one": "Characteristics of the records",
        "methods": "Methods",
        "model_fit": "Model fit",
        "odds_ratios": "Coefficients and odds ratios",
        "crude": "Crude and adjusted odds ratios",
        "comparisons": "Odds and probabilities side by side",
        "effects": "Predicted probabilities",
        "performance": "Performance of the predictions",
        "calculator": "Calculator",
        "convergence": "Convergence",
        "reproduce": "Code",
    }
)
#: Those among them that stand in a report only when they are asked for.
ON_REQUEST = ("table_one", "performance")
#: Those that have nothing without the rows of the data.
NEED_ROWS = ("table_one", "crude", "comparisons", "effects", "performance")

#: What the fit knows of an item, in sentences; "" if nothing.
Answer: TypeAlias = Callable[[Context], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One item of a checklist.

    Parameters
    ----------
    number : str
        As in the checklist: "12a"; "" for an item that only the newer version has.
    asks : str
        What to report, in short.
    answer : callable, optional
        What the fit knows of it.
    author : str
        What is left for the author, without a full stop; "" if nothing is.
    newer : str
        The number in the newer version of the checklist, where there is one.
    """

    number: str
    asks: str
    answer: Answer | None = None
    author: str = ""
    newer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The items of one part of a paper."""

    title: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checklist:
    """A checklist with where it comes from.

    ``newer`` heads the column with the numbers of the newer version; "" if there is none.
    """

    key: str
    title: str
    about: str
    parts: tuple[Part, ...]
    sources: tuple[str, ...]
    newer: str = ""

    @property
    def items(self) -> tuple[Item, ...]:
        """All items in order."""
        return tuple(item for part in self.parts for item in part.items)


def answer_text(item: Item, context: Context) -> str:
    """Return what the fit knows of an item, and what is left for the author."""
    known = "" if item.answer is None else item.answer(context)
    left = f"{FOR_THE_AUTHOR}{item.author}." if item.author else ""
    return joined(known, left)


def see(context: Context, *keys: str) -> str:
    """Return a reference to sections, "section “Data”", without those that a loaded model cannot show."""
    shown = [f"“{TITLES[key]}”" for key in keys if context.fit.source is not None or key not in NEED_ROWS]
    return f"{'section' if len(shown) == 1 else 'sections'} {listed(shown)}" if shown else ""


def sees(context: Context, *keys: str) -> str:
    """Return a reference as a sentence of its own; "" if there is nothing to refer to."""
    found = see(context, *keys)
    return f"See {found}." if found else ""


def joined(*sentences: str) -> str:
    """Return sentences one after the other, empty ones left out."""
    return " ".join(sentence for sentence in sentences if sentence)


def first_upper(text: str) -> str:
    """Return a text that begins a sentence."""
    return text[:1].upper() + text[1:]
