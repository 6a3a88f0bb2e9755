"""Faults of disks and files: saved models and reports are whole or absent, and a file is data, never code."""

from __future__ import annotations

import errno
import json
import locale
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import logreg
from logreg.errors import FormulaError, LoadError, PredictError, SeparationWarning
from logreg.export.prediction_table import prediction_table, write_predictions
from logreg.report import write

from .base import BASE, with_columns

ROOT = Path(logreg.__file__).parent.parent
FIT = logreg.fit("y ~ g + x1", BASE)

FORMATS = ("html", "md", "txt", "json", "tex")

#: A child process that may write no file longer than 500 bytes.
LIMITED = """
import resource, signal, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
"""

#: Writes every file again under that limit.
OVER_AND_OVER = """
import logreg, pandas
from logreg.export.prediction_table import prediction_table, write_predictions
from logreg.report.write import write_document
data = pandas.read_csv("base.csv")
fit = logreg.fit("y ~ g + x1", data)
document = fit.report_document()
{limit}
for name in {names}:
    try:
        if name.startswith("model"):
            fit.save(name)
        elif name.startswith("report"):
            write_document(document, name)
        else:
            write_predictions(prediction_table(fit, data), name)
    except OSError as error:
        print(error.errno, error.filename)
"""


def run(code: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", code] if code else [sys.executable, "-m", "logreg", *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


class Touch:
    """A pickle of this runs a command when it is opened."""

    def __reduce__(self) -> Any:
        return os.system, ("touch pwned_X06",)


def separated() -> Any:
    with pytest.warns(SeparationWarning):
        return logreg.fit("y ~ x1", with_columns(y=(BASE.x1 > 0).astype(int)))


def test_x01_round_trip_gives_the_same_bits(folder: Path) -> None:
    FIT.save("model.json")
    again = logreg.load("model.json")
    pd.testing.assert_frame_equal(again.probabilities(BASE), FIT.probabilities(BASE), check_exact=True)
    pd.testing.assert_frame_equal(
        again.logits(BASE, interval=True), FIT.logits(BASE, interval=True), check_exact=True
    )


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
@pytest.mark.parametrize("what", ["save", "predictions"])
def test_x02_disk_full(what: str, folder: Path) -> None:
    with pytest.raises(OSError, match="/dev/full") as caught:
        FIT.save("/dev/full") if what == "save" else write.write_bytes_atomically("/dev/full", b"x" * 10_000)
    assert caught.value.errno == errno.ENOSPC
    assert list(folder.iterdir()) == []


@cache
def document() -> Any:
    return FIT.report_document()


def predictions(path: Any) -> None:
    write_predictions(prediction_table(FIT, BASE), path)


WRITERS: dict[str, Callable[[Any], object]] = {
    "model.json": FIT.save,
    **{f"report.{suffix}": lambda path: write.write_document(document(), path) for suffix in FORMATS},
    **{f"predictions.{suffix}": predictions for suffix in ("csv", "json", "parquet")},
}


@pytest.mark.parametrize("moment", ["open", "write", "fsync", "replace"])
@pytest.mark.parametrize("name", WRITERS)
def test_x02_l11_no_space_at_any_moment(
    name: str, moment: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk fills up while a file is opened, written, flushed or renamed: the old one stays as it was."""
    target = folder / name
    target.write_bytes(b"old")

    def full(*args: Any, **kwargs: Any) -> Any:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    if moment == "write":
        plain = open
        monkeypatch.setattr(
            "builtins.open",
            lambda file, *args, **kwargs: (
                Full(file) if isinstance(file, int) else plain(file, *args, **kwargs)
            ),
        )
    else:
        monkeypatch.setattr(os, moment, full)
    with pytest.raises(OSError, match=name) as caught:
        WRITERS[name](target)
    monkeypatch.undo()
    assert caught.value.errno == errno.ENOSPC
    assert [path.name for path in folder.iterdir()] == [name]
    assert target.read_bytes() == b"old"


class Full:
    """A file on a full disk, as it is opened for writing."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def __enter__(self) -> Full:
        return self

    def __exit__(self, *args: object) -> None:
        os.close(self.descriptor)

    def write(self, content: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.skipif(sys.platform == "win32", reason="no RLIMIT_FSIZE")
def test_x05_l11_half_way_over_an_older_file(folder: Path) -> None:
    """A process that may not write long files fails at each, and leaves the older ones as they were."""
    before = {}
    for name, write_it in WRITERS.items():
        write_it(folder / name)
        before[name] = (folder / name).read_bytes()
    BASE.to_csv(folder / "base.csv", index=False)
    done = run(OVER_AND_OVER.format(limit=LIMITED, names=list(WRITERS)), folder)
    assert done.stdout.split() == [word for name in WRITERS for word in (str(errno.EFBIG), name)], done.stderr
    assert {name: (folder / name).read_bytes() for name in WRITERS} == before
    assert {path.name for path in folder.iterdir()} == {*WRITERS, "base.csv"}
    logreg.load(folder / "model.json")


@pytest.mark.parametrize("protocol", [0, 2, pickle.HIGHEST_PROTOCOL])
def test_x06_l09_a_pickle_is_not_opened(protocol: int, folder: Path) -> None:
    Path("model.json").write_bytes(pickle.dumps(Touch(), protocol=protocol))
    with pytest.raises(LoadError, match=r"'model\.json'.*not JSON"):
        logreg.load("model.json")
    assert [path.name for path in folder.iterdir()] == ["model.json"]


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_l01_cut_off(share: float, folder: Path) -> None:
    FIT.save("model.json")
    text = Path("model.json").read_text()
    Path("model.json").write_text(text[: int(len(text) * share)])
    with pytest.raises(LoadError, match=r"'model\.json'.*not complete JSON.*line \d+"):
        logreg.load("model.json")


def test_l04_separated_round_trip_is_strict_json(folder: Path) -> None:
    fit = separated()
    fit.save("model.json")

    def refuse(token: str) -> None:
        raise AssertionError(token)

    json.loads(Path("model.json").read_text(), parse_constant=refuse)
    again = logreg.load("model.json")
    assert again.separation == fit.separation
    pd.testing.assert_frame_equal(again.coefficients(), fit.coefficients(), check_exact=True)
    pd.testing.assert_frame_equal(again.probabilities(BASE), fit.probabilities(BASE), check_exact=True)


def test_l05_one_coefficient_less_than_names(folder: Path) -> None:
    FIT.save("model.json")
    document = json.loads(Path("model.json").read_text())
    document["coefficients"][0].pop()
    Path("model.json").write_text(json.dumps(document))
    with pytest.raises(LoadError, match=r"'model\.json'.*coefficients\[0\].*has 3 numbers for 4 names"):
        logreg.load("model.json")


def test_l08_floats_and_names_of_all_kinds(folder: Path) -> None:
    levels = ["👩\u200d🔬", 'it\'s "x"', "back\\slash\nnew line"]
    data = with_columns(g=np.array(levels, dtype=object)[BASE.y3], x1=BASE.x1 / 3.0)
    fit = logreg.fit("y ~ g + x1", data)
    fit.save("model.json")
    again = logreg.load("model.json")
    assert again.spec.column_names == fit.spec.column_names
    assert again.coef_array.tobytes() == fit.coef_array.tobytes()
    assert again.vcov_array.tobytes() == fit.vcov_array.tobytes()
    pd.testing.assert_frame_equal(again.probabilities(data), fit.probabilities(data), check_exact=True)


def test_l13_hostile_formula_on_the_command_line(folder: Path) -> None:
    BASE.to_csv("base.csv", index=False)
    formula = "y ~ x1 + __import__('os').system('touch pwned')"
    done = run("", folder, "fit", "base.csv", formula, "--save", "model.json")
    assert done.returncode == 2
    assert "__import__" in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in folder.iterdir()] == ["base.csv"]


def test_l15_columns_that_differ_by_case_only(folder: Path) -> None:
    data = pd.DataFrame({"X1": BASE.x1, "x1": BASE.x3, "y": BASE.y})
    data.to_parquet("case.parquet")
    expected = logreg.fit("y ~ X1 + x1", data).coef_array
    np.testing.assert_array_equal(logreg.fit("y ~ X1 + x1", "case.parquet").coef_array, expected)
    duckdb = pytest.importorskip("duckdb")
    relation = duckdb.connect().read_parquet("case.parquet")
    if relation.columns == ["X1", "x1", "y"]:
        np.testing.assert_array_equal(logreg.fit("y ~ X1 + x1", relation).coef_array, expected)
    else:  # DuckDB renames one of them: both names are in the message
        with pytest.raises(FormulaError, match=r"(?s)x1.*X1"):
            logreg.fit("y ~ X1 + x1", relation)


def test_l18_repeats_and_threads_agree_to_the_last_bit() -> None:
    with ThreadPoolExecutor(8) as pool:
        fits = list(pool.map(lambda _: logreg.fit("y3s ~ g + x1 + x2", BASE), range(8)))
    assert {fit.coef_array.tobytes() + fit.vcov_array.tobytes() for fit in fits} == {
        fits[0].coef_array.tobytes() + fits[0].vcov_array.tobytes()
    }


def test_l19_decimal_points_in_every_locale(folder: Path) -> None:
    old = locale.setlocale(locale.LC_ALL)
    for name in ("de_DE.UTF-8", "de_DE", "fr_FR.UTF-8"):
        try:
            locale.setlocale(locale.LC_ALL, name)
            break
        except locale.Error:
            continue
    try:
        FIT.save("model.json")
        FIT.report("report.json")
        FIT.report("report.txt")
        write_predictions(prediction_table(FIT, BASE.head(2)), "rows.csv")
    finally:
        locale.setlocale(locale.LC_ALL, old)
    assert logreg.load("model.json").coef_array.tobytes() == FIT.coef_array.tobytes()
    table = pd.read_csv("rows.csv")
    np.testing.assert_array_equal(
        table["probability"], prediction_table(FIT, BASE.head(2))["probability"].to_numpy()
    )
    json.loads(Path("report.json").read_text("utf-8"))
    assert f"{FIT.aic:.2f}".split(".")[0] + "," not in Path("report.txt").read_text("utf-8")


def test_the_callers_table_may_change_after_the_fit() -> None:
    """The fit reads its rows again for predictions; what was done to the table meanwhile is not seen."""
    data = BASE.copy()
    fit = logreg.fit("y ~ g + x1", data)
    before = fit.probabilities()
    data["x1"] = 0.0
    data.loc[:, "g"] = "zzz"
    del data["y"]
    pd.testing.assert_frame_equal(fit.probabilities(), before)


@pytest.mark.parametrize("path", ["nul\0.json", "surrogate\ud800.json", "a" * 5000 + ".json"])
def test_names_that_no_file_can_have(path: str, folder: Path) -> None:
    for use in (FIT.save, logreg.load, FIT.report, lambda path: logreg.fit("y ~ x1", path[:-4] + "csv")):
        with pytest.raises(OSError, match=r"no file can have|too long"):
            use(path)
    assert list(folder.iterdir()) == []


def test_a_covariance_beyond_doubles_is_told_and_not_computed_with(tmp_path: Path) -> None:
    """A file may hold variances that no fit has; what overflows with them is refused, without a warning."""
    path = tmp_path / "model.json"
    FIT.save(path)
    document = json.loads(path.read_text(encoding="utf-8"))
    document["covariance"][-1][-1] = 1e308
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(PredictError, match="standard errors of the logits overflow"):
        logreg.load(path).logits(BASE.assign(x1=BASE["x1"] * 10.0), interval=True)
