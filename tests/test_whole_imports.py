"""An import is not broken off by Ctrl-C, which is felt right after it."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from logreg.whole_imports import load_whole

#: A package that is interrupted while it is loaded, before its last line.
INTERRUPTED = "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nloaded = True\n"


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT for one process")
def test_an_interrupt_waits_until_the_module_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "interrupted_package.py").write_text(INTERRUPTED)
    monkeypatch.syspath_prepend(tmp_path)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            load_whole("interrupted_package")
        assert sys.modules["interrupted_package"].loaded
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        load_whole("interrupted_package")
    finally:
        signal.signal(signal.SIGINT, before)
        sys.modules.pop("interrupted_package", None)


def test_a_package_that_is_missing_is_named() -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_package"):
        load_whole("no_such_package")
