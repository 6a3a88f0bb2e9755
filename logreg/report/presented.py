"""A table that stands alone: printed, shown in a notebook, written to a file, or taken as a data frame."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from logreg.report.nodes import Document
from logreg.report.render_html import render_fragment
from logreg.report.render_text import render
from logreg.report.write import write_document

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Presented"]


class Presented:
    """A small document with the numbers it was made of.

    Parameters
    ----------
    document : Document
        What is shown; `logreg.report.write.write_document` takes it too.
    frame : DataFrame
        The raw numbers in long form, returned by `to_frame`.
    """

    def __init__(self, document: Document, frame: pd.DataFrame) -> None:
        self.document = document
        self._frame = frame

    def to_frame(self) -> pd.DataFrame:
        """Return the raw numbers in long form, as a copy."""
        return self._frame.copy()

    def write(self, path: str | os.PathLike[str]) -> Path:
        """Write the table in the format of the suffix; see `logreg.report.write.write_document`."""
        return write_document(self.document, path)

    def __str__(self) -> str:
        return render(self.document).rstrip("\n")

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return render_fragment(self.document)
