"""Packages that are loaded late, as a whole or not at all: Ctrl-C waits until they are there.

An import that is broken off leaves some modules of a package behind, and the next import of it fails.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import FrameType

__all__ = ["load_whole"]


def load_whole(*names: str) -> None:
    """Import modules, and let an interrupt that comes meanwhile be felt as soon as they are loaded.

    Raises
    ------
    ImportError
        If one is not installed.
    KeyboardInterrupt
        After the imports, if it came while they ran.

    Examples
    --------
    >>> load_whole("json.decoder")
    """
    missing = [name for name in names if name not in sys.modules]
    if missing:
        with _uninterrupted():
            for name in missing:
                import_module(name)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Put off what the process does on SIGINT; only the main thread can, and only there it would happen."""
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield
        return
    came: list[tuple[int, FrameType | None]] = []
    signal.signal(signal.SIGINT, lambda number, frame: came.append((number, frame)))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if came:
            handler(*came[0])
