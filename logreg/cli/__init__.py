"""The command ``logreg``: fit, predict and report from the shell. Order only; see ``docs/command-line.md``.

Exit status: 0 done; 1 the data, the model or a file is at fault; 2 the command line is, the formula included;
130 interrupted; 141 the reader of standard output has gone.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Callable, Sequence

from logreg.cli.arguments import command_line, given_options
from logreg.cli.messages import complain, say, show_warning
from logreg.cli.options import FIT_OPTIONS, REPORT_OPTIONS, fit_arguments
from logreg.errors import FormulaError, LogregError, LogregWarning, SupportError
from logreg.report.formats import visible

__all__ = ["main"]

DONE, FAULT, USAGE = 0, 1, 2
#: What a shell reports for a process that ended by SIGINT or SIGPIPE: 128 and the number of the signal.
INTERRUPTED, READER_GONE = 130, 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments without the program's name; by default those of the process.

    Examples
    --------
    >>> import os
    >>> main(["fit", "challenger", "distress ~ temperature", "--save", os.devnull])
    0
    """
    given = sys.argv[1:] if argv is None else argv
    commands = {"report": _report, "fit": _fit, "predict": _predict, "datasets": _datasets}
    try:
        options = command_line(commands, given).parse_args(given)
    except SystemExit as stopped:  # argparse has printed usage, help or the version
        return stopped.code if isinstance(stopped.code, int) else USAGE
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always", LogregWarning)
            show = warnings.showwarning
            warnings.showwarning = lambda *args, **kwargs: show_warning(show, *args, **kwargs)
            return run(options)
    except (FormulaError, SupportError) as error:
        return complain(error, USAGE)
    except (LogregError, OSError, MemoryError) as error:
        if isinstance(error, BrokenPipeError) and error.filename is None:
            return READER_GONE
        return complain(error, FAULT)
    except KeyboardInterrupt:
        return INTERRUPTED


def _report(options: argparse.Namespace) -> int:
    from logreg.cli.config import read_config
    from logreg.cli.order import Order, check_order, fit_ordered, report_arguments
    from logreg.report.write import write_document

    if options.config is None:
        order = Order(data=options.data, formula=options.formula)
    else:
        order = read_config(options.config, style=options.style)
    order = order.changed(
        data=options.data,
        output=options.output,
        fit=given_options(options, FIT_OPTIONS),
        report=given_options(options, REPORT_OPTIONS),
    )
    check_order(order)
    fit = fit_ordered(order)
    status = DONE
    shown = {name: order.report[name] for name in ("interval", "confidence") if name in order.report}
    summary = fit.summary(**shown)
    if order.output:
        document = fit.report_document(**report_arguments(order))
        for path in order.output:
            try:
                write_document(document, path)
            except (LogregError, OSError) as error:  # the other reports are still wanted
                status = complain(error, FAULT)
    say(f"{visible(str(summary), line_breaks=True)}\n")
    return status


def _fit(options: argparse.Namespace) -> int:
    from logreg.api import fit
    from logreg.cli.order import open_data

    arguments = fit_arguments(given_options(options, FIT_OPTIONS))
    fit(options.formula, open_data(options.data), **arguments).save(options.save)
    return DONE


def _predict(options: argparse.Namespace) -> int:
    from logreg.api import load
    from logreg.cli.order import open_data
    from logreg.export.prediction_table import prediction_table, render_csv, write_predictions, writer_for

    if options.output is not None:
        writer_for(options.output)
    fit = load(options.model)
    table = prediction_table(
        fit, open_data(options.data), confidence=options.confidence, threshold=options.threshold
    )
    if options.output is not None:
        write_predictions(table, options.output)
    else:
        # On a terminal text must not act; in a pipe it must stay what it is.
        say(render_csv(table, visible if sys.stdout.isatty() else str))
    return DONE


def _datasets(options: argparse.Namespace) -> int:
    from logreg import datasets

    if options.name is not None:
        say(f"{datasets.describe(options.name)}\n")
        return DONE
    sheets = [datasets.describe(name) for name in datasets.names()]
    width = max(len(sheet.name) for sheet in sheets)
    say("".join(f"{sheet.name:<{width}}  {sheet.rows:>5} rows  {sheet.title}\n" for sheet in sheets))
    return DONE
