"""Which parts a report has, in which order: sections by name, and blocks of the author's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from logreg.errors import SupportError, did_you_mean
from logreg.report.nodes import BLOCK_TYPES, Block, Note, Section

__all__ = ["USUAL_ONES", "Wanted", "check_wanted", "chosen_blocks"]

Wanted: TypeAlias = Sequence[str | Block] | None
#: Among the names of sections: the usual ones that have content and are not named beside it.
USUAL_ONES = "usual"


def chosen_blocks(
    wanted: Wanted, makers: Mapping[str, Callable[[], Section]], usual: Iterable[str]
) -> tuple[Block, ...]:
    """Return the parts of a report in the order asked for; by default the usual sections that have content.

    Parameters
    ----------
    wanted : sequence of str, Section or other block, optional
        Names of sections, and blocks of the author's own, which are taken as they are; "usual" stands for the
        usual sections that are not named beside it.
    makers : mapping
        Makes each section that can be asked for; only what is asked for is made.
    usual : iterable of str
        The sections of a report that asks for nothing.

    Raises
    ------
    SupportError
        For a name that no section has, what is neither a name nor a block, and a section asked for twice.
    """
    parts = check_wanted([USUAL_ONES] if wanted is None else wanted, makers)
    blocks: list[Block] = []
    for part in parts:
        if part == USUAL_ONES:
            made = (makers[name]() for name in usual if name not in parts)
            blocks += (section for section in made if section.blocks)
        else:
            blocks.append(_filled(makers[part]()) if isinstance(part, str) else part)
    return tuple(blocks)


def check_wanted(wanted: Wanted, names: Iterable[str]) -> list[str | Block]:
    """Return the sections asked for, none of them asked for twice; see `chosen_blocks`.

    Raises
    ------
    SupportError
        For a name that no section has, what is neither a name nor a block, and a section asked for twice.
    """
    if wanted is None:
        return []
    if isinstance(wanted, str) or not isinstance(wanted, Sequence):
        raise SupportError(
            f"sections= takes a list of sections, but was given {wanted!r}: use sections=[{wanted!r}]."
            if isinstance(wanted, str)
            else f"sections= takes a list of names and blocks, not {type(wanted).__name__}."
        )
    known = (*names, USUAL_ONES)
    checked = [_checked(part, known) for part in wanted]
    keys = [
        part if isinstance(part, str) else part.key for part in checked if isinstance(part, str | Section)
    ]
    twice = next((key for i, key in enumerate(keys) if key in keys[:i]), None)
    if twice is not None:
        raise SupportError(
            f"sections=: {twice!r} is there twice. Leave one out, or give a section of your own another key."
        )
    return checked


def _checked(part: object, known: Sequence[str]) -> str | Block:
    if isinstance(part, str):
        if part not in known:
            raise SupportError(
                f"sections=: there is no section {part!r}.{did_you_mean(part, known)} Sections are: "
                f"{', '.join(map(repr, known))}; text of your own is logreg.report.section(title, text)."
            )
        return part
    if not isinstance(part, BLOCK_TYPES):
        raise SupportError(
            f"sections=: {type(part).__name__} is neither the name of a section nor a block of a document. "
            "logreg.report.section(title, ...) makes a section of text, tables and figures, "
            "logreg.report.figure(drawing, alt=...) a figure."
        )
    block: Block = part
    return block


def _filled(section: Section) -> Section:
    """Return a section that was asked for; one without content says so."""
    if section.blocks:
        return section
    return Section(
        key=section.key,
        title=section.title,
        blocks=(Note(text="There is nothing to show here for this model."),),
    )
