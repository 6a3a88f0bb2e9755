"""The command ``logreg``: fit, predict and report from the shell. Order only; see ``docs/command-line.md``.

Exit status: 0 done; 1 the data, the model or a file is at fault; 2 the command line is, the formula included;
130 interrupted; 141 the reader of standard output has gone.
"""

from __future__ import annotations

import argparse
import errno
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from logreg import __version__
from logreg.errors import DataError, FormulaError, LogregError, LogregWarning, SupportError, did_you_mean
from logreg.report.formats import visible

if TYPE_CHECKING:
    from logreg.fitted import LogisticFit

__all__ = ["main"]

DONE, FAULT, USAGE = 0, 1, 2
#: What a shell reports for a process that ended by SIGINT or SIGPIPE: 128 and the number of the signal.
INTERRUPTED, READER_GONE = 130, 141

_DATA = "path of a .csv, .tsv or .parquet file, or name of a bundled data set (see 'logreg datasets')"
_FORMULA = "for example 'low ~ age + smoke', in quotes"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments without the program's name; by default those of the process.

    Examples
    --------
    >>> main(["fit", "challenger", "distress ~ temperature", "--save", os.devnull])
    0
    """
    try:
        options = _parser().parse_args(argv)
    except SystemExit as stopped:  # argparse has printed usage, help or the version
        return stopped.code if isinstance(stopped.code, int) else USAGE
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always", LogregWarning)
            show = warnings.showwarning
            warnings.showwarning = lambda *args, **kwargs: _show_warning(show, *args, **kwargs)
            return run(options)
    except (FormulaError, SupportError) as error:
        return _complain(error, USAGE)
    except (LogregError, OSError, MemoryError) as error:
        if isinstance(error, BrokenPipeError) and error.filename is None:
            return READER_GONE
        return _complain(error, FAULT)
    except KeyboardInterrupt:
        return INTERRUPTED


# Commands ---------------------------------------------------------------------------------------------


def _report(options: argparse.Namespace) -> int:
    from logreg.inference.coefficients import check_interval
    from logreg.report.write import renderer_for, write_document

    check_interval(options.interval)
    for path in options.output:
        renderer_for(Path(path).suffix)  # an unknown suffix is refused before the fit
    fit = _fitted(options)
    status = DONE
    summary = fit.summary(interval=options.interval)
    if options.output:
        document = fit.report_document(interval=options.interval)
        for path in options.output:
            try:
                write_document(document, path)
            except (LogregError, OSError) as error:  # the other reports are still wanted
                status = _complain(error, FAULT)
    _say(f"{visible(str(summary), line_breaks=True)}\n")
    return status


def _fit(options: argparse.Namespace) -> int:
    _fitted(options).save(options.save)
    return DONE


def _predict(options: argparse.Namespace) -> int:
    from logreg.api import load
    from logreg.export.prediction_table import prediction_table, render_csv, write_predictions, writer_for

    if options.output is not None:
        writer_for(options.output)
    fit = load(options.model)
    table = prediction_table(
        fit, _data(options.data), confidence=options.confidence, threshold=options.threshold
    )
    if options.output is not None:
        write_predictions(table, options.output)
    else:
        # On a terminal text must not act; in a pipe it must stay what it is.
        _say(render_csv(table, visible if sys.stdout.isatty() else str))
    return DONE


def _datasets(options: argparse.Namespace) -> int:
    from logreg import datasets

    if options.name is not None:
        _say(f"{datasets.describe(options.name)}\n")
        return DONE
    sheets = [datasets.describe(name) for name in datasets.names()]
    width = max(len(sheet.name) for sheet in sheets)
    _say("".join(f"{sheet.name:<{width}}  {sheet.rows:>5} rows  {sheet.title}\n" for sheet in sheets))
    return DONE


def _fitted(options: argparse.Namespace) -> LogisticFit:
    """Fit with the options that were given; what was not given is the library's to decide."""
    from logreg.api import fit

    names = ("event", "baseline", "weights", "weight_kind", "estimator", "missing")
    given: dict[str, Any] = {
        name: getattr(options, name) for name in (*names, "confidence", "max_iterations")
    }
    given["covariance"] = _covariance(options)
    if _is_survey(options) and given["weights"] is not None and given["weight_kind"] is None:
        given["weight_kind"] = "sampling"
    if options.offset:
        given["offset"] = options.offset if len(options.offset) > 1 else options.offset[0]
    given = {name: value for name, value in given.items() if value is not None}
    return fit(options.formula, _data(options.data), **given)


