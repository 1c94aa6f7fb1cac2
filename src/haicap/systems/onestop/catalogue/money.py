"""Mức phí: sums of money in the words of the national catalogue, read without guessing.

«Miễn phí» is what the portal shows for a zero, also where the text beside it says that a council sets the sum; some
sums were typed in thousands («20 VNĐ» for 20.000 đồng). What is no plain sum has none, and says which defect it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from haicap.kernel.text import fold
from haicap.systems.onestop.models import DefectKind

#: a fee below this is no fee of today: it was typed in thousands
LEAST_DONG = 1_000
#: a fee above this is a slip of the pen
MOST_DONG = 10**12

_FREE = re.compile(r"^miễn phí\b", re.IGNORECASE)
_SUM = re.compile(
    r"^(?:(?P<name>phí|lệ phí)\s*:\s*)?(?P<sum>\d[\d.,]*|không)\s*"
    r"(?P<money>VNĐ|Việt Nam Đồng|Đồng|USD|EUR)?\s*(?P<rest>.*)$",
    re.IGNORECASE | re.DOTALL,
)
#: where another fee may begin: looked at outside brackets only
_ANOTHER = re.compile(
    r";(?=\s*(?:miễn phí\b|\d[\d,.]* *(?:VNĐ|Việt Nam Đồng|USD)))|(?<=\S)\s(?=(?:Phí|Lệ phí)\s*:)",
    re.IGNORECASE,
)
_UNIT = re.compile(r"^\(?\s*/\s*([^().,;:]{1,40})\)?$")
#: said beside «Miễn phí» where it is free indeed
_NOTHING = frozenset(
    fold(text)
    for text in (
        "", "Không", "Không có", "Không quy định", "Chưa quy định", "Không thu", "Không thu phí", "Không thu lệ phí",
        "Miễn phí", "Miễn lệ phí", "Không mất phí", "Không có phí", "Không phí", "Không phải nộp phí",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sum:
    """What one piece of text says: `amount` in đồng or None, and the defect, with what may be meant."""

    text: str
    amount: int | None
    name: str = ""
    unit: str = ""
    defect: DefectKind | None = None
    proposed: int | None = None


@lru_cache(maxsize=4_096)  # the same words stand in many procedures
def sums(text: str) -> tuple[Sum, ...]:
    """The sums that a fee's text names, one a piece; none for no text."""
    return tuple(_sum(piece) for piece in _pieces(text))


def _pieces(text: str) -> Iterator[str]:
    """Several fees stand one after another: «…; …» outside brackets, or «Phí : … Phí : …»."""
    begin = 0
    for found in _ANOTHER.finditer(text):
        at = found.start()
        if text.count("(", begin, at) <= text.count(")", begin, at) and text[begin:at].strip():
            yield text[begin:at].strip()
            begin = at + 1
    if text[begin:].strip():
        yield text[begin:].strip()


def _sum(text: str) -> Sum:
    free = _FREE.match(text)
    if free is not None:
        said = text[free.end() :].strip()
        plain = len(said) < 60 and fold(said) in _NOTHING
        return Sum(text, 0 if plain else None, defect=None if plain else DefectKind.FEE_ELSEWHERE)
    found = _SUM.match(text)
    if found is None:
        return Sum(text, None, defect=DefectKind.FEE_ELSEWHERE)
    return _plain(text, found)


def _plain(text: str, found: re.Match[str]) -> Sum:
    rest, money = found["rest"].strip(), (found["money"] or "").casefold()
    unit = _UNIT.match(rest)
    one = Sum(text, None, (found["name"] or "").capitalize(), unit[1].strip() if unit else "")
    if money in ("usd", "eur"):
        return replace(one, defect=DefectKind.FEE_CURRENCY)
    amount = 0 if found["sum"].casefold() == "không" else _whole(found["sum"])
    if amount is None or amount > MOST_DONG or (not money and (rest and not rest.startswith("("))):
        return replace(one, defect=DefectKind.FEE_ELSEWHERE)
    if 0 < amount < LEAST_DONG:
        return replace(one, defect=DefectKind.FEE_THOUSANDS, proposed=amount * 1_000)
    return replace(one, amount=amount)


def _whole(digits: str) -> int | None:
    """«500,000» and «2.000.000» as a whole number; None for anything else with a point or comma in it."""
    plain = digits.rstrip(".,")
    if not re.fullmatch(r"\d+|\d{1,3}([.,]\d{3})+", plain):
        return None
    return int(re.sub(r"[.,]", "", plain))
