"""A route (quy trình) as a picture: steps from top to bottom, ways between them; the same at every width."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from haicap.web.pictures.svg import WIDE_PX, element, number, picture, text, wrap

LINE_PX = 18
GAP_PX = 26
#: room for one way beside the boxes
LANE_PX = 11
#: so many ways beside one another; further ones share the outermost
MOST_LANES = 5
ARROW_PX = 5
EDGE_PX = 3


@dataclass(frozen=True, slots=True)
class Box:
    """A step: its name, a `note` beneath (who, how long), where it is told in full; `apart`: asked of others."""

    key: str
    name: str
    note: str = ""
    href: str = ""
    apart: bool = False


@dataclass(frozen=True, slots=True)
class Way:
    """An outcome that leads from one step to another ("" the end): `why` in words; `back`: turns back or waits."""

    source: str
    target: str
    why: str = ""
    back: bool = False


@dataclass(slots=True)
class _Placed:
    box: Box
    lines: list[str]
    notes: list[str]
    y: float
    height: float
    order: int

    @property
    def middle(self) -> float:
        return self.y + self.height / 2


def route(
    boxes: Sequence[Box],
    ways: Sequence[Way],
    *,
    title: str,
    description: str,
    width: float = WIDE_PX,
    extra_class: str = "",
) -> str:
    """Steps stacked in order; ways on run down on the right, ways back run up on the left. Width in px.

    A way whose ends are not both among the boxes (or the end) is not drawn.
    """
    left, right = _lanes(boxes, ways)
    x, box_width = left + EDGE_PX, width - left - right - 2 * EDGE_PX
    placed, height = _stack(boxes, x, box_width)
    used_left: list[tuple[float, float, int]] = []
    used_right: list[tuple[float, float, int]] = []
    drawn: list[str] = []
    for way in ways:
        source, target = placed.get(way.source), placed.get(way.target)
        if source is None or target is None:
            continue
        words = escape(f"{source.box.name} → {target.box.name}" + (f": {way.why}" if way.why else ""))
        if target.order == source.order + 1 and not way.back:
            path = _down(x + box_width / 2, source.y + source.height, target.y)
        elif target.order > source.order:
            path = _beside(source, target, x + box_width, 1, used_right)
        else:
            path = _beside(source, target, x, -1, used_left)
        css = "line line--back" if way.back else "line"
        drawn.append(
            element(
                "g",
                element("title", words),
                element("path", class_=css, d=path),
                class_="edge",
                tabindex="0",
                role="img",
                aria_label=f"{source.box.name} → {target.box.name}" + (f": {way.why}" if way.why else ""),
            )
        )
    names = [_named(each, x, box_width) for each in placed.values()]
    return picture(
        [*drawn, *names],
        title=title,
        description=description,
        width=width,
        height=height,
        extra_class=extra_class,
    )


def _lanes(boxes: Sequence[Box], ways: Sequence[Way]) -> tuple[float, float]:
    """The room that ways need on the left and on the right."""
    order = {box.key: number for number, box in enumerate(boxes)}
    left = right = 0
    for way in ways:
        if way.source not in order or way.target not in order:
            continue
        step = order[way.target] - order[way.source]
        left += step <= 0
        right += step > 1 or (step == 1 and way.back)
    return LANE_PX * (1 + min(left, MOST_LANES)), LANE_PX * (1 + min(right, MOST_LANES))


def _stack(boxes: Sequence[Box], x: float, width: float) -> tuple[dict[str, _Placed], float]:
    placed: dict[str, _Placed] = {}
    y = 4.0
    for order, box in enumerate(boxes):
        lines = wrap(box.name, width - 20, 14)
        notes = wrap(box.note, width - 20, 12) if box.note else []
        height = LINE_PX * (len(lines) + len(notes)) + 14
        placed[box.key] = _Placed(box, lines, notes, y, height, order)
        y += height + GAP_PX
    return placed, y - GAP_PX + 6


def _down(x: float, begins: float, ends: float) -> str:
    n = number
    return (
        f"M{n(x)} {n(begins)}V{n(ends)}"
        f"M{n(x - ARROW_PX)} {n(ends - ARROW_PX - 1)}L{n(x)} {n(ends)}L{n(x + ARROW_PX)} {n(ends - ARROW_PX - 1)}"
    )


def _beside(
    source: _Placed, target: _Placed, edge: float, side: int, used: list[tuple[float, float, int]]
) -> str:
    """A way round the boxes: out of the one, along a free lane, into the other, with an arrow."""
    leaves = source.middle + 5
    enters = target.middle - 5 if target is not source else source.middle - 9
    span = (min(leaves, enters), max(leaves, enters))
    taken = {lane for low, high, lane in used if low <= span[1] and high >= span[0]}
    lane = next((each for each in range(1, MOST_LANES) if each not in taken), MOST_LANES)
    used.append((*span, lane))
    n, x, tip = number, edge + side * LANE_PX * lane, edge
    return (
        f"M{n(edge)} {n(leaves)}H{n(x)}V{n(enters)}H{n(tip)}"
        f"M{n(tip + side * (ARROW_PX + 1))} {n(enters - ARROW_PX)}L{n(tip)} {n(enters)}"
        f"L{n(tip + side * (ARROW_PX + 1))} {n(enters + ARROW_PX)}"
    )


def _named(placed: _Placed, x: float, width: float) -> str:
    css = "box box--apart" if placed.box.apart else "box"
    parts = [element("rect", class_=css, x=x, y=placed.y, width=width, height=placed.height, rx=4)]
    y = placed.y + LINE_PX + 2
    for line in placed.lines:
        parts.append(text(line, x + 10, y, class_="name strong"))
        y += LINE_PX
    for line in placed.notes:
        parts.append(text(line, x + 10, y, class_="soft"))
        y += LINE_PX
    if placed.box.href:
        return element("a", *parts, href=placed.box.href)
    return "".join(parts)
