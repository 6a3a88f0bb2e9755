"""A report file appears whole or not at all, and an older one survives every failure."""

import errno
import os
import resource
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from logreg.errors import SupportError
from logreg.report.nodes import Document, paragraph
from logreg.report.write import (
    RENDERERS,
    render_as,
    renderer_for,
    write_bytes_atomically,
    write_document,
    write_text_atomically,
)

from .document_reader import words_of

DOCUMENT = Document(title="Größe", blocks=(paragraph("A report of some length. " * 100),))
NEEDS_DEV_FULL = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the system has no /dev/full")
NOT_ROOT = pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")


@pytest.mark.parametrize("suffix", RENDERERS)
def test_the_suffix_chooses_the_renderer(tmp_path: Path, suffix: str) -> None:
    for name in ("report" + suffix, "REPORT" + suffix.upper()):
        assert write_document(DOCUMENT, tmp_path / name) == tmp_path / name
        assert (tmp_path / name).read_bytes() == render_as(DOCUMENT, suffix)
        assert "Größe" in words_of(suffix, (tmp_path / name).read_bytes())
    assert len(list(tmp_path.iterdir())) == len({"report" + suffix, "REPORT" + suffix.upper()})


def test_every_renderer_is_found_in_the_module_it_is_registered_with() -> None:
    for suffix, module in RENDERERS.items():
        assert renderer_for(suffix).__module__ == module


@pytest.mark.parametrize("name", ["report.htlm", "report", "report.html.exe", ".html"])
def test_an_unknown_suffix_lists_the_known_and_writes_nothing(tmp_path: Path, name: str) -> None:
    with pytest.raises(SupportError, match=r"\.html, \.json, \.md, \.txt"):
        write_document(DOCUMENT, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_near_miss_gets_a_hint() -> None:
    with pytest.raises(SupportError, match=r"Did you mean '\.html'"):
        renderer_for(".htlm")


def test_renderers_are_imported_on_demand() -> None:
    heavy = ("jinja2", "pandas", "typst", "docx", "lxml", "xlsxwriter")
    program = f"import sys, logreg.report.write; print([m for m in {heavy} if m in sys.modules])"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    run = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"


def test_an_older_file_is_replaced_and_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    path.chmod(0o640)
    write_text_atomically(path, "new")
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_new_file_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    write_text_atomically(tmp_path / "ours", "")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("old")
    (tmp_path / "link").symlink_to("target")
    write_text_atomically(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_text() == "new"


@NEEDS_DEV_FULL
def test_a_full_disk_raises_and_names_the_path() -> None:
    before = os.stat("/dev/full")
    with pytest.raises(OSError, match="/dev/full") as caught:
        write_text_atomically("/dev/full", "text")
    assert caught.value.errno == errno.ENOSPC
    assert stat.S_ISCHR(os.stat("/dev/full").st_mode)
    assert os.stat("/dev/full").st_ino == before.st_ino


def test_a_device_that_takes_everything_stays_a_device() -> None:
    write_bytes_atomically(os.devnull, b"text")
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("missing/a.txt", FileNotFoundError), ("folder", IsADirectoryError), ("a.txt/b", NotADirectoryError)],
)
def test_a_path_that_cannot_be_a_file_raises_and_names_it(
    tmp_path: Path, name: str, kind: type[OSError]
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(kind, match=name):
        write_text_atomically(tmp_path / name, "text")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "folder"]


_LIMITED = """
import resource, sys
from logreg.report.write import write_text_atomically
resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))
try:
    write_text_atomically(sys.argv[1], "x" * 10_000)
except OSError as error:
    print(error.filename)
"""


@pytest.mark.parametrize("exists", [True, False])
def test_a_write_cut_off_half_way_leaves_the_old_file_and_nothing_else(tmp_path: Path, exists: bool) -> None:
    path = tmp_path / "report.txt"
    if exists:
        path.write_text("old" * 1000)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", _LIMITED, str(path)]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
    assert run.stdout.strip() == str(path)
    assert [p.read_text() for p in tmp_path.iterdir()] == (["old" * 1000] if exists else [])
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 500


@pytest.mark.parametrize("step", ["fsync", "replace", "chmod"])
@pytest.mark.parametrize("failure", [OSError(errno.EIO, "input/output error"), KeyboardInterrupt()])
def test_a_failure_at_any_step_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, failure: BaseException
) -> None:
    path = tmp_path / "report.txt"
    path.write_text("old")

    def fail(*_: object) -> None:
        raise failure

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(type(failure)) as caught:
        write_text_atomically(path, "new")
    if isinstance(caught.value, OSError):
        assert caught.value.filename == str(path)
        assert caught.value.errno == errno.EIO
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {"report.txt": "old"}


def test_text_that_is_not_unicode_is_refused_before_anything_is_opened(tmp_path: Path) -> None:
    with pytest.raises(UnicodeEncodeError):
        write_text_atomically(tmp_path / "a.txt", "\ud800")
    assert list(tmp_path.iterdir()) == []


@NOT_ROOT
def test_a_read_only_folder_raises_and_names_the_path(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError, match=r"a\.txt"):
        write_text_atomically(tmp_path / "a.txt", "text")


@NOT_ROOT
def test_a_read_only_file_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("old")
    (tmp_path / "a.txt").chmod(0o400)
    with pytest.raises(PermissionError, match=r"a\.txt"):
        write_text_atomically(tmp_path / "a.txt", "new")
    assert (tmp_path / "a.txt").read_text() == "old"