def _is_survey(options: argparse.Namespace) -> bool:
    return options.strata is not None or options.fpc is not None or options.nest


def _covariance(options: argparse.Namespace) -> Any:
    """Return the covariance that the options describe together: by name, of clusters, or of a survey design.

    Raises
    ------
    SupportError
        For options that do not go together.
    """
    from logreg.inference.clusters import CLUSTER_KINDS, cluster
    from logreg.inference.survey import survey

    kind, clusters = options.covariance, options.cluster
    if _is_survey(options):
        if kind is not None:
            raise SupportError(
                "--strata, --fpc and --nest describe a survey design, which has its own covariance: leave "
                "out --covariance, or these."
            )
        if len(clusters) > 1:
            raise SupportError("a survey design has one column of sampling units: give --cluster once.")
        units = clusters[0] if clusters else None
        return survey(strata=options.strata, cluster=units, fpc=options.fpc, nest=options.nest)
    if clusters:
        if kind is not None and kind not in CLUSTER_KINDS:
            raise SupportError(
                f"--covariance {kind} does not go with --cluster: use one of {', '.join(CLUSTER_KINDS)}."
                f"{did_you_mean(kind, CLUSTER_KINDS)}"
            )
        return cluster(*clusters, kind="CR1" if kind is None else kind)
    if kind in CLUSTER_KINDS and kind != "stata":
        raise SupportError(f"--covariance {kind} is about clusters: name their column with --cluster.")
    return kind


def _data(text: str) -> Any:
    """Return the path of an existing file, or the bundled data set of that name."""
    if os.path.exists(text):
        return text
    from logreg import datasets

    if text in datasets.names():
        return datasets.load(text)
    raise DataError(
        f"there is no file {text!r}, and no bundled data set of that name."
        f"{did_you_mean(text, datasets.names())} 'logreg datasets' lists them."
    )


# Messages ---------------------------------------------------------------------------------------------


def _say(text: str) -> None:
    """Write to standard output at once, so that a full disk or a closed pipe is noticed here."""
    if sys.stdout is None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF), "standard output")
    try:
        try:
            sys.stdout.write(text)
        except UnicodeEncodeError:
            encoding = sys.stdout.encoding
            sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
        sys.stdout.flush()
    except OSError as error:
        # What is left in the buffer has nowhere to go, and must not complain again at exit.
        _abandon(sys.stdout)
        if isinstance(error, BrokenPipeError):
            raise
        raise OSError(error.errno, error.strerror, "standard output") from error


def _abandon(stream: TextIO) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _complain(error: BaseException, status: int) -> int:
    """Write the one message of an error to standard error and return the exit status."""
    text = str(error) or "not enough memory"
    if isinstance(error, OSError) and error.strerror and error.filename is not None:
        text = f"{error.filename}: {error.strerror}"
    _note(f"error: {visible(text, line_breaks=True)}")
    return status


def _show_warning(
    otherwise: Callable[..., object],
    message: Warning | str,
    category: type[Warning],
    *args: Any,
    **kwargs: Any,
) -> None:
    if issubclass(category, LogregWarning):
        _note(f"warning: {visible(str(message))}")
    else:
        otherwise(message, category, *args, **kwargs)


