"""The command `logreg`: what it prints and writes, its exit status, and what is left when it fails."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import resource
import signal
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import logreg
from logreg import cli
from logreg.errors import DataWarning
from logreg.export.prediction_table import prediction_table, render_csv, write_predictions

ROOT = Path(__file__).parents[1]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
ESCAPE = "\x1b]0;owned\x07\x1b[31mred"


def run(*arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run the command as a process of its own."""
    command = [sys.executable, "-m", "logreg", *map(str, arguments)]
    settings = {"env": ENVIRONMENT, "capture_output": True, "text": True, "timeout": 120} | options
    return subprocess.run(command, check=False, **settings)


def table(n: int = 120) -> pd.DataFrame:
    rng = np.random.default_rng(11)
    x, z = rng.normal(size=(2, n))
    y = rng.random(n) < 1.0 / (1.0 + np.exp(-x))
    return pd.DataFrame(
        {
            "y": y.astype(int),
            "ys": np.where(y, "yes", "no"),
            "y3": rng.choice(["p", "q", "r"], size=n),
            "x": x,
            "z": np.where(np.arange(n) % 30 == 7, np.nan, z),
            "g": rng.choice(["a", "b", ESCAPE], size=n),
            "w": rng.integers(1, 4, n),
            "t": rng.uniform(0.5, 2.0, n),
            "many": np.full(n, 10 * n),
            "school": np.arange(n) // 4,
            "year": np.arange(n) // 12,
        }
    )


DATA = table()


def read_csv(source: Any) -> pd.DataFrame:
    """Read predictions with Python's own conversion of numbers, which is exact."""
    text = pd.read_csv(source, dtype=str)
    return text.apply(lambda column: column if column.name in ("outcome", "class") else column.astype(float))


@pytest.fixture
def data(tmp_path: Path) -> str:
    DATA.to_csv(tmp_path / "data.csv", index=False)
    return str(tmp_path / "data.csv")


@pytest.fixture
def model(tmp_path: Path, data: str) -> str:
    assert cli.main(["fit", data, "ys ~ x + z", "--save", str(tmp_path / "model.json")]) == 0
    return str(tmp_path / "model.json")


Captured = pytest.CaptureFixture[str]

# fit ---------------------------------------------------------------------------------------------------


def test_fit_saves_the_model_that_the_library_fits(data: str, tmp_path: Path, capsys: Captured) -> None:
    assert cli.main(["fit", data, "ys ~ x + g", "--save", str(tmp_path / "m.json")]) == 0
    expected = logreg.fit("ys ~ x + g", data)
    assert logreg.load(tmp_path / "m.json").coef.equals(expected.coef)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("options", "keywords"),
    [
        (["--event", "no"], {"event": "no"}),
        (["--baseline", "yes"], {"baseline": "yes"}),
        (["--weights", "w"], {"weights": "w"}),
        (["--weights", "t", "--weight-kind", "sampling"], {"weights": "t", "weight_kind": "sampling"}),
        (["--offset", "t"], {"offset": "t"}),
        (["--estimator", "ml", "--missing", "drop"], {}),
        (["--covariance", "HC1"], {"covariance": "HC1"}),
        (["--covariance", "HC3"], {"covariance": "HC3"}),
        (["--covariance", "stata"], {"covariance": "stata"}),
        (["--cluster", "g"], {"covariance": logreg.cluster("g")}),
        (["--cluster", "y3", "--covariance", "CR2"], {"covariance": logreg.cluster("y3", kind="CR2")}),
        (["--cluster", "y3", "--covariance", "stata"], {"covariance": logreg.cluster("y3", kind="stata")}),
        (
            ["--cluster", "school", "--cluster", "year", "--covariance", "CR0"],
            {"covariance": logreg.cluster("school", "year", kind="CR0")},
        ),
        (
            ["--strata", "y3", "--weights", "t"],
            {"covariance": logreg.survey(strata="y3"), "weights": "t", "weight_kind": "sampling"},
        ),
        (
            ["--strata", "y3", "--cluster", "w", "--nest"],
            {"covariance": logreg.survey(strata="y3", cluster="w", nest=True)},
        ),
        (["--fpc", "many"], {"covariance": logreg.survey(fpc="many")}),
        (["--estimator", "firth"], {"estimator": "firth"}),
        (["--confidence", "0.9"], {"confidence": 0.9}),
        (["--max-iterations", "40"], {"max_iterations": 40}),
    ],
    ids=lambda value: " ".join(map(str, value)),
)
def test_options_are_those_of_the_library(
    data: str, tmp_path: Path, options: list[str], keywords: dict[str, Any]
) -> None:
    assert cli.main(["fit", data, "ys ~ x + g", "--save", str(tmp_path / "m.json"), *options]) == 0
    expected = logreg.fit("ys ~ x + g", data, **keywords)
    found = logreg.load(tmp_path / "m.json")
    pd.testing.assert_frame_equal(found.coefficients(), expected.coefficients(), check_exact=True)
    assert found.options == expected.options
    assert found.spec == expected.spec


