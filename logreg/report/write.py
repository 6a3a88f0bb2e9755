"""Documents become files: the renderer is found by the suffix, the file appears whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import cast

from logreg.errors import SupportError, did_you_mean
from logreg.report.extra import require_extra
from logreg.report.nodes import Document

__all__ = [
    "FORMATS",
    "RENDERERS",
    "render_as",
    "renderer_for",
    "write_bytes_atomically",
    "write_document",
    "write_text_atomically",
]

#: The module whose ``render`` writes each kind of file; imported when it is asked for.
RENDERERS: Mapping[str, str] = MappingProxyType(
    {
        ".html": "logreg.report.render_html",
        ".json": "logreg.report.render_json",
        ".md": "logreg.report.render_markdown",
        ".txt": "logreg.report.render_text",
        ".tex": "logreg.report.render_latex",
        ".pdf": "logreg.report.render_pdf",
        ".docx": "logreg.report.render_docx",
        ".xlsx": "logreg.report.render_xlsx",
    }
)

#: The suffixes that a document can be written with.
FORMATS = tuple(RENDERERS)


def renderer_for(suffix: str) -> Callable[[Document], str | bytes]:
    """Return the function that renders a document for files with this suffix (any case, with its dot).

    Raises
    ------
    SupportError
        If no renderer is known for the suffix (the message lists those that are), or it needs packages that
        are not installed.

    Examples
    --------
    >>> renderer_for(".json").__module__
    'logreg.report.render_json'
    """
    name = RENDERERS.get(suffix.lower())
    if name is None:
        known = ", ".join(RENDERERS)
        raise SupportError(
            f"no report can be written with the suffix {suffix!r}: use one of {known}."
            + did_you_mean(suffix.lower(), RENDERERS)
        )
    require_extra(suffix.lower())
    return cast(Callable[[Document], str | bytes], import_module(name).render)


def render_as(document: Document, suffix: str) -> bytes:
    """Return the bytes of the file that `write_document` would write; text is UTF-8."""
    content = renderer_for(suffix)(document)
    return content.encode("utf-8") if isinstance(content, str) else content


def write_document(document: Document, path: str | os.PathLike[str]) -> Path:
    """Write the document in the format that the path's suffix names, and return the path.

    Raises
    ------
    SupportError
        If the suffix is not known. Nothing is written.
    OSError
        If the file cannot be written; it names the path, and an older file of that name is still as it was.
    """
    target = Path(path)
    write_bytes_atomically(target, render_as(document, target.suffix))
    return target


def write_text_atomically(path: str | os.PathLike[str], text: str) -> None:
    """Write ``text`` as UTF-8; see `write_bytes_atomically`."""
    write_bytes_atomically(path, text.encode("utf-8"))


def write_bytes_atomically(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file such that its name always leads to the whole old or the whole new content.

    The content goes to a temporary file in the same directory, is flushed to the disk, and takes the name in
    one step. Permissions of an older file are kept and links are followed. Devices and pipes are written to
    directly.

    Raises
    ------
    OSError
        Of the kind the system reports (disk full, no permission ...), naming ``path``. No temporary file is
        left and an older file is as it was.
    """
    try:
        mode = _mode(path)
        if mode is not None and not stat.S_ISREG(mode):
            with open(path, "wb") as device:
                device.write(content)
        else:
            _replace(os.path.realpath(path), content, mode)
    except OSError as error:
        raise OSError(error.errno, error.strerror, os.fspath(path)) from error
    except ValueError as error:  # a NUL character, or one that file names cannot hold
        raise OSError(errno.EINVAL, f"no file can have this name ({error})", os.fspath(path)) from None


def _mode(path: str | os.PathLike[str]) -> int | None:
    """Return type and permissions of what the path leads to, None if there is nothing."""
    try:
        return os.stat(path).st_mode
    except FileNotFoundError:
        return None


def _replace(target: str, content: bytes, mode: int | None) -> None:
    if mode is not None and not os.access(target, os.W_OK):
        raise PermissionError(13, "the file is read-only", target)
    temporary = os.path.join(os.path.dirname(target), f".logreg-{secrets.token_hex(8)}.tmp")
    try:
        # Mode 0o666 less the user's umask: what a plain open() would give.
        descriptor = os.open(
            temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666
        )
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            os.chmod(temporary, stat.S_IMODE(mode))
        os.replace(temporary, target)
    except BaseException:
        if os.path.lexists(temporary):
            os.unlink(temporary)
        raise
