"""The ledger (bảng đối soát) as balanced bars: what was there above, what became of it below."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from haicap.web.pictures.svg import element, number

PARTS = ("carried", "frozen", "closed", "undecided")
BAR_PX = 14


@dataclass(frozen=True, slots=True)
class Balance:
    """One line of a ledger: numbers of records."""

    before: int
    carried: int = 0
    frozen: int = 0
    closed: int = 0
    undecided: int = 0

    @property
    def missing(self) -> int:
        """What the parts lack (or have too many: negative); 0 when the line balances."""
        return self.before - self.carried - self.frozen - self.closed - self.undecided


def balance_bars(line: Balance, *, title: str, description: str) -> str:
    """Two bars one above the other; as wide as its column (lengths in per cent), 32 px high.

    The upper bar is `before`, the lower its parts one after the other; what is missing stays empty, what is
    too many sticks out: an imbalance is seen at once.
    """
    accounted = line.before - line.missing
    whole = max(line.before, accounted, 1)
    share = 100 / whole
    parts = [_bar("before", 0, line.before * share, 0)]
    at = 0.0
    for name in PARTS:
        value = getattr(line, name)
        if value:
            parts.append(_bar(name, at, value * share, BAR_PX + 3))
            at += value * share
    return (
        f'<svg class="hc-picture" width="100%" height="{2 * BAR_PX + 4}" '
        f'role="img" aria-label="{escape(title)}">'
        + element("title", escape(title))
        + element("desc", escape(description))
        + "".join(parts)
        + "</svg>"
    )


def _bar(name: str, x: float, width: float, y: float) -> str:
    return element(
        "rect", class_=f"bar--{name}", x=f"{number(x)}%", y=y, width=f"{number(width)}%", height=BAR_PX
    )