def test_an_offset_per_outcome_is_given_by_repeating_the_option(data: str, tmp_path: Path) -> None:
    arguments = ["fit", data, "y3 ~ x", "--save", str(tmp_path / "m.json"), "--offset", "t", "--offset", "w"]
    assert cli.main(arguments) == 0
    spec = logreg.load(tmp_path / "m.json").spec
    assert spec.offset_per_outcome
    assert spec.offset_columns == ("t", "w")


def test_numeric_levels_are_named_by_their_text(data: str, tmp_path: Path) -> None:
    assert cli.main(["fit", data, "y ~ x", "--event", "0", "--save", str(tmp_path / "m.json")]) == 0
    assert logreg.load(tmp_path / "m.json").spec.outcome.modelled == ("0",)


def test_a_bundled_data_set_has_its_declared_categories(tmp_path: Path) -> None:
    assert cli.main(["fit", "birthwt", "low ~ race", "--save", str(tmp_path / "m.json")]) == 0
    (race,) = logreg.load(tmp_path / "m.json").spec.categorical()
    assert race.levels == ("white", "black", "other")


def test_a_file_wins_over_a_data_set_of_that_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "birthwt").write_text("low\n1\n")
    assert cli.main(["fit", "birthwt", "low ~ race", "--save", "m.json"]) == 1


# predict -----------------------------------------------------------------------------------------------


def test_predictions_are_those_of_the_library(data: str, model: str, capsys: Captured) -> None:
    assert cli.main(["predict", model, data]) == 0
    found = read_csv(io.StringIO(capsys.readouterr().out))
    names = ["row", "outcome", "logit", "logit_low", "logit_high", "odds", "odds_low", "odds_high"]
    assert list(found) == [*names, "probability", "probability_low", "probability_high", "class"]
    assert len(found) == 2 * len(DATA)
    fit = logreg.load(model)
    events, baseline = found[found["outcome"] == "yes"], found[found["outcome"] == "no"]
    assert baseline[["logit", "odds"]].isna().all(axis=None)
    np.testing.assert_array_equal(events["logit"], fit.logits(data)["yes"])
    np.testing.assert_array_equal(events["odds"], fit.odds(data)["yes"])
    for name, rows in (("yes", events), ("no", baseline)):
        np.testing.assert_array_equal(rows["probability"], fit.probabilities(data)[name])
    limits = fit.probabilities(data, interval=True)
    np.testing.assert_array_equal(found["probability_low"], limits["conf_low"])
    np.testing.assert_array_equal(found["probability_high"], limits["conf_high"])
    classes = fit.classify(data)
    assert list(events["class"].fillna("")) == list(classes.fillna(""))


def test_rows_with_a_missing_value_keep_their_place(data: str, model: str, capsys: Captured) -> None:
    cli.main(["predict", model, data])
    rows = list(csv.reader(io.StringIO(capsys.readouterr().out)))[1:]
    missing = [row for row in rows if row[8] == ""]
    assert {int(row[0]) for row in missing} == set(np.flatnonzero(DATA["z"].isna()))
    assert all(row[2:] == [""] * 10 for row in missing)


