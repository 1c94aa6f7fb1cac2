"""A trend (xu hướng) as a small line in the text."""

from __future__ import annotations

from collections.abc import Sequence

from haicap.web.pictures.svg import element, number, picture


def sparkline(
    values: Sequence[float | None], *, title: str, description: str, width: float = 120, height: float = 28
) -> str:
    """A line through the values, oldest first, from zero up; a gap where one is missing; its end marked."""
    top = max((value for value in values if value is not None), default=0.0) or 1.0
    step = (width - 8) / max(1, len(values) - 1)
    path, pen_down, last = "", False, None
    for order, value in enumerate(values):
        if value is None:
            pen_down = False
            continue
        x, y = 4 + order * step, height - 4 - (height - 8) * value / top
        path += f"{'L' if pen_down else 'M'}{number(x)} {number(y)}"
        pen_down, last = True, (x, y)
    parts = [element("path", class_="spark", d=path)] if path else []
    if last is not None:
        parts.append(element("circle", class_="spark-end", cx=last[0], cy=last[1], r=3))
    return picture(
        parts,
        title=title,
        description=description,
        width=width,
        height=height,
        extra_class="hc-picture--inline",
    )
