"""Figures: the kinds that a world can declare, and their common look.

This room owns what a figure shows and how it is drawn on given axes: one file per kind, on top of `figure` (the base
of all kinds) and `style` (colours, pens, settings). It must not know runs, worlds or files: a figure gets results as
data frames, and `sandbox.output.plot` arranges figures on sheets and writes them. Importing it loads neither
matplotlib nor pandas, so worlds can declare figures at no cost.
"""

from sandbox.figures.bars import Bars
from sandbox.figures.figure import Figure, FigureData
from sandbox.figures.lorenz import Lorenz
from sandbox.figures.network_map import NetworkMap
from sandbox.figures.response_curve import ResponseCurve
from sandbox.figures.time_series import TimeSeries

__all__ = ["Bars", "Figure", "FigureData", "Lorenz", "NetworkMap", "ResponseCurve", "TimeSeries"]
