"""Pictures: well-formed, escaped, nothing outside the frame, numbers that add up."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ET
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haicap.web import pictures
from haicap.web.pictures.svg import text_width, wrap

NS = ""  # inline in a page, SVG needs no namespace
NASTY = 'Xã <b>"Đắk R\'Măng" & Ấp Ẵ</b>'
names = st.text(
    alphabet=st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=60
)


@dataclass(frozen=True)
class Line:
    before: int
    carried: int
    frozen: int
    closed: int
    undecided: int


def parsed(svg: str) -> ET.Element:
    return ET.fromstring(svg)


def test_flow__nasty_names__escaped_and_named_for_readers() -> None:
    svg = pictures.flow(
        [
            [pictures.Node("a", NASTY, "20194", "/don-vi/20194/?ngay=30/06/2025&x=1")],
            [pictures.Node("b", "B", this=True)],
        ],
        [pictures.Edge("a", "b", part=True, share=0.5, why="NQ <1>")],
        title="T & T",
        description="d",
    )
    root = parsed(svg)
    assert root.get("aria-label") == "T & T"
    edge = root.find(f"{NS}g")
    assert edge is not None
    assert edge.findtext("title") == f"{NASTY} → B (một phần): NQ <1>"
    assert edge.get("tabindex") == "0"
    path = edge.find(f"{NS}path")
    assert path is not None
    assert path.get("class") == "flow flow--part"


def test_flow__whole_and_part__width_by_share() -> None:
    nodes = [[pictures.Node("a", "A"), pictures.Node("b", "B")], [pictures.Node("c", "C")]]
    edges = [pictures.Edge("a", "c"), pictures.Edge("b", "c", part=True, share=0.25)]
    root = parsed(pictures.flow(nodes, edges, title="t", description="d"))
    heights = []
    for path in root.iter(f"{NS}path"):
        d = path.get("d") or ""
        heights.append(float(d.rsplit(" ", 1)[1].rstrip("Z")) - float(d[1:].split("C")[0].split()[1]))
    assert heights == [20, 5]


@given(
    old=st.lists(names, min_size=1, max_size=30),
    width=st.sampled_from([pictures.NARROW_PX, pictures.WIDE_PX]),
    shares=st.lists(st.floats(0, 1), min_size=30, max_size=30),
)
def test_flow__any_names__well_formed_and_inside_the_frame(
    old: list[str], width: int, shares: list[float]
) -> None:
    lefts = [pictures.Node(f"l{number}", name, str(number)) for number, name in enumerate(old)]
    edges = [
        pictures.Edge(node.key, "new", part=share < 1, share=share)
        for node, share in zip(lefts, shares, strict=False)
    ]
    columns = [lefts, [pictures.Node("new", "Phường Mới", this=True)]]
    root = parsed(pictures.flow(columns, edges, title="t", description="d", width=width))
    high = float(root.get("height") or 0)
    boxes = [
        {key: float(rect.get(key) or 0) for key in ("x", "y", "width", "height")}
        for rect in root.iter(f"{NS}rect")
    ]
    assert len(boxes) == len(old) + 1
    for box in boxes:
        assert box["x"] >= 0
        assert box["y"] >= 0
        assert box["x"] + box["width"] <= width
        assert box["y"] + box["height"] <= high + 0.1
    in_left = sorted((box["y"], box["y"] + box["height"]) for box in boxes if box["x"] < width / 3)
    assert all(first[1] <= second[0] + 0.1 for first, second in itertools.pairwise(in_left))


def test_flow__edge_to_nowhere__is_an_error() -> None:
    with pytest.raises(KeyError):
        pictures.flow([[pictures.Node("a", "A")]], [pictures.Edge("a", "b")], title="t", description="d")


def test_flow__nothing__an_empty_picture() -> None:
    assert parsed(pictures.flow([], [], title="t", description="d")).get("role") == "group"


@given(words=names, width=st.floats(40, 400))
def test_wrap__any_words__lines_fit(words: str, width: float) -> None:
    lines = wrap(words, width)
    assert 1 <= len(lines) <= 3
    assert all(text_width(line) <= width or len(line) <= 2 for line in lines)


def test_wrap__marks__take_no_room() -> None:
    assert text_width("ộ") == text_width("o")
    assert wrap("Thị trấn Nam Phước", 76) == ["Thị trấn", "Nam Phước"]


@given(st.builds(Line, *[st.integers(0, 10**7)] * 5))
def test_balance__any_numbers__bars_within_and_seen_when_unequal(line: Line) -> None:
    numbers = pictures.Balance(line.before, line.carried, line.frozen, line.closed, line.undecided)
    root = parsed(pictures.balance_bars(numbers, title="t", description="d"))
    bars = list(root.iter(f"{NS}rect"))
    ends = [float((r.get("x") or "0").rstrip("%")) + float((r.get("width") or "0").rstrip("%")) for r in bars]
    assert max(ends) <= 100.3
    before = float((bars[0].get("width") or "0").rstrip("%"))
    rest = sum(float((bar.get("width") or "0").rstrip("%")) for bar in bars[1:])
    if numbers.missing == 0:
        assert before == pytest.approx(rest, abs=0.3)


@given(st.lists(st.none() | st.floats(0, 10**6), max_size=40))
def test_sparkline__any_values__inside(values: list[float | None]) -> None:
    root = parsed(pictures.sparkline(values, title="t", description="d"))
    for circle in root.iter(f"{NS}circle"):
        assert 0 <= float(circle.get("cy") or -1) <= 28
        assert 0 <= float(circle.get("cx") or -1) <= 120


@given(
    st.lists(
        st.builds(pictures.Stop, names, names, names, st.sampled_from(["", "handed", "now"])), max_size=12
    )
)
def test_stations__any_chain__one_dot_each(stops: list[pictures.Stop]) -> None:
    for draw in (pictures.stations_down, pictures.stations_line):
        root = parsed(draw(stops, title="t", description="d"))
        assert len(list(root.iter(f"{NS}circle"))) == len(stops)
