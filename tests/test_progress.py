"""A bar appears on a terminal, for long work only, and leaves nothing behind."""

from __future__ import annotations

import io
import subprocess
import sys
import time
from pathlib import Path

import pytest

from logreg import progress as room
from logreg.progress import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_nothing_is_shown_or_imported_away_from_a_terminal() -> None:
    code = (
        "import sys; from logreg.progress import progress\nwith progress('work', 2) as advance:\n    "
        "advance(1)\n    advance(1)\nprint('tqdm' in sys.modules)"
    )
    root = Path(__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("False\n", "")


def test_short_work_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with progress("work", 3) as advance:
        for _ in range(3):
            advance(1)
    assert terminal.getvalue() == ""


@pytest.mark.parametrize("total", [3, None])
def test_long_work_shows_a_bar_that_goes_away(monkeypatch: pytest.MonkeyPatch, total: int | None) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    monkeypatch.setattr(room, "DELAY", 0.05)
    with progress("summing", total) as advance:
        for _ in range(3):
            time.sleep(0.15)
            advance(1)
    shown = terminal.getvalue()
    assert "summing" in shown
    assert "rows" in shown
    assert shown.rpartition("\r")[0].rpartition("\r")[2].strip() == ""


def test_an_error_passes_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    with pytest.raises(ZeroDivisionError), progress("work"):
        raise ZeroDivisionError


def test_a_process_without_standard_error_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    with progress("work") as advance:
        advance(1)
