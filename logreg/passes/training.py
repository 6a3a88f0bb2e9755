"""The rows of a fit once more, ready for inference: the likelihood in coordinates fit for arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from logreg.design.spec import DesignSpec
from logreg.engine.conditioning import Coordinates, identity
from logreg.engine.optimum import prepare
from logreg.engine.types import DesignBlock, FloatArray, Objective
from logreg.passes.encode import TrainingRows
from logreg.passes.sums import objective_of

__all__ = ["WorkingRows", "working_rows"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WorkingRows:
    """Blocks in working coordinates with their objective."""

    blocks: Sequence[DesignBlock]
    objective: Objective
    coordinates: Coordinates
    n_rows: int

    def working(self, coef: FloatArray) -> FloatArray:
        """Return coefficients (m, p) of the design's own columns as those of the working ones."""
        return np.linalg.solve(self.coordinates.to_design(), coef.T).T.astype(np.float64)


def working_rows(rows: TrainingRows, spec: DesignSpec) -> WorkingRows:
    """Choose the coordinates that the fit chose, and hand out the likelihood in them."""
    blocks: Sequence[DesignBlock] = rows.blocks
    coordinates = identity(np.empty(0, dtype=np.intp), 0, spec.intercept)
    if spec.column_names:
        ready = prepare(rows.blocks, intercept=spec.intercept)
        blocks, coordinates = ready.blocks, ready.coordinates
    return WorkingRows(
        blocks=blocks, objective=objective_of(blocks), coordinates=coordinates, n_rows=rows.n_rows
    )
