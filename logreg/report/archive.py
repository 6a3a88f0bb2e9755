"""Zip archives that hold the same bytes whenever and wherever they are written."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime

__all__ = ["DATE", "same_every_time"]

#: Files say that they were made on the earliest day that a zip archive can name: the true day would change
#: the bytes of a report of the same fit.
DATE = datetime(1980, 1, 1)
_UNIX = 3


def same_every_time(archive: bytes) -> bytes:
    """Return the archive with the same files in the same order, without times and traces of the system."""
    rewritten = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(rewritten, "w") as new:
        for name in old.namelist():
            entry = zipfile.ZipInfo(name, date_time=DATE.timetuple()[:6])
            entry.create_system = _UNIX
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, old.read(name))
    return rewritten.getvalue()
