"""Random model files: refused by the field at fault, or a model that answers, in bounded time."""

from __future__ import annotations

import copy
import json
import time
import warnings
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import logreg
from logreg.errors import LoadError, LogregError, LogregWarning

from .base import BASE
from .fuzzing import BOUND, fuzz, refusal_of


@cache
def documents() -> dict[str, Any]:
    """Return models of several kinds as they are written."""
    from tempfile import TemporaryDirectory

    with warnings.catch_warnings(), TemporaryDirectory() as folder:
        warnings.simplefilter("ignore", LogregWarning)
        fits = {
            "binary": logreg.fit("y ~ x1 + C(b)", BASE),
            "splines": logreg.fit("y3s ~ g + poly(x1, 2) + bs(x2, df=4)", BASE),
            "separated": logreg.fit("y ~ x1 + x2", BASE.assign(y=(BASE.x1 > 0).astype(int))),
            "offset": logreg.fit("y ~ x1 + offset(log(z))", BASE.assign(z=np.exp(BASE.x2))),
        }
        found = {}
        for name, fit in fits.items():
            path = Path(folder) / "model.json"
            fit.save(path)
            found[name] = json.loads(path.read_text())
    for path in sorted((Path(__file__).parents[1] / "export" / "models").glob("*.json")):
        found[path.stem] = json.loads(path.read_text())
    return found


STRANGE = st.sampled_from(
    [
        *[None, True, 0, 1, -1, 2**70, 1e308, -0.0, 1.5, -5, 10**400],
        *["", "x", "NaN", "inf", "a" * 1000, "`", "\ud800", "__import__('os').system('touch pwned')"],
        *[[], [[]], {}, {"a": 1}, [None], [1e308] * 3, ["inf"]],
    ]
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inner for place in places(item, (*path, key)))]


@fuzz
@given(data=st.data())
def test_model_files(data: Any, folder: Path) -> None:
    """A changed file is refused by the field at fault, or is a model that answers without a word."""
    document = copy.deepcopy(documents()[data.draw(st.sampled_from(sorted(documents())))])
    for _ in range(data.draw(st.integers(1, 2))):
        found = [place for place in places(document) if place]
        *path, last = found[data.draw(st.integers(0, len(found) - 1))]
        parent = document
        for key in path:
            parent = parent[key]
        if data.draw(st.booleans()) or not isinstance(parent, dict):
            parent[last] = copy.deepcopy(data.draw(STRANGE))
        else:
            del parent[last]
    text = json.dumps(document)
    if data.draw(st.integers(0, 9)) == 0:
        cut = data.draw(st.integers(0, len(text)))
        text = text[:cut] + data.draw(st.sampled_from(["", "}", "]", ",", '"', "\0", "NaN", "Infinity"]))
    Path("model.json").write_text(text)
    begun = time.perf_counter()
    message = refusal_of(lambda: logreg.load("model.json"), LoadError)
    assert time.perf_counter() - begun < BOUND
    if message is not None:
        assert "model.json" in message
        return
    fit = logreg.load("model.json")
    rows = BASE.head(3).assign(z=1.0)
    with suppress(LogregError):
        fit.probabilities(rows), fit.logits(rows, interval=True), fit.classify(rows)
        fit.coefficients(), fit.odds_ratios(), fit.fit_statistics(), repr(fit), str(fit.summary())
    assert not Path("pwned").exists()


@pytest.mark.parametrize("depth", [100, 10_000, 1_000_000])
@pytest.mark.parametrize("bracket", ["[", '{"a":'])
def test_deeply_nested_files(bracket: str, depth: int, folder: Path) -> None:
    begun = time.perf_counter()
    Path("model.json").write_text('{"format": "logreg.model", "version": 2, "design": ' + bracket * depth)
    with pytest.raises(LoadError, match=r"model\.json"):
        logreg.load("model.json")
    assert time.perf_counter() - begun < BOUND


@fuzz
@given(content=st.binary(max_size=400))
def test_files_of_any_bytes(content: bytes, folder: Path) -> None:
    Path("model.json").write_bytes(content)
    with pytest.raises(LoadError, match=r"model\.json"):
        logreg.load("model.json")
