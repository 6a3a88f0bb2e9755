"""What the command says: results on standard output, one line per fault or warning on standard error."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from typing import Any, TextIO

from logreg.errors import LogregWarning
from logreg.report.formats import visible

__all__ = ["complain", "say", "show_warning"]


def say(text: str) -> None:
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


def complain(error: BaseException, status: int) -> int:
    """Write the one message of an error to standard error and return the exit status."""
    text = str(error) or "not enough memory"
    if isinstance(error, OSError) and error.strerror and error.filename is not None:
        text = f"{error.filename}: {error.strerror}"
    _note(f"error: {visible(text, line_breaks=True)}")
    return status


def show_warning(
    otherwise: Callable[..., object],
    message: Warning | str,
    category: type[Warning],
    *args: Any,
    **kwargs: Any,
) -> None:
    """Write a warning of the fit as one line; leave others to ``otherwise``."""
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
