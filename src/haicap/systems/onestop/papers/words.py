"""Lời trên giấy tờ: dates, times, amounts and long words as official forms write them. Never translated."""

from __future__ import annotations

import re
from datetime import datetime

from haicap.kernel.clock import ZONE
from haicap.kernel.text import clean

#: a run of so many letters without a gap gets places where it may be broken
LONGEST_WORD = 36
_LONG = re.compile(rf"\S{{{LONGEST_WORD},}}")
_ZERO_WIDTH_SPACE = "\u200b"


def moment(instant: datetime | None) -> str:
    """«09 giờ 30 phút, ngày 02 tháng 3 năm 2026»; empty for no instant."""
    if instant is None:
        return ""
    local = instant.astimezone(ZONE)
    month = f"{local.month:02d}" if local.month <= 2 else str(local.month)
    return f"{local:%H} giờ {local:%M} phút, ngày {local.day:02d} tháng {month} năm {local.year}"


def line(text: str) -> str:
    """A text on one line, which a column can hold: words that are longer than a line may be broken."""
    return _LONG.sub(_broken, clean(text))


def _broken(found: re.Match[str]) -> str:
    word = found.group()
    return _ZERO_WIDTH_SPACE.join(word[at : at + 12] for at in range(0, len(word), 12))
