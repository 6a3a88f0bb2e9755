"""Models saved and loaded, on a full disk, over an older file, and a file with code in it."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..base import BASE
from .judging import Answer
from .requests import Request
from .systems import System

#: Bytes that a file may have; every saved model is longer.
LIMIT = 500
MODEL = Path("model")
REQUEST = Request(formula="y ~ g + x1", data=BASE)


class Damage(Exception):
    """Something was lost, changed or run."""


class Touch:
    """A pickle of this runs a command when it is opened."""

    def __reduce__(self) -> Any:
        return os.system, ("touch pwned",)


def round_trip(system: System) -> Answer:
    model = system.fit(REQUEST)
    system.save(model, MODEL)
    again = system.load(MODEL)
    found = system.predict(again, BASE)
    if not np.array_equal(found, system.predict(model, BASE)):
        raise Damage("other predictions after loading")
    return Answer(probabilities=found)


def full_disk(system: System) -> Answer:
    system.save(system.fit(REQUEST), Path("/dev/full"))
    return Answer()


def over_an_older_file(system: System) -> Answer:
    model = system.fit(REQUEST)
    system.save(model, MODEL)
    before = MODEL.read_bytes()
    try:
        with _files_limited():
            system.save(model, MODEL)
    except OSError:
        if not MODEL.exists() or MODEL.read_bytes() != before:
            raise Damage("the older file is destroyed") from None
        raise
    return Answer()


@contextlib.contextmanager
def _files_limited() -> Iterator[None]:
    import resource  # not on Windows

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)


def code_inside(system: System) -> Answer:
    MODEL.write_bytes(pickle.dumps(Touch()))
    try:
        system.load(MODEL)
    finally:
        if Path("pwned").exists():
            raise Damage("the code in the file was run")
    return Answer()


#: By case: what is done.
STORAGE: dict[str, Callable[[System], Answer]] = {
    "X01": round_trip,
    "X02": full_disk,
    "X05": over_an_older_file,
    "X06": code_inside,
}
