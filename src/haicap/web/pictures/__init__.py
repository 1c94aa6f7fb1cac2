"""Pictures: SVG made by the server. Pure functions: values in, an SVG text out; all text is escaped.

Each picture carries a title and a description for those who do not see it, takes its colours from the
stylesheet's tokens by class, and stands beside a table with the same facts. Pictures are drawn at two widths
(`NARROW_PX`, `WIDE_PX`) instead of being scaled: letters keep their size on a telephone.
"""

from haicap.web.pictures.balance import Balance, balance_bars
from haicap.web.pictures.flow import Edge, Node, flow
from haicap.web.pictures.route import Box, Way, route
from haicap.web.pictures.spark import sparkline
from haicap.web.pictures.stations import Stop, stations_down, stations_line
from haicap.web.pictures.svg import NARROW_PX, WIDE_PX

__all__ = [
    "NARROW_PX",
    "WIDE_PX",
    "Balance",
    "Box",
    "Edge",
    "Node",
    "Stop",
    "Way",
    "balance_bars",
    "flow",
    "route",
    "sparkline",
    "stations_down",
    "stations_line",
]
