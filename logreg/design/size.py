"""How much memory a model will need, estimated before anything is allocated."""

from __future__ import annotations

from pathlib import Path

from logreg.design.ast import Column
from logreg.design.spec import DesignSpec
from logreg.errors import DataError

__all__ = ["available_memory", "check_size", "needed_bytes"]

#: The information matrix, its factor, the covariance and what is computed from them.
SQUARE_MATRICES = 6

#: Beyond this the fit is refused whatever the machine has: with 9,000 coefficients it would take hours.
LARGEST_INFORMATION_BYTES = 4e9

#: The fit may take this share of the memory that is free.
SHARE_OF_MEMORY = 0.8

#: Estimates below are not compared with the free memory: asking for it takes longer than they are worth.
UNREMARKABLE_BYTES = 1e8


def needed_bytes(spec: DesignSpec, n_rows: int) -> tuple[float, float]:
    """Return the bytes for the square matrices of the coefficients, and for columns that must be computed.

    Parameters
    ----------
    spec : DesignSpec
        The frozen design. Numeric columns of the table stay where they are; categories stay codes.
    n_rows : int
        Rows used.
    """
    size = spec.n_equations * spec.n_columns
    computed = sum(len(f.suffixes) for f in spec.numeric() if not isinstance(f.expression, Column))
    return SQUARE_MATRICES * 8.0 * size**2, 8.0 * n_rows * computed


def check_size(spec: DesignSpec, n_rows: int) -> None:
    """Refuse a model that would not fit into memory.

    Raises
    ------
    DataError
        With the number of coefficients, the memory needed, and the column with the most levels.
    """
    square, columns = needed_bytes(spec, n_rows)
    needed = square + columns
    free = available_memory() if needed > UNREMARKABLE_BYTES else None
    if square <= LARGEST_INFORMATION_BYTES and (free is None or needed <= SHARE_OF_MEMORY * free):
        return
    size = spec.n_equations * spec.n_columns
    levels = [(f"Column {factor.variable!r}", len(factor.levels)) for factor in spec.categorical()]
    levels.append((f"The outcome {spec.outcome.label!r}", len(spec.outcome.levels)))
    name, most = max(levels, key=lambda one: one[1])
    where = f" {name} alone has {most} levels." if spec.categorical() or most > 2 else ""
    there = "" if free is None else f" ({free / 1e9:.1f} GB are free)"
    raise DataError(
        f"the model has {size} coefficients and {n_rows} rows, and would need {needed / 1e9:.0f} GB for "
        f"their covariance and the computed columns{there}.{where} Group its levels, or leave it out."
    )


def available_memory() -> float | None:
    """Return the bytes that can be had without swapping, None where the system does not say."""
    free = []
    for line in _lines("/proc/meminfo"):
        if line.startswith("MemAvailable:"):
            free.append(1024.0 * float(line.split()[1]))
    # In a container the limit of the group counts, less what it uses already.
    limit, used = _lines("/sys/fs/cgroup/memory.max"), _lines("/sys/fs/cgroup/memory.current")
    if limit and used and limit[0].isdigit() and used[0].isdigit():
        free.append(max(float(limit[0]) - float(used[0]), 0.0))
    return min(free, default=None)


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text("ascii").splitlines()
    except (OSError, ValueError):
        return []
