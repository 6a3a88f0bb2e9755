"""The reference files are the ones that their READMEs list: an edited number does not pass for R's."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROW = re.compile(r"^\| `([0-9a-f]{64})` \| `([^`]+)` \|$", flags=re.MULTILINE)


def listed(folder: Path) -> dict[Path, str]:
    return {folder / name: digest for digest, name in ROW.findall((folder / "README.md").read_text("utf-8"))}


@pytest.mark.parametrize(
    ("folder", "patterns"),
    [(HERE, ("cases/*", "data/*")), (HERE / "own", ("*.json", "*.csv", "*.R"))],
    ids=["published", "own"],
)
def test_files_are_those_listed(folder: Path, patterns: tuple[str, ...]) -> None:
    manifest = listed(folder)
    assert set(manifest) == {path for pattern in patterns for path in folder.glob(pattern)}
    changed = [
        path.name
        for path, digest in manifest.items()
        if hashlib.sha256(path.read_bytes()).hexdigest() != digest
    ]
    assert changed == []
