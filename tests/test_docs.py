"""The examples of the README and of every page under docs/ run, in order, in one namespace per page.

A ``text`` block right after a ``python`` block shows what its last line prints, or else its value.
"""

from __future__ import annotations

import ast
import contextlib
import io
import re
import runpy
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```$(?:\n\n```text\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#:]+)\)")


def _run(code: str, page: Path, namespace: dict[str, object]) -> str:
    """Run a block and return what a reader sees of it: what it prints, or the value of its last line."""
    tree = ast.parse(code)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, str(page), "exec"), namespace)
        value = None
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), str(page), "eval"), namespace)
    return printed.getvalue() + ("" if value is None else f"{value!r}\n")


@pytest.fixture
def own_display():
    """Leave no option of a page behind: pages set how many digits pandas shows."""
    yield
    pd.reset_option("^display")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples_run_and_show_what_the_page_says(page, tmp_path, monkeypatch, own_display):
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {"__name__": "__example__"}
    for code, shown in BLOCK.findall(page.read_text(encoding="utf-8")):
        seen = _run(code, page, namespace)
        if shown:
            assert [line.rstrip() for line in seen.splitlines()] == shown.splitlines(), code


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_page_can_be_reached_from_the_readme():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for page in (ROOT / "docs").glob("*.md"):
        assert f"docs/{page.name}" in readme, page.name


def test_decisions_are_numbered_without_gaps():
    pages = sorted(page.name for page in (ROOT / "docs" / "decisions").glob("*.md"))
    assert [int(name[:4]) for name in pages] == list(range(1, len(pages) + 1))


def test_the_figures_are_those_that_the_script_draws(tmp_path):
    runpy.run_path(str(ROOT / "docs" / "make_figures.py"))["main"](tmp_path)
    drawn = {path.name for path in tmp_path.iterdir()}
    assert drawn == {path.name for path in (ROOT / "docs" / "figures").iterdir()}


def test_the_table_of_functions_is_complete():
    from logreg.design.functions import FUNCTIONS

    page = (ROOT / "docs" / "formula.md").read_text(encoding="utf-8")
    table = page.partition("<!-- functions -->")[2].partition("<!-- /functions -->")[0]
    rows = [f"| `{function.signature(name)}` | {function.meaning} |" for name, function in FUNCTIONS.items()]
    assert table.strip().splitlines()[2:] == rows
