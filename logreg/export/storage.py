"""Models as files: strict JSON with every float exact, nothing that could run, and no row of the data.

A file holds what a `LogisticEstimate` holds. Reading checks each field by its type and against the others, so
that a damaged or forged file is refused by name instead of predicting nonsense. The layout is described in
``docs/model-file.md``.
"""

from __future__ import annotations

import errno
import math
import os
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, NoReturn, get_type_hints

import numpy as np
from numpy.typing import NDArray

from logreg import __version__
from logreg.design.spec import DesignSpec
from logreg.design.spec_json import spec_from_json, spec_to_json
from logreg.errors import LoadError
from logreg.export.consistency import require_consistent
from logreg.inference.estimate import CentredCovariance, LogisticEstimate
from logreg.report.write import write_text_atomically
from logreg.strict_json import Json, dump, from_json, parse, read_list, read_object, refuse, to_json

__all__ = ["FORMAT", "VERSION", "read_model", "write_model"]

FORMAT = "logreg.model"

#: Raised whenever a file that is written can no longer be read by an older `logreg`.
VERSION = 3

#: What fields that a version added stand for in files written before it.
_ADDED: Mapping[int, Mapping[str, float | None]] = {
    2: {"reference_df": math.inf},
    3: {"separation.undetermined": None},
}

#: Fields of the estimate with a name or a layout of their own in the file.
_OWN: Mapping[str, str] = {
    "spec": "design",
    "coef_array": "coefficients",
    "limit_coef": "limit_coefficients",
    "vcov_array": "covariance",
    "centred": "centred",
}

#: Fields that may hold infinities and NaN: where the ascent failed or a coefficient has no finite estimate.
_MAY_BE_INFINITE = frozenset({"convergence", "row_sums", "reference_df"})

#: A model begins with a brace within so many bytes; anything else is refused unread, however long.
_HEAD = 64


def write_model(estimate: LogisticEstimate, path: str | os.PathLike[str]) -> None:
    """Write a model such that the path leads to the whole old or the whole new file.

    Parameters
    ----------
    estimate : LogisticEstimate
        A fit; its rows, if it has any at hand, are not written. Level names and counts are.
    path : str or path
        The suffix is free; ``.json`` is the custom.

    Raises
    ------
    OSError
        If the file cannot be written, naming the path.

    Examples
    --------
    >>> import logreg, tempfile, pathlib
    >>> fit = logreg.fit("distress ~ temperature", logreg.datasets.load("challenger"))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_model(fit, pathlib.Path(folder) / "model.json")
    ...     again = read_model(pathlib.Path(folder) / "model.json")
    >>> bool((again.coef_array == fit.coef_array).all())
    True
    """
    document: dict[str, Json] = {
        "format": FORMAT,
        "version": VERSION,
        "written_by": f"logreg {__version__}",
        "design": spec_to_json(estimate.spec),
        "coefficients": to_json(estimate.coef_array),
        # Predictions of a separated model go to a limit; otherwise these are the coefficients again.
        "limit_coefficients": to_json(estimate.limit_coef) if np.isinf(estimate.coef_array).any() else None,
        "covariance": to_json(estimate.vcov_array),
        # Errors of logits far from zero need the covariance around a centre.
        "centred": None
        if estimate.centred is None
        else {"centre": to_json(estimate.centred.centre), "covariance": to_json(estimate.centred.vcov)},
        **{name: to_json(getattr(estimate, name)) for name in _plain_fields()},
    }
    write_text_atomically(path, dump(document))


def read_model(path: str | os.PathLike[str]) -> LogisticEstimate:
    """Read a model that `write_model` wrote.

    Raises
    ------
    LoadError
        If the file is not such a model, is of a newer version, is cut off or changed; with the path, and the
        field or the position.
    OSError
        If the file cannot be read.
    """
    text = _read_text(path)
    try:
        return _estimate(parse(text))
    except LoadError as error:
        raise LoadError(f"{os.fspath(path)!r} cannot be loaded as a model: {error}") from None


def _read_text(path: str | os.PathLike[str]) -> str:
    def not_ours(why: str) -> NoReturn:
        remedy = "Models are written by fit.save(path), as JSON."
        raise LoadError(f"{os.fspath(path)!r} is not a model saved by logreg: {why}. {remedy}")

    try:
        stream = open(path, "rb")  # noqa: SIM115
    except ValueError as error:  # a NUL character, or one that file names cannot hold
        raise OSError(errno.EINVAL, f"no file can have this name ({error})", os.fspath(path)) from None
    with stream as file:
        head = file.read(_HEAD)
        if not head:
            not_ours("it is empty")
        if not head.lstrip(b" \t\r\n").startswith(b"{"):
            not_ours(
                "it is not JSON (pickles and other binary files are not opened, and nothing in them is run)"
            )
        content = head + file.read()
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        not_ours(f"byte {error.start} is not UTF-8")


