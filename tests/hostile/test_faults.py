"""Ctrl-C, repetition and clean data: a process that was interrupted is as good as new, the same fit gives the
same bits with any number of threads, and good data are fitted without a word.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import logreg
from logreg.errors import MissingDataWarning, SeparationWarning
from logreg.report.write import RENDERERS, render_as

ROOT = Path(logreg.__file__).parent.parent

#: Seconds until an interrupt is felt. A quiet machine takes less than one (docs/reliability.md); the test
#: allows for one that is busy with other tests.
FELT = 8.0
#: Seconds into the work at which it is interrupted, one after another.
MOMENTS = (0.06, 0.35, 0.7)


def child(code: str, folder: Path, **environment: str) -> subprocess.Popen[str]:
    """Start Python on a program of its own, in a folder that is its place for temporary files too."""
    temporary = folder / "temporary"
    temporary.mkdir(exist_ok=True)
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(temporary), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


# Interrupts -------------------------------------------------------------------------------------------

#: Works until it is interrupted, again and again, and tells how long that took and what was left behind.
INTERRUPTED = """
import faulthandler, hashlib, json, signal, sys, threading, time, warnings
faulthandler.dump_traceback_later(120, exit=True)  # an interrupt that is lost ends the test, not the day
warnings.simplefilter("ignore")
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job of a shell ignores it
import numpy as np
import pandas as pd
import logreg
from threadpoolctl import threadpool_info

rng = np.random.default_rng(1)

def table(n, p):
    x = rng.standard_normal((n, p))
    data = pd.DataFrame(x, columns=[f"x{{i}}" for i in range(p)])
    data["y"] = (rng.uniform(size=n) < 1 / (1 + np.exp(-x[:, 0]))).astype(int)
    data["k"] = rng.integers(0, 3, n).astype(str)
    data["s"] = (x[:, 0] + x[:, 1] > 0).astype(int)
    return data, " + ".join(data.columns[:p])

small, _ = table(300, 2)

def digest():
    fit = logreg.fit("y ~ x0 + x1", small)
    return hashlib.sha256(fit.coef_array.tobytes() + fit.vcov_array.tobytes()).hexdigest()

def blas():
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]

before = digest(), blas()
{setup}
for _ in range({times}):
    found = "nothing"
    print("ready", flush=True)
    try:
        while True:
            {action}
    except KeyboardInterrupt:
        caught, found = time.monotonic(), "KeyboardInterrupt"
    end = time.monotonic() + 10
    while threading.active_count() > 1 and time.monotonic() < end:
        time.sleep(0.01)
    alive = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
    print(json.dumps([found, caught, alive, (digest(), blas()) == before]), flush=True)
"""

FIT = 'fit = logreg.fit("k ~ " + terms, data)'
#: What is interrupted: what is made ready, and the work.
WORK = {
    "a fit": ("data, terms = table(300_000, 20)", FIT),
    "Firth": ("data, terms = table(60_000, 12)", 'logreg.fit("k ~ " + terms, data, estimator="firth")'),
    "separation": ("data, terms = table(60_000, 8)", 'logreg.fit("s ~ " + terms, data)'),
    "the bootstrap": (f"data, terms = table(20_000, 8); {FIT}", "fit.bootstrap(2000, rng=1)"),
    "averages": (f"data, terms = table(100_000, 8); {FIT}", "fit.comparisons()"),
    "a CSV file": (
        'data, terms = table(60_000, 12); data.to_csv("long.csv", index=False)',
        'logreg.fit("y ~ " + terms, "long.csv")',
    ),
    "a Parquet file": (
        'data, terms = table(300_000, 8); data.to_parquet("long.parquet")',
        'logreg.fit("y ~ " + terms, "long.parquet")',
    ),
    "reports": (
        f"data, terms = table(2000, 8); {FIT}",
        "; ".join(
            ['fit.save("model.json")', *(f'fit.report("report.{name}")' for name in ("html", "pdf", "xlsx"))]
        ),
    ),
}


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT for one process")
@pytest.mark.parametrize("work", WORK)
def test_interrupts(work: str, tmp_path: Path) -> None:
    setup, action = WORK[work]
    process = child(INTERRUPTED.format(setup=setup, action=action, times=len(MOMENTS)), tmp_path)
    assert process.stdout is not None
    for moment in MOMENTS:
        assert process.stdout.readline() == "ready\n", process.communicate()[1]
        time.sleep(moment)
        sent = time.monotonic()
        process.send_signal(signal.SIGINT)
        found, caught, alive, as_before = json.loads(process.stdout.readline() or '["died", 0, [], false]')
        assert found == "KeyboardInterrupt", process.communicate()[1]
        assert caught - sent < FELT
        assert alive == [], "threads go on"
        assert as_before, "another fit, or another number of BLAS threads"
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    whole(tmp_path)


#: Answers every interrupt with a byte, and does nothing but read a file.
READING = """
import faulthandler, os, signal
from pathlib import Path
from logreg.data.files import file_source
faulthandler.dump_traceback_later(120, exit=True)
path = Path("short.csv")
path.write_text("a,b\\n" + "1.5,x\\n" * 5_000)
file_source(path)
signal.signal(signal.SIGINT, lambda *_: os.write(1, b"."))
os.write(1, b".")
while True:
    file_source(path)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT for one process")
