"""A bar for whoever waits at a terminal; nothing at all for everybody else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

__all__ = ["progress"]

#: Seconds before a bar appears: shorter waits need no explanation.
DELAY = 2.0


def progress(
    description: str, total: int | None = None, *, unit: str = "rows"
) -> AbstractContextManager[Callable[[int], object]]:
    """Show a bar on standard error while the block runs, if that is a terminal and it takes over two seconds.

    Parameters
    ----------
    description : str
        What is being done; a constant, never text from data.
    total : int, optional
        Units in all; without it the bar counts, and shows the rate.
    unit : str
        What is counted.

    Returns
    -------
    context manager
        Gives a function to be called, by one thread at a time, with the number of units done since the last
        call.

    Examples
    --------
    >>> with progress("reading", total=3) as advance:
    ...     for block in range(3):
    ...         _ = advance(1)
    """
    if sys.stderr is None or not sys.stderr.isatty():
        return nullcontext(_nothing)
    return _bar(description, total, unit)


@contextmanager
def _bar(description: str, total: int | None, unit: str) -> Iterator[Callable[[int], object]]:
    from tqdm import tqdm

    with tqdm(
        desc=description,
        total=total,
        unit=f" {unit}",
        unit_scale=True,
        delay=DELAY,
        leave=False,
        file=sys.stderr,
    ) as bar:
        yield bar.update


def _nothing(_: int) -> None:
    """Stand for the bar where there is none."""
