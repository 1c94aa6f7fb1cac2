"""Hình chữ ký: how a signature shows on the page (NĐ 30/2020/NĐ-CP, appendix I, II).

A person's is the blue image of the signature between title and name; the agency's the red image of its seal at true
size, over a third of the signature, on its left; on a copy there is no image: agency and time in black 10 pt at the
top right of page 1, time by ISO 8601 with its zone. Set by Typst, so that images keep their transparency and words
their letters.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from pyhanko.pdf_utils.content import ImportedPdfPage
from pyhanko.pdf_utils.layout import AxisAlignment, BoxConstraints, InnerScaling, Margins, SimpleBoxLayoutRule
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.stamp import StaticStampStyle

from haicap.kernel import paper
from haicap.kernel.clock import ZONE

TEMPLATE = Path(__file__).parent / "layout" / "stamp.typ"
#: points in a millimetre
MM = 72 / 25.4
BLUE, RED, BLACK = "#1a3a8f", "#c8102e", "#000000"
#: the seal of a people's committee (TT 21/2012/TT-BCA: 35 mm); a setting where a seal differs
SEAL_MM = 35.0
PERSON_MM = (50.0, 22.0)
COPY_MM = (70.0, 12.0)


class Look(StrEnum):
    """Kiểu chữ ký số: of a person, of an agency, on a copy, or nothing shown."""

    PERSON = "person"
    SEAL = "seal"
    COPY = "copy"
    HIDDEN = "hidden"


@dataclass(frozen=True, slots=True)
class Spot:
    """Chỗ ký: the centre of the person's signature in points from the lower left corner of a page (-1: the last)."""

    page: int
    x: float
    y: float


class _Page(ImportedPdfPage):
    """A page out of bytes in memory."""

    def __init__(self, content: bytes) -> None:
        super().__init__("")  # type: ignore[no-untyped-call]
        self._content = content

    def render(self) -> bytes:
        """The page as an object of the file that is signed, drawn at the origin."""
        drawn = self._ensure_writer.import_page_as_xobject(PdfFileReader(io.BytesIO(self._content)))
        self.resources.xobject["/HcStamp"] = drawn
        x1, y1, x2, y2 = (float(side) for side in drawn.get_object()["/BBox"])
        self.box = BoxConstraints(width=abs(x1 - x2), height=abs(y1 - y2))
        return b"/HcStamp Do"


def box_of(look: Look, spot: Spot, page: tuple[float, float]) -> tuple[int, tuple[int, int, int, int]]:
    """(page, box in points) where a signature of this look is shown, kept inside the page."""
    if look is Look.COPY:
        width, height = COPY_MM[0] * MM, COPY_MM[1] * MM
        return 0, _inside(page[0] - width - 5 * MM, page[1] - height - 5 * MM, width, height, page)
    width, height = PERSON_MM[0] * MM, PERSON_MM[1] * MM
    left, bottom = spot.x - width / 2, spot.y - height / 2
    if look is Look.SEAL:
        size = SEAL_MM * MM
        # its right edge a third into the signature
        left, bottom, width, height = left + width / 3 - size, spot.y - size / 2, size, size
    return spot.page, _inside(left, bottom, width, height, page)


def style(
    look: Look, box: tuple[int, int, int, int], who: str, at: datetime, image: bytes
) -> StaticStampStyle:
    """What is drawn in the box. Raises PaperFailed (KRN-120) where the image cannot be read."""
    return whole_page(paper.pdf(TEMPLATE, _values(look, box, who, at, image)))


def whole_page(content: bytes) -> StaticStampStyle:
    """The first page of a PDF, drawn over the whole of a box."""
    whole = SimpleBoxLayoutRule(
        AxisAlignment.ALIGN_MIN, AxisAlignment.ALIGN_MIN, Margins(), InnerScaling.STRETCH_FILL
    )
    return StaticStampStyle(
        border_width=0, background=_Page(content), background_layout=whole, background_opacity=1.0
    )


def _values(
    look: Look, box: tuple[int, int, int, int], who: str, at: datetime, image: bytes
) -> dict[str, Any]:
    when = at.astimezone(ZONE).isoformat(timespec="seconds")
    colour = {Look.PERSON: BLUE, Look.SEAL: RED}.get(look, BLACK)
    return {
        "width": (box[2] - box[0]) / MM,
        "height": (box[3] - box[1]) / MM,
        "colour": colour,
        "size": 10 if look is Look.COPY else 8,
        "framed": look is not Look.COPY,
        "image": [] if look is Look.COPY else list(image),
        "lines": [who, when] if look is Look.COPY else [f"Ký bởi: {who}", f"Thời gian ký: {when}"],
    }


def _inside(
    left: float, bottom: float, width: float, height: float, page: tuple[float, float]
) -> tuple[int, int, int, int]:
    left = max(0.0, min(left, page[0] - width))
    bottom = max(0.0, min(bottom, page[1] - height))
    return round(left), round(bottom), round(left + width), round(bottom + height)