def test_no_interrupt_is_lost_while_a_file_is_read(tmp_path: Path) -> None:
    process = child(READING, tmp_path)
    assert process.stdout is not None
    answers = process.stdout.fileno()
    try:
        assert os.read(answers, 1) == b".", process.communicate()[1]
        for moment in np.random.default_rng(1).uniform(0.0, 0.01, size=200):
            time.sleep(moment)
            process.send_signal(signal.SIGINT)
            assert select.select([answers], [], [], FELT)[0], "an interrupt was lost"
            assert os.read(answers, 1) == b"."
    finally:
        process.kill()
        process.communicate()


def whole(folder: Path) -> None:
    """Files are whole or absent, and nothing temporary is left."""
    assert list((folder / "temporary").iterdir()) == []
    names = {path.name for path in folder.iterdir()}
    assert not {name for name in names if name.startswith(".")}
    ends = {"report.html": b"</html>", "report.pdf": b"%%EOF"}
    for name in names & ends.keys():
        assert (folder / name).read_bytes().rstrip().endswith(ends[name])
    if "model.json" in names:
        logreg.load(folder / "model.json")


# Repetition -------------------------------------------------------------------------------------------

#: Prints a digest of the bits of every result, for small and for chunked tables.
DIGESTS = """
import faulthandler, hashlib, json, os, warnings
warnings.simplefilter("ignore")
faulthandler.dump_traceback_later(200, exit=True)
if os.environ.get("ONE_CORE"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
import numpy as np
import pandas as pd
import logreg
from logreg.report.write import RENDERERS, render_as

found = {}

def note(name, *arrays):
    content = b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)
    found[name] = hashlib.sha256(content).hexdigest()

def numbers(frame):
    return frame.select_dtypes("number").to_numpy()

for n, p in ((3_000, 30), (20_000, 12)):
    rng = np.random.default_rng(n)
    x = rng.normal(size=(n, p))
    data = pd.DataFrame(x, columns=[f"x{i}" for i in range(p)])
    data["y"] = (rng.uniform(size=n) < 1 / (1 + np.exp(-x[:, 0]))).astype(int)
    data["k"] = rng.choice(list("abc"), n)
    data["g"] = rng.choice(list("uvwxyz"), n)
    data["s"] = (x[:, 0] > 0).astype(int)
    terms = " + ".join(data.columns[:p])
    for name, formula, options in (
        ("binary", "y ~ " + terms, {}),
        ("multinomial", "k ~ " + terms, {}),
        ("factors", "k ~ g * x0 + x1", {}),
        ("HC0", "y ~ " + terms, {"covariance": "HC0"}),
        ("HC3", "y ~ " + terms, {"covariance": "HC3"}),
        ("clusters", "y ~ " + terms, {"covariance": logreg.cluster("g")}),
        ("firth", "y ~ x0 + x1 + g", {"estimator": "firth"}),
        ("separated", "s ~ x0 + x1", {}),
    ):
        fit = logreg.fit(formula, data, **options)
        here = f"{name} {n}"
        note(here, fit.coef_array, fit.vcov_array, np.array([fit.loglik, fit.loglik_null]))
        if name in ("binary", "multinomial"):
            note(f"logits {here}", numbers(fit.logits(interval=True)))
            note(f"comparisons {here}", numbers(fit.comparisons("x0")))
            note(f"bootstrap {here}", fit.bootstrap(6, rng=1).replicates)
        if name == "factors":
            note(f"anova {here}", numbers(fit.anova()))
            if n < 10_000:
                document = fit.report_document()
                for suffix in RENDERERS:
                    note(f"report {suffix}", np.frombuffer(render_as(document, suffix), dtype=np.uint8))
print(json.dumps(found))
"""


