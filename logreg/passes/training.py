"""The rows of a fit once more, ready for inference: the likelihood in coordinates fit for arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from logreg.design.spec import DesignSpec
from logreg.engine.optimum import prepare
from logreg.engine.types import DesignBlock, FloatArray, Objective
from logreg.passes.encode import TrainingRows
from logreg.passes.sums import objective_of

__all__ = ["WorkingRows", "working_rows"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WorkingRows:
    """Blocks in working coordinates with their objective; ``coef_design = coef_working @ to_design.T``."""

    blocks: Sequence[DesignBlock]
    objective: Objective
    to_design: FloatArray
    n_rows: int


def working_rows(rows: TrainingRows, spec: DesignSpec) -> WorkingRows:
    """Choose the coordinates that the fit chose, and hand out the likelihood in them."""
    if not spec.column_names:
        return WorkingRows(
            blocks=rows.blocks, objective=objective_of(rows.blocks), to_design=np.eye(0), n_rows=rows.n_rows
        )
    ready = prepare(rows.blocks, rows.blocks, intercept=spec.intercept)
    return WorkingRows(
        blocks=ready.blocks,
        objective=objective_of(ready.blocks),
        to_design=ready.coordinates.to_design(),
        n_rows=rows.n_rows,
    )
