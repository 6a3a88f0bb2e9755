"""Formats that need packages of the extra ``report``; without it one sentence says so."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from types import MappingProxyType

from logreg.errors import SupportError
from logreg.whole_imports import load_whole

__all__ = ["NEEDED", "require_extra"]

#: What must be importable for a format, with the name under which it is installed.
NEEDED: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        ".pdf": {"typst": "typst"},
        ".docx": {"docx": "python-docx", "typst": "typst"},
        ".xlsx": {"xlsxwriter": "xlsxwriter"},
        ".png": {"typst": "typst"},
    }
)


def require_extra(suffix: str) -> None:
    """Load the packages of a format, or refuse it; nothing happens for one that needs none.

    Raises
    ------
    SupportError
        If a package cannot be found; the message names the extra that brings it.

    Examples
    --------
    >>> require_extra(".json")
    """
    missing = [name for package, name in NEEDED.get(suffix, {}).items() if find_spec(package) is None]
    if missing:
        raise SupportError(
            f"the format {suffix} needs {' and '.join(missing)}, not installed here: "
            'pip install "logreg-stats[report]" brings all that reports can use.'
        )
    load_whole(*NEEDED.get(suffix, {}))