@pytest.mark.parametrize("suffix", [".csv", ".json", ".parquet", ".CSV"])
def test_every_format_holds_the_same_table(data: str, model: str, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"
    assert cli.main(["predict", model, data, "-o", str(path)]) == 0
    expected = prediction_table(logreg.load(model), data)
    if suffix == ".parquet":
        found = pd.read_parquet(path)
    elif suffix == ".json":
        found = pd.DataFrame(json.loads(path.read_text("ascii"), parse_constant=pytest.fail))
    else:
        found = read_csv(path)
    assert list(found) == list(expected)
    for name in expected:
        left, right = found[name], expected[name]
        if name in ("outcome", "class"):
            assert list(left.fillna("")) == list(right.fillna(""))
        else:
            np.testing.assert_array_equal(left.astype(float), right.astype(float))


def test_a_multinomial_model_has_one_line_per_outcome(data: str, tmp_path: Path) -> None:
    fit = logreg.fit("y3 ~ x", data)
    found = prediction_table(fit, data)
    assert list(found["outcome"][:3]) == ["p", "q", "r"]
    logits = fit.logits(data)
    np.testing.assert_array_equal(found["logit"].to_numpy().reshape(-1, 3)[:, 1:], logits.to_numpy())
    np.testing.assert_allclose(found["probability"].to_numpy().reshape(-1, 3).sum(axis=1), 1.0, rtol=1e-15)
    best = found.loc[found.groupby("row")["probability"].idxmax()]
    assert (best["outcome"] == best["class"]).all()


def test_confidence_and_threshold_reach_the_predictions(data: str, model: str) -> None:
    fit = logreg.load(model)
    narrow, wide = prediction_table(fit, data, confidence=0.5), prediction_table(fit, data, confidence=0.99)
    assert ((wide["odds_high"] - wide["odds_low"]) > (narrow["odds_high"] - narrow["odds_low"])).sum() > 100
    assert set(prediction_table(fit, data, threshold=1e-9)["class"].dropna()) == {"yes"}
    assert (
        cli.main(["predict", model, data, "--confidence", "0.5", "--threshold", "0.2", "-o", os.devnull]) == 2
    )


def test_infinite_and_missing_numbers_are_strict_json(tmp_path: Path) -> None:
    frame = pd.DataFrame({"odds": [np.inf, np.nan, 0.1], "class": ["a", None, "é"]})
    write_predictions(frame, tmp_path / "a.json")
    found = json.loads((tmp_path / "a.json").read_text("ascii"), parse_constant=pytest.fail)
    assert [row["odds"] for row in found] == ["inf", None, 0.1]
    assert [row["class"] for row in found] == ["a", None, "é"]


def test_csv_quotes_what_needs_it() -> None:
    names = ['a,"b"', "two\nlines", " x "]
    text = render_csv(pd.DataFrame({"outcome": names, "logit": [0.1 + 0.2, -0.0, 1e-300]}))
    rows = list(csv.reader(io.StringIO(text)))
    assert [row[0] for row in rows[1:]] == names
    assert [row[1] for row in rows[1:]] == ["0.30000000000000004", "-0.0", "1e-300"]


# report ------------------------------------------------------------------------------------------------


def test_report_prints_the_summary(data: str, capsys: Captured) -> None:
    assert cli.main(["report", data, "ys ~ x"]) == 0
    assert capsys.readouterr().out == f"{logreg.fit('ys ~ x', data).summary()}\n"


@pytest.mark.parametrize("arguments", [[], ["--interval", "wald"], ["--interval", "profile"]])
def test_the_interval_reaches_screen_and_file(
    data: str, tmp_path: Path, capsys: Captured, arguments: list[str]
) -> None:
    interval = arguments[-1] if arguments else "wald"
    path = tmp_path / "r.txt"
    assert cli.main(["report", data, "ys ~ x", *arguments, "-o", str(path)]) == 0
    fit = logreg.fit("ys ~ x", data)
    assert capsys.readouterr().out == f"{fit.summary(interval=interval)}\n"
    fit.report(tmp_path / "expected.txt", interval=interval)
    assert path.read_bytes() == (tmp_path / "expected.txt").read_bytes()


def test_the_help_names_what_the_library_has(capsys: Captured) -> None:
    from logreg.inference.clusters import CLUSTER_KINDS
    from logreg.inference.covariance import COVARIANCES
    from logreg.inference.estimators import ESTIMATORS

    cli.main(["fit", "--help"])
    shown = capsys.readouterr().out
    page = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    for name in {*ESTIMATORS, *COVARIANCES, *CLUSTER_KINDS} - {"survey"}:
        assert name in shown
        assert name in page


def test_the_page_lists_every_option(capsys: Captured) -> None:
    page = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    for command in ("report", "fit", "predict"):
        cli.main([command, "--help"])
        for option in set(re.findall(r"--[a-z-]+", capsys.readouterr().out)) - {"--help"}:
            assert option in page or option == "--output"


def test_report_writes_every_file_that_is_asked_for(data: str, tmp_path: Path) -> None:
    paths = [tmp_path / f"r{suffix}" for suffix in (".html", ".md", ".txt", ".json")]
    options = [part for path in paths for part in ("-o", str(path))]
    assert cli.main(["report", data, "ys ~ x", *options]) == 0
    for path in paths:
        logreg.fit("ys ~ x", data).report(tmp_path / f"expected{path.suffix}")
        assert path.read_bytes() == (tmp_path / f"expected{path.suffix}").read_bytes()


def test_a_report_that_fails_does_not_cost_the_others(data: str, tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "old.txt").write_text("old")
    (tmp_path / "old.txt").chmod(0o400)
    nowhere, good = tmp_path / "missing" / "r.html", tmp_path / "r.md"
    assert cli.main(["report", data, "ys ~ x", "-o", str(nowhere), "-o", str(good)]) == 1
    assert "r.html" in capsys.readouterr().err
    assert good.stat().st_size > 0
    assert (tmp_path / "old.txt").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data.csv", "old.txt", "r.md"]


def test_an_unknown_suffix_is_refused_before_the_fit(data: str, tmp_path: Path, capsys: Captured) -> None:
    assert cli.main(["report", "no-such-file.csv", "y ~ x", "-o", str(tmp_path / "r.htlm")]) == 2
    assert "Did you mean '.html'" in capsys.readouterr().err


# datasets ----------------------------------------------------------------------------------------------


def test_datasets_are_listed_and_described(capsys: Captured) -> None:
    assert cli.main(["datasets"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(logreg.datasets.names())
    assert cli.main(["datasets", "challenger"]) == 0
    assert capsys.readouterr().out == f"{logreg.datasets.describe('challenger')}\n"


# Exit status and messages ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        ([], 2, "usage"),
        (["fly"], 2, "usage"),
        (["fit", "birthwt", "low ~ age"], 2, "--save"),
        (["fit", "birthwt", "low ~ age", "--sav", "x"], 2, "--sav"),
        (["fit", "birthwt", "low ~ age", "--save", "x", "--confidence", "high"], 2, "--confidence"),
        (["fit", "birthwt", "low ~ age", "--save", "x", "--confidence", "2"], 2, "confidence"),
        (["fit", "birthwt", "low ~ age", "--save", "x", "--max-iterations", "0"], 2, "max_iterations"),
        (["fit", "birthwt", "low ~ age", "--save", "x", "--estimator", "magic"], 2, "'magic'"),
        (["fit", "birthwt", "low ~ age", "--save", "x", "--covariance", "magic"], 2, "'magic'"),
        (["fit", "birthwt", "low ~ age", "--save", "x", "--covariance", "CR1"], 2, "with --cluster"),
        (
            ["fit", "birthwt", "low ~ age", "--save", "x", "--cluster", "race", "--covariance", "HC1"],
            2,
            "does not go with --cluster",
        ),
        (
            ["fit", "birthwt", "low ~ age", "--save", "x", "--strata", "race", "--covariance", "HC1"],
            2,
            "survey design",
        ),
        (
            ["fit", "birthwt", "low ~ age", "--save", "x", "--nest", "--cluster", "ht", "--cluster", "ui"],
            2,
            "give --cluster once",
        ),
        (["fit", "birthwt", "low ~ 1", "--save", "x", *("--cluster", "ht") * 3], 2, "not 3"),
        (["fit", "birthwt", "low ~ age", "--save", "x", "--cluster", "rase"], 1, "Did you mean 'race'"),
        (["fit", "birthwt", "low ~ age", "--save", "x", "--interval", "profile"], 2, "--interval"),
        (["report", "birthwt", "low ~ age", "--interval", "exact"], 2, "'wald' and 'profile'"),
        (["report", "birthwt", "low ~ age", "--interval", "profile", "--covariance", "HC1"], 2, "'HC1'"),
        (
            ["fit", "birthwt", "low ~ age", "--save", "x", "--estimator", "firth", "--covariance", "HC1"],
            2,
            "'firth'",
        ),
        (["fit", "birthwt", "low ~ agee", "--save", "x"], 2, "Did you mean 'age'"),
        (["fit", "birthwt", "low ~ (", "--save", "x"], 2, "bracket"),
        (["fit", "birthwt", "", "--save", "x"], 2, "empty"),
        (["fit", "birthwit", "low ~ age", "--save", "x"], 1, "Did you mean 'birthwt'"),
        (["fit", "no/such/file.csv", "low ~ age", "--save", "x"], 1, "no/such/file.csv"),
        (["fit", "birthwt", "race ~ age", "--event", "white", "--save", "x"], 1, "'race'"),
        (["fit", "birthwt", "low ~ age", "--weights", "nope", "--save", "x"], 1, "'nope'"),
        (["fit", "birthwt", "low ~ age", "--save", "no/such/folder/m.json"], 1, "no/such/folder/m.json"),
        (["predict", "no-model.json", "birthwt"], 1, "no-model.json"),
        (["predict", __file__, "birthwt"], 1, "not a model"),
        (["predict", "no-model.json", "birthwt", "-o", "out.xls"], 2, ".parquet"),
        (["datasets", "birthwit"], 1, "Did you mean 'birthwt'"),
    ],
    ids=lambda value: " ".join(value)[:60] if isinstance(value, list) else None,
)
def test_every_fault_has_its_status_and_one_message(
    arguments: list[str],
    status: int,
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Captured,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(arguments) == status
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err
    assert err.count("error: ") == 1
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["fit", "--help"], ["predict", "-h"]])
def test_help_and_version_are_printed(arguments: list[str], capsys: Captured) -> None:
    assert cli.main(arguments) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert (
        (out == f"logreg {logreg.__version__}\n")
        if arguments == ["--version"]
        else out.startswith("usage: logreg")
    )


