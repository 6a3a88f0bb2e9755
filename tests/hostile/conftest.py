from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is the current one: what a formula or a file could write would land here."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
