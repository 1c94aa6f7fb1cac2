"""Custody chain (hành trình hồ sơ) as stations: downwards on a telephone, along a line on a screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from haicap.web.pictures.svg import NARROW_PX, element, picture, text, wrap

LINE_PX = 20
STEP_PX = 176


@dataclass(frozen=True, slots=True)
class Stop:
    """A station: who held it, from when to when in words, why (`note`); `kind` is "", "handed" or "now"."""

    name: str
    when: str
    note: str = ""
    kind: str = ""


def _dot(stop: Stop, x: float, y: float) -> str:
    css = f"dot dot--{stop.kind}" if stop.kind else "dot"
    return element("circle", class_=css, cx=x, cy=y, r=7)


def stations_down(
    stops: Sequence[Stop], *, title: str, description: str, width: float = NARROW_PX, extra_class: str = ""
) -> str:
    """Stations from top (first) to bottom (last). Width in px; the height follows."""
    parts: list[str] = []
    y, dots = 14.0, []
    for stop in stops:
        dots.append((stop, y))
        for line in wrap(stop.name, width - 36, 14):
            parts.append(text(line, 28, y + 5, class_="strong"))
            y += LINE_PX
        for words in (stop.when, stop.note):
            for line in wrap(words, width - 36, 12) if words else ():
                parts.append(text(line, 28, y + 4, class_="soft"))
                y += LINE_PX - 2
        y += 16
    line = ""
    if len(dots) > 1:
        line = element("path", class_="line", stroke_width=2, d=f"M10 {dots[0][1]:g}V{dots[-1][1]:g}")
    marks = "".join(_dot(stop, 10, at) for stop, at in dots)
    return picture(
        [line, marks, *parts],
        title=title,
        description=description,
        width=width,
        height=y,
        extra_class=extra_class,
    )


def stations_line(
    stops: Sequence[Stop], *, title: str, description: str, step: float = STEP_PX, extra_class: str = ""
) -> str:
    """Stations from left (first) to right (last), `step` px apart."""
    parts: list[str] = []
    lowest = 30.0
    for order, stop in enumerate(stops):
        x, y = order * step + 8, 44.0
        for line in wrap(stop.name, step - 20, 14):
            parts.append(text(line, x - 7, y, class_="strong"))
            y += LINE_PX
        for words in (stop.when, stop.note):
            for line in wrap(words, step - 20, 12) if words else ():
                parts.append(text(line, x - 7, y, class_="soft"))
                y += LINE_PX - 2
        lowest = max(lowest, y)
    end = (len(stops) - 1) * step + 8
    line = element("path", class_="line", stroke_width=2, d=f"M8 14H{end:g}") if len(stops) > 1 else ""
    marks = "".join(_dot(stop, order * step + 8, 14) for order, stop in enumerate(stops))
    return picture(
        [line, marks, *parts],
        title=title,
        description=description,
        width=max(step, len(stops) * step),
        height=lowest,
        extra_class=extra_class,
    )
