"""The command line: which commands there are, and what each takes."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from logreg import __version__
from logreg.cli.options import FIT_OPTIONS, KINDS, REPORT_OPTIONS, Option, flag_of

__all__ = ["CONFIG", "Commands", "command_line", "given_options"]

Commands: TypeAlias = Mapping[str, Callable[[argparse.Namespace], int]]

#: With this flag a file says what else the command line must name.
CONFIG = "--config"
_DATA = "path of a .csv, .tsv or .parquet file, or name of a bundled data set (see 'logreg datasets')"
_FORMULA = "for example 'low ~ age + smoke', in quotes"


def command_line(commands: Commands, arguments: Sequence[str]) -> argparse.ArgumentParser:
    """Return the parser of a command line; ``commands`` run what was asked for.

    Where a file defines the report, the data may be left out and the formula stands in the file.
    """
    parser = argparse.ArgumentParser(
        prog="logreg",
        description="Logistic regression on tables: logits, odds ratios, probabilities, and a report.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"logreg {__version__}")
    found = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, summary: str) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = found.add_parser(
            name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.", allow_abbrev=False
        )
        made.set_defaults(run=commands[name])
        return made

    in_file = any(argument == CONFIG or argument.startswith(f"{CONFIG}=") for argument in arguments)
    _add_report(command("report", "fit a model, print its summary, write reports"), in_file=in_file)

    fit = command("fit", "fit a model and save it as JSON")
    _add_model(fit)
    fit.add_argument("--save", required=True, metavar="MODEL", help="file of the model, for 'logreg predict'")

    _add_predict(command("predict", "logits, odds, probabilities and class of new rows"))

    datasets = command("datasets", "list the bundled data sets, or describe one")
    datasets.add_argument("name", nargs="?", metavar="NAME")
    return parser


def given_options(options: argparse.Namespace, known: Mapping[str, Option]) -> dict[str, Any]:
    """Return the options that were given, by their names."""
    values = {name: getattr(options, name) for name, option in known.items() if option.help}
    return {name: value for name, value in values.items() if value is not None}


def _add_report(report: argparse.ArgumentParser, *, in_file: bool) -> None:
    report.usage = "logreg report [options] DATA FORMULA\n       logreg report [options] --config FILE [DATA]"
    if in_file:
        report.add_argument("data", metavar="DATA", nargs="?", help=f"instead of the data of FILE: {_DATA}")
        report.set_defaults(formula=None)
        _add_options(report.add_argument_group(_OF_THE_FIT), FIT_OPTIONS)
    else:
        _add_model(report)
    group = report.add_argument_group("options of the reports")
    group.add_argument(
        *("-o", "--output"), action="append", metavar="FILE",
        help="write a report in the format of the suffix (.html .md .txt .json .tex .pdf .docx .xlsx); may "
        "be repeated",
    )  # fmt: skip
    group.add_argument(
        CONFIG,
        metavar="FILE",
        help="a .toml file with data, formula and options; those given beside it replace its own",
    )
    _add_options(group, REPORT_OPTIONS)


def _add_predict(predict: argparse.ArgumentParser) -> None:
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


_OF_THE_FIT = "options of the fit, as those of logreg.fit"


def _add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", metavar="DATA", help=_DATA)
    parser.add_argument("formula", metavar="FORMULA", help=_FORMULA)
    _add_options(parser.add_argument_group(_OF_THE_FIT), FIT_OPTIONS)


def _add_options(group: argparse._ArgumentGroup, known: Mapping[str, Option]) -> None:
    for name, option in known.items():
        if option.help:
            settings = dict(KINDS[option.kind].argument)
            if option.metavar is not None:
                settings["metavar"] = option.metavar
            group.add_argument(flag_of(name, option), dest=name, help=option.help, **settings)
