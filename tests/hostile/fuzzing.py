"""Settings that all fuzz tests share.

`make test` runs 500 examples of each; ``HYPOTHESIS_EXAMPLES=10000`` in the environment runs more, and other
ones every time.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, settings

from logreg.errors import LogregError

__all__ = ["BOUND", "EXAMPLES", "fuzz", "refusal_of"]

EXAMPLES = int(os.environ.get("HYPOTHESIS_EXAMPLES", "500"))
#: Seconds that no formula, no file of a few thousand characters and no table of some rows may take.
BOUND = 5.0

fuzz = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES <= 1000,
    database=None,
    print_blob=True,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.function_scoped_fixture,
        HealthCheck.filter_too_much,
    ],
)


def refusal_of(call: Callable[[], Any], kind: type[LogregError]) -> str | None:
    """Return the message of a named error, None if there is none; anything else passes through."""
    try:
        call()
    except kind as error:
        return str(error)
    return None
