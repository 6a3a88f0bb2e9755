"""The examples of the README and of every page under docs/ run, in order, in one namespace per page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#:]+)\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {"__name__": "__example__"}
    for block in BLOCK.findall(page.read_text(encoding="utf-8")):
        exec(compile(block, str(page), "exec"), namespace)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_table_of_functions_is_complete():
    from logreg.design.functions import FUNCTIONS

    page = (ROOT / "docs" / "formula.md").read_text(encoding="utf-8")
    table = page.partition("<!-- functions -->")[2].partition("<!-- /functions -->")[0]
    rows = [f"| `{function.signature(name)}` | {function.meaning} |" for name, function in FUNCTIONS.items()]
    assert table.strip().splitlines()[2:] == rows
