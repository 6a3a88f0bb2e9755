"""What the sections of one report share: each part is computed when a section first asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from logreg.inference.estimate import Remark
from logreg.interpret.effects import Effect
from logreg.report.compared import Compared, compared_lines
from logreg.report.context import Context
from logreg.report.explain import Differences
from logreg.report.explain_effects import Probabilities
from logreg.report.nodes import Note
from logreg.report.sections_effects import effects_of

__all__ = ["Material"]

#: Where each kind of remark belongs, beside the top of the report.
PLACES = {
    "MissingDataWarning": "data",
    "DataWarning": "data",
    "ConvergenceWarning": "convergence",
}


@dataclass(frozen=True, kw_only=True)
class Material:
    """A fit about to be reported, with the effects and averages that several sections speak of."""

    context: Context

    @cached_property
    def effects(self) -> tuple[Effect, ...]:
        """The effects that get a figure."""
        return effects_of(self.context, self.context.profiles)

    @cached_property
    def probabilities(self) -> Probabilities:
        """Average differences in probability, on demand."""
        return Probabilities(context=self.context)

    @cached_property
    def compared(self) -> tuple[Compared, ...]:
        """Every change of a variable with its odds ratio and its average difference."""
        return compared_lines(self.context, self.probabilities)

    @cached_property
    def differences(self) -> Differences:
        """The average differences alone, by change."""
        return {one.move: one.differences for one in self.compared}

    def notes(self, place: str | None = None) -> tuple[Note, ...]:
        """Return the remarks of a fit as warnings: all of them, or those of one section."""
        return tuple(
            Note(text=remark.text, kind="warning")
            for remark in self.context.fit.remarks
            if place is None or _place(remark) == place
        )


def _place(remark: Remark) -> str:
    return PLACES.get(remark.kind, "odds_ratios")
