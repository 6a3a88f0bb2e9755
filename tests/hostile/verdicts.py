"""What a hostile case must end in, and how that is judged."""

from __future__ import annotations

import html
import json
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from logreg.errors import LogregError, LogregWarning
from logreg.report.formats import visible
from logreg.report.write import render_as

from .base import BASE

Check = Callable[[Any], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A call, and the verdict it must get.

    ``kind`` is the error or warning that must come, None for a fit in silence; ``words`` stand in its
    message; ``check`` looks at the result.
    """

    call: Callable[[], Any]
    kind: type[Exception] | None = None
    words: tuple[str, ...] = ()
    check: Check | None = None


def fits(call: Callable[[], Any], check: Check | None = None) -> Case:
    return Case(call=call, check=check)


def refused(call: Callable[[], Any], kind: type[Exception], *words: str) -> Case:
    return Case(call=call, kind=kind, words=words)


def warned(call: Callable[[], Any], kind: type[Warning], *words: str, check: Check | None = None) -> Case:
    return Case(call=call, kind=kind, words=words, check=check)


def judge(case: Case, folder: Path) -> None:
    """Run the call in an empty folder and hold its verdict against what must be."""
    before = BASE.copy(deep=True)
    if case.kind is not None and issubclass(case.kind, Warning):
        _judge_warning(case)
    elif case.kind is not None:
        _judge_error(case, folder)
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            result = case.call()
        if case.check is not None:
            case.check(result)
    pd.testing.assert_frame_equal(BASE, before)


def _judge_error(case: Case, folder: Path) -> None:
    assert case.kind is not None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(case.kind) as caught:
            case.call()
    message = str(caught.value)
    assert [word for word in case.words if word not in message] == [], message
    assert list(folder.iterdir()) == [], "nothing is written"
    if issubclass(case.kind, LogregError):
        assert isinstance(caught.value, ValueError)
        assert len(message) > 30, "what, where and the remedy take more than a few words"


def _judge_warning(case: Case) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit = case.call()
    assert all(issubclass(warning.category, LogregWarning) for warning in caught), [str(w) for w in caught]
    own = [warning for warning in caught if warning.category is case.kind]
    assert len(own) == 1, [str(warning.message) for warning in caught]
    message = str(own[0].message)
    assert [word for word in case.words if word not in message] == [], message
    assert [str(warning.message) for warning in caught] == [remark.text for remark in fit.remarks]
    for shown in shown_everywhere(fit):
        assert squeezed(visible(message)) in shown
    if case.check is not None:
        case.check(fit)


def shown_everywhere(fit: Any) -> Iterator[str]:
    """Yield the texts of the summary and of every report, without their markup and line breaks."""
    yield squeezed(str(fit.summary()))
    document = fit.report_document()
    for suffix in (".html", ".md", ".txt", ".json"):
        text = render_as(document, suffix).decode("utf-8")
        if suffix == ".html":
            text = html.unescape(re.sub(r"<[^>]*>", "", text))
        elif suffix == ".md":
            text = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", html.unescape(text))
        elif suffix == ".json":
            text = "\n".join(map(visible, strings_in(json.loads(text))))
        yield squeezed(text)


def strings_in(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from strings_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings_in(item)


def squeezed(text: str) -> str:
    """Text without blanks: lines are broken differently in every format."""
    return "".join(text.split())