@pytest.mark.parametrize(
    "formula",
    [
        "low ~ age + __import__('os').system('touch pwned')",
        "I(__import__('os').system('touch pwned') + low) ~ age",
        "low ~ age.__class__.__import__('os')",
    ],
)
def test_a_hostile_formula_is_a_fault_of_usage_and_runs_nothing(formula: str, tmp_path: Path) -> None:
    done = run("fit", "birthwt", formula, "--save", "m.json", cwd=tmp_path)
    assert done.returncode == 2
    assert "__import__" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_hostile_model_is_refused_and_runs_nothing(model: str, data: str, tmp_path: Path) -> None:
    stored = json.loads(Path(model).read_text())
    stored["design"]["factors"][0]["expression"] = "__import__('os').system('touch pwned')"
    Path(model).write_text(json.dumps(stored))
    done = run("predict", model, data, cwd=tmp_path)
    assert done.returncode == 1
    assert "__import__" in done.stderr
    assert "model.json" in done.stderr
    assert not (tmp_path / "pwned").exists()


def test_warnings_are_one_line_each_on_standard_error(data: str, tmp_path: Path, capsys: Captured) -> None:
    assert cli.main(["fit", data, "ys ~ x + z", "--save", str(tmp_path / "m.json")]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("warning: 4 rows dropped because 'z' is missing")
    assert err.count("\n") == 1


def test_a_warning_with_line_breaks_and_escapes_stays_one_harmless_line(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    def datasets(_: object) -> int:
        warnings.warn(f"first\nsecond {ESCAPE}", DataWarning, stacklevel=1)
        return 0

    monkeypatch.setattr(cli, "_datasets", datasets)
    assert cli.main(["datasets"]) == 0
    assert capsys.readouterr().err == "warning: first second <U+001B>]0;owned<U+0007><U+001B>[31mred\n"


def test_an_interrupt_is_quiet(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    def datasets(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_datasets", datasets)
    assert cli.main(["datasets"]) == 128 + signal.SIGINT
    assert capsys.readouterr() == ("", "")


def test_memory_that_runs_out_is_said(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    def datasets(_: object) -> int:
        raise MemoryError

    monkeypatch.setattr(cli, "_datasets", datasets)
    assert cli.main(["datasets"]) == 1
    assert capsys.readouterr().err == "error: not enough memory\n"


def test_a_fault_of_our_own_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def datasets(_: object) -> int:
        raise KeyError("x")

    monkeypatch.setattr(cli, "_datasets", datasets)
    with pytest.raises(KeyError):
        cli.main(["datasets"])


# Processes, files and terminals ------------------------------------------------------------------------


def test_the_process_returns_the_status(tmp_path: Path) -> None:
    assert run("datasets", "challenger").returncode == 0
    assert run("datasets", "nothing").returncode == 1
    assert run("nothing").returncode == 2


def test_a_reader_that_goes_away_is_no_error(model: str, data: str) -> None:
    command = [sys.executable, "-m", "logreg", "predict", model, data]
    with subprocess.Popen(
        command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 128 + signal.SIGPIPE


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the system has no /dev/full")
def test_a_full_disk_is_said_once(model: str, data: str) -> None:
    with open("/dev/full", "wb") as full:
        done = run("predict", model, data, capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1
    assert done.stderr == "error: standard output: No space left on device\n"
    done = run("fit", data, "ys ~ x", "--save", "/dev/full")
    assert (done.returncode, done.stderr) == (1, "error: /dev/full: No space left on device\n")


def test_a_disk_that_fills_leaves_the_older_file_and_no_other(model: str, data: str, tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_text("old")
    before = Path(model).read_bytes()
    limit = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))}
    for arguments in (
        ["fit", data, "ys ~ x", "--save", model],
        ["predict", model, data, "-o", tmp_path / "out.csv"],
    ):
        done = run(*arguments, **limit)
        assert done.returncode == 1
        assert done.stderr == f"error: {arguments[-1]}: File too large\n"
    assert (tmp_path / "out.csv").read_text() == "old"
    assert Path(model).read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data.csv", "model.json", "out.csv"]


def on_a_terminal(*arguments: str) -> str:
    """Return what the command writes when standard output is a terminal."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "logreg", *arguments]
    with subprocess.Popen(command, env=ENVIRONMENT, stdout=theirs, stderr=subprocess.PIPE):
        os.close(theirs)
        written = b""
        try:
            while chunk := os.read(ours, 65536):
                written += chunk
        except OSError:  # Linux reports the end of a terminal so
            pass
    os.close(ours)
    return written.decode("utf-8")


def test_levels_cannot_act_on_a_terminal_and_stay_what_they_are_in_a_pipe(data: str, tmp_path: Path) -> None:
    model = str(tmp_path / "m.json")
    cli.main(["fit", data, "g ~ x", "--save", model])
    shown = on_a_terminal("predict", model, data)
    assert "<U+001B>]0;owned<U+0007>" in shown
    assert "\x1b" not in shown
    assert ESCAPE in run("predict", model, data).stdout


def test_names_in_the_summary_cannot_act_on_a_terminal(data: str) -> None:
    shown = on_a_terminal("report", data, "ys ~ g")
    assert "red" in shown
    assert "\x1b" not in shown


def test_output_survives_an_encoding_that_lacks_its_characters(tmp_path: Path) -> None:
    frame = DATA.assign(g=np.where(DATA["g"] == "a", "größe", "体重"))
    frame.to_csv(tmp_path / "d.csv", index=False)
    cli.main(["fit", str(tmp_path / "d.csv"), "g ~ x", "--save", str(tmp_path / "m.json")])
    done = run(
        "predict", tmp_path / "m.json", tmp_path / "d.csv", env={**ENVIRONMENT, "PYTHONIOENCODING": "ascii"}
    )
    assert done.returncode == 0
    assert "gr\\xf6\\xdfe" in done.stdout
    assert (
        "体重"
        in run(
            "predict", tmp_path / "m.json", tmp_path / "d.csv", env={**ENVIRONMENT, "PYTHONUTF8": "1"}
        ).stdout
    )


def test_help_imports_nothing_heavy() -> None:
    heavy = ("numpy", "pandas", "scipy", "matplotlib", "statsmodels", "sklearn", "pyarrow", "tqdm")
    code = (
        "import sys; from logreg.cli import main; main(['--help']); main(['fit', '--help'])\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=ENVIRONMENT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