def _plain_fields() -> list[str]:
    """Return the fields of the estimate that are written as they are, under their own names."""
    return [field.name for field in fields(LogisticEstimate) if field.name not in _OWN]


def _estimate(document: Any) -> LogisticEstimate:
    """Return the estimate in a parsed file, each field checked by its type and against the others."""
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise LoadError(f"its field 'format' is not {FORMAT!r}")
    version = document.get("version")
    if type(version) is not int:
        refuse("version", "is missing or not a whole number")
    if not 1 <= version <= VERSION:
        remedy = (
            "it was written by a newer logreg; update logreg to read it"
            if version > VERSION
            else "there is no such"
        )
        refuse("version", f"is {version}, and this logreg reads versions 1 to {VERSION}: {remedy}")
    for later in range(version + 1, VERSION + 1):
        for name, value in _ADDED[later].items():
            document = _with_added(document, name.split("."), to_json(value), version, name)
    plain = _plain_fields()
    stored = read_object(document, ["format", "version", "written_by", *_OWN.values(), *plain], "")
    from_json(str, stored["written_by"], "written_by")
    hints = get_type_hints(LogisticEstimate)
    spec = spec_from_json(stored["design"])
    coef = _coefficients(stored["coefficients"], spec)
    estimate = LogisticEstimate(
        spec=spec,
        coef_array=coef,
        limit_coef=_limit(stored["limit_coefficients"], coef),
        vcov_array=_square(stored["covariance"], "covariance", coef.size),
        centred=_centred(stored["centred"], coef),
        **{
            name: from_json(hints[name], stored[name], name, finite=name not in _MAY_BE_INFINITE)
            for name in plain
        },
    )
    require_consistent(estimate)
    return estimate


def _with_added(document: Any, path: list[str], value: Json, version: int, name: str) -> Any:
    """Return a document with a field that its version did not have; what is no object is looked at later."""
    if not isinstance(document, dict):
        return document
    first, *rest = path
    if rest:
        return {**document, first: _with_added(document.get(first), rest, value, version, name)}
    if first in document:
        refuse(name, f"is there, though version {version} had no such field")
    return {**document, first: value}


def _coefficients(value: object, spec: DesignSpec) -> NDArray[np.float64]:
    """Return coefficients (m, p), read-only: a row per outcome but the baseline, a number per column."""
    outcomes, names = spec.outcome.modelled, spec.column_names
    rows = read_list(value, "coefficients")
    if len(rows) != len(outcomes):
        refuse("coefficients", f"has {len(rows)} rows for {len(outcomes)} outcomes beside the baseline")
    for k, row in enumerate(rows):
        if len(read_list(row, f"coefficients[{k}]")) != len(names):
            refuse(f"coefficients[{k}]", f"has {len(row)} numbers for {len(names)} names of design columns")
    return _array(rows, "coefficients", (len(outcomes), len(names)))


def _limit(value: object, coef: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return coefficients (m, p) for predictions: 0 for aliased columns, finite where the estimate is not."""
    field, (m, p) = "limit_coefficients", coef.shape
    if (value is not None) != bool(np.isinf(coef).any()):
        refuse(field, "goes with infinite coefficients, and only with them")
    finite = np.nan_to_num(coef)
    limit = (
        finite
        if value is None
        else _array([read_list(x, field, p) for x in read_list(value, field, m)], field, (m, p))
    )
    if not (np.isfinite(limit).all() and (limit == finite)[~np.isinf(coef)].all()):
        refuse(field, "is not finite, or differs from coefficients that are")
    limit.flags.writeable = False
    return limit


def _centred(value: object, coef: NDArray[np.float64]) -> CentredCovariance | None:
    if value is None:
        return None
    stored = read_object(value, ["centre", "covariance"], "centred")
    p = coef.shape[1]
    centre = _array([read_list(stored["centre"], "centred.centre", p)], "centred.centre", (1, p))[0]
    if not np.isfinite(centre).all():
        refuse("centred.centre", "is not finite")
    return CentredCovariance(
        centre=centre, vcov=_square(stored["covariance"], "centred.covariance", coef.size)
    )


def _square(value: object, field: str, size: int) -> NDArray[np.float64]:
    rows = read_list(value, field, size)
    for k, row in enumerate(rows):
        read_list(row, f"{field}[{k}]", size)
    return _array(rows, field, (size, size))


def _array(rows: list[list[object]], field: str, shape: tuple[int, int]) -> NDArray[np.float64]:
    values = [row if _is_plain(row) else _extended(row, f"{field}[{i}]") for i, row in enumerate(rows)]
    array = np.array(values, dtype=np.float64).reshape(shape)
    array.flags.writeable = False
    return array


def _is_plain(row: list[object]) -> bool:
    """Tell whether a row needs no closer look: finite floats only."""
    return all(type(item) is float and math.isfinite(item) for item in row)


def _extended(row: list[object], field: str) -> list[float]:
    return [from_json(float, item, f"{field}[{k}]", finite=False) for k, item in enumerate(row)]
