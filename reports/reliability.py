"""Hostile and broken input on logreg, statsmodels and scikit-learn: writes ``reliability.md`` beside itself.

``python reports/reliability.py`` tries every listed case on every system, each call in a process of its own.
It needs the packages of the extra ``test`` and some minutes. The same versions give the same bytes.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# The cases are tests; `tests` itself is a name that other packages use too.
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]


def main() -> None:
    from hostile.reliability.page import page
    from hostile.reliability.running import all_findings
    from hostile.reliability.systems import SYSTEMS

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".md"))
    arguments = parser.parse_args()
    findings = all_findings(SYSTEMS, arguments.workers)
    arguments.output.write_text(page(findings), encoding="utf-8")


if __name__ == "__main__":
    main()
