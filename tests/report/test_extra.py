"""Without the extra, a format says which packages it needs and how they are installed."""

import importlib.util
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from logreg.errors import SupportError
from logreg.report.extra import NEEDED, require_extra
from logreg.report.nodes import Document
from logreg.report.write import RENDERERS, renderer_for, write_document


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    missing = {package for packages in NEEDED.values() for package in packages}

    def find_spec(name: str) -> ModuleSpec | None:
        return None if name in missing else found(name)

    monkeypatch.setattr("logreg.report.extra.find_spec", find_spec)


@pytest.mark.parametrize("suffix", [".pdf", ".docx", ".xlsx"])
@pytest.mark.usefixtures("bare")
def test_the_message_names_the_extra_and_nothing_is_written(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(SupportError, match=r'pip install "logreg-stats\[report\]"') as caught:
        write_document(Document(title="T", blocks=()), tmp_path / f"report{suffix.upper()}")
    assert all(name in str(caught.value) for name in NEEDED[suffix].values())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("bare")
def test_formats_of_text_need_nothing() -> None:
    for suffix in RENDERERS.keys() - NEEDED.keys():
        renderer_for(suffix)
        require_extra(suffix)


def test_all_needed_packages_are_in_the_extra() -> None:
    import tomllib

    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))["project"]
    extra = " ".join(project["optional-dependencies"]["report"]).lower()
    assert all(name in extra for packages in NEEDED.values() for name in packages.values())