def _note(line: str) -> None:
    """Write a line to standard error, if there is one, in what its encoding has."""
    stream = sys.stderr
    if stream is not None:
        encoding = stream.encoding or "utf-8"
        stream.write(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")


# The command line -------------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="logreg",
        description="Logistic regression on tables: logits, odds ratios, probabilities, and a report.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"logreg {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    report = _command(commands, "report", _report, "fit a model, print its summary, write reports")
    _add_fit_arguments(report)
    report.add_argument(
        "--interval",
        metavar="KIND",
        default="wald",
        help="of coefficients and odds ratios: wald (default) or profile (likelihood)",
    )
    report.add_argument(
        *("-o", "--output"), action="append", default=[], metavar="FILE",
        help="write a report in the format of the suffix (.html .md .txt .json); may be repeated",
    )  # fmt: skip

    fit = _command(commands, "fit", _fit, "fit a model and save it as JSON")
    _add_fit_arguments(fit)
    fit.add_argument("--save", required=True, metavar="MODEL", help="file of the model, for 'logreg predict'")

    predict = _command(commands, "predict", _predict, "logits, odds, probabilities and class of new rows")
    predict.add_argument("model", metavar="MODEL", help="file written by 'logreg fit --save'")
    predict.add_argument("data", metavar="DATA", help=_DATA)
    predict.add_argument(
        *("-o", "--output"),
        metavar="FILE",
        help="write a .csv, .json or .parquet file instead of printing CSV",
    )
    predict.add_argument(
        "--confidence", type=float, metavar="LEVEL", help="of intervals; default: the model's"
    )
    predict.add_argument(
        "--threshold",
        type=float,
        default=0.5,
        metavar="P",
        help="probability from which the event is the class",
    )

    datasets = _command(commands, "datasets", _datasets, "list the bundled data sets, or describe one")
    datasets.add_argument("name", nargs="?", metavar="NAME")
    return parser


def _command(
    commands: Any, name: str, run: Callable[[argparse.Namespace], int], summary: str
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.", allow_abbrev=False
    )
    parser.set_defaults(run=run)
    return parser


def _add_fit_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", metavar="DATA", help=_DATA)
    parser.add_argument("formula", metavar="FORMULA", help=_FORMULA)
    group = parser.add_argument_group("options of the fit, as those of logreg.fit")
    add = group.add_argument
    add("--event", metavar="LEVEL", help="two outcome levels: the one whose probability is modelled")
    add("--baseline", metavar="LEVEL", help="the outcome level that logits are measured against")
    add("--weights", metavar="COLUMN", help="column of weights")
    add("--weight-kind", metavar="KIND", help="frequency (default), sampling or precision")
    add(
        "--offset",
        metavar="COLUMN",
        action="append",
        help="added to the logits; repeat it for one per outcome",
    )
    add(
        "--estimator",
        metavar="NAME",
        help="ml (default): maximum likelihood; bias-reduced: firth, flic, flac, median",
    )
    add(
        "--covariance",
        metavar="KIND",
        help="model (default), or a sandwich: HC0, HC1, HC2, HC3, stata; with --cluster: CR0, CR1 (default), "
        "CR1S, CR2, stata",
    )
    add(
        "--cluster",
        metavar="COLUMN",
        action="append",
        default=[],
        help="rows that share a value belong together; repeat it for two-way clusters",
    )
    add("--strata", metavar="COLUMN", help="strata of a survey design")
    add(
        "--fpc", metavar="COLUMN", help="its finite population correction: sizes of strata, or shares sampled"
    )
    add("--nest", action="store_true", help="labels of its sampling units (--cluster) start anew in strata")
    add("--missing", metavar="ACTION", help="drop (default) rows with missing values, or raise an error")
    add("--confidence", metavar="LEVEL", type=float, help="of intervals; default 0.95")
    add("--max-iterations", metavar="N", type=int, help="Newton iterations allowed; default 50")
