"""Succession (kế thừa) as a picture: old on the left, new on the right, ribbons between."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from django.utils.translation import gettext as _

from haicap.web.pictures.svg import WIDE_PX, element, number, picture, text, wrap

LINE_PX = 18
FONT_PX = 13
#: height of the ribbon of a whole unit; parts get their share of it
WHOLE_PX = 20
LEAST_PX = 4
SPACE_PX = 8
#: bold letters are so much wider
BOLD = 1.08


@dataclass(frozen=True, slots=True)
class Node:
    """A unit in the picture: its name then, a `note` beneath (its code), its page; `this`: the subject."""

    key: str
    name: str
    note: str = ""
    href: str = ""
    this: bool = False


@dataclass(frozen=True, slots=True)
class Edge:
    """What of `source` went to `target` (keys of nodes in neighbouring columns).

    `share` of the source between 0 and 1 sets the ribbon's width; `part`: a part only (dashed); `why` names
    the resolution, shown on hover and focus.
    """

    source: str
    target: str
    part: bool = False
    share: float = 1.0
    why: str = ""


@dataclass(slots=True)
class _Box:
    node: Node
    lines: list[str]
    x: float
    width: float
    height: float
    y: float = 0.0
    leaves: float = 0.0  # total height of the ribbons on the right side
    enters: float = 0.0  # … on the left side
    left_at: float = 0.0  # where the next ribbon of that side begins
    right_at: float = 0.0


def flow(
    columns: Sequence[Sequence[Node]],
    edges: Sequence[Edge],
    *,
    title: str,
    description: str,
    width: float = WIDE_PX,
    extra_class: str = "",
) -> str:
    """Columns of units, oldest first, with ribbons between neighbours. Width in px; the height follows.

    Keys are unique over all columns; an edge whose ends are not both shown raises KeyError.
    """
    shown = [column for column in columns if column]
    boxes = _boxes(shown, edges, width)
    height = _stack(shown, boxes)
    ribbons = "".join(_ribbon(edge, boxes[edge.source], boxes[edge.target]) for edge in edges)
    names = "".join(_named(box) for box in boxes.values())
    return picture(
        [ribbons, names],
        title=title,
        description=description,
        width=width,
        height=height,
        extra_class=extra_class,
    )


def _thickness(edge: Edge) -> float:
    return max(LEAST_PX, WHOLE_PX * min(1.0, edge.share))


def _boxes(columns: Sequence[Sequence[Node]], edges: Sequence[Edge], width: float) -> dict[str, _Box]:
    share = 0.2 if len(columns) == 2 else 0.12
    gap: float = round(max(28.0, width * share)) if len(columns) > 1 else 0
    box_width = (width - 2 - gap * (len(columns) - 1)) // max(1, len(columns))
    leaves: dict[str, float] = defaultdict(float)
    enters: dict[str, float] = defaultdict(float)
    for edge in edges:
        leaves[edge.source] += _thickness(edge)
        enters[edge.target] += _thickness(edge)
    boxes: dict[str, _Box] = {}
    for order, column in enumerate(columns):
        for node in column:
            lines = wrap(node.name, box_width - 16, FONT_PX * (BOLD if node.this else 1))
            text_px = LINE_PX * (len(lines) + bool(node.note)) + 10
            high = max(text_px, leaves[node.key], enters[node.key])
            x = 1 + order * (box_width + gap)
            boxes[node.key] = _Box(node, lines, x, box_width, high, 0, leaves[node.key], enters[node.key])
    return boxes


def _stack(columns: Sequence[Sequence[Node]], boxes: dict[str, _Box]) -> float:
    """Set the columns, each centred on the tallest; returns the picture's height."""
    heights = [
        sum(boxes[node.key].height for node in column) + SPACE_PX * (len(column) - 1) for column in columns
    ]
    tallest = max(heights, default=0.0)
    for column, height in zip(columns, heights, strict=True):
        y = 2 + (tallest - height) // 2
        for node in column:
            box = boxes[node.key]
            box.y = y
            y += box.height + SPACE_PX
    for box in boxes.values():
        box.right_at = box.y + (box.height - box.leaves) // 2
        box.left_at = box.y + (box.height - box.enters) // 2
    return tallest + 4


def _ribbon(edge: Edge, source: _Box, target: _Box) -> str:
    thick = _thickness(edge)
    x0, x1 = source.x + source.width, target.x
    y0, y1 = source.right_at, target.left_at
    source.right_at += thick
    target.left_at += thick
    # an outline, not a thick line: a steep ribbon keeps its height where it leaves and where it arrives
    n, middle = number, number((x0 + x1) / 2)
    d = (
        f"M{n(x0)} {n(y0)}C{middle} {n(y0)} {middle} {n(y1)} {n(x1)} {n(y1)}V{n(y1 + thick)}"
        f"C{middle} {n(y1 + thick)} {middle} {n(y0 + thick)} {n(x0)} {n(y0 + thick)}Z"
    )
    words = f"{source.node.name} → {target.node.name}"
    if edge.part:
        words += f" ({_('một phần')})"
    if edge.why:
        words += f": {edge.why}"
    css = "flow flow--part" if edge.part else "flow"
    return element(
        "g",
        element("title", escape(words)),
        element("path", class_=css, d=d),
        class_="edge",
        tabindex="0",
        role="img",
    )


def _named(box: _Box) -> str:
    css = "box box--this" if box.node.this else "box"
    lines = [*box.lines]
    high = LINE_PX * (len(lines) + bool(box.node.note))
    y = box.y + (box.height - high) // 2 + LINE_PX - 5
    parts = [element("rect", class_=css, x=box.x, y=box.y, width=box.width, height=box.height)]
    for line in lines:
        parts.append(text(line, box.x + 8, y, class_="name strong" if box.node.this else "name"))
        y += LINE_PX
    if box.node.note:
        parts.append(text(box.node.note, box.x + 8, y, class_="soft"))
    if box.node.href:
        return element("a", *parts, href=box.node.href)
    return "".join(parts)
