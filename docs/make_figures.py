"""Draw the figures of the user guide: ``python docs/make_figures.py`` writes ``docs/figures/*.svg``.

The files are the same bytes on every run: ids come from a fixed salt and no date is written.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure

import logreg
from logreg.logits import softmax

FOLDER = Path(__file__).parent / "figures"
STYLE: Any = {
    "svg.hashsalt": "logreg",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def softmax_temperature() -> Figure:
    """Return the probabilities of three similarities as the temperature goes from 0.01 to 10."""
    similarities = [0.85, 0.30, -0.10]
    temperatures = np.geomspace(0.01, 10.0, 300)
    shares = np.array([softmax(similarities, temperature=float(t)) for t in temperatures])
    figure = Figure(figsize=(7.0, 3.8), layout="constrained")
    axes = figure.add_subplot()
    # Grey level, dashes and the place of the name: beside the line, so that no colour has to be matched.
    lines = (
        ("0.0", "-", (0.305, 0.87)),
        ("0.35", "--", (0.235, 0.20)),
        ("0.5", "-.", (1.08, 0.12)),
    )
    for score, share, (grey, dashes, place) in zip(similarities, shares.T, lines, strict=True):
        axes.plot(temperatures, share, color=grey, linestyle=dashes, linewidth=2.0)
        side = "right" if score == 0.30 else "left"
        axes.annotate(f"similarity {score:.2f}".replace("-", "\N{MINUS SIGN}"), place, ha=side)
    axes.axhline(1 / 3, color="0.75", linewidth=0.8, zorder=0)
    axes.annotate("1/3", (0.0105, 1 / 3), xytext=(0, 3), textcoords="offset points", color="0.35", fontsize=9)
    for temperature in (0.07, 1.0):
        axes.axvline(temperature, color="0.75", linewidth=0.8, zorder=0)
        words = f"temperature {temperature:g}"
        axes.annotate(
            words, (temperature, 1.04), xytext=(4, 0), textcoords="offset points", color="0.35", fontsize=9
        )
    axes.set_xscale("log")
    axes.set_xticks([0.01, 0.1, 1.0, 10.0], ["0.01", "0.1", "1", "10"])
    axes.set_xlim(0.01, 10.0)
    axes.set_ylim(-0.02, 1.1)
    axes.set_yticks([0.0, 0.25, 0.5, 0.75, 1.0])
    axes.set_xlabel("temperature (logarithmic scale)")
    axes.set_ylabel("softmax probability")
    return figure


def odds_ratios() -> Figure:
    """Return the forest of odds ratios for low birth weight, per 10 pounds and 5 years."""
    fit = logreg.fit("low ~ age + lwt + race + smoke + ht", logreg.datasets.load("birthwt"))
    figure = Figure(figsize=(6.4, 3.4), layout="constrained")
    fit.plot.odds_ratios(ax=figure.add_subplot(), units={"lwt": 10, "age": 5})
    return figure


def interaction() -> Figure:
    """Return the predicted probability of low birth weight along age, for smokers and others."""
    fit = logreg.fit("low ~ age * smoke", logreg.datasets.load("birthwt"))
    figure = Figure(figsize=(6.4, 3.8), layout="constrained")
    fit.plot.effect("age", by="smoke", ax=figure.add_subplot())
    return figure


FIGURES: dict[str, Callable[[], Figure]] = {
    "softmax_temperature": softmax_temperature,
    "odds_ratios": odds_ratios,
    "interaction": interaction,
}


def main(folder: Path = FOLDER) -> None:
    """Write every figure as SVG into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with matplotlib.rc_context(STYLE):
        for name, draw in FIGURES.items():
            draw().savefig(folder / f"{name}.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
