"""Who may import whom: the rooms of `logreg`, the packages each may use, and no cycle between modules.

The table is the plan in `docs/architecture.md`; an import inside a function counts like one at the top.
"""

from __future__ import annotations

import ast
import graphlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import logreg

HOME = Path(logreg.__file__).parent
FRAMES = {"pandas", "polars", "pyarrow", "narwhals", "duckdb", "dask", "pyspark"}

#: Frozen values that describe a design; whoever shows or saves one may name them. They compute no statistics.
DESIGN_VALUES = (
    "data.source design.ast design.coding design.distribution design.outcome design.spec design.spelling"
)

INSIDE = {
    "errors": "",
    "foreign_arguments": "errors",
    "progress": "",
    "whole_imports": "",
    "strict_json": "errors",
    "threads": "",
    "logits": "errors",
    "tables": "errors",
    "datasets": "errors",
    "data": "errors progress threads whole_imports",
    "design": "errors logits strict_json data.source data.layout",
    "engine": "errors threads whole_imports logits",
    "passes": "errors threads logits data design engine",
    "inference": "errors progress logits tables engine.types engine.newton engine.constrained "
    "design.spec design.coding design.fence design.learning",
    "interpret": f"errors logits tables inference {DESIGN_VALUES}",
    "diagnose": f"errors logits tables inference {DESIGN_VALUES}",
    # The stopping rule and the parsed formula are printed, not used.
    "report": "errors whole_imports logits tables datasets inference interpret diagnose fitted __init__ "
    f"engine.newton design.formula design.transforms {DESIGN_VALUES}",
    "export": "errors progress strict_json logits tables data design inference interpret engine.types "
    "report.write fitted __init__",
    "adapters": "*",
    "cli": "*",
    "fitted": "*",
    "fitted_rows": "errors threads data design engine passes inference interpret",
    "robust": "*",
    "reduced": "*",
    "api": "*",
    "__init__": "*",
    "__main__": "cli",
}
OUTSIDE = {
    "errors": "",
    "foreign_arguments": "",
    "progress": "tqdm",
    "whole_imports": "",
    "strict_json": "numpy",
    "threads": "numpy threadpoolctl",
    "logits": "numpy scipy",
    "tables": "pandas",
    "datasets": "pandas",
    "data": "numpy pandas pyarrow narwhals duckdb dask pyspark tqdm",
    "design": "numpy scipy",
    "engine": "numpy scipy",
    "passes": "numpy tqdm",
    "inference": "numpy scipy pandas statsmodels",
    "interpret": "numpy scipy pandas",
    "diagnose": "numpy scipy pandas sklearn statsmodels",
    "report": "numpy pandas jinja2 markupsafe matplotlib typst docx xlsxwriter",
    "export": "numpy pandas",
    "adapters": "numpy scipy pandas sklearn statsmodels",
    "cli": "pandas tqdm",
    "fitted": "numpy pandas",
    "fitted_rows": "numpy pandas",
    "robust": "numpy",
    "reduced": "numpy",
    "api": "numpy",
    "__init__": "",
    "__main__": "",
}


def _module(path: Path) -> str:
    parts = path.relative_to(HOME).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def _imports(tree: ast.AST) -> Iterator[str]:
    """Yield every module that is imported, ``logreg.`` in front of our own; type-checking blocks included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            assert node.module is not None
            for alias in node.names:
                inner = f"{node.module}.{alias.name}".removeprefix("logreg.").replace(".", "/")
                is_module = (HOME / f"{inner}.py").exists() or (HOME / inner / "__init__.py").exists()
                yield (
                    f"{node.module}.{alias.name}"
                    if is_module and node.module[:6] == "logreg"
                    else node.module
                )


def _eager(tree: ast.Module) -> ast.Module:
    """Return the module without function bodies and type-checking blocks: what runs on import."""

    class Cut(ast.NodeTransformer):
        def visit_FunctionDef(self, node: ast.FunctionDef) -> None: ...
        def visit_If(self, node: ast.If) -> ast.AST | None:
            return None if "TYPE_CHECKING" in ast.unparse(node.test) else self.generic_visit(node)

    return Cut().visit(tree)


def _allowed(name: str, room: str) -> bool:
    if not name.startswith("logreg"):
        package = name.split(".")[0]
        return package in sys.stdlib_module_names or package in OUTSIDE[room].split()
    inner = name.removeprefix("logreg").removeprefix(".") or "__init__"
    grants = [room, *INSIDE[room].split()]
    return "*" in grants or any(inner == grant or inner.startswith(f"{grant}.") for grant in grants)


MODULES = {_module(path): path for path in HOME.rglob("*.py") if "_datasets" not in path.parts}


@pytest.mark.parametrize("module", sorted(MODULES))
def test_every_import_is_in_the_table(module: str) -> None:
    room = module.split(".")[0]
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    refused = sorted({name for name in _imports(tree) if not _allowed(name, room)})
    assert not refused, f"{module} may not import {', '.join(refused)}"


def test_the_table_names_rooms_that_exist() -> None:
    rooms = {module.split(".")[0] for module in MODULES} | {"diagnose"}
    assert rooms == INSIDE.keys() == OUTSIDE.keys()


def test_no_cycles_between_modules() -> None:
    graph = {}
    for module, path in MODULES.items():
        names = _imports(_eager(ast.parse(path.read_text(encoding="utf-8"))))
        ours = {name.removeprefix("logreg.") for name in names if name.startswith("logreg.")}
        graph[module] = ours & MODULES.keys() - {module}
    graphlib.TopologicalSorter(graph).prepare()


@pytest.mark.parametrize("room", ["errors", "logits", "engine", "design", "passes"])
def test_the_table_keeps_frames_out(room: str) -> None:
    assert not FRAMES & set(OUTSIDE[room].split())


def test_the_reader_of_imports_sees_them_all() -> None:
    code = "import numpy as np\nfrom logreg.data import source\ndef f():\n    from pandas import Series\n"
    assert set(_imports(ast.parse(code))) == {"numpy", "logreg.data.source", "pandas"}
    assert set(_imports(_eager(ast.parse(code)))) == {"numpy", "logreg.data.source"}
    assert not _allowed("pandas", "engine")
    assert not _allowed("logreg.data.frames", "design")
    assert not _allowed("logreg.engine.separation", "inference")
    assert not _allowed("logreg", "engine")