def digests(folder: Path, **environment: str) -> dict[str, str]:
    process = child(DIGESTS, folder, **environment)
    out, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    found: dict[str, str] = json.loads(out)
    return found


@pytest.mark.parametrize(
    "environment",
    [
        {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "PYTHONHASHSEED": "1"},
        pytest.param(
            {"ONE_CORE": "1"},
            marks=pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity"),
        ),
    ],
    ids=["one BLAS thread and another hash seed", "one core"],
)
def test_the_same_bits_with_any_threads(environment: dict[str, str], tmp_path: Path) -> None:
    found, expected = digests(tmp_path, **environment), plain_digests(tmp_path)
    assert [name for name in expected if found[name] != expected[name]] == []
    assert len(expected) > 25


_PLAIN: dict[str, str] = {}


def plain_digests(folder: Path) -> dict[str, str]:
    """Return the digests of a process with the threads it chooses itself, made once."""
    if not _PLAIN:
        _PLAIN.update(digests(folder, PYTHONHASHSEED="0"))
    return _PLAIN


# Clean data -------------------------------------------------------------------------------------------


@cache
def first_model(name: str) -> tuple[Any, tuple[type[Warning], ...]]:
    """Fit the model of a data set's sheet; return it with the kinds of warnings that were given."""
    sheet, data = logreg.datasets.describe(name), logreg.datasets.load(name)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit = logreg.fit(sheet.formula, data, **sheet.fit)
    return fit, tuple(warning.category for warning in caught)


@pytest.mark.parametrize("name", logreg.datasets.names())
def test_good_data_are_fitted_without_a_word(name: str) -> None:
    """Warnings come where the sheet says separation, or rows lack a value, and nowhere else."""
    sheet, (fit, given) = logreg.datasets.describe(name), first_model(name)
    expected = [SeparationWarning] if sheet.separated else []
    if logreg.datasets.load(name)[list(fit.spec.predictors)].isna().to_numpy().any():
        expected.append(MissingDataWarning)
    assert list(given) == expected
    assert fit.convergence.status == ("separated" if sheet.separated else "converged")


#: Every verb that gives a table, a text or a document.
VERBS: dict[str, Callable[[Any], object]] = {
    "coefficients": lambda fit: fit.coefficients(),
    "odds_ratios": lambda fit: fit.odds_ratios(),
    "logits": lambda fit: (fit.logits(), fit.logits(interval=True)),
    "odds": lambda fit: (fit.odds(), fit.odds(interval=True)),
    "probabilities": lambda fit: (fit.probabilities(), fit.probabilities(interval=True)),
    "classify": lambda fit: fit.classify(),
    "fit_statistics": lambda fit: fit.fit_statistics(),
    "predictions": lambda fit: (fit.predictions(), fit.predictions(scale="odds")),
    "comparisons": lambda fit: (fit.comparisons(), fit.comparisons(contrast="ratio")),
    "slopes": lambda fit: fit.slopes(),
    "anova": lambda fit: [fit.anova(kind=kind, test="wald") for kind in (1, 2, 3)],
    "tidy": lambda fit: (fit.tidy(), fit.glance(), fit.augment()),
    "explain": lambda fit: [fit.explain(audience=one) for one in ("plain", "analyst")],
    "summary": lambda fit: str(fit.summary()),
    "report": lambda fit: [render_as(fit.report_document(), suffix) for suffix in (".html", ".json", ".txt")],
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("name", ["apistrat", "birthwt", "penguins", "ucb", "womenlf"])
def test_no_verb_warns_of_good_data(name: str, verb: str) -> None:
    fit, _ = first_model(name)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        VERBS[verb](fit)


#: With warnings as errors from the start of the process: imports, and files in every format.
STRICT = """
import logreg
data = logreg.datasets.load("birthwt")
fit = logreg.fit("low ~ age + lwt + race + smoke", data)
str(fit.summary()), fit.coefficients(interval="profile"), fit.anova(), fit.comparisons()
fit.bootstrap(20, rng=1)
for suffix in {suffixes}:
    fit.report("report" + suffix)
fit.save("model.json")
logreg.load("model.json").probabilities(data)
"""


def test_nothing_warns_where_warnings_are_errors(tmp_path: Path) -> None:
    process = child(STRICT.format(suffixes=list(RENDERERS)), tmp_path, PYTHONWARNINGS="error")
    _, errors = process.communicate(timeout=300)
    assert (process.returncode, errors) == (0, "")
    assert {path.suffix for path in tmp_path.iterdir() if path.is_file()} == {*RENDERERS, ".json"}
