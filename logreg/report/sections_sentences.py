"""The section in words: one sentence per coefficient."""

from __future__ import annotations

import re

from logreg.report.explain import CAUTION, MULTINOMIAL_CAUTION, sentences
from logreg.report.material import Material
from logreg.report.nodes import Block, Note, Paragraph, Section, paragraph, strong
from logreg.report.words import NO_CLEAR_DIFFERENCE

__all__ = ["sentences_section"]

#: The odds ratio in a sentence of `logreg.report.words`.
RATIO = re.compile(r"(?<= were )[0-9.\u202f×⁰¹²³⁴⁵⁶⁷⁸⁹⁻\u00a0]+ times as high(?= (?:with|for) )")


def sentences_section(material: Material) -> Section:
    """Return one sentence per coefficient; with several outcomes, a part for each."""
    context = material.context
    figures = tuple(effect.variable for effect in material.effects)
    found = list(sentences(context, figures, material.differences))
    if not found:
        return Section(key="sentences", title="In words", blocks=())
    blocks: list[Block] = []
    if not context.fit.is_binary:
        blocks.append(paragraph(MULTINOMIAL_CAUTION))
    for k, (outcome, group) in enumerate(found, start=1):
        said = tuple(_emphasised(sentence) for sentence in group)
        if context.fit.is_binary:
            blocks += said
        else:
            title = f"{outcome} against {context.baseline}" if outcome else "All outcomes together"
            blocks.append(Section(key=f"sentences_{k}", title=title, blocks=said))
    blocks.append(Note(text=CAUTION))
    return Section(key="sentences", title="In words", blocks=tuple(blocks))


def _emphasised(sentence: str) -> Paragraph:
    """Return a sentence in which a clear odds ratio stands out."""
    found = None if sentence.startswith(NO_CLEAR_DIFFERENCE) else RATIO.search(sentence)
    if found is None:
        return paragraph(sentence)
    return paragraph(sentence[: found.start()], strong(found[0]), sentence[found.end() :])
